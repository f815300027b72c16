"""What the columns of a table are, how each becomes numbers, and how it comes back from them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, OutsideRangeWarning, few
from .columns import differences
from .frames import Cells, Column, build, columns_of, library_of, read

__all__ = ["KINDS", "Schema", "Variable"]

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


@dataclass(frozen=True)
class Schema:
    """The columns of a table that is learnt from, in their order.

    It is guessed by :func:`diabolo.data.guessing.learn`, and turns frames into rows of numbers and back.

    Attributes
    ----------
    variables : tuple of Variable
    library : {"pandas", "polars", "pyarrow"}
        Whose frames it gives back.

    Examples
    --------
    >>> import pandas as pd
    >>> from diabolo.data.guessing import learn
    >>> pets = pd.DataFrame(
    ...     {"kind": ["cat", "dog", "cat"], "kg": [4.5, 20.0, 3.5], "male": [True, False, False]}
    ... )
    >>> schema = learn(pets)
    >>> print(schema)
    3 columns as 4 numbers a row: 1 category, 1 numeric, 1 boolean
    category: kind (cat, dog); boolean: male
    numeric: kg
    >>> schema.columns, schema.encode(pets).tolist()[1]
    (('kind=cat', 'kind=dog', 'kg', 'male=True'), [0.0, 1.0, 20.0, 0.0])
    >>> schema.decode(schema.encode(pets)).equals(pets)
    True
    """

    variables: tuple[Variable, ...]
    library: str = "pandas"

    @property
    def names(self) -> tuple[str, ...]:
        """The user's columns."""
        return tuple(v.name for v in self.variables)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of numbers, such as ``color=red``."""
        return tuple(name for v in self.variables for name in v.columns)

    @property
    def width(self) -> int:
        """How many columns of numbers there are."""
        return sum(v.width for v in self.variables)

    @property
    def blocks(self) -> dict[str, slice]:
        """Which columns of numbers belong to which of the user's columns."""
        ends = np.cumsum([v.width for v in self.variables]).tolist()
        return {
            v.name: slice(end - v.width, end) for v, end in zip(self.variables, ends, strict=True) if v.width
        }

    def is_of(self, X: Any) -> bool:
        """Whether X is a frame of the user's columns, and not one of the numbers that they become."""
        if not library_of(X):
            return False
        names = {*map(str, columns_of(X))}
        return names == {*self.names} or names != {*self.columns}

    def encode(self, X: Any, *, missing: bool = False) -> Array:
        """A frame as rows of numbers, whatever the order of its columns.

        Parameters
        ----------
        X : frame of pandas, polars or Arrow
        missing : bool, default False
            Whether values may be missing; they are NaN then.

        Returns
        -------
        array of shape (n, width), float64

        Raises
        ------
        DataError
            If it has other columns, other kinds of values, or misses some.

        Warns
        -----
        OutsideRangeWarning
            If a category has values that it did not have: all of its columns are 0 in such a row. A column of which no
            value is known is refused, and so is what has no rank among the categories of an ordinal.
        """
        series = columns_of(X)
        if {*series} != {*self.names}:
            raise DataError(
                f"X has other columns than the model was fitted on: {differences([*map(str, series)], self.names)}; "
                "rename or choose the columns, their order is of no importance."
            )
        n = len(next(iter(series.values())))
        made = np.empty((n, self.width))
        for v in self.variables:
            made[:, self.blocks[v.name]] = v.encode(read(series[v.name]))
        if not missing:
            self._require_whole(made)
        return made

    def _require_whole(self, made: Array) -> None:
        gaps = {name: int(np.isnan(made[:, at]).any(axis=1).sum()) for name, at in self.blocks.items()}
        gaps = {name: count for name, count in gaps.items() if count}
        if gaps:
            counted = few(f"{name!r} in {count} rows" for name, count in gaps.items())
            raise DataError(
                f"X has no value (NaN) in {counted}, of {len(made)}; drop those rows or fill the values in, for "
                "example with sklearn.impute.SimpleImputer."
            )

    def rows(self, X: Any, name: str = "X") -> Any:
        """Rows of numbers: a frame of the user's columns encoded, and what is rows of numbers already as it is.

        Raises
        ------
        DataError
            If it is neither.
        """
        if self.is_of(X):
            return self.encode(X)
        shape = getattr(X, "shape", None) or np.shape(X)
        if len(shape) == 2 and shape[1] == self.width:
            if library_of(X):
                return X.select(list(self.columns)) if library_of(X) != "pandas" else X[list(self.columns)]
            warnings.warn(
                f"{name} has no names of columns; they are taken for {few(map(repr, self.columns))}, in this order.",
                UserWarning,
                stacklevel=6,
            )
            return X
        raise DataError(
            f"{name} has the shape {tuple(shape)} and no names of columns; the model takes frames with the columns "
            f"{few(map(repr, self.names))}, or rows of the {self.width} numbers that they become."
        )

    def decode(self, X: NDArray[np.floating], like: Any = None) -> Any:
        """The frame that rows of numbers stand for.

        Parameters
        ----------
        X : array of shape (n, width)
            Any numbers: the largest of a category's columns decides, what is whole is rounded.
        like : frame or None
            Whose library, and whose index of pandas, it gets; None: those of the training rows.
        """
        library = self.library if like is None else library_of(like)
        made = {v.name: v.decode(X[:, self.blocks[v.name]]) for v in self.variables}
        if library != self.library:
            made = {name: _without_dtype(column) for name, column in made.items()}
        return build(library, made, getattr(like, "index", None) if library == "pandas" else None)

    def __str__(self) -> str:
        counts = Counter(v.kind for v in self.variables)
        counted = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        lines = [f"{len(self.variables)} columns as {self.width} numbers a row: {counted}"]
        others = [kind for kind in counts if kind not in ("numeric", "count")]
        for kinds in (others, [kind for kind in counts if kind not in others]):
            words = [
                f"{kind}: {few(map(_described, (v for v in self.variables if v.kind == kind)))}"
                for kind in kinds
            ]
            lines += ["; ".join(words)] if words else []
        return "\n".join(lines)

    def to_plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        variables = [asdict(v) | {"categories": list(v.categories)} for v in self.variables]
        return {"library": self.library, "variables": variables}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Schema:
        """What :meth:`to_plain` gave."""
        variables: Iterable[Any] = (
            Variable(**{**v, "categories": tuple(v["categories"])}) for v in plain["variables"]
        )
        return cls(tuple(variables), plain["library"])


def _without_dtype(column: Column) -> Column:
    return Column(column.holds, column.values, "", column.zone, column.categories, column.ordered)


def _described(v: Variable) -> str:
    return f"{v.name} ({few(v.categories, limit=4)})" if v.categories else v.name


def step_of(moments: Sequence[int] | NDArray[np.int64]) -> int:
    """The largest of day, hour, minute, second, millisecond and microsecond that all moments are multiples of."""
    whole = np.asarray(moments, np.int64)
    steps = (_DAY, _DAY // 24, 60_000_000, 1_000_000, 1000, 1)
    return next(step for step in steps if not (whole % step).any())
