"""Looking at a file before it is trusted: what it is, how long it is, and words for its faults."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import FileError, few
from ..storage.text import readable

# The most that is made in memory from a file whose length does not bound it: a compressed file, or
# a header that states a size.
MAX_BYTES = 16 << 30

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip-compressed"),
    (b"PK\x03\x04", "a ZIP archive (an .npz file or a spreadsheet)"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ", "xz-compressed"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"\x80\x04", "a Python pickle, which is never loaded since it can run code"),
    (b"\x80\x05", "a Python pickle, which is never loaded since it can run code"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<html", "a web page"),
)


def begins_as(head: bytes) -> str | None:
    """What the first bytes of a file say that it is, in words, or None."""
    start = head.lstrip()[:16].lower()
    for mark, words in _SIGNATURES:
        if head.startswith(mark) or (mark[:1] == b"<" and start.startswith(mark.lower())):
            return words
    return None


def size_of(path: Path) -> int:
    """The length of a file in bytes."""
    with readable(path):
        return path.stat().st_size


def expect_file(path: Path, kind: str, marks: Sequence[bytes] = ()) -> bytes:
    """The first bytes of a file that is there, is not empty, and begins with one of ``marks``."""
    with readable(path), path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise FileError(f"{path} is empty (0 bytes), expected {kind}.")
    if not head.strip(b"\0"):
        raise FileError(
            f"{path} begins with zero bytes, as a file that was not written to its end, expected {kind}."
        )
    if marks and not head.startswith(tuple(marks)):
        found = begins_as(head)
        remedy = "unpack it first" if found and "compressed" in found else "give it the suffix of what it is"
        words = f"is {found}" if found else f"begins with {head[:8]!r}"
        raise FileError(f"{path} {words}, expected {kind}; {remedy if found else 'it may be damaged'}.")
    return head


def data_rows(rows: Iterable[int]) -> str:
    """Rows counted from 0 in the words of a user, who counts from 1 and not the header."""
    numbers = [row + 1 for row in rows]
    return f"data row {numbers[0]}" if len(numbers) == 1 else f"data rows {few(numbers)}"


def take(file: IO[bytes], count: int) -> tuple[NDArray[np.uint8], int]:
    """The next ``count`` bytes of a file, and how many of them there were."""
    array = np.empty(count, np.uint8)
    view, done = memoryview(cast(Any, array)), 0
    while done < count:
        got = cast(Any, file).readinto(view[done : done + (1 << 24)])
        if not got:
            break
        done += got
    return array, done


def option(name: str, *values: str) -> str:
    """A command-line option as it is typed, quoted for the shell where that is needed."""
    return f"--{name} {shlex.quote(','.join(values))}" if values else f"--{name}"
