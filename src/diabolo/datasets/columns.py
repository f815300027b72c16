"""From named columns to features, labels and ids; what cannot be a number is refused with its remedy."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.schema import Schema
from ..errors import DataError, SettingError, UnknownNameError, few
from .files import data_rows, option

MISSING = ("drop", "mean")
_LISTED = 40


@dataclass(frozen=True)
class Choice:
    """What the user said of how a file is to be read; column names may be given as one text with commas.

    The fields are those of :data:`diabolo.datasets.formats.OPTIONS`, and a schema that was learnt from other rows.
    """

    columns: Sequence[str | int] | str | None = None
    drop: Sequence[str | int] | str = ()
    id: str | int | None = None
    label: str | int | None = None
    missing: str | None = None
    categories: Sequence[str | int] | str | None = None
    counts: Sequence[str | int] | str | None = None
    dates: Sequence[str | int] | str | None = None
    resize: tuple[int, int] | None = None
    decimal: str | None = None
    sheet: str | None = None
    array: str | None = None
    labels: str | None = None
    layer: str | None = None
    window: int | None = None
    step: int | None = None
    depth: int | None = None
    image_shape: tuple[int, int, int] | None = None
    schema: Schema | None = None

    def __post_init__(self) -> None:
        if self.missing not in (None, *MISSING):
            raise UnknownNameError("way to treat missing values (--missing)", self.missing, MISSING)
        if self.decimal not in (None, ".", ","):
            raise SettingError(f"{option('decimal')} takes . or a comma, got {self.decimal!r}.")
        for name in ("window", "step", "depth"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingError(f"{option(name)} takes a whole number >= 1, got {value!r}.")

    @property
    def given(self) -> list[str]:
        """The names of all that was said."""
        return [
            f.name
            for f in fields(self)
            if f.name != "schema" and getattr(self, f.name) not in (None, (), [], "")
        ]

    @property
    def used(self) -> list[str]:
        """The options that were given, as they are typed."""
        drop = None if isinstance(self.drop, str | list | tuple) and not self.drop else self.drop
        given = {"columns": self.columns, "drop": drop, "id": self.id, "label": self.label}
        return [option(name) for name, value in given.items() if value is not None]


@dataclass(frozen=True)
class Selection:
    """The places of the feature columns, of the id column and of the label column."""

    features: tuple[int, ...]
    id: int | None = None
    label: int | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """All of them, the features first."""
        return (*self.features, *(at for at in (self.id, self.label) if at is not None))


def choose(names: Sequence[str], choice: Choice, source: str) -> Selection:
    """Find the columns that a user named.

    Raises
    ------
    UnknownNameError
        If a name is not a column.
    DataError
        If a name stands twice in the header, or no feature is left.
    SettingError
        If one column is asked to be two things.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{source}: the header holds {few(map(repr, twice))} more than once; rename the columns."
        )

    def find(name: str | int) -> int:
        exact: list[str | int] = [name]
        return find_all(exact, names, source)[0]

    ids = None if choice.id is None else find(choice.id)
    label = None if choice.label is None else find(choice.label)
    dropped = find_all(choice.drop, names, source)
    asked = None if choice.columns is None else find_all(choice.columns, names, source)
    roles = {"--id": ids, "--label": label}
    for role, at in roles.items():
        if at is not None and at in (asked or ()):
            raise SettingError(f"the column {names[at]!r} is named by both --columns and {role}; choose one.")
    if ids is not None and ids == label:
        raise SettingError(f"the column {names[ids]!r} is named by both --id and --label; choose one.")
    apart = {*dropped, *roles.values()}
    features = tuple(at for at in (range(len(names)) if asked is None else asked) if at not in apart)
    if not features:
        raise DataError(f"{source}: no column is left to learn from out of {few(map(repr, names))}.")
    return Selection(features, ids, label)


def find_all(given: Sequence[str | int] | str, names: Sequence[str], source: str) -> list[int]:
    """The places of columns that a user named, by a list or by one text with commas.

    Raises
    ------
    UnknownNameError
        If a name is not a column.
    """
    place = {name: i for i, name in enumerate(names)}
    entries = [given] if isinstance(given, str | int) else list(given)
    parts: list[str | int] = []
    for entry in entries:
        whole = str(entry) in place or not isinstance(entry, str)
        parts += [entry] if whole else [part.strip() for part in str(entry).split(",") if part.strip()]
    for part in parts:
        if str(part) not in place:
            raise _unknown(str(part), names, source)
    return list(dict.fromkeys(place[str(part)] for part in parts))


def _unknown(name: str, names: Sequence[str], source: str) -> UnknownNameError:
    if len(names) <= _LISTED:
        return UnknownNameError(f"column of {source}:", name, names)
    nearest = difflib.get_close_matches(name, names, n=8, cutoff=0.0)
    return UnknownNameError(
        f"column of {source} ({len(names)} columns, the nearest are listed):", name, nearest
    )


