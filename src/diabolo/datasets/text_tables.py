"""Text tables: .csv, .tsv, .txt, packed or not, and standard input, through Apache Arrow.

How the text is written is found (encoding, separator, header), and so is how its numbers are (:mod:`.numerals`).
Arrow is strict where it matters here: a row with too many or too few values is an error, and types are inferred from
the whole file. It is imported inside the functions.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from numpy.typing import NDArray

from ..errors import DataError, FileError, in_words
from ..storage.text import readable
from .columns import Choice, Selection, choose
from .files import MAX_BYTES, begins_as, expect_file, option
from .numerals import as_numbers
from .tables import NULLS, Table, check_size, is_number, label_values

_MAX_HEADER = 16 << 20
_DECIMAL = re.compile(r"[-+]?(\d+[.,]\d*|\.\d+)([eE][-+]?\d+)?")
_ZSTD, _GZIP = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
_PACKINGS = {".gz": ("gzip", _GZIP), ".zst": ("zstd", _ZSTD)}
_SAMPLED = 20
_SPACES = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class _Text:
    """How a table is written.

    ``comma`` is what separates values; a space stands for any number of spaces and tabs. ``named`` says whether the
    first ``skipped`` lines hold ``names``.
    """

    encoding: str
    comma: str
    names: list[str]
    skipped: int
    named: bool

    def notes(self, path: Path) -> tuple[str, ...]:
        words = {"\t": "tabs", " ": "spaces"}.get(self.comma, repr(self.comma))
        said = []
        if self.encoding != "utf-8":
            said.append(f"the text is {_ENCODINGS[self.encoding]}")
        if self.comma != ("\t" if ".tsv" in path.suffixes else ","):
            said.append(f"values are separated by {words}")
        return tuple(said)


_ENCODINGS = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}


def read_text_table(path: Path, choice: Choice) -> Table:
    """Read a text table: commas, semicolons, tabs, bars or spaces between values, with a header or without.

    The first line is a header unless every value of it is a number, or one has a decimal point. Columns without a
    header can be named ``column_1``, ``column_2``, ...; the data set says that they have no names.
    """
    if str(path) == "-":
        with tempfile.NamedTemporaryFile(prefix="diabolo-", suffix=".csv") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            kept.flush()
            name = "standard input"
            try:
                return _read(Path(kept.name), choice, Path(name))
            except (FileError, DataError) as error:
                raise type(error)(str(error).replace(kept.name, name)) from None
    return _read(path, choice, path)


def read_column(path: Path) -> NDArray[Any]:
    """The only column of a text table, or the last of several: labels that a file of its own holds."""
    head = expect_file(path, "a text table")
    packing = _packing(path, head)
    text = _header(path, packing, _find_encoding(path, packing))
    reader = _read_spaced if text.comma == " " else _read_arrow
    table = reader(path, packing, text, Selection((len(text.names) - 1,)))
    return label_values(table.column(0))


def _read(path: Path, choice: Choice, shown: Path) -> Table:
    head = expect_file(path, "a text table")
    packing = _packing(path, head)
    encoding = _find_encoding(path, packing)
    text = _header(path, packing, encoding)
    selection = choose(text.names, choice, shown.name)
    if text.named:
        _refuse_unnamed(text.names, selection, choice, shown.name)
    reader = _read_spaced if text.comma == " " else _read_arrow
    table = reader(path, packing, text, selection)
    features = [text.names[at] for at in selection.features]
    table, notes = as_numbers(table, features, choice.decimal, shown.name)
    return Table(shown, table, text.names, selection, (*text.notes(shown), *notes), text.named)


def _packing(path: Path, head: bytes) -> str | None:
    """How a file is compressed, which its name has to say as well."""
    packing, mark = _PACKINGS.get(path.suffix.lower(), (None, b""))
    if packing is not None and not head.startswith(mark):
        raise FileError(f"{path} is not {packing}-compressed, as its name says; rename it to {path.stem}.")
    found = begins_as(head)
    if found is not None and packing is None:
        raise FileError(f"{path} is {found}, expected a text table; unpack it or export it as CSV.")
    return packing


@contextmanager
def _opened(path: Path, packing: str | None) -> Iterator[BinaryIO]:
    """The bytes of the text."""
    with readable(path):
        try:
            if packing == "gzip":
                with gzip.open(path, "rb") as unpacked:
                    yield cast(BinaryIO, unpacked)
            elif packing is None:
                with path.open("rb") as file:
                    yield file
            else:
                import pyarrow as pa

                with pa.input_stream(str(path), compression=packing) as stream:
                    yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileError(f"{path} is damaged or cut off inside its {packing} data.") from None
        except OSError as error:
            if packing is None or error.errno is not None:
                raise
            raise FileError(f"{path} is damaged or cut off inside its {packing} data.") from None


def _find_encoding(path: Path, packing: str | None) -> str:
    """UTF-8, UTF-16 or Windows-1252, after a look at all of the text; anything else is refused with its place."""
    with _opened(path, packing) as file:
        start = file.read(4096)
    encoding = _wide(start) or "utf-8"
    while True:
        fault = _first_fault(path, packing, encoding)
        if fault is None:
            return encoding
        if encoding == "utf-8" and fault[1] is not None:
            encoding = "cp1252"
            continue
        raise FileError(
            f"{path} holds bytes that are no text (line {fault[0]}): it is binary data, expected a text table."
        )


def _wide(start: bytes) -> str | None:
    """The kind of UTF-16 that a text begins with; Latin text in it has a zero byte beside each character."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[0::2], start[1::2]
    if len(start) >= 4 and b"\0" not in even and 2 * odd.count(0) > len(odd):
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 4 and b"\0" not in odd and 2 * even.count(0) > len(even) else None


