"""Messages between the page and Python: ``[uint32 header length][JSON header][raw bytes]``, little-endian.

The header is padded with blanks and every array with zeros to a multiple of four bytes, so that the page can
look at the numbers where they lie. Nothing but plain numbers and JSON is ever read from a message.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

#: The largest message that is read, in bytes, and the largest header in it.
MAX_BYTES = 16 << 20
MAX_HEADER = 1 << 20

Arrays = Mapping[str, NDArray[Any]]
_KINDS: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "u1": np.dtype("u1"), "i4": np.dtype("<i4")}
_NAMES = {dtype: name for name, dtype in _KINDS.items()}
_MAX_ARRAYS = 32


def pack(header: Mapping[str, Any], arrays: Arrays | None = None) -> bytes:
    """A message of a header and named arrays.

    Parameters
    ----------
    header : mapping
        What JSON can hold; no NaN.
    arrays : mapping of str to array
        float32, uint8 or int32, of any shape.

    Returns
    -------
    bytes

    Examples
    --------
    >>> import numpy as np
    >>> header, arrays = unpack(pack({"do": "decode"}, {"codes": np.zeros((1, 2), "f4")}))
    >>> header["do"], arrays["codes"].shape
    ('decode', (1, 2))
    """
    listed, body = join_arrays(arrays or {})
    text = json.dumps({**header, "arrays": listed}, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join((struct.pack("<I", len(text)), text, body))


def join_arrays(arrays: Arrays) -> tuple[list[list[Any]], bytes]:
    """Named arrays as a list of [name, kind, shape], and their numbers as one block of bytes."""
    listed: list[list[Any]] = []
    chunks = []
    for name, array in arrays.items():
        content = np.ascontiguousarray(array)
        listed.append([name, _NAMES[content.dtype], list(np.shape(array))])
        chunks.append(content.tobytes() + bytes(-content.nbytes % 4))
    return listed, b"".join(chunks)


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of a message, with every length checked before it is used.

    Parameters
    ----------
    message : bytes

    Returns
    -------
    header : dict
    arrays : dict of str to array

    Raises
    ------
    DataError
        If it is too large, cut off, or no such message.
    """
    if len(message) > MAX_BYTES:
        raise DataError(f"a message of {len(message)} bytes; at most {MAX_BYTES} are read.")
    if len(message) < 4:
        raise DataError(f"a message of {len(message)} bytes; expected at least 4, the length of its header.")
    (length,) = struct.unpack_from("<I", message)
    if length > MAX_HEADER or 4 + length > len(message):
        raise DataError(
            f"a header of {length} bytes in a message of {len(message)}; it is cut off or damaged."
        )
    try:
        header = json.loads(message[4 : 4 + length].decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DataError("the header of the message is no JSON.") from error
    if not isinstance(header, dict):
        raise DataError(f"the header of the message must be a JSON object, got {type(header).__name__}.")
    return header, split_arrays(header.pop("arrays", []), message, 4 + length)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def split_arrays(listed: Any, message: bytes, start: int = 0) -> dict[str, NDArray[Any]]:
    """The opposite of :func:`join_arrays`, from a place in a message that may hold anything.

    Raises
    ------
    DataError
        If the list is none, or the message does not hold what it lists.
    """
    if not isinstance(listed, list) or len(listed) > _MAX_ARRAYS:
        raise DataError(f"'arrays' must be a list of at most {_MAX_ARRAYS} entries [name, kind, shape].")
    arrays: dict[str, NDArray[Any]] = {}
    for entry in listed:
        name, dtype, shape = _entry(entry)
        count = math.prod(shape)
        if count * dtype.itemsize > len(message) - start:
            raise DataError(f"the array {name!r} of shape {shape} is longer than the message.")
        arrays[name] = np.frombuffer(message, dtype, count, start).reshape(shape)
        start += count * dtype.itemsize
        start += -start % 4
    if start < len(message):
        raise DataError(f"{len(message) - start} bytes of the message belong to no array.")
    return arrays


def _entry(entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    if not (isinstance(entry, list) and len(entry) == 3):
        raise DataError("every entry of 'arrays' must be [name, kind, shape].")
    name, kind, shape = entry
    if not isinstance(name, str) or not isinstance(kind, str) or kind not in _KINDS:
        raise DataError(f"an array has the kind {str(kind)[:40]!r}; known kinds are {', '.join(_KINDS)}.")
    sizes = shape if isinstance(shape, list) and len(shape) <= 4 else [-1]
    if any(isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= MAX_BYTES for n in sizes):
        raise DataError(f"the array {name[:40]!r} needs a shape of at most four whole numbers >= 0.")
    return name, _KINDS[kind], tuple(sizes)
