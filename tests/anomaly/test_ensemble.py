"""The detector without tuning: it ranks, its threshold holds, its parts add up and point at what was spoilt."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.estimator_checks import parametrize_with_checks

from diabolo import MLP, Autoencoder, Training, metrics
from diabolo.anomaly import AnomalyEnsemble, OutlierDetector
from diabolo.errors import SettingError

Float = NDArray[np.float64]
FEW = AnomalyEnsemble(steps=20)


@pytest.mark.filterwarnings("ignore:SCIPY_ARRAY_API is not set")
@parametrize_with_checks(
    [
        FEW,
        OutlierDetector(FEW),
        OutlierDetector(Autoencoder(1, encoder=MLP((4,)), training=Training(epochs=2), random_state=0)),
    ]
)
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def curves(n: int, seed: int) -> Float:
    """Eight features that bend along two factors: every one can be told from the others."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, (n, 2))
    a, b = t.T
    rows = np.column_stack([a, b, a + b, a * b, np.sin(3 * a), np.cos(3 * b), a**2, np.abs(b)])
    return rows * [1, 1, 1, 50, 1, 1, 1, 1e-3] + rows.std(axis=0) * [1, 1, 1, 50, 1, 1, 1, 1e-3] * (
        0.05 * rng.normal(size=rows.shape)
    )


@pytest.fixture(scope="module")
def detector() -> OutlierDetector:
    return OutlierDetector(contamination=0.1).fit(curves(500, 0))


def test_every_feature_that_is_spoilt_is_named(detector: OutlierDetector) -> None:
    rows = curves(400, 1)
    spread = rows.std(axis=0)
    rng = np.random.default_rng(2)
    at = rng.integers(rows.shape[1], size=len(rows))
    spoilt = rows.copy()
    spoilt[np.arange(len(rows)), at] += rng.choice([-3, 3], len(rows)) * spread[at]
    parts = detector.attribution(spoilt)
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), detector.anomaly_score(spoilt), rtol=1e-12)
    assert (parts.argmax(axis=1) == at).mean() >= 0.95
    found = metrics.roc_auc(np.repeat([0, 1], 400), detector.anomaly_score(np.concatenate([rows, spoilt])))
    assert found > 0.99


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_the_threshold_holds_its_rate_on_new_rows(detector: OutlierDetector, share: float) -> None:
    # The threshold is a quantile of held-out scores of 500 rows, the rate a count among 2,000: both vary.
    offset = np.percentile(detector.training_scores_, 100 * share)
    called = int((detector.score_samples(curves(2000, 3)) < offset).sum())
    low, high = (binom.ppf(q, 500, share) / 500 for q in (0.001, 0.999))
    assert binom.ppf(0.001, 2000, low) <= called <= binom.ppf(0.999, 2000, high)


def test_training_rows_are_scored_as_new_ones(detector: OutlierDetector) -> None:
    rows = curves(500, 0)
    np.testing.assert_allclose(detector.score_samples(rows[::-1])[::-1], detector.training_scores_, rtol=1e-9)
    assert (detector.predict(rows) == -1).sum() == 50


def test_units_and_copies_change_nothing(detector: OutlierDetector) -> None:
    rows = curves(100, 4)
    again = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(again.score_samples(rows), detector.score_samples(rows))
    one = np.concatenate([detector.score_samples(row[None]) for row in rows])
    np.testing.assert_allclose(one, detector.score_samples(rows), rtol=1e-9)


def test_it_ranks_as_neighbours_do_and_finds_what_they_cannot(detector: OutlierDetector) -> None:
    """A dependence broken within the range of every feature is hidden from neighbours among many noisy features."""
    rng = np.random.default_rng(5)
    train, normal, strange = (
        np.column_stack([curves(n, s), rng.normal(size=(n, 8))]) for n, s in ((500, 6), (300, 7), (300, 8))
    )
    strange[:, 2] = rng.permutation(strange[:, 2])
    rows, y = np.concatenate([normal, strange]), np.repeat([0, 1], 300)
    scale = train.std(axis=0)
    distance = NearestNeighbors(n_neighbors=5).fit(train / scale).kneighbors(rows / scale)[0].mean(axis=1)
    score = AnomalyEnsemble().fit(train).anomaly_score(rows)
    assert metrics.roc_auc(y, score) > metrics.roc_auc(y, distance) + 0.05


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_a_group_of_like_anomalies_among_the_training_rows_is_found(share: float) -> None:
    """They are near to one another: what compares rows with all others alone takes them for normal."""
    rng = np.random.default_rng(9)

    def strange(n: int) -> Float:
        away = curves(500, 0).std(axis=0) * rng.normal(3, 0.3, (n, 8))
        return np.asarray(curves(500, 10).mean(axis=0) + away)

    spoilt = round(share * 500)
    train = np.concatenate([curves(500 - spoilt, 11), strange(spoilt)])
    rows, y = np.concatenate([curves(300, 12), strange(60)]), np.repeat([0, 1], [300, 60])
    score = AnomalyEnsemble(steps=300).fit(train).anomaly_score(rows)
    spread = train.std(axis=0)
    near = NearestNeighbors(n_neighbors=5).fit(train / spread).kneighbors(rows / spread)[0].mean(axis=1)
    assert metrics.roc_auc(y, score) > max(0.95, metrics.roc_auc(y, near) + 0.05)


