"""The IDX format of MNIST: a magic number, the lengths of the axes, then big-endian values.

Bytes 0 and 1 are zero, byte 2 is the type of the values, byte 3 the number of axes; then one unsigned
32-bit big-endian length an axis. The lengths are checked against the length of the file before
anything is allocated.

References
----------
Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "File
   formats for the MNIST database", 1998.
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import FileError
from ..storage.text import readable
from .files import MAX_BYTES, begins_as, expect_file, size_of, take

IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
# Deflate never packs a byte into less than 1 / 1032 byte, so that a gzip file's length bounds its content.
DEFLATE_LIMIT = 1032
_MAX_AXES = 8


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an array in the IDX format, plain or gzip-compressed (the name then ends in ``.gz``).

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    ndarray
        The array, in the byte order of this machine.

    Raises
    ------
    FileError
        If the file is missing, empty, truncated, too long, of another kind, compressed where its
        name does not say so or the other way round, or states a size that it cannot hold.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "labels-idx1-ubyte")
    >>> path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    11
    >>> read_idx(path)
    array([7, 2, 1], dtype=uint8)
    >>> folder.cleanup()
    """
    path = Path(path)
    packed = path.suffix == ".gz"
    head = expect_file(path, "an IDX array")
    if head.startswith(_GZIP) and not packed:
        raise FileError(
            f"{path} is gzip-compressed, but its name does not say so; rename it to {path.name}.gz."
        )
    if packed and not head.startswith(_GZIP):
        raise FileError(f"{path} is not gzip-compressed, as its name says; rename it to {path.stem}.")
    room = size_of(path)
    with readable(path):
        if not packed:
            with path.open("rb") as file:
                return _read(file, path, room)
        try:
            with gzip.open(path, "rb") as unpacked:
                return _read(cast(BinaryIO, unpacked), path, min(room * DEFLATE_LIMIT, MAX_BYTES))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileError(f"{path} is damaged or cut off inside its gzip data; fetch it again.") from None


def map_idx(path: Path) -> NDArray[Any]:
    """An uncompressed IDX file, memory-mapped; in the byte order of the file.

    Raises
    ------
    FileError
        If it is compressed, damaged, or of another kind.
    """
    head = expect_file(path, "an IDX array")
    if head.startswith(_GZIP):
        raise FileError(
            f"{path} is gzip-compressed, so that its rows cannot be read one by one; unpack it first."
        )
    with readable(path), path.open("rb") as file:
        shape, dtype = _header(file, path)
        start, room = 4 + 4 * len(shape), size_of(path)
        wanted = math.prod(shape) * dtype.itemsize
        if 0 in shape or start + wanted != room:
            raise FileError(
                f"{path} is damaged: its header states the shape {shape}, which takes {start + wanted} bytes, and it "
                f"has {room}; fetch it again."
            )
        return np.memmap(path, dtype, "r", start, shape)


def _read(file: BinaryIO, path: Path, room: int) -> NDArray[Any]:
    """The array in an open file of which at most ``room`` bytes can follow."""
    shape, dtype = _header(file, path)
    if 0 in shape:
        raise FileError(f"{path} holds nothing: its header states the shape {shape}.")
    start = 4 + 4 * len(shape)
    wanted = math.prod(shape) * dtype.itemsize
    if start + wanted > room:
        raise FileError(
            f"{path} is cut off, or its header is wrong: an array of shape {shape} takes {start + wanted} "
            f"bytes, but the file holds at most {room}; fetch it again."
        )
    array, done = take(file, wanted)
    if done < wanted:
        raise FileError(
            f"{path} is cut off: an array of shape {shape} takes {wanted} bytes after the header, "
            f"got {done}; fetch it again."
        )
    if file.read(1):
        raise FileError(f"{path} goes on after its array of shape {shape}; it is not one IDX array.")
    return array.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header(file: BinaryIO, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    magic = file.read(4)
    if len(magic) == 4 and not (
        magic[:2] == b"\0\0" and magic[2] in IDX_TYPES and 1 <= magic[3] <= _MAX_AXES
    ):
        found = begins_as(magic)
        words = f"its content is {found}" if found else f"it begins with {magic.hex(' ')}"
        raise FileError(
            f"{path} is not an IDX array: {words}, expected 00 00, a type (08, 09, 0b ... 0e) and "
            f"1 to {_MAX_AXES} axes."
        )
    lengths = file.read(4 * magic[3]) if len(magic) == 4 else b""
    if len(magic) < 4 or len(lengths) < 4 * magic[3]:
        raise FileError(f"{path} is cut off inside its IDX header; fetch it again.")
    shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
    return shape, np.dtype(IDX_TYPES[magic[2]])
