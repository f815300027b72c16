"""Input checks that the metrics share: what was got, what was expected, what to do."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.foreign import as_arrays
from ..errors import DataError, SettingError

Float = npt.NDArray[np.float64]


def numeric(values: npt.ArrayLike, name: str) -> Float:
    """A float64 array of finite numbers, of any shape with at least one row."""
    try:
        array = np.asarray(as_arrays(values, name))
        # A cast from complex or from text would lose something silently or raise a bare message.
        if array.dtype.kind not in "biuf":
            raise TypeError(f"dtype {array.dtype}")
        array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{name} must be an array of real numbers, got {type(values).__name__} ({error}); "
            "convert it first, for example with numpy.asarray(..., dtype=float)."
        ) from error
    if array.ndim == 0 or array.shape[0] == 0:
        raise DataError(f"{name} must have at least one sample, got shape {array.shape}.")
    return finite(array, name)


def finite(array: Float, name: str) -> Float:
    """The array, if all of its numbers are finite."""
    bad = array.size - int(np.isfinite(array).sum())
    if bad:
        raise DataError(
            f"{name} of shape {array.shape} has {bad} values that are NaN or infinite; remove or fill them."
        )
    return array


def matrix(values: npt.ArrayLike, name: str, min_rows: int = 1) -> Float:
    """A float64 matrix (rows, features); further axes are flattened into features."""
    array = numeric(values, name)
    if array.ndim == 1:
        raise DataError(
            f"{name} must have shape (samples, features), got {array.shape}; "
            f"use {name}.reshape(-1, 1) for one feature."
        )
    if array.shape[0] < min_rows:
        raise DataError(f"{name} must have at least {min_rows} samples, got shape {array.shape}.")
    return array.reshape(array.shape[0], -1)


def same_shape(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> tuple[Float, Float]:
    """Originals and reconstructions of one shape (rows, ...)."""
    a, b = numeric(x, "x"), numeric(x_hat, "x_hat")
    if a.shape != b.shape:
        raise DataError(
            f"x has shape {a.shape} and x_hat {b.shape}; a reconstruction has the shape of its original."
        )
    if a.ndim == 1:
        a, b = a[:, None], b[:, None]
    return a, b


def same_rows(X: npt.ArrayLike, Z: npt.ArrayLike, min_rows: int = 2) -> tuple[Float, Float]:
    """Data and codes: matrices whose rows belong together."""
    a, b = matrix(X, "X", min_rows), matrix(Z, "Z", min_rows)
    if len(a) != len(b):
        raise DataError(f"X has {len(a)} samples and Z {len(b)} codes; Z[i] must be the code of X[i].")
    return a, b


def two_samples(real: npt.ArrayLike, synthetic: npt.ArrayLike, min_rows: int = 2) -> tuple[Float, Float]:
    """Two sets of rows in one space; the numbers of rows may differ."""
    a, b = matrix(real, "real", min_rows), matrix(synthetic, "synthetic", min_rows)
    if a.shape[1] != b.shape[1]:
        raise DataError(
            f"real has shape {a.shape} and synthetic {b.shape}; both must have the same features."
        )
    return a, b


def labels(values: npt.ArrayLike, rows: int, name: str = "y") -> npt.NDArray[Any]:
    """One label a row."""
    array = np.asarray(values)
    if array.shape != (rows,):
        raise DataError(f"{name} must hold one label for each of {rows} samples, got shape {array.shape}.")
    return array


def count(value: object, name: str, low: int = 1, high: int | None = None, why: str = "") -> int:
    """An integer in [low, high]."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or int(value) < low or (high is not None and int(value) > high):  # type: ignore[call-overload]
        bounds = f">= {low}" if high is None else f"from {low} to {high}"
        raise SettingError(f"{name} must be an integer {bounds}{f' ({why})' if why else ''}, got {value!r}.")
    return int(value)  # type: ignore[call-overload]


def positive(value: object, name: str) -> float:
    """A finite number above zero."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not np.isfinite(value) or float(value) <= 0:  # type: ignore[arg-type, call-overload]
        raise SettingError(f"{name} must be a number > 0, got {value!r}.")
    return float(value)  # type: ignore[arg-type]


def generator(random_state: object) -> np.random.Generator:
    """A NumPy generator from an integer seed, a generator, or None (fresh entropy)."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if random_state is None:
        return np.random.default_rng()
    return np.random.default_rng(count(random_state, "random_state", low=0))
