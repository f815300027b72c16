"""What the columns of a table are, guessed by stated rules; what the user says comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import DataError, SettingError, UnknownNameError, few
from .frames import Cells, columns_of, library_of, read
from .schema import Schema
from .variables import KINDS, Variable, moments_of, step_of

__all__ = ["FEW_CATEGORIES", "MOST_CATEGORIES", "guess", "kind_of", "learn", "learnable", "variable"]

#: A text with at most so many values is a category, and so is one with a value for every tenth row at most.
FEW_CATEGORIES = 20
#: A category has at most so many values: each is a column.
MOST_CATEGORIES = 1000


def kind_of(cells: Cells) -> str:
    """What a column is, by its values.

    - Booleans, dates, durations and what is declared to be a category are so, a category with an order is an ordinal.
    - Numbers are a count if they are whole and none is negative, else numeric.
    - A text is a category if its values are at most 20, or at most a tenth of the rows, and fewer than the rows; but
      not if half of them are numbers: those are numbers among which there is a text.
    - Any other text is an id if each row has its own and none has a space in it, else free text.

    Examples
    --------
    >>> import pandas as pd
    >>> from diabolo.data.frames import columns_of, read
    >>> frame = pd.DataFrame(
    ...     {"a": [1, 2, 3], "b": [1.5, 2, 3], "c": ["x", "y", "x"], "d": ["p1", "p2", "p3"]}
    ... )
    >>> [kind_of(read(series)) for series in columns_of(frame).values()]
    ['count', 'numeric', 'category', 'id']
    """
    known = cells.known
    if not len(known):
        return "empty"
    if cells.holds in ("boolean", "date", "duration"):
        return cells.holds
    if cells.holds == "number":
        finite = known[np.isfinite(known)]
        return "count" if bool((finite == np.rint(finite)).all() and (finite >= 0).all()) else "numeric"
    if "dictionary" in cells.dtype or cells.dtype.lower().startswith(("categor", "enum")):
        return "ordinal" if cells.ordered else "category"
    if cells.holds == "other":
        return "text"
    values = set(known.tolist())
    if len(values) < len(known) and len(values) <= max(FEW_CATEGORIES, len(cells.values) // 10):
        return "text" if 2 * sum(map(_is_number, values)) >= len(values) else "category"
    return "id" if len(values) == len(known) > 1 and not any(" " in value for value in values) else "text"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def guess(X: Any, said: Mapping[str, Any] | None = None) -> Schema:
    """The schema of a frame, with any kind of columns, learnable or not.

    Parameters
    ----------
    X : frame of pandas, polars or Arrow
    said : mapping of str to str or sequence, or None
        What columns are, by name: one of :data:`~diabolo.data.variables.KINDS`, or the categories of an ordinal in
        their order.

    Raises
    ------
    UnknownNameError
        If there is no such column or kind.
    DataError
        If a column cannot be what it is said to be.
    """
    series = columns_of(X)
    for name, kind in (said or {}).items():
        if name not in series:
            raise UnknownNameError("column", name, map(str, series))
        if isinstance(kind, str) and kind not in KINDS:
            raise UnknownNameError(f"kind of column for {name!r}:", kind, KINDS)
    variables = tuple(variable(str(name), read(one), (said or {}).get(name)) for name, one in series.items())
    return Schema(variables, library_of(X))


def variable(name: str, cells: Cells, said: str | Sequence[Any] | None = None) -> Variable:
    """A column as its values, and what is said of it, have it."""
    kind = said if isinstance(said, str) else kind_of(cells) if said is None else "ordinal"
    v = Variable(name, kind, (), cells.holds, cells.dtype, cells.zone)
    if kind in ("category", "ordinal"):
        declared = cells.categories if said is None or isinstance(said, str) else tuple(said)
        return replace(v, categories=_sorted(cells) if declared is None else declared)
    if kind in ("date", "duration"):
        moments = cells.values
        if cells.holds == "text" and kind == "date":
            moments = moments_of(name, cells)
        elif cells.holds != kind:
            raise DataError(f"column {name!r} holds {cells.dtype}, which is no {kind}; turn it into one.")
        moments = moments[~cells.missing]
        origin = int(moments.min()) if kind == "date" and len(moments) else 0
        return replace(v, origin=origin, step=step_of(moments))
    if kind in ("numeric", "count", "boolean") and cells.holds not in ("number", "boolean"):
        raise DataError(f"column {name!r} holds {cells.dtype}, which is not {kind}; turn it into numbers.")
    rule = _RULES.get(kind)
    if rule is not None and not rule[0](cells.known).all():
        shown = float(cells.known[~rule[0](cells.known)][0])
        raise DataError(f"column {name!r} is said to be a {kind} and holds {shown:g}, expected {rule[1]}.")
    return v


#: What values of a kind must be, and that in words.
_RULES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "count": (lambda x: (x == np.rint(x)) & (x >= 0), "whole numbers from 0"),
    "boolean": (lambda x: np.isin(x, (0, 1)), "0 and 1, or true and false"),
}


def _sorted(cells: Cells) -> tuple[Any, ...]:
    values = set(cells.known.tolist())
    whole = all(isinstance(value, float) and value.is_integer() for value in values)
    values = {int(value) for value in values} if whole else values
    return tuple(sorted(values, key=lambda value: (str(type(value)), value)))


def learnable(schema: Schema) -> dict[str, str]:
    """The columns that cannot be learnt from, each with the reason and what to do."""
    reasons = {
        "id": "has a value of its own in each row, as an id has",
        "text": "is free text, or of a type that is neither numbers, dates nor categories",
        "label": "is a label",
        "empty": "has no value in any row",
    }
    found = {v.name: reasons[v.kind] for v in schema.variables if v.kind in reasons}
    plain = str | int | float | bool
    for v in schema.variables:
        if len(v.categories) > MOST_CATEGORIES:
            found[v.name] = (
                f"has {len(v.categories)} categories (at most {MOST_CATEGORIES}: group the rare ones)"
            )
        elif not all(isinstance(category, plain) for category in v.categories):
            found[v.name] = f"has categories such as {v.categories[0]!r}, which are neither text nor numbers"
    return found


def learn(X: Any, said: Mapping[str, Any] | Schema | None = None) -> Schema | None:
    """The schema of a frame to learn from; None where all columns are numbers and nothing is said of them.

    Parameters
    ----------
    X : object
        What the user gave; anything but a frame has no schema.
    said : Schema, mapping or None
        As :func:`guess` takes it; a schema is taken as it is.

    Raises
    ------
    SettingError
        If something is said of the columns of what has none with names.
    DataError
        If a column cannot be learnt from.
    UnknownNameError
        As :func:`guess` does.
    """
    if isinstance(said, Schema):
        return said
    if said is not None and not isinstance(said, Mapping):
        raise SettingError(
            f"schema must be a mapping of columns to kinds, a Schema or None, got {said!r:.80}."
        )
    series = columns_of(X) if library_of(X) else {}
    if said and not series:
        raise SettingError(
            f"schema names columns ({few(said)}), X has none with names: got {type(X).__name__} of shape {np.shape(X)}."
        )
    if not said and all(_is_numeric(one) for one in series.values()):
        return None
    if not all(isinstance(name, str) for name in series):
        if all(_is_numeric(one) or read(one).holds == "boolean" for one in series.values()):
            return None
        raise DataError(f"X has columns called {few(map(repr, series))}; give those of a mixed table names.")
    if not len(X):
        raise DataError(f"X has the columns {few(series)} and no rows (0 sample(s)); give at least one.")
    schema = guess(X, said)
    refused = learnable(schema)
    if refused:
        name, reason = next(iter(refused.items()))
        others = f" (nor can {few(map(repr, list(refused)[1:]))} be learnt from)" if len(refused) > 1 else ""
        raise DataError(
            f"column {name!r} {reason}{others}; leave out what is not to be learnt from, "
            f"such as X.drop(columns={[*refused]!r:.80}), or say what it is: schema={{{name!r}: 'category'}}."
        )
    twice = [name for name, count in Counter(schema.columns).items() if count > 1]
    if twice:
        raise DataError(
            f"several columns of X become numbers called {few(map(repr, twice))}; rename the columns."
        )
    return schema


def _is_numeric(series: Any) -> bool:
    if series.dtype.is_numeric() or getattr(getattr(series.to_native(), "dtype", None), "kind", "") in tuple(
        "iufc"
    ):
        return True
    return str(series.dtype) == "Object" and read(series).holds == "number"
