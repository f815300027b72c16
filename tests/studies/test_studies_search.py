"""The stacked searches give what scikit-learn's own give: the same choice, and scores up to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tolerances import SCORES, WHOLE_TRAINING, assert_near

from diabolo import MLP, Autoencoder, Training
from diabolo.studies import StackedGridSearchCV, StackedRandomizedSearchCV, search

TRAINING = Training(epochs=3, batch_size=16, precision="float64")
RATES = {"training__lr": [1e-3, 1e-2, 5e-2], "random_state": [0, 1]}


def rows(n: int = 60, width: int = 7) -> np.ndarray:
    return np.random.default_rng(0).random((n, width))


def autoencoder(**settings: Any) -> Autoencoder:
    return Autoencoder(encoder=MLP((5,)), training=TRAINING, random_state=0).set_params(**settings)


def assert_same_results(ours: Any, theirs: Any) -> None:
    assert ours.cv_results_.keys() == theirs.cv_results_.keys()
    for name, values in theirs.cv_results_.items():
        if name.endswith("_time"):
            assert np.all(ours.cv_results_[name] >= 0)
        elif name == "params":
            assert ours.cv_results_[name] == values
        elif values.dtype.kind == "f":
            np.testing.assert_allclose(ours.cv_results_[name], values, rtol=SCORES, atol=SCORES, err_msg=name)
        else:
            np.testing.assert_array_equal(ours.cv_results_[name], values, err_msg=name)
    assert ours.n_splits_ == theirs.n_splits_


def both(estimator: Any, grid: Any, X: Any, y: Any = None, fit: dict[str, Any] | None = None, **options: Any):
    ours = StackedGridSearchCV(estimator, grid, **options).fit(X, y, **(fit or {}))
    theirs = GridSearchCV(estimator, grid, **options).fit(X, y, **(fit or {}))
    assert_same_results(ours, theirs)
    return ours, theirs


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of models that were found trained, of each stacked search."""
    found: list[int] = []
    train = search._Rehearsal.train

    def counted(self: Any, budget: Any) -> None:
        found.append(len(self.jobs))
        train(self, budget)

    monkeypatch.setattr(search._Rehearsal, "train", counted)
    return found


def test_grid(alone: list[int]) -> None:
    ours, theirs = both(autoencoder(), RATES, rows(), cv=3, return_train_score=True)
    assert alone == [18]
    assert (ours.best_params_, ours.best_index_) == (theirs.best_params_, theirs.best_index_)
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=SCORES)
    assert_near(ours.transform(rows()), theirs.transform(rows()), WHOLE_TRAINING)
    assert type(ours.best_estimator_) is Autoencoder


def test_shapes_penalties_and_data_that_differ() -> None:
    grid = [
        {"latent__dim": [2, 3], "encoder__hidden": [(4,), (6, 3)]},
        {"penalties": ["l1"], "penalties__l1__weight": [0.01, 0.3], "training__validation": [0.0, 0.2]},
        {"encoder": ["convolutional"], "training__epochs": [1]},
    ]
    both(autoencoder(), grid, rows(width=16), cv=KFold(3, shuffle=True, random_state=1))


def test_random_search() -> None:
    space = {"training__lr": loguniform(1e-4, 1e-1), "latent__dim": [2, 3]}
    options = {"n_iter": 6, "cv": 2, "random_state": 3}
    ours = StackedRandomizedSearchCV(autoencoder(), space, **options).fit(rows())
    assert_same_results(ours, RandomizedSearchCV(autoencoder(), space, **options).fit(rows()))


def test_several_metrics_groups_and_a_callable_refit() -> None:
    def minus_width(estimator: Any, X: Any, y: Any = None) -> float:
        return -float(estimator.transform(X).std())

    scoring = {"own": minus_width, "loss": lambda e, X, _=None: e.score(X)}
    groups = np.arange(60) % 5
    options = {"scoring": scoring, "refit": "loss", "cv": GroupKFold(5)}
    both(autoencoder(), RATES, rows(), fit={"groups": groups}, **options)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning", "ignore:One or more of the test")
def test_what_cannot_be_fitted_is_scored_as_failed() -> None:
    grid = {"training__lr": [1e-3, 1e300, -1.0]}
    ours, _ = both(autoencoder(), grid, rows(), cv=2, error_score=np.nan)
    assert list(np.isnan(ours.cv_results_["mean_test_score"])) == [False, True, True]
    with pytest.raises(ArithmeticError, match="became"):
        StackedGridSearchCV(autoencoder(), {"training__lr": [1e300]}, cv=2, error_score="raise").fit(rows())


@pytest.mark.parametrize("cache", [False, True])
def test_a_pipeline(cache: bool, alone: list[int], tmp_path: Any) -> None:
    memory = str(tmp_path) if cache else None
    pipeline = make_pipeline(StandardScaler(), PCA(4), autoencoder(), memory=memory)
    grid = {"pca__n_components": [3, 4], "autoencoder__training__lr": [1e-3, 1e-2]}
    ours, theirs = both(pipeline, grid, rows(), cv=2)
    assert alone == [8]
    assert_near(ours.transform(rows()), theirs.transform(rows()), WHOLE_TRAINING)


def test_without_a_seed_models_are_still_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.estimator.autoencoder.execute", None)
    options = {"cv": KFold(2, shuffle=True), "refit": False}
    found = StackedGridSearchCV(autoencoder(random_state=None), {"training__lr": [1e-3, 1e-2]}, **options)
    assert np.isfinite(found.fit(rows()).cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_processes() -> None:
    both(autoencoder(), RATES, rows(), cv=3, n_jobs=2)
