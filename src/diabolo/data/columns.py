"""Are these the columns that a model was fitted on: by their names, and by the range of their values."""

from __future__ import annotations

import difflib
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, OutsideRangeWarning, few

if TYPE_CHECKING:
    from .scaling import Scaler

#: Of a row, the share of values from which on it is told of; one value of ten features and fewer.
FAR_SHARE = 0.1
# A constant feature has no width; so much of its value is rounding.
_ROUNDING = 1e-6


_EXPECTED: ContextVar[bool] = ContextVar("expected_outside", default=False)


@contextmanager
def expected_outside() -> Iterator[None]:
    """Around calls for rows that are meant to lie anywhere, such as those that arbitrary codes decode to."""
    before = _EXPECTED.set(True)
    try:
        yield
    finally:
        _EXPECTED.reset(before)


def column_names(X: Any) -> list[str] | None:
    """The names of a frame's columns; None where they are numbers, which nobody gave them, or where it has none.

    Raises
    ------
    DataError
        If a name stands twice: it would not say which column is meant.
    """
    columns = getattr(X, "columns", None)
    if columns is None or callable(columns) or not hasattr(X, "__getitem__"):
        return None
    names = list(columns)
    if not names or not all(isinstance(name, str) for name in names):
        return None
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"X has several columns called {few(map(repr, twice))}; give each a name of its own.")
    return names


def match_columns(X: Any, learnt: Sequence[str] | None) -> Any:
    """A frame with its columns in the order that was learnt; anything without names as it is.

    Parameters
    ----------
    X : object
        What the user gave.
    learnt : sequence of str or None
        The names that the model was fitted on, if it was fitted on names.

    Raises
    ------
    DataError
        If it lacks a column that was learnt, or has one that was not.

    Examples
    --------
    >>> import pandas as pd
    >>> list(match_columns(pd.DataFrame({"b": [1], "a": [2]}), ["a", "b"]).columns)
    ['a', 'b']
    """
    names = column_names(X)
    if names is None or learnt is None or names == list(learnt):
        return X
    if set(names) != set(learnt):
        raise DataError(
            f"X has other columns than the model was fitted on: {differences(names, learnt)}; rename or choose the "
            "columns, their order is of no importance."
        )
    return X[list(learnt)]


def differences(names: Sequence[str], learnt: Sequence[str]) -> str:
    """In words, which columns are missing, each with the one that may be meant, and which are not known."""
    missing = [name for name in learnt if name not in set(names)]
    unknown = [name for name in names if name not in set(learnt)]
    said = []
    if missing:
        lower = {name.lower(): name for name in unknown}
        close = difflib.get_close_matches(missing[0].lower(), lower, n=1)
        said.append(
            f"it lacks {few(map(repr, missing))}" + (f" (is {lower[close[0]]!r} meant?)" if close else "")
        )
    if unknown:
        said.append(
            f"{'it' if not missing else 'and'} has {few(map(repr, unknown))}, which the model does not know"
        )
    return " ".join(said)


def warn_outside(
    X: NDArray[np.floating], scaler: Scaler, names: Sequence[str] | None, *, stacklevel: int = 3
) -> None:
    """Warn of rows far outside the training rows: their codes say little, and the columns may be others.

    A value is far outside where it is further out of the range of its feature in the training rows than that range is
    wide; a row, where this holds for a tenth of its values. Features that the model sees unscaled, such as pixels,
    share one unit and so one range.

    Parameters
    ----------
    X : array of shape (n, n_features)
        In the user's units.
    scaler : Scaler
        Knows the ranges; without them nothing is said.
    names : sequence of str or None
        The features, for the message.
    """
    if scaler.low is None or scaler.high is None or not len(X) or _EXPECTED.get():
        return
    low, high = scaler.low.astype(np.float64), scaler.high.astype(np.float64)
    if scaler.kind == "none":
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    width = np.maximum(high - low, _ROUNDING * np.maximum(np.abs(low), np.abs(high)))
    low, high = low - width, high + width
    if not ((np.fmin.reduce(X, axis=0) < low) | (np.fmax.reduce(X, axis=0) > high)).any():
        return
    far = (low > X) | (high < X)
    rows = far.mean(axis=1) >= FAR_SHARE
    if not rows.any():
        return
    counts = far[rows].sum(axis=0)
    worst = np.argsort(-counts, kind="stable")[: min(5, int((counts > 0).sum()))]
    shown = ", ".join(repr(str(names[i])) if names is not None else f"feature {i}" for i in worst)
    warnings.warn(
        f"{int(rows.sum())} of {len(X)} rows lie far outside the rows that the model was trained on (most in {shown}): "
        "their codes and errors say little. Check the columns, their order and their units.",
        OutsideRangeWarning,
        stacklevel=stacklevel,
    )
