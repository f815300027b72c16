"""What comes with a question, checked: texts, numbers and arrays of the shapes that were expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .protocol import Arrays

# Squares of larger numbers overflow in single precision.
_LARGEST = 1e15


def text_of(header: Mapping[str, Any], name: str) -> str:
    """A text of at most 200 characters."""
    value = header.get(name)
    if not isinstance(value, str) or len(value) > 200:
        raise DataError(f"{name!r} must be a text of at most 200 characters, got {_short(value)}.")
    return value


def number_of(header: Mapping[str, Any], name: str, default: float | None, low: float, high: float) -> float:
    """A finite number within bounds."""
    value = header.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise DataError(f"{name!r} must be a number from {low:g} to {high:g}, got {_short(value)}.")
    number = float(value)
    if not math.isfinite(number):
        raise DataError(f"{name!r} must be finite, got {_short(value)}.")
    return number


def array_of(arrays: Arrays, name: str, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Finite float32 rows: at least one, at most ``shape[0]``, each of width ``shape[1]``."""
    given = arrays.get(name)
    most, width = shape
    wanted = f"{name!r} must be float32 of shape (1 to {most}, {width})"
    if given is None:
        raise DataError(f"{wanted}; it is missing.")
    if given.dtype != np.float32 or given.ndim != 2 or given.shape[1] != width or not 1 <= len(given) <= most:
        raise DataError(f"{wanted}, got {given.dtype} of shape {given.shape}.")
    if not (np.abs(given) <= _LARGEST).all():
        raise DataError(f"{name!r} must hold finite numbers of size at most {_LARGEST:g}.")
    return given


def rows_of(arrays: Arrays, name: str, n: int, most: int) -> NDArray[np.int32]:
    """Places of rows, each in [0, n)."""
    given = arrays.get(name)
    if given is None or given.dtype != np.int32 or given.ndim != 1 or not 1 <= len(given) <= most:
        shape = None if given is None else (str(given.dtype), given.shape)
        raise DataError(f"{name!r} must be int32 of shape (1 to {most},), got {shape}.")
    if given.min() < 0 or given.max() >= n:
        raise DataError(f"{name!r} must hold indices from 0 to {n - 1}, got {given.min()} to {given.max()}.")
    return given


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
