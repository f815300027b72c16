"""A column of a table: what it is, how it becomes numbers, and how it comes back from them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, OutsideRangeWarning, few
from .frames import Cells, Column

__all__ = ["KINDS", "Variable", "moments_of", "step_of"]

Array = NDArray[np.float64]
_DAY = 86_400_000_000  # microseconds
#: What a column can be, and how it becomes numbers; those without a rule are not learnt from.
KINDS: dict[str, str] = {
    "numeric": "the number itself",
    "count": "the number itself; whole and not negative when it comes back",
    "category": "one column a category, 1 for the category of the row and 0 for the others",
    "ordinal": "the rank of the category, from 0",
    "boolean": "0 or 1",
    "date": "days since the first date of the training rows",
    "duration": "days",
    "id": "",
    "label": "",
    "text": "",
    "empty": "",
}

#: What tells a column of numbers from the user's column that it stands for.
_SUFFIXES = {"boolean": "=True", "ordinal": " (rank)", "date": " (days)", "duration": " (days)"}


@dataclass(frozen=True)
class Variable:
    """A column of the user's table.

    Attributes
    ----------
    name : str
    kind : str
        One of :data:`KINDS`.
    categories : tuple
        Of a category or an ordinal; texts, numbers or booleans.
    holds : str
        What the frame held: "number", "boolean", "text", "date" or "duration".
    dtype : str
        As the frame's library calls it; empty: what the library holds such values in.
    zone : str
        The time zone of dates.
    origin, step : int
        Of dates and durations, in microseconds: what 0 stands for (since 1970), and what all are multiples of.
    """

    name: str
    kind: str
    categories: tuple[Any, ...] = ()
    holds: str = "number"
    dtype: str = ""
    zone: str = ""
    origin: int = 0
    step: int = 1

    @property
    def width(self) -> int:
        """How many columns of numbers it becomes."""
        return len(self.categories) if self.kind == "category" else int(bool(KINDS[self.kind]))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of these columns."""
        if self.kind == "category":
            return tuple(f"{self.name}={category}" for category in self.categories)
        return (self.name + _SUFFIXES.get(self.kind, ""),) * self.width

    def encode(self, cells: Cells) -> Array:
        """Its cells as numbers (n, width); NaN where a value is missing.

        Raises
        ------
        DataError
            If the column holds values of another kind.
        """
        X = _ENCODERS[self.kind](self, cells).reshape(len(cells.values), self.width)
        X[cells.missing] = np.nan
        return X

    def decode(self, X: NDArray[np.floating]) -> Column:
        """The column that numbers (n, width) stand for."""
        return _DECODERS[self.kind](self, X.astype(np.float64))


def _number(v: Variable, cells: Cells) -> Array:
    if cells.holds not in ("number", "boolean"):
        raise _other_kind(v, cells, "numbers")
    return cells.values.copy()


def _boolean(v: Variable, cells: Cells) -> Array:
    if cells.holds not in ("number", "boolean") or not np.isin(cells.known, (0, 1)).all():
        raise _other_kind(v, cells, "true and false")
    return cells.values.copy()


def _moment(v: Variable, cells: Cells) -> Array:
    moments = cells.values
    if v.holds == "text" and cells.holds == "text":
        moments = moments_of(v.name, cells)
    elif cells.holds != v.kind:
        raise _other_kind(v, cells, f"a {v.kind}")
    return (moments - v.origin) / _DAY


def _ranks(v: Variable, cells: Cells) -> NDArray[np.int64]:
    """The place of each value among the categories; -1 where it is none of them."""
    places = {category: at for at, category in enumerate(v.categories)}
    try:
        ranks = np.array([places.get(value, -1) for value in cells.values.tolist()], np.int64)
    except TypeError:
        raise _other_kind(v, cells, "categories") from None
    unseen = (ranks < 0) & ~cells.missing
    if unseen.any() and (v.kind == "ordinal" or unseen.sum() == len(cells.known)):
        raise DataError(f"{_unseen(v, cells, unseen)}; correct them, or leave those rows out.")
    if unseen.any():
        warnings.warn(
            f"{_unseen(v, cells, unseen)}: they are encoded as none of the categories.",
            OutsideRangeWarning,
            stacklevel=8,
        )
    return ranks


