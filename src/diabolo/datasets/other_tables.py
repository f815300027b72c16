"""Tables of other programs, each as an Arrow table: spreadsheets, Weka, Stata, SPSS."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import FileError, UnknownNameError, few, in_words
from ..storage.text import as_file_error, readable
from .columns import Choice
from .files import expect_file, option
from .tables import Table, read_whole


def read_spreadsheet(path: Path, choice: Choice) -> Table:
    """Read a sheet of a spreadsheet, whose first row that is not empty holds the names of the columns."""
    expect_file(path, "a spreadsheet", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
    from python_calamine import CalamineError, CalamineWorkbook

    with readable(path):
        try:
            book = CalamineWorkbook.from_path(str(path))
            sheets = book.sheet_names
            name = choice.sheet or (sheets[0] if len(sheets) == 1 else None)
            if name is None:
                raise FileError(
                    f"{path} has {len(sheets)} sheets ({few(sheets)}); say which: {option('sheet', sheets[0])}."
                )
            if name not in sheets:
                raise UnknownNameError(f"sheet of {path.name}:", name, sheets)
            rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        except CalamineError as error:
            raise FileError(f"{path} is not a spreadsheet that can be read: {error}.") from None
    rows = [row for row in rows if any(cell != "" for cell in row)]
    if not rows:
        raise FileError(f"{path}: the sheet {name!r} is empty.")
    notes = () if choice.sheet else (f"the sheet {name!r}",)
    names, data, named = _names(rows)
    columns = [_column([row[at] for row in data]) for at in range(len(names))]
    return read_whole(path, _arrow(columns, names), choice, notes, named=named)


def _names(rows: Sequence[Sequence[Any]]) -> tuple[list[str], Sequence[Sequence[Any]], bool]:
    """The names of columns, and the rows below; a first row with a number in it holds none."""
    first = rows[0]
    if any(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in first):
        return [f"column_{i + 1}" for i in range(len(first))], rows, False
    return [str(cell).strip() or f"column_{i + 1}" for i, cell in enumerate(first)], rows[1:], True


def _column(cells: Sequence[Any]) -> Any:
    """Numbers where all cells are, else text; an empty cell is a gap."""
    import pyarrow as pa

    known = [None if cell == "" else cell for cell in cells]
    kinds = {type(cell) for cell in known if cell is not None}
    if kinds <= {int, float}:
        return pa.array([None if cell is None else float(cell) for cell in known], pa.float64())
    if kinds <= {bool}:
        return pa.array(known, pa.bool_())
    return pa.array([None if cell is None else _word(cell) for cell in known], pa.string())


def _word(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def _arrow(columns: Sequence[Any], names: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.table(list(columns), names=list(names))


def read_arff(path: Path, choice: Choice) -> Table:
    """Read a Weka file; text columns are what it calls nominal."""
    expect_file(path, "a Weka file")
    import pyarrow as pa
    from scipy.io import arff

    with readable(path):
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                data, meta = arff.loadarff(file)
        except (
            arff.ArffError,
            ValueError,
            StopIteration,
            IndexError,
            TypeError,
            NotImplementedError,
        ) as error:
            raise FileError(f"{path} is not a Weka file that can be read: {in_words(error)}.") from None
    names = list(meta.names())
    columns = [
        pa.array([cell.decode("utf-8") for cell in data[name].tolist()]) if data[name].dtype.kind in "SO"
        else pa.array(data[name], from_pandas=True)
        for name in names
    ]  # fmt: skip
    return read_whole(path, _arrow(columns, names), choice)


def read_stata(path: Path, choice: Choice) -> Table:
    """Read a Stata file; labelled values stay the numbers that they are."""
    expect_file(path, "a Stata file")
    import pandas as pd

    faults = (ValueError, KeyError, OverflowError, EOFError, struct.error)
    with readable(path), as_file_error(f"{path} is not a Stata file that can be read", *faults):
        frame = pd.read_stata(path, convert_categoricals=False)
    return _of_frame(path, frame, choice)


def read_spss(path: Path, choice: Choice) -> Table:
    """Read an SPSS file; labelled values stay the numbers that they are."""
    expect_file(path, "an SPSS file", [b"$FL2", b"$FL3"])
    import pyreadstat

    faults = (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError)
    with readable(path), as_file_error(f"{path} is not an SPSS file that can be read", *faults):
        frame, _ = pyreadstat.read_sav(str(path), apply_value_formats=False)
    return _of_frame(path, frame, choice)


def _of_frame(path: Path, frame: Any, choice: Choice) -> Table:
    import pyarrow as pa

    return read_whole(path, pa.Table.from_pandas(frame, preserve_index=False), choice)
