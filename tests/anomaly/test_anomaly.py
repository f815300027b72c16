"""The outlier detector and its baselines: scikit-learn's contract, signs, attribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.base import BaseEstimator, clone
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import NMF, PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from diabolo import anomaly, metrics
from diabolo.anomaly import MahalanobisBaseline, NormBaseline, OutlierDetector, PCAResidual
from diabolo.errors import DataError, SettingError, UnknownNameError

RNG = np.random.default_rng(0)
# Three directions and noise; feature 4 is noise alone, until something happens to it.
MIXING = RNG.normal(size=(3, 6)) * [1, 1, 1, 1, 0, 1]
X = RNG.normal(size=(200, 3)) @ MIXING + 0.05 * RNG.normal(size=(200, 6))
STRANGE = X[:20].copy()
STRANGE[:, 4] += 6


@pytest.mark.filterwarnings("ignore:SCIPY_ARRAY_API is not set")
@parametrize_with_checks(
    [
        OutlierDetector(PCAResidual()),
        OutlierDetector(PCA(1)),
        OutlierDetector(PCA(1), scored_by="reconstruction"),
        OutlierDetector(GaussianMixture()),
        NormBaseline(),
        MahalanobisBaseline(),
        PCAResidual(),
        PCAResidual(1),
    ]
)
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    check(estimator)


MODELS = [
    None,
    PCA(3),
    make_pipeline(StandardScaler(), PCA(3)),
    GaussianMixture(2, random_state=0),
    MahalanobisBaseline(),
    PCAResidual(3),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_signs_are_those_of_scikit_learn(model: Any) -> None:
    detector = OutlierDetector(model, contamination=0.05).fit(X)
    rows = np.concatenate([X, STRANGE])
    strange = np.repeat([0, 1], [len(X), len(STRANGE)])
    np.testing.assert_array_equal(detector.anomaly_score(rows), -detector.score_samples(rows))
    np.testing.assert_allclose(
        detector.decision_function(rows), detector.score_samples(rows) - detector.offset_, atol=1e-12
    )
    np.testing.assert_array_equal(detector.predict(rows) == -1, detector.decision_function(rows) < 0)
    # Standardised, the noise of feature 4 is as large as the rest, and PCA keeps some of it.
    assert metrics.roc_auc(strange, detector.anomaly_score(rows)) > 0.95
    assert (detector.predict(X) == -1).sum() == 10  # 5 % of 200
    assert (detector.fit_predict(X) == detector.predict(X)).all()


def test_scores_are_squared_errors_and_attributed_to_features() -> None:
    detector = OutlierDetector(PCA(3), scored_by="reconstruction").fit(X)
    pca = PCA(3).fit(X)
    rebuilt = pca.inverse_transform(pca.transform(STRANGE))
    np.testing.assert_allclose(detector.anomaly_score(STRANGE), metrics.squared_error(STRANGE, rebuilt))
    parts = detector.attribution(STRANGE)
    np.testing.assert_allclose(parts.sum(axis=1), detector.anomaly_score(STRANGE))
    assert (parts.argmax(axis=1) == 4).all()


class Halver(BaseEstimator):
    """A model with a ``reconstruct`` of its own, beside a transform that must not be used."""

    def fit(self, X: Any, y: Any = None) -> Halver:
        return self

    def reconstruct(self, X: Any) -> Any:
        return X / 2

    def transform(self, X: Any) -> Any:
        raise AssertionError("reconstruct comes first")

    inverse_transform = score_samples = transform


def test_reconstruct_comes_before_transform_and_score_samples() -> None:
    detector = OutlierDetector(Halver(), scored_by="reconstruction").fit(X)
    np.testing.assert_allclose(detector.anomaly_score(X), ((X / 2) ** 2).sum(axis=1))


def test_what_is_scored_can_be_chosen() -> None:
    both = OutlierDetector(PCA(3), scored_by="log_likelihood").fit(X)
    np.testing.assert_allclose(both.score_samples(X), PCA(3).fit(X).score_samples(X))
    forest = make_pipeline(StandardScaler(), IsolationForest(random_state=0))
    assert OutlierDetector(forest).fit(X).score_ == "log_likelihood"
    with pytest.raises(SettingError, match="no parts by feature"):
        both.attribution(X)
    with pytest.raises(UnknownNameError, match="Did you mean 'reconstruction'"):
        OutlierDetector(scored_by="reconstruct").fit(X)
    with pytest.raises(SettingError, match=r"StandardScaler cannot be scored .* score_samples"):
        OutlierDetector(StandardScaler(), scored_by="log_likelihood").fit(X)
    with pytest.raises(SettingError, match="reconstruct, transform with inverse_transform, or score_samples"):
        OutlierDetector(BareEstimator()).fit(X)


class BareEstimator(BaseEstimator):
    """Nothing but fit."""

    def fit(self, X: Any, y: Any = None) -> BareEstimator:
        return self


@pytest.mark.parametrize("share", [0, 0.6, "auto", None, True])
def test_contamination_out_of_range_is_refused(share: Any) -> None:
    with pytest.raises(SettingError, match="contamination must be a number"):
        OutlierDetector(contamination=share).fit(X)


def test_a_model_without_error_is_warned_about() -> None:
    with pytest.warns(UserWarning, match="PCA reconstructs its training rows without error"):
        OutlierDetector(PCA(), scored_by="reconstruction").fit(X)


def test_the_inner_estimator_is_tuned_by_path_and_left_alone() -> None:
    inner = PCA(2)
    search = GridSearchCV(
        OutlierDetector(inner, scored_by="reconstruction"),
        {"estimator__n_components": [1, 3]},
        scoring=lambda model, rows, _=None: model.score_samples(rows).mean(),
        cv=2,
    ).fit(X)
    assert search.best_params_ == {"estimator__n_components": 3}
    assert not hasattr(inner, "mean_")
    assert clone(OutlierDetector(inner)).estimator.n_components == 2


def test_pyod_has_the_opposite_signs() -> None:
    detector = OutlierDetector(PCA(3)).fit(X)
    view = detector.as_pyod()
    np.testing.assert_array_equal(view.decision_function(STRANGE), detector.anomaly_score(STRANGE))
    np.testing.assert_array_equal(view.predict(STRANGE), (detector.predict(STRANGE) == -1).astype(int))
    np.testing.assert_array_equal(view.labels_, (view.decision_scores_ > view.threshold_).astype(int))
    assert view.labels_.sum() == 20


def test_norm_is_the_squared_length() -> None:
    np.testing.assert_allclose(anomaly.norm_score(X), np.linalg.norm(X, axis=1) ** 2)
    np.testing.assert_array_equal(anomaly.norm_score(X), NormBaseline().fit(X).anomaly_score(X))


def test_mahalanobis_is_that_of_scipy() -> None:
    shrunk = LedoitWolf().fit(X)
    inverse = np.linalg.inv(shrunk.covariance_)
    expected = [mahalanobis(row, X.mean(axis=0), inverse) ** 2 for row in STRANGE]
    np.testing.assert_allclose(anomaly.mahalanobis_score(X, STRANGE), expected, rtol=1e-9)
    wide = RNG.normal(size=(5, 30))
    wide[:, 3] = 1.0  # fewer rows than features, and a constant one
    assert np.isfinite(anomaly.mahalanobis_score(wide, wide)).all()


@pytest.mark.parametrize("shape", [(300, 6), (40, 90), (600, 250)])
def test_pca_residual_is_that_of_scikit_learn(shape: tuple[int, int]) -> None:
    rows = RNG.normal(size=shape) * np.linspace(1, 5, shape[1])
    pca = PCA(4, svd_solver="full").fit(rows)
    expected = metrics.squared_error(rows, pca.inverse_transform(pca.transform(rows)))
    np.testing.assert_allclose(anomaly.pca_residual_score(rows, rows, 4), expected, rtol=1e-7)


def test_pca_residual_chooses_its_components() -> None:
    scorer = PCAResidual().fit(X)
    ratios = np.cumsum(PCA().fit(X).explained_variance_ratio_)
    assert scorer.n_components_ == np.searchsorted(ratios, 0.9) + 1
    assert PCAResidual().fit(X[:, :1]).n_components_ == 0
    assert PCAResidual().fit(np.ones((5, 3))).anomaly_score([[1.0, 1.0, 2.0]]).tolist() == [1.0]
    with pytest.raises(SettingError, match="from 0 to 5"):
        PCAResidual(6).fit(X)
    with pytest.raises(SettingError, match="n_components=5 needs as many rows, got 3"):
        PCAResidual(5).fit(X[:3])


def test_any_transformer_can_be_inside() -> None:
    rows = np.abs(X)
    detector = OutlierDetector(NMF(3, init="nndsvda", max_iter=2000)).fit(rows)
    assert detector.anomaly_score(rows).shape == (200,)


def test_ranking_metrics_are_those_of_scikit_learn() -> None:
    y, score = RNG.integers(0, 2, 50), RNG.random(50)
    assert metrics.roc_auc(y, score) == roc_auc_score(y, score)
    assert metrics.average_precision(y.astype(bool), score) == average_precision_score(y, score)
    with pytest.raises(DataError, match="pass y == -1"):
        metrics.roc_auc(2 * y - 1, score)
    with pytest.raises(DataError, match="got only 0"):
        metrics.average_precision(0 * y, score)
    with pytest.raises(DataError, match="one label for each of 50 samples"):
        metrics.roc_auc(y[1:], score)


@pytest.mark.parametrize("name", sorted({*anomaly.__all__} - {"AnomalyEnsemble", "score_points", "windows"}))
def test_a_name_that_metrics_had_is_found_with_a_warning_that_says_where(name: str) -> None:
    with pytest.warns(FutureWarning, match=f"diabolo.metrics.{name} is diabolo.anomaly.{name} now"):
        assert getattr(metrics, name) is getattr(anomaly, name)