def _first_fault(path: Path, packing: str | None, encoding: str) -> tuple[int, int | None] | None:
    """The line of the first bytes that are no text, and their first byte unless it is a zero; None if all is text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    total = 0
    with _opened(path, packing) as file:
        while True:
            block = file.read(1 << 20)
            if total + len(block) > MAX_BYTES:
                raise FileError(f"{path} unpacks to more than {MAX_BYTES >> 30} GiB; read a part of it.")
            # Most of most files is ASCII, which is told at once.
            whole = encoding == "utf-8" and block.isascii() and not decoder.getstate()[0]
            if not (whole and block and b"\0" not in block):
                try:
                    text = decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    return _line_of(path, packing, total + error.start), error.object[error.start]
                if "\0" in text:
                    return _line_of(path, packing, total + max(block.find(b"\0"), 0)), None
            total += len(block)
            if not block:
                return None


def _line_of(path: Path, packing: str | None, offset: int) -> int:
    lines = 1
    with _opened(path, packing) as file:
        while offset > 0 and (block := file.read(min(offset, 1 << 20))):
            lines += block.count(b"\n")
            offset -= len(block)
    return lines


def _header(path: Path, packing: str | None, encoding: str) -> _Text:
    """The names of the columns, how many lines they take, and the separator."""
    with _opened(path, packing) as file:
        start = file.read(_MAX_HEADER + 1)
    text = start.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="ignore")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise FileError(f"{path} holds blank lines alone, expected a table.")
    if len(first) >= _MAX_HEADER - 4:
        raise FileError(f"{path}: the first line is longer than {_MAX_HEADER} bytes; this is not a table.")
    comma = _separator(path, first, text[: max(1 << 16, 4 * len(first))])
    if comma == " ":
        return _spaced_header(text, encoding)
    # A quoted name may hold the separator, so that this count is an upper bound, and enough of one.
    check_size(path, 1, first.count(comma) + 1)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=comma)
    try:
        cells = next((row for row in lines if row), [])
    except csv.Error as error:
        raise FileError(f"{path}: the first line is not a row of a table ({error}).") from None
    names = [cell.strip() for cell in cells]
    # A frame without column names is written with 0, 1, 2, ... as its header.
    if names == [str(i) for i in range(len(names))] and len(names) > 1:
        return _Text(encoding, comma, names, lines.line_num, named=False)
    if _is_data(names):
        return _Text(encoding, comma, _numbered(len(names)), 0, named=False)
    named = [name or f"column_{i + 1}" for i, name in enumerate(names)]
    return _Text(encoding, comma, named, lines.line_num, named=True)


def _is_data(cells: Sequence[str]) -> bool:
    """Whether a first line is none of names."""
    return all(map(is_number, cells)) or any(map(_DECIMAL.fullmatch, cells))


def _numbered(count: int) -> list[str]:
    return [f"column_{i + 1}" for i in range(count)]


def _separator(path: Path, first: str, text: str) -> str:
    """What stands as often on each of the first lines; a semicolon or a tab rather than the commas of its numbers."""
    if path.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(".tsv"):
        return "\t"
    lines = [line for line in text.splitlines()[: _SAMPLED + 1] if line.strip()][:_SAMPLED]
    for mark in "\t;|,":
        try:
            counts = {len(row) for row in csv.reader(lines, delimiter=mark)}
        except csv.Error:
            continue
        if len(counts) == 1 and counts != {1}:
            return mark
    if not any(mark in first for mark in ",;\t|") and _is_spaced(lines):
        return " "
    return next((mark for mark in ",;\t|" if mark in first), ",")


def _is_spaced(lines: Sequence[str]) -> bool:
    """Whether spaces part numbers: the first line may hold names."""
    rows = [_SPACES.split(line.strip()) for line in lines if not line.startswith("#")]
    data = rows[1:] or rows
    known = all(is_number(cell) or cell in NULLS for row in data for cell in row)
    return known and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1


def _spaced_header(text: str, encoding: str) -> _Text:
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    cells = _SPACES.split(lines[at].strip())
    if _is_data(cells):
        return _Text(encoding, " ", _numbered(len(cells)), at, named=False)
    return _Text(encoding, " ", cells, at + 1, named=True)


def _read_spaced(path: Path, packing: str | None, text: _Text, selection: Selection) -> Any:
    """Values between any number of spaces, which Arrow does not know."""
    import pandas as pd
    import pyarrow as pa

    names = [text.names[at] for at in selection.places]
    with _opened(path, packing) as file:
        try:
            frame = pd.read_csv(
                file, sep=r"\s+", names=text.names, skiprows=text.skipped, encoding=text.encoding,
                usecols=names, na_values=NULLS, comment="#",
            )  # fmt: skip
        except (ValueError, pd.errors.ParserError) as error:
            raise FileError(f"{path} is not a table that can be read: {in_words(error)}.") from None
    return pa.Table.from_pandas(frame, preserve_index=False).select(names)


def _read_arrow(path: Path, packing: str | None, text: _Text, selection: Selection) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    types = {} if selection.id is None else {text.names[selection.id]: pa.string()}
    read = arrow_csv.ReadOptions(
        column_names=text.names,
        skip_rows=text.skipped,
        block_size=max(4 << 20, 256 * len(text.names)),
        use_threads=False,
        encoding="utf8" if text.encoding == "utf-8" else text.encoding,
    )
    wanted = [text.names[at] for at in selection.places]
    convert = arrow_csv.ConvertOptions(include_columns=wanted, column_types=types, null_values=NULLS)
    parse = arrow_csv.ParseOptions(delimiter=text.comma, newlines_in_values=True)
    with _opened(path, packing) as file:
        try:
            # Arrow maps a plain file by its name.
            source = str(path) if packing is None else file
            return arrow_csv.read_csv(source, read_options=read, parse_options=parse, convert_options=convert)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise _csv_error(path, str(error)) from None


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