def refuse_text(bad: dict[str, Sequence[tuple[int, str]]], source: str) -> None:
    """Refuse columns that are not numeric, each given with its first faulty rows (from 0) and values."""
    if not bad:
        return
    name, cells = next(iter(bad.items()))
    rows = data_rows(row for row, _ in cells)
    shown = ", ".join(repr(value if len(value) <= 20 else value[:17] + "...") for _, value in cells)
    others = (
        f" Nor {'is' if len(bad) == 2 else 'are'} {few(map(repr, list(bad)[1:]))}." if len(bad) > 1 else ""
    )
    named = list(bad)[:5]
    raise DataError(
        f"{source}: the column {name!r} is not numeric ({rows}: {shown}).{others} "
        f"Leave out with {option('drop', *named)}, keep apart with {option('label', name)} or "
        f"{option('id', name)}, or name what to learn from with --columns."
    )


def fill(
    X: NDArray[Any], names: Sequence[str], missing: str | None, source: str
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Refuse infinite values, and treat missing ones as asked.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Values; NaN where one is missing.
    names : sequence of str
        The d columns, for messages.
    missing : {"drop", "mean"} or None
        Leave such rows out, put the column's mean, or refuse.
    source : str
        The file, for messages.

    Returns
    -------
    X : ndarray of shape (m, d)
        Finite values.
    kept : ndarray of shape (n,)
        Which of the n rows they are.

    Raises
    ------
    DataError
        If a value is infinite or, where that is not treated, missing; if nothing would be left.
    """
    everything = np.ones(len(X), dtype=bool)
    if X.dtype.kind in "iub" or bool(np.isfinite(X).all()):
        return X, everything
    infinite = np.isinf(X)
    if infinite.any():
        at, rows, others = _where(infinite, names)
        raise DataError(
            f"{source}: the column {names[at]!r} is infinite in {rows}{others}; "
            f"correct the file, or leave the column out with {option('drop', names[at])}."
        )
    gaps = np.isnan(X)
    if missing == "drop":
        kept = ~gaps.any(axis=1)
        if not kept.any():
            raise DataError(
                f"{source}: every row misses a value, so that --missing drop leaves none; use "
                f"--missing mean, or --drop the emptiest column, {names[int(gaps.sum(axis=0).argmax())]!r}."
            )
        return X[kept], kept
    at, rows, others = _where(gaps, names)
    if missing is None:
        raise DataError(
            f"{source}: the column {names[at]!r} has no value in {rows}{others}; "
            f"leave such rows out with --missing drop, put the column's mean with --missing mean, or leave "
            f"the column out with {option('drop', names[at])}."
        )
    empty = np.flatnonzero(gaps.all(axis=0)).tolist()
    if empty:
        lost = list(dict.fromkeys(names[i] for i in empty))
        raise DataError(
            f"{source}: no row has a value in {few(map(repr, lost))}, so that there is no mean; leave out "
            f"with {option('drop', *lost[:5])}."
        )
    # Divided by the largest value first: the sum of huge values would be infinite.
    scale = np.maximum(np.nanmax(np.abs(X), axis=0), np.finfo(X.dtype).tiny)
    mean = np.nanmean(X / scale, axis=0, dtype=np.float64) * scale
    return np.where(gaps, mean, X).astype(X.dtype), everything


def _where(mask: NDArray[np.bool_], names: Sequence[str]) -> tuple[int, str, str]:
    """The first faulty column, its faulty rows, and words on the other faulty columns."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = data_rows(np.flatnonzero(mask[:, columns[0]]).tolist())
    others = [
        repr(name) for name in dict.fromkeys(names[int(i)] for i in columns) if name != names[int(columns[0])]
    ]
    return (
        int(columns[0]),
        rows,
        f" (and so {'has' if len(others) == 1 else 'have'} {few(others)})" if others else "",
    )


def as_labels(values: NDArray[Any], name: str, source: str) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Labels as whole numbers where they are whole, as classes in alphabetical order where they are text.

    Raises
    ------
    DataError
        If a label is missing, infinite, or neither a number nor text.
    """
    values = np.asarray(values)
    if values.ndim != 1:
        raise DataError(f"{source}: the labels {name!r} have the shape {values.shape}, expected one a row.")
    if values.dtype.kind in "biu":
        return values.astype(np.int64), None
    if values.dtype.kind == "U":
        gaps = values == ""
        texts, codes = np.unique(values, return_inverse=True)
    elif values.dtype.kind == "f":
        gaps = ~np.isfinite(values)
    else:
        raise DataError(f"{source}: the labels {name!r} are {values.dtype}, expected whole numbers or text.")
    if gaps.any():
        rows = data_rows(np.flatnonzero(gaps).tolist())
        raise DataError(
            f"{source}: the label {name!r} has no (finite) value in {rows}; leave such "
            f"rows out with --missing drop, or the column with {option('drop', name)}."
        )
    if values.dtype.kind == "U":
        return codes.astype(np.int64), tuple(str(text) for text in texts)
    whole = bool((values == np.round(values)).all()) and bool((np.abs(values) < 2**53).all())
    return (values.astype(np.int64) if whole else values.astype(np.float64)), None