OWN = Autoencoder(2, encoder=MLP((32,)), training=Training(epochs=150), random_state=0)


@pytest.fixture(scope="module")
def with_own() -> OutlierDetector:
    return OutlierDetector(OWN, contamination=0.1).fit(curves(500, 0))


def test_an_autoencoder_of_ones_own_is_the_network_of_the_rule(with_own: OutlierDetector) -> None:
    assert not hasattr(OWN, "module_")
    assert isinstance(with_own.estimator_, AnomalyEnsemble)
    rows = curves(300, 1)
    spoilt = rows.copy()
    rng = np.random.default_rng(2)
    at = rng.integers(8, size=300)
    spoilt[np.arange(300), at] += rng.choice([-3, 3], 300) * rows.std(axis=0)[at]
    found = metrics.roc_auc(np.repeat([0, 1], 300), with_own.anomaly_score(np.concatenate([rows, spoilt])))
    assert found > 0.99
    parts = with_own.attribution(spoilt)
    np.testing.assert_allclose(parts.sum(axis=1), with_own.anomaly_score(spoilt), rtol=1e-12)
    assert (parts.argmax(axis=1) == at).mean() >= 0.95


def test_an_autoencoder_of_ones_own_holds_its_rate_and_is_kept(with_own: OutlierDetector) -> None:
    rows = curves(500, 0)
    np.testing.assert_allclose(with_own.score_samples(rows), with_own.training_scores_, rtol=1e-6)
    assert (with_own.predict(rows) == -1).sum() == 50
    again = pickle.loads(pickle.dumps(with_own))
    np.testing.assert_array_equal(again.score_samples(rows), with_own.score_samples(rows))
    called = int((with_own.predict(curves(2000, 3)) == -1).sum())
    low, high = (binom.ppf(q, 500, 0.1) / 500 for q in (0.001, 0.999))
    assert binom.ppf(0.001, 2000, low) <= called <= binom.ppf(0.999, 2000, high)


def test_a_fitted_autoencoder_is_cloned_and_left_as_it_is() -> None:
    rows = curves(120, 0)
    own = clone(OWN).set_params(training__epochs=2).fit(rows)
    before = own.transform(rows)
    fresh = OutlierDetector(clone(own)).fit(rows)
    np.testing.assert_array_equal(OutlierDetector(own).fit(rows).training_scores_, fresh.training_scores_)
    np.testing.assert_array_equal(own.transform(rows), before)


@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (5, 2), (30, 1), (20, 60)])
def test_few_rows_and_few_features_are_scored(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(0).normal(size=shape)
    ensemble = AnomalyEnsemble(steps=20).fit(rows)
    assert np.isfinite(ensemble.anomaly_score(rows)).all()
    assert ensemble.anomaly_score(rows[:1] + 1e6) > ensemble.anomaly_score(rows[:1])


def test_constant_features_and_copies_of_rows_are_no_trouble() -> None:
    rows = np.repeat(np.random.default_rng(0).integers(0, 2, (20, 4)), 5, axis=0) * 1.0
    rows[:, 3] = 7
    ensemble = AnomalyEnsemble(steps=20).fit(rows)
    odd = rows[:1].copy()
    odd[0, 3] = 8
    assert ensemble.anomaly_score(odd) > ensemble.anomaly_score(rows).max()
    assert ensemble.attribution(odd).argmax() == 3


def test_a_constant_whose_mean_is_rounded_is_constant() -> None:
    rows = np.column_stack([np.random.default_rng(0).normal(size=(40, 2)), np.full(40, 0.1)])
    ensemble = AnomalyEnsemble(steps=20).fit(rows)
    assert ensemble.spread_[2] == 1
    assert ensemble.anomaly_score(rows).max() < 10


def test_steps_are_checked_at_fit() -> None:
    with pytest.raises(SettingError, match="steps must be an integer >= 1, got 0"):
        AnomalyEnsemble(steps=0).fit(np.ones((3, 2)))
