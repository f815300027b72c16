"""Public common checks: what every autoencoder here promises, and what any transformer must give to be used.

Each check is a small function of an estimator that is not fitted and of rows; it fits clones, and raises an
``AssertionError`` with a sentence. :func:`check_autoencoder` runs scikit-learn's checks and all of ours,
:func:`check_transformer` those that a transformer from elsewhere has to pass before metrics, plots and
samplers can work on it.
"""

from __future__ import annotations

import pickle
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone

from .estimator.autoencoder import Autoencoder
from .estimator.loading import load
from .estimator.preparation import architecture

__all__ = [
    "AUTOENCODER_CHECKS",
    "TRANSFORMER_CHECKS",
    "UNEQUAL_BY_NATURE",
    "check_autoencoder",
    "check_transformer",
    "example_rows",
]

Array = NDArray[np.floating]

#: scikit-learn's checks that no training by batches of random order, in single precision, passes: repeated samples
#: come in other batches than one that is weighted. It expects as much of its own estimators that are trained so.
UNEQUAL_BY_NATURE = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "a sample that is repeated comes in other batches than one that is weighted",
)
Check = Callable[[Any, Array], None]


def example_rows(n: int = 300, n_features: int = 16) -> Array:
    """Rows in [0, 1] that lie near a curve, float32, the same at every call.

    More than 256, so that an estimator that computes in chunks needs two.

    Parameters
    ----------
    n : int, default 300
        Number of samples.
    n_features : int, default 16
        Features of a sample.

    Examples
    --------
    >>> example_rows(5, 3).shape
    (5, 3)
    """
    rng = np.random.RandomState(0)
    phase = rng.uniform(0, 1, (n, 1)) + np.linspace(0, 1, n_features)
    rows = 0.5 + 0.4 * np.sin(2 * np.pi * phase) + rng.normal(0, 0.02, (n, n_features))
    return rows.clip(0, 1).astype(np.float32)


def _seeded(estimator: Any) -> Any:
    """A clone whose randomness is fixed, if it has any."""
    copied = clone(estimator)
    if "random_state" in copied.get_params():
        copied.set_params(random_state=0)
    return copied


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise AssertionError(sentence)


def _require_same(a: Any, b: Any, sentence: str) -> None:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        raise AssertionError(f"{sentence}: {a.shape} {a.dtype} and {b.shape} {b.dtype}.")
    if not np.array_equal(a, b, equal_nan=True):
        raise AssertionError(f"{sentence}: {(a != b).sum()} of {a.size} numbers differ.")


def check_protocol(estimator: Any, X: Array) -> None:
    """``fit`` gives the estimator, ``transform`` a finite table with one row a row."""
    fresh = _seeded(estimator)
    _require(fresh.fit(X) is fresh, "fit must return the estimator itself.")
    Z = np.asarray(fresh.transform(X))
    _require(Z.ndim == 2 and len(Z) == len(X), f"transform must give {len(X)} rows of codes, got {Z.shape}.")
    _require(bool(np.isfinite(Z).all()), "transform gave NaN or infinite codes.")


def check_inverse(estimator: Any, X: Array) -> None:
    """``inverse_transform``, where there is one, gives finite rows as wide as those of ``fit``."""
    fresh = _seeded(estimator).fit(X)
    if not callable(getattr(fresh, "inverse_transform", None)):
        return
    back = np.asarray(fresh.inverse_transform(fresh.transform(X)))
    _require(back.shape == X.shape, f"inverse_transform must give shape {X.shape}, got {back.shape}.")
    _require(bool(np.isfinite(back).all()), "inverse_transform gave NaN or infinite rows.")


def check_transform_deterministic(estimator: Any, X: Array) -> None:
    """``transform`` gives the same bits at every call."""
    fresh = _seeded(estimator).fit(X)
    _require_same(fresh.transform(X), fresh.transform(X), "two calls of transform differ")


def check_input_untouched(estimator: Any, X: Array) -> None:
    """Neither ``fit`` nor ``transform`` writes into the user's array."""
    given = X.copy()
    _seeded(estimator).fit(given).transform(given)
    _require_same(given, X, "fit or transform changed the array that it was given")


