"""What the columns of a table are, before anything is learnt from them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data.frames import columns_of
from ..data.frames import read as read_cells
from ..data.guessing import kind_of
from ..errors import few
from .dataset import Dataset
from .files import option
from .reading import read_columns
from .tables import NULLS, said_kinds, without_nulls

#: At most so many different values are taken for classes, and no more than one in ten rows.
_CLASSES = 20
_IDS = re.compile(
    r"(^|[_\W])(id|ids|key|uuid|index|nr|no)$|^(id|row|name)\b|[a-z]I[dD]$|^unnamed", re.IGNORECASE
)
_LABELS = re.compile(
    r"^(y|label|labels|class|target|species|kind|category|outcome|diagnosis)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        As the table calls it.
    kind : str
        One of :data:`diabolo.data.variables.KINDS`, said by an option or guessed by
        :func:`diabolo.data.guessing.kind_of`.
    missing : int
        Rows without a value.
    distinct : int
        Different values.
    low, high : str
        Smallest and largest value; empty for categories and texts.
    remarks : tuple of str
        That it is constant, the same as another column, or looks like an id or a label.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    low: str = ""
    high: str = ""
    remarks: tuple[str, ...] = ()


def describe(path: str | os.PathLike[str], **options: Any) -> tuple[int, tuple[Column, ...], tuple[str, ...]]:
    """Look at the columns of a table: kinds, missing values, ranges, and what should not be learnt from.

    Parameters
    ----------
    path : path
        A file that :func:`read` takes, of columns.
    **options
        Those of :func:`read`.

    Returns
    -------
    n_rows : int
    columns : tuple of Column
    notes : tuple of str
        What was found while reading.

    Raises
    ------
    FileError, DataError, SettingError
        As :func:`read` does.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "flowers.csv")
    >>> path.write_text("name,petal,sepal\\nA1,1.5,3\\nA2,2.5,\\n")
    34
    >>> n_rows, columns, notes = describe(path)
    >>> [(column.kind, column.missing, column.remarks) for column in columns]
    [('id', 0, ('looks like an id',)), ('numeric', 0, ()), ('count', 1, ('constant',))]
    >>> folder.cleanup()
    """
    table = read_columns(path, **options)
    names = table.data.column_names
    known: dict[Any, str] = {}
    columns = []
    said = said_kinds(options, names, os.fspath(path))
    for (at, name), series in zip(
        enumerate(names), columns_of(without_nulls(table.data)).values(), strict=True
    ):
        values = _known_values(table.data.column(name))
        kind = said.get(name) or kind_of(read_cells(series))
        column = _describe(name, values, kind, table.data.num_rows, at in (0, len(names) - 1))
        looks = (column.kind, column.low, column.high, column.distinct, len(values))
        twin = known.setdefault(looks, name)
        same = twin != name and column.distinct > 1
        if same and values.equals(_known_values(table.data.column(twin))):
            column = replace(column, remarks=(*column.remarks, f"the same as {twin}"))
        columns.append(column)
    return table.data.num_rows, tuple(columns), table.notes


def _known_values(column: Any) -> Any:
    """The values that are there."""
    import pyarrow as pa
    from pyarrow import compute

    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        gaps = pa.array(NULLS, column.type)
        return column.filter(compute.invert(compute.is_in(column, value_set=gaps))).drop_null()
    if pa.types.is_floating(column.type):
        return column.filter(compute.invert(compute.is_nan(column))).drop_null()
    return column.drop_null()


def _describe(name: str, values: Any, kind: str, n_rows: int, outermost: bool) -> Column:
    """``outermost``: whether it is the first or the last column, where labels mostly are."""
    from pyarrow import compute, types

    distinct = compute.count_distinct(values).as_py() if not types.is_nested(values.type) else len(values)
    ranged = kind in ("numeric", "count", "date", "duration")
    low, high = (_short(v) for v in compute.min_max(values).as_py().values()) if ranged else ("", "")
    remarks = []
    if distinct == 1:
        remarks.append("constant")
    elif _is_id(name, values, kind, distinct, n_rows):
        remarks.append("looks like an id")
    elif _is_label(name, kind, distinct, n_rows, outermost):
        remarks.append("looks like a label")
    return Column(name, kind, n_rows - len(values), distinct, low, high, tuple(remarks))


def _is_id(name: str, values: Any, kind: str, distinct: int, n_rows: int) -> bool:
    """Whether each row has a value of its own, and these are texts, are named so, or count the rows."""
    from pyarrow import compute

    if distinct != n_rows or n_rows < 2 or kind not in ("text", "id", "count"):
        return False
    if kind in ("text", "id") or _IDS.search(name):
        return True
    span = compute.min_max(values).as_py()
    return bool(span["max"] - span["min"] == n_rows - 1)


def _is_label(name: str, kind: str, distinct: int, n_rows: int, outermost: bool) -> bool:
    few = 2 <= distinct <= _CLASSES and 10 * distinct <= n_rows
    return kind not in ("date", "duration") and bool(
        (_LABELS.match(name) and distinct <= max(2, n_rows // 2))
        or (few and outermost and kind in ("category", "boolean", "count"))
    )


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def suggested(columns: Sequence[Column]) -> list[str]:
    """The options that the remarks suggest, as they are typed."""
    ids = [c.name for c in columns if "looks like an id" in c.remarks]
    labels = [c.name for c in columns if "looks like a label" in c.remarks]
    dropped = [
        c.name
        for c in columns
        if c.name not in (*ids[:1], *labels[:1])
        and (c.kind in ("text", "id", "empty") or "constant" in c.remarks or c.name in ids)
    ]
    missing = any(c.missing for c in columns if c.name not in dropped)
    return [
        *([option("id", ids[0])] if ids else []),
        *([option("label", labels[0])] if labels else []),
        *([option("drop", *dropped)] if dropped else []),
        *(["--missing drop"] if missing else []),
    ]


def hints(dataset: Dataset) -> list[str]:
    """What a table should perhaps not be learnt from, and the option that leaves it out; nothing of large tables."""
    import pyarrow as pa

    names = dataset.feature_names
    if names is None or dataset.X.size > _LOOKED_AT:
        return []
    wholes = {v.columns[0]: v for v in dataset.schema.variables if v.width == 1} if dataset.schema else None
    found = dict[str, list[str]]()
    for at, column in enumerate(names):
        v = None if wholes is None else wholes.get(column)
        if wholes is not None and (v is None or v.kind not in ("numeric", "count")):
            continue
        values = pa.array(dataset.X[:, at])
        kind = kind_of(read_cells(columns_of(pa.table({"values": values}))["values"]))
        name = column if v is None else v.name
        for remark in _describe(name, values, kind, len(dataset), at == len(names) - 1).remarks:
            found.setdefault(remark, []).append(name)
    if dataset.y is not None:
        found.pop("looks like a label", None)
    return [f"{few(map(repr, listed))}: {_HINTS[remark]}" for remark, listed in found.items()]


#: Numbers of a table that is looked through for hints.
_LOOKED_AT = 5_000_000
_HINTS = {
    "constant": "one value only, from which nothing is learnt; --drop leaves it out",
    "looks like an id": "looks like an id, and is learnt as a number; --id keeps it apart",
    "looks like a label": "looks like a label, and is learnt as a feature; --label keeps it apart",
}
