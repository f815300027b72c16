"""Agreement of labels on the bundled digits."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from diabolo import metrics
from diabolo.errors import DataError

X, Y = load_digits(return_X_y=True)
TRAIN, TEST = slice(0, 900), slice(900, 1400)


@pytest.fixture(scope="module")
def classifier() -> object:
    return metrics.train_classifier(X[TRAIN].reshape(-1, 8, 8), Y[TRAIN], n_estimators=50)


def rebuilt(k: int) -> np.ndarray:
    pca = PCA(k).fit(X[TRAIN])
    return pca.inverse_transform(pca.transform(X[TEST]))


def test_better_reconstructions_agree_more(classifier: object) -> None:
    coarse, fine = (metrics.agreement(classifier, X[TEST], rebuilt(k), Y[TEST]) for k in (2, 30))
    assert coarse["agreement"] < 0.6 < 0.85 < fine["agreement"]
    assert coarse["accuracy_reconstructions"] < fine["accuracy_reconstructions"]
    assert fine["accuracy_originals"] == np.mean(classifier.predict(X[TEST]) == Y[TEST])
    assert metrics.label_agreement(classifier, X[TEST], X[TEST]) == 1


def test_samples_are_judged_with_and_without_labels(classifier: object) -> None:
    real = metrics.agreement(classifier, X[TEST], X[TEST], synthetic=X[TEST], synthetic_labels=Y[TEST])
    noise = metrics.agreement(
        classifier, X[TEST], X[TEST], synthetic=np.random.default_rng(0).random((50, 64))
    )
    assert real["accuracy_synthetic"] > 0.8
    assert "accuracy_synthetic" not in noise
    assert noise["confidence_synthetic"] < real["confidence_synthetic"]
    assert noise["entropy_synthetic"] > real["entropy_synthetic"]


def test_certainty_is_read_from_the_probabilities(classifier: object) -> None:
    sure = metrics.certainty(classifier, X[TEST])
    p = classifier.predict_proba(X[TEST])
    np.testing.assert_array_equal(sure.label, classifier.predict(X[TEST]))
    np.testing.assert_array_equal(sure.confidence, p.max(axis=1))
    entropy = [-(row[row > 0] * np.log(row[row > 0])).sum() for row in p]
    np.testing.assert_allclose(sure.entropy, entropy, atol=1e-12)
    assert (sure.entropy >= 0).all()


def test_a_judge_needs_two_classes() -> None:
    with pytest.raises(DataError, match="at least two classes"):
        metrics.train_classifier(X[:5], np.zeros(5))
    with pytest.raises(DataError, match="one label for each of 5 samples"):
        metrics.train_classifier(X[:5], Y[:4])