def check_clone_equal(estimator: Any, X: Array) -> None:  # noqa: ARG001
    """A clone has equal parameters."""
    ours, its = (e.get_params(deep=False) for e in (estimator, clone(estimator)))
    _require(ours.keys() == its.keys() and repr(ours) == repr(its), f"a clone differs: {ours} and {its}.")


def check_params_round_trip(estimator: Any, X: Array) -> None:  # noqa: ARG001
    """``set_params(**get_params())`` changes nothing."""
    copied = clone(estimator)
    before = copied.get_params(deep=False)
    copied.set_params(**copied.get_params())
    after = copied.get_params(deep=False)
    for name, value in before.items():
        same = after[name] is value or after[name] == value
        _require(bool(same), f"set_params(**get_params()) turned {name}={value!r} into {after[name]!r}.")


def check_refit_same_bits(estimator: Any, X: Array) -> None:
    """The same data and ``random_state`` give the same bits, in a clone and in the same estimator again."""
    fresh = _seeded(estimator).fit(X)
    Z = np.asarray(fresh.transform(X)).copy()
    _require_same(Z, _seeded(estimator).fit(X).transform(X), "two clones with the same random_state differ")
    _require_same(Z, fresh.fit(X).transform(X), "a second fit with the same random_state differs")


def check_global_state_untouched(estimator: Any, X: Array) -> None:
    """Global random generators and the thread count are as they were after fit, transform and sample."""
    before = _global_state()
    fresh = _seeded(estimator).fit(X)
    fresh.transform(X)
    if isinstance(fresh, Autoencoder):
        fresh.sample(3, random_state=0)
    for name, value in _global_state().items():
        _require(bool(value == before[name]), f"{name} was changed by fit, transform or sample.")


def _global_state() -> dict[str, Any]:
    return {
        "Python's random generator": random.getstate(),
        "NumPy's global random generator": str(np.random.get_state()),  # noqa: NPY002
        "PyTorch's global random generator": torch.get_rng_state().tolist(),
        "PyTorch's thread count": torch.get_num_threads(),
    }


def check_rows_independent(estimator: Any, X: Array) -> None:
    """The bits of a row's code, reconstruction and score do not depend on the other rows of the call."""
    fresh = _seeded(estimator).fit(X)
    order = np.random.RandomState(1).permutation(len(X))
    for name in ("transform", "reconstruct", "score_samples"):
        method = getattr(fresh, name)
        whole = method(X)
        _require_same(whole[order], method(X[order]), f"{name} of rows in another order differs")
        _require_same(whole[-1:], method(X[-1:]), f"{name} of one row alone differs")
        _require_same(whole[3:270], method(X[3:270]), f"{name} of some of the rows differs")


def check_reconstruct(estimator: Any, X: Array) -> None:
    """``reconstruct`` is ``inverse_transform`` of ``transform``."""
    fresh = _seeded(estimator).fit(X)
    twice = fresh.inverse_transform(fresh.transform(X))
    _require_same(fresh.reconstruct(X), twice, "reconstruct is not inverse_transform of transform")


def check_score(estimator: Any, X: Array) -> None:
    """``score`` is the mean of ``score_samples``, which is finite."""
    fresh = _seeded(estimator).fit(X)
    each = fresh.score_samples(X)
    _require(each.shape == (len(X),), f"score_samples must give shape ({len(X)},), got {each.shape}.")
    _require(bool(np.isfinite(each).all()), "score_samples gave NaN or infinite scores.")
    score = fresh.score(X)
    _require(score == each.mean(), f"score {score!r} is not the mean of score_samples, {each.mean()!r}.")


def check_save_load(estimator: Any, X: Array) -> None:
    """A saved and loaded estimator gives the same bits, equal parameters, and the same files when saved again."""
    fresh = _seeded(estimator).fit(X)
    with tempfile.TemporaryDirectory() as folder:
        first = fresh.save(Path(folder) / "first")
        loaded = load(first, device="cpu")
        second = loaded.save(Path(folder) / "second")
        for name in ("model.json", "model.safetensors"):
            same = (first / name).read_bytes() == (second / name).read_bytes()
            _require(same, f"{name} changes when a loaded model is saved again.")
    _same_model(fresh, loaded, X, "a loaded model")


