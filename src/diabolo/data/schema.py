"""The columns of a table together: a frame as rows of numbers, and back."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, few
from .columns import differences
from .frames import Column, build, columns_of, library_of, read
from .summary import WAY_OUT
from .variables import KINDS, Variable

__all__ = ["KINDS", "Schema", "Variable"]

Array = NDArray[np.float64]


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
            raise DataError(f"X has no value (NaN) in {counted}, of {len(made)}; {WAY_OUT}.")

    def rows(self, X: Any, name: str = "X", *, warn: bool = True, missing: bool = False) -> Any:
        """Rows of numbers: a frame of the user's columns encoded, and what is rows of numbers already as it is.

        An array of numbers, which has no names, is warned of unless ``warn`` is false.

        Raises
        ------
        DataError
            If it is neither.
        """
        if self.is_of(X):
            return self.encode(X, missing=missing)
        shape = getattr(X, "shape", None) or np.shape(X)
        if len(shape) == 2 and shape[1] == self.width:
            if library_of(X):
                return X.select(list(self.columns)) if library_of(X) != "pandas" else X[list(self.columns)]
            if warn:
                words = f"they are taken for {few(map(repr, self.columns))}, in this order"
                warnings.warn(f"{name} has no names of columns; {words}.", UserWarning, stacklevel=6)
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
