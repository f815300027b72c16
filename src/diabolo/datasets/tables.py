"""Tables of the user's own: .parquet, .feather and .arrow, and what an Arrow table becomes.

It is imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.guessing import guess, learnable
from ..data.schema import Schema
from ..errors import DataError, FileError, few, in_words
from ..storage.text import as_file_error, readable
from .columns import Choice, Selection, as_labels, choose, fill, find_all, refuse_text
from .dataset import Dataset
from .files import MAX_BYTES, expect_file, option

# Arrow keeps some ten kilobytes a column; an array file has no such cost.
MAX_COLUMNS = 50_000
NULLS = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "NULL", "null", "None", "none", "?", "-", "."]
PANDAS_INDEX = "__index_level_0__"
#: The options that say what columns are, and what they say.
SAID = {"categories": "category", "counts": "count", "dates": "date"}


def read_parquet(path: Path, choice: Choice) -> Table:
    """Read a Parquet file, or a folder of them; an index that pandas wrote beside the columns becomes the ids."""
    from pyarrow import parquet

    def opened(file: Path) -> tuple[Sequence[str], int, Callable[[list[str]], Any]]:
        expect_file(file, "a Parquet file", [b"PAR1"])
        whole = parquet.ParquetFile(file)
        # A nested column's leaves are addressed by its own name, so that names are enough here.
        return (
            whole.schema_arrow.names,
            whole.metadata.num_rows,
            lambda columns: whole.read(columns=columns, use_threads=False),
        )

    return _read_files(path, choice, (".parquet",), "Parquet", opened)


def read_arrow(path: Path, choice: Choice) -> Table:
    """Read a Feather or Arrow file (the file or the stream format), or a folder of them."""
    import pyarrow as pa

    def opened(file: Path) -> tuple[Sequence[str], int, Callable[[list[str]], Any]]:
        head = expect_file(file, "an Arrow file", [b"ARROW1", b"\xff\xff\xff\xff"])
        open_it = pa.ipc.open_file if head.startswith(b"ARROW1") else pa.ipc.open_stream
        with pa.memory_map(str(file)) as source:
            table = open_it(source).read_all()
        return table.column_names, table.num_rows, table.select

    return _read_files(path, choice, (".feather", ".arrow"), "Arrow", opened)


def _read_files(
    path: Path,
    choice: Choice,
    suffixes: tuple[str, ...],
    kind: str,
    opened: Callable[[Path], tuple[Sequence[str], int, Callable[[list[str]], Any]]],
) -> Table:
    """One file, or all of a folder as one table; columns in another order are put into that of the first file."""
    import pyarrow as pa

    with readable(path):
        inside = (
            sorted(p for p in path.iterdir() if p.suffix.lower() in suffixes) if path.is_dir() else [path]
        )
    tables: list[Any] = []
    names: list[str] = []
    for file in inside:
        with readable(file):
            try:
                found, rows, read = opened(file)
                check_size(file, rows, len(found))
                names = names or list(found)
                _require_same(file, found, inside[0], names)
                if choice.id is None and names.count(PANDAS_INDEX) == 1:
                    choice = replace(choice, id=PANDAS_INDEX)
                selection = choose(names, choice, path.name)
                tables.append(read([names[at] for at in selection.places]))
            except (pa.ArrowException, KeyError, OSError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                raise FileError(f"{file} is not a whole {kind} file: {in_words(error)}.") from None
    with as_file_error(f"{path}: the files do not hold the same kinds of columns", pa.ArrowException):
        table = pa.concat_tables(tables, promote_options="permissive")
    notes = () if len(inside) == 1 else (f"{len(inside)} files read as one table",)
    return Table(path, table, names, selection, notes)


def _require_same(file: Path, found: Sequence[str], first: Path, names: Sequence[str]) -> None:
    if sorted(found) != sorted(names):
        lacks, more = sorted({*names} - {*found}), sorted({*found} - {*names})
        raise DataError(
            f"{file} has other columns than {first.name}: it lacks {few(map(repr, lacks)) or 'none'} and has "
            f"{few(map(repr, more)) or 'none'} beyond; keep files of one table in a folder."
        )


@dataclass(frozen=True)
class Table:
    """The columns of a file, before they are rows of numbers.

    Attributes
    ----------
    path : Path
        What messages call the file.
    data : pyarrow.Table
        The columns that were selected.
    names : sequence of str
        All columns of the file.
    selection : Selection
    notes : tuple of str
        What was found while reading.
    named : bool
        Whether the file has names for its columns; where not, ``names`` are made up.
    """

    path: Path
    data: Any
    names: Sequence[str]
    selection: Selection
    notes: tuple[str, ...] = ()
    named: bool = True


def read_whole(
    path: Path, data: Any, choice: Choice, notes: tuple[str, ...] = (), named: bool = True
) -> Table:
    """The table of a file of which all columns were read."""
    names = data.column_names
    check_size(path, data.num_rows, len(names))
    selection = choose(names, choice, path.name)
    return Table(path, data.select(list(selection.places)), names, selection, notes, named)


def check_size(path: Path, rows: int, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise FileError(
            f"{path} has {columns} columns, at most {MAX_COLUMNS} are read; save it as .npy (rows x columns) "
            "or transpose it if rows and columns are swapped."
        )
    if rows * columns * 8 > MAX_BYTES:
        raise FileError(f"{path} states {rows} rows x {columns} columns, more than fits; read a part of it.")


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def rows_of_table(read: Table, choice: Choice) -> Dataset:
    """Features, ids and labels out of a table; what is no number is refused."""
    path, table, names, selection = read.path, read.data, read.names, read.selection
    source = path.name
    chosen = [names[at] for at in selection.features]
    if table.num_rows == 0:
        raise FileError(f"{path} has a header and no rows.")
    schema = table_schema(table.select(chosen), choice, source)
    if schema is None:
        refuse_text({name: cells for name in chosen if (cells := text_cells(table.column(name)))}, source)
        X, columns, variables = matrix(table, chosen), tuple(chosen), list(chosen)
    else:
        X, columns = schema.encode(without_nulls(table.select(chosen)), missing=True), schema.columns
        variables = [v.name for v in schema.variables for _ in v.columns]
    ids = None if selection.id is None else _texts(table.column(names[selection.id]))
    labels = None if selection.label is None else label_values(table.column(names[selection.label]))
    X, kept = fill(X, variables, choice.missing, source)
    if labels is not None and choice.missing == "drop":
        known = (labels != "" if labels.dtype.kind == "U" else ~np.isnan(labels))[kept]
        X, kept = X[known], np.flatnonzero(kept)[known]
        if not len(X):
            raise DataError(
                f"{source}: no row has a label and all values, so that --missing drop leaves none."
            )
    label_name = None if selection.label is None else names[selection.label]
    y, label_names = (None, None) if labels is None else as_labels(labels[kept], str(label_name), source)
    dataset = Dataset(
        X=X,
        y=y,
        ids=None if ids is None else ids[kept],
        feature_names=columns,
        name=path.stem,
        source=str(path),
        label_names=label_names,
        id_name=None if selection.id is None else names[selection.id],
        label_name=label_name,
        left_out=tuple(name for at, name in enumerate(names) if at not in set(selection.places)),
        notes=(*read.notes, *(() if schema is None or choice.schema is not None else _told(schema))),
        schema=schema,
    )
    if read.named:
        return dataset
    notes = (*dataset.notes, "no names of columns: they are known by their numbers")
    named = None if schema is None else columns
    return replace(dataset, feature_names=named, left_out=(), n_columns=len(names), notes=notes)


def _told(schema: Schema) -> list[str]:
    return [
        *str(schema).splitlines()[:2],
        "--categories, --counts, --dates, --drop and --label say otherwise",
    ]


def said_kinds(options: Mapping[str, Any], names: Sequence[str], source: str) -> dict[str, str]:
    """What the options say that columns are, by the name of the column."""
    said = dict[str, str]()
    for name, kind in SAID.items():
        said |= dict.fromkeys([names[at] for at in find_all(options.get(name) or (), names, source)], kind)
    return said


def table_schema(table: Any, choice: Choice, source: str) -> Schema | None:
    """How the columns of a table become numbers; None where they are numbers, and nothing was said of them.

    Raises
    ------
    DataError
        If a column can be neither learnt from nor left alone.
    """
    if choice.schema is not None:
        return choice.schema
    said = said_kinds({name: getattr(choice, name) for name in SAID}, table.column_names, source)
    plain = [_numeric(field.type) and str(field.type) != "bool" for field in table.schema]
    if not said and all(plain):
        return None
    try:
        schema = guess(without_nulls(table), said)
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    refused = learnable(schema)
    empty = [v.name for v in schema.variables if v.kind == "empty"]
    refuse_text({name: text_cells(table.column(name)) for name in refused if name not in empty}, source)
    if refused:
        raise DataError(
            f"{source}: no row has a value in {few(map(repr, empty))}; leave out with {option('drop', *empty[:5])}."
        )
    return schema


def without_nulls(table: Any) -> Any:
    """A table whose texts that stand for a missing value are missing."""
    import pyarrow as pa
    from pyarrow import compute

    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = table.column(at)
            gaps = compute.is_in(column, value_set=pa.array(NULLS, field.type))
            if compute.any(gaps).as_py():
                table = table.set_column(
                    at, field.name, compute.if_else(gaps, pa.scalar(None, field.type), column)
                )
    return table


def _numeric(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return any(test(kind) for test in tests)


def text_cells(column: Any, limit: int = 3) -> list[tuple[int, str]]:
    """The first cells of a column that are not numbers, empty if its type is numeric."""
    if _numeric(column.type):
        return []
    cells: list[tuple[int, str]] = []
    for row, value in enumerate(column):
        text = str(value.as_py())
        if value.is_valid and text not in NULLS and not is_number(text):
            cells.append((row, text))
            if len(cells) == limit:
                break
    # A type that is no number stays refused where every single cell looks like one.
    return cells or [(row, str(value.as_py())) for row, value in enumerate(column.slice(0, limit))]


def matrix(table: Any, names: Sequence[str], single: bool | None = None) -> NDArray[Any]:
    """Columns of numbers side by side; float32 if asked for, or, with None, if all columns are."""
    import pyarrow as pa

    if single is None:
        single = all(table.schema.field(name).type == pa.float32() for name in names)
    X = np.empty((table.num_rows, len(names)), np.float32 if single else np.float64)
    for at, name in enumerate(names):
        X[:, at] = _numbers(table.column(name))
    return X


def _numbers(column: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _texts(column: Any) -> NDArray[Any]:
    """Ids: whole numbers as they are, anything else as text, empty where there is none."""
    import pyarrow as pa

    if pa.types.is_integer(column.type) and column.null_count == 0:
        return np.asarray(column.to_numpy())
    return np.array(["" if value is None else str(value) for value in column.to_pylist()], dtype=np.str_)


def label_values(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    if not _numeric(column.type):
        return _texts(column)
    if column.null_count == 0 and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return _numbers(column)