def check_pickle(estimator: Any, X: Array) -> None:
    """A pickled estimator gives the same bits and goes on training as the original would."""
    fresh = _seeded(estimator).fit(X)
    copied = pickle.loads(pickle.dumps(fresh))
    _same_model(fresh, copied, X, "an unpickled estimator")
    _same_model(fresh.partial_fit(X), copied.partial_fit(X), X, "an unpickled estimator, trained further,")


def _same_model(a: Any, b: Any, X: Array, who: str) -> None:
    for name in ("transform", "reconstruct", "score_samples"):
        _require_same(getattr(a, name)(X), getattr(b, name)(X), f"{who} gives another result of {name}")
    # By what they stand for: a file says Euclidean(2) where the user said 2.
    ours, its = (architecture(e.get_params(deep=False)) for e in (a, b))
    _require(ours == its, f"{who} has other parts: {ours} and {its}.")


def check_fine_tune(estimator: Any, X: Array) -> None:
    """``fine_tune`` gives another estimator; parameters and bits of the first stay as they were."""
    fresh = _seeded(estimator).fit(X)
    codes, params, epochs = fresh.transform(X), repr(fresh.get_params()), len(fresh.history_)
    other = fresh.fine_tune(X, freeze=["decoder"])
    _require(other is not fresh, "fine_tune must give a new estimator, it gave the same.")
    _require_same(codes, fresh.transform(X), "fine_tune changed the codes of the original")
    _require(params == repr(fresh.get_params()), "fine_tune changed the parameters of the original.")
    _require(epochs == len(fresh.history_), "fine_tune changed the history of the original.")
    Z = np.asarray(codes)
    same = (fresh.inverse_transform(Z), other.inverse_transform(Z))
    _require_same(*same, "a frozen decoder decodes otherwise after fine_tune")


TRANSFORMER_CHECKS: tuple[Check, ...] = (
    check_protocol,
    check_inverse,
    check_transform_deterministic,
    check_input_untouched,
    check_clone_equal,
    check_params_round_trip,
)
AUTOENCODER_CHECKS: tuple[Check, ...] = (
    *TRANSFORMER_CHECKS,
    check_refit_same_bits,
    check_global_state_untouched,
    check_rows_independent,
    check_reconstruct,
    check_score,
    check_save_load,
    check_pickle,
    check_fine_tune,
)


def check_autoencoder(estimator: Any, X: Array | None = None) -> None:
    """Run scikit-learn's estimator checks, but for :data:`UNEQUAL_BY_NATURE`, and all of :data:`AUTOENCODER_CHECKS`.

    Parameters
    ----------
    estimator : Autoencoder
        Not fitted; give it few epochs, since it is fitted about a hundred times.
    X : array of shape (n, n_features) or None, default None
        Rows for our checks, more than 270; None: :func:`example_rows`.

    Raises
    ------
    AssertionError
        If a check fails; scikit-learn's checks raise what they find.
    """
    from sklearn.utils.estimator_checks import check_estimator

    check_estimator(estimator, on_skip=None, expected_failed_checks=UNEQUAL_BY_NATURE)
    rows = example_rows() if X is None else X
    for check in AUTOENCODER_CHECKS:
        check(estimator, rows)


def check_transformer(estimator: Any, X: Array | None = None) -> None:
    """Run the checks that any transformer must pass to stand in for an autoencoder.

    Parameters
    ----------
    estimator : object with ``fit`` and ``transform``, and perhaps ``inverse_transform``
        Not fitted.
    X : array of shape (n, n_features) or None, default None
        None: :func:`example_rows`.

    Raises
    ------
    AssertionError
        If a check fails.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> check_transformer(PCA(2))
    """
    rows = example_rows() if X is None else X
    for check in TRANSFORMER_CHECKS:
        check(estimator, rows)
