"""Numbers as they are written where the decimal sign is a comma, or where thousands are parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, few
from .files import option
from .tables import NULLS


@dataclass(frozen=True)
class _Style:
    """A way to write numbers: what all cells of a column match, and what at least one does."""

    words: str
    decimal: str
    thousands: str
    some: str

    @property
    def all(self) -> str:
        whole = rf"(\d{{1,3}}({self.thousands}\d{{3}})+|\d+)" if self.thousands else r"\d+"
        mark = "," if self.decimal == "," else r"\."
        return rf"^\s*[-+]?({whole}({mark}\d*)?|{mark}\d+)([eE][-+]?\d+)?\s*$"


_COMMA, _DOT, _GAP = ",", r"\.", "[ '’\u00a0\u202f]"
# The first that fits decides; of the two that "1,234" fits, the table as a whole does.
_STYLES = (
    _Style("the decimal sign is a comma", ",", "", r"^\s*[-+]?\d*,\d*([eE][-+]?\d+)?\s*$"),
    _Style("thousands are parted by commas", ".", _COMMA, r"\d,\d{3}"),
    _Style("the decimal sign is a comma and thousands are parted by points", ",", _DOT, r"\d\.\d{3}"),
    _Style("thousands are parted by spaces or apostrophes", ".", _GAP, rf"\d{_GAP}\d{{3}}"),
    _Style(
        "the decimal sign is a comma and thousands are parted by spaces or apostrophes", ",", _GAP,
        rf"\d{_GAP}\d{{3}}",
    ),
)  # fmt: skip


def as_numbers(
    table: Any, names: Sequence[str], decimal: str | None, source: str
) -> tuple[Any, tuple[str, ...]]:
    """A table whose columns of text are numbers where each cell is one in some way of writing; and that way in words.

    Parameters
    ----------
    table : pyarrow.Table
    names : sequence of str
        The columns that should be numbers.
    decimal : {".", ","} or None
        What the user said of the decimal sign; None: it is found.
    source : str
        The file, for messages.

    Returns
    -------
    table : pyarrow.Table
        Columns that are no numbers are left as they are.
    notes : tuple of str

    Raises
    ------
    DataError
        If "1,234" may be a thousand or one, and nothing in the table tells.
    """
    import pyarrow as pa

    fitting = {}
    for name in names:
        column = table.column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            styles = [s for s in _STYLES if decimal in (None, s.decimal) and _fits(column, s)]
            if styles:
                fitting[name] = styles
    sure = {styles[0].decimal for styles in fitting.values() if len(styles) == 1}
    notes: list[str] = []
    for name, styles in fitting.items():
        if len(sure) == 1:
            styles = [style for style in styles if style.decimal in sure]
        column = table.column(name)
        values = [_convert(column, style) for style in styles]
        if not all(others.equals(values[0]) for others in values[1:]):
            raise _ambiguous(name, column, source)
        table = table.set_column(table.column_names.index(name), name, values[0])
        notes += [] if styles[0].words in notes else [styles[0].words]
    return table, tuple(notes)


def _cells(column: Any) -> Any:
    """The cells that are there."""
    import pyarrow as pa
    from pyarrow import compute

    gaps = pa.array(NULLS, column.type)
    return column.filter(compute.invert(compute.is_in(column, value_set=gaps))).drop_null()


def _fits(column: Any, style: _Style) -> bool:
    from pyarrow import compute

    cells = _cells(column)
    if not len(cells):
        return False
    some = compute.any(compute.match_substring_regex(cells, style.some)).as_py()
    return bool(some and compute.all(compute.match_substring_regex(cells, style.all)).as_py())


def _convert(column: Any, style: _Style) -> Any:
    import pyarrow as pa
    from pyarrow import compute

    gaps = pa.array(NULLS, column.type)
    cells = compute.if_else(compute.is_in(column, value_set=gaps), pa.scalar(None, column.type), column)
    cells = compute.utf8_trim_whitespace(cells)
    if style.thousands:
        cells = compute.replace_substring_regex(cells, style.thousands, "")
    return compute.replace_substring(cells, ",", ".").cast(pa.float64())


def _ambiguous(name: str, column: Any, source: str) -> DataError:
    shown = few(repr(cell.as_py()) for cell in _cells(column)[:3])
    return DataError(
        f"{source}: the column {name!r} holds {shown}, where the comma may be the decimal sign or part thousands; say "
        f"which: {option('decimal', ',')} or {option('decimal', '.')}."
    )