def _unseen(v: Variable, cells: Cells, unseen: NDArray[np.bool_]) -> str:
    values = few(map(repr, dict.fromkeys(cells.values[unseen].tolist())))
    return (
        f"{int(unseen.sum())} of {len(unseen)} rows (first: row {int(unseen.argmax())}) have a {v.name!r} that no "
        f"training row had: {values}; known are {few(map(repr, v.categories))}"
    )


def _one_hot(v: Variable, cells: Cells) -> Array:
    return (_ranks(v, cells)[:, None] == np.arange(len(v.categories))).astype(np.float64)


def _other_kind(v: Variable, cells: Cells, expected: str) -> DataError:
    return DataError(
        f"column {v.name!r} holds {cells.dtype}{_shown(cells)}, the model was fitted on {expected} there ({v.kind}); "
        "give values of that kind."
    )


def _shown(cells: Cells) -> str:
    return f" (such as {cells.known.tolist()[0]!r:.40})" if len(cells.known) else ""


def moments_of(name: str, cells: Cells) -> NDArray[np.int64]:
    """Dates written as text, such as 2024-02-29 or 2024-02-29T12:30, in microseconds since 1970.

    Raises
    ------
    DataError
        If a text is no such date.
    """
    moments = np.zeros(len(cells.values), np.int64)
    for at in np.flatnonzero(~cells.missing):
        try:
            moments[at] = np.datetime64(str(cells.values[at]).strip().removesuffix("Z"), "us").astype(
                np.int64
            )
        except ValueError:
            raise DataError(
                f"column {name!r} has {cells.values[at]!r} in row {at}, which is no date as 2024-02-29 or "
                "2024-02-29T12:30; write dates like that."
            ) from None
    return moments


_ENCODERS: dict[str, Callable[[Variable, Cells], Array]] = {
    "numeric": _number,
    "count": _number,
    "category": _one_hot,
    "ordinal": lambda v, cells: _ranks(v, cells).astype(np.float64),
    "boolean": _boolean,
    "date": _moment,
    "duration": _moment,
}


def _numbers(v: Variable, X: Array) -> Column:
    x = X[:, 0]
    x = np.maximum(np.rint(x), 0) if v.kind == "count" else x
    base = v.dtype.lower().partition("[")[0]
    if base.startswith(("int", "uint")):
        ends = np.iinfo(base)
        # The largest float64 below 2**63 is not 2**63 - 1.
        x = np.clip(np.rint(x), ends.min, np.nextafter(float(ends.max), 0) if ends.max >= 2**53 else ends.max)
        return Column("number", x.astype(base), v.dtype)
    return Column("number", x, v.dtype)


def _categories(v: Variable, ranks: Array) -> Column:
    return Column(v.holds, ranks.astype(np.int64), v.dtype, "", v.categories, v.kind == "ordinal")


def _moments(v: Variable, X: Array) -> Column:
    # Beyond ten thousand years nothing is a date; days and the rest apart keep microseconds exact for 170 years.
    days = np.clip(X[:, 0], -3.7e6, 3.7e6)
    whole = np.floor(days)
    moments = whole.astype(np.int64) * _DAY + np.rint((days - whole) * _DAY).astype(np.int64)
    moments = v.origin + np.rint(moments / v.step).astype(np.int64) * v.step
    if v.holds != "text":
        return Column(v.kind, moments, v.dtype, v.zone)
    unit: Any = "D" if v.step % _DAY == 0 else "s" if v.step % 1_000_000 == 0 else "us"
    stamps: Any = moments.astype("datetime64[us]")
    texts = np.datetime_as_string(stamps, unit=unit)
    return Column("text", texts.astype(object), v.dtype)


_DECODERS: dict[str, Callable[[Variable, Array], Column]] = {
    "numeric": _numbers,
    "count": _numbers,
    "category": lambda v, X: _categories(v, X.argmax(axis=1)),
    "ordinal": lambda v, X: _categories(v, np.clip(np.rint(X[:, 0]), 0, len(v.categories) - 1)),
    "boolean": lambda v, X: Column("boolean", X[:, 0] >= 0.5, v.dtype),
    "date": _moments,
    "duration": _moments,
}


def step_of(moments: Sequence[int] | NDArray[np.int64]) -> int:
    """The largest of day, hour, minute, second, millisecond and microsecond that all moments are multiples of."""
    whole = np.asarray(moments, np.int64)
    steps = (_DAY, _DAY // 24, 60_000_000, 1_000_000, 1000, 1)
    return next(step for step in steps if not (whole % step).any())
