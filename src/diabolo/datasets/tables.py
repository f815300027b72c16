"""Tables of the user's own: .csv, .tsv and .parquet, through Apache Arrow.

Arrow is strict where it matters here: a row with too many or too few values is an error, and types
are inferred from the whole file. It is imported inside the functions.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileError
from ..storage.text import readable
from .columns import Choice, Selection, as_labels, choose, fill, refuse_text
from .dataset import Dataset
from .files import MAX_BYTES, begins_as, expect_file, option

__all__ = ["MAX_COLUMNS", "PANDAS_INDEX", "matrix", "read_csv", "read_parquet", "text_cells"]

# Arrow keeps some ten kilobytes a column; an array file has no such cost.
MAX_COLUMNS = 50_000
_MAX_HEADER = 16 << 20
_NULLS = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "NULL", "null", "None", "none", "?", "-", "."]
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")
PANDAS_INDEX = "__index_level_0__"


def read_csv(path: Path, choice: Choice) -> Dataset:
    """Read a text table: commas (or semicolons, or tabs), UTF-8, with a header or without.

    The first line is a header unless every value of it is a number, or one has a decimal point; columns
    without a header are named ``column_1``, ``column_2``, ....
    """
    head = expect_file(path, "a text table")
    _check_text(path, head)
    names, skipped, comma = _header(path)
    selection = choose(names, choice, path.name)
    _refuse_unnamed(names, selection, choice, path.name)
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    wanted = [*selection.features, *(at for at in (selection.id, selection.label) if at is not None)]
    types = {} if selection.id is None else {names[selection.id]: pa.string()}
    read = arrow_csv.ReadOptions(
        column_names=list(names),
        skip_rows=skipped,
        block_size=max(4 << 20, 256 * len(names)),
        use_threads=False,
    )
    convert = arrow_csv.ConvertOptions(
        include_columns=[names[at] for at in wanted], column_types=types, null_values=_NULLS
    )
    parse = arrow_csv.ParseOptions(delimiter=comma, newlines_in_values=True)
    with readable(path):
        try:
            table = arrow_csv.read_csv(
                str(path), read_options=read, parse_options=parse, convert_options=convert
            )
        except pa.ArrowInvalid as error:
            raise _csv_error(path, str(error)) from None
    return _dataset(path, table, names, selection, choice)


def read_parquet(path: Path, choice: Choice) -> Dataset:
    """Read a Parquet file; an index that pandas wrote beside the columns becomes the ids."""
    expect_file(path, "a Parquet file", [b"PAR1"])
    import pyarrow as pa
    from pyarrow import parquet

    with readable(path):
        try:
            file = parquet.ParquetFile(path)
            names = file.schema_arrow.names
            _check_size(path, file.metadata.num_rows, len(names))
            if choice.id is None and names.count(PANDAS_INDEX) == 1:
                choice = Choice(choice.columns, choice.drop, PANDAS_INDEX, choice.label, choice.missing)
            selection = choose(names, choice, path.name)
            wanted = [*selection.features, *(at for at in (selection.id, selection.label) if at is not None)]
            # A nested column's leaves are addressed by its own name, so that names are enough here.
            table = file.read(columns=[names[at] for at in wanted], use_threads=False)
        except (pa.ArrowException, KeyError) as error:
            words = " ".join(str(error).split())[:200].rstrip(".")
            raise FileError(f"{path} is not a whole Parquet file: {words}.") from None
    return _dataset(path, table, names, selection, choice)


def _check_size(path: Path, rows: int, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise FileError(
            f"{path} has {columns} columns, at most {MAX_COLUMNS} are read; save it as .npy (rows x columns) "
            "or transpose it if rows and columns are swapped."
        )
    if rows * columns * 8 > MAX_BYTES:
        raise FileError(f"{path} states {rows} rows x {columns} columns, more than fits; read a part of it.")


def _check_text(path: Path, head: bytes) -> None:
    """Refuse what is not UTF-8 text, with the place and the way to convert it."""
    found = begins_as(head)
    if found is not None:
        raise FileError(f"{path} is {found}, expected a text table; unpack it or export it as CSV.")
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Latin text in UTF-16 is text with a zero byte beside each character.
    if marked or (b"\0" in head and all(byte >= 32 or byte in b"\0\t\r\n" for byte in head)):
        raise FileError(
            f"{path} is UTF-16 text, expected UTF-8; save it as 'CSV UTF-8' in the spreadsheet, or run "
            "iconv -f UTF-16 -t UTF-8."
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with readable(path), path.open("rb") as file:
        while True:
            block = file.read(1 << 20)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                lines += error.object[: error.start].count(b"\n")
                raise FileError(
                    f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} on line {lines} (Latin-1 "
                    f"or Windows-1252?); save it as UTF-8, or run iconv -f WINDOWS-1252 -t UTF-8."
                ) from None
            if b"\0" in block:
                raise FileError(f"{path} holds zero bytes: it is binary data, expected a text table.")
            lines += block.count(b"\n")
            if not block:
                return


def _header(path: Path) -> tuple[list[str], int, str]:
    """The names of the columns, how many lines they take, and the separator."""
    with readable(path), path.open("rb") as file:
        start = file.read(_MAX_HEADER + 1)
    text = start.decode("utf-8-sig", errors="ignore")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise FileError(f"{path} holds blank lines alone, expected a table.")
    if len(first) >= _MAX_HEADER - 4:
        raise FileError(f"{path}: the first line is longer than {_MAX_HEADER} bytes; this is not a table.")
    comma = _separator(path, first)
    # A quoted name may hold the separator, so that this count is an upper bound, and enough of one.
    _check_size(path, 1, first.count(comma) + 1)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=comma)
    try:
        cells = next((row for row in lines if row), [])
    except csv.Error as error:
        raise FileError(f"{path}: the first line is not a row of a table ({error}).") from None
    names = [cell.strip() for cell in cells]
    # A frame without column names is written with 0, 1, 2, ... as its header.
    counted = names == [str(i) for i in range(len(names))] and len(names) > 1
    if not counted and (all(map(_is_number, names)) or any(map(_DECIMAL.fullmatch, names))):
        return [f"column_{i + 1}" for i in range(len(names))], 0, comma
    return [name or f"column_{i + 1}" for i, name in enumerate(names)], lines.line_num, comma


def _separator(path: Path, first: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return next((mark for mark in ",;\t" if mark in first), ",")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refuse_unnamed(names: Sequence[str], selection: Selection, choice: Choice, source: str) -> None:
    """A header with a gap is mostly a row number that a data frame wrote; learning from it is a mistake."""
    if choice.columns is not None or all(name.startswith("column_") for name in names):
        return
    for at in selection.features:
        if names[at] == f"column_{at + 1}":
            raise DataError(
                f"{source}: column {at + 1} has no name in the header (row numbers, or a comma at the end "
                f"of each line?); leave it out with {option('drop', names[at])}, or pass it through with "
                f"{option('id', names[at])}."
            )


def _csv_error(path: Path, message: str) -> FileError:
    words = " ".join(message.split())
    if "Expected" in words and "columns, got" in words:
        got = words.split("Expected", 1)[1].split(":", 1)[0].strip().replace("columns, got", "values, got")
        row = words.split("Row #", 1)[1].split(":", 1)[0] if "Row #" in words else "?"
        return FileError(
            f"{path}: line {row} is of another length than the first (expected {got}); a value that holds "
            "the separator needs quotes."
        )
    if "Could not skip" in words or "Empty CSV" in words:
        return FileError(f"{path} has a header and no rows.")
    return FileError(f"{path} is not a table that can be read: {words[:200]}.")


def _dataset(path: Path, table: Any, names: Sequence[str], selection: Selection, choice: Choice) -> Dataset:
    """Features, ids and labels out of an Arrow table whose columns are in the order they were asked for."""
    source = path.name
    chosen = [names[at] for at in selection.features]
    if table.num_rows == 0:
        raise FileError(f"{path} has a header and no rows.")
    refuse_text({name: cells for name in chosen if (cells := text_cells(table.column(name)))}, source)
    X = matrix(table, chosen)
    ids = None if selection.id is None else _texts(table.column(names[selection.id]))
    labels = None if selection.label is None else _label_values(table.column(names[selection.label]))
    X, kept = fill(X, chosen, choice.missing, source)
    if labels is not None and choice.missing == "drop":
        known = (labels != "" if labels.dtype.kind == "U" else ~np.isnan(labels))[kept]
        X, kept = X[known], np.flatnonzero(kept)[known]
        if not len(X):
            raise DataError(
                f"{source}: no row has a label and all values, so that --missing drop leaves none."
            )
    label_name = None if selection.label is None else names[selection.label]
    y, label_names = (None, None) if labels is None else as_labels(labels[kept], str(label_name), source)
    return Dataset(
        X=X,
        y=y,
        ids=None if ids is None else ids[kept],
        feature_names=tuple(chosen),
        name=path.stem,
        source=str(path),
        label_names=label_names,
        id_name=None if selection.id is None else names[selection.id],
        label_name=label_name,
    )


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
        if value.is_valid and text not in _NULLS and not _is_number(text):
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


def _label_values(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    if not _numeric(column.type):
        return _texts(column)
    if column.null_count == 0 and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return _numbers(column)
