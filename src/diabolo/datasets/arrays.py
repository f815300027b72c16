"""Arrays of the user's own: .npy, .npz and IDX. Nothing is unpickled, and no header is believed.

The size that a header states is compared with the length of the file before anything is allocated.
"""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..data.memmap import Stored
from ..errors import DataError, FileError
from ..storage.text import readable
from .columns import Choice, as_labels, choose, fill
from .dataset import Dataset
from .files import MAX_BYTES, expect_file, few, size_of, take
from .idx import DEFLATE_LIMIT, read_idx

__all__ = ["map_array_file", "read_array_file", "read_idx_file", "read_npz", "rows_of", "table_of"]

_FEATURES, _LABELS = ("X", "x", "data"), ("y", "labels")
_CHANNELS = (1, 3, 4)
# What NumPy's header parser lets out on a damaged header.
_HEADER_FAULTS = (
    ValueError, TypeError, KeyError, SyntaxError, EOFError, OverflowError, RecursionError, MemoryError,
    UnicodeDecodeError, tokenize.TokenError,
)  # fmt: skip


def read_array_file(path: Path, choice: Choice) -> Dataset:
    """Read a .npy file: (n, d) rows, or (n, H, W), (n, C, H, W) or (n, H, W, C) images."""
    expect_file(path, "a NumPy array", [b"\x93NUMPY"])
    with readable(path), path.open("rb") as file:
        array = _read_npy(file, size_of(path), str(path))
    return _dataset(path, array, None, choice)


def map_array_file(path: Path) -> NDArray[Any]:
    """A .npy file, memory-mapped.

    Raises
    ------
    FileError
        If it is damaged, holds nothing, or holds Python objects.
    """
    expect_file(path, "a NumPy array", [b"\x93NUMPY"])
    with readable(path):
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except _HEADER_FAULTS as error:
            words = " ".join(str(error).split())[:120].rstrip(".")
            raise FileError(f"{path} is not a whole NumPy array ({words}).") from None
    if array.size == 0:
        raise FileError(f"{path} holds nothing: its shape is {array.shape}.")
    return array


def table_of(array: NDArray[Any], source: str, columns: Sequence[int] | None = None) -> Stored:
    """Rows of a mapped array, converted as :func:`rows_of` converts those in memory.

    Unsigned bytes with image axes are divided by 255, unless the first thousand images hold 0 and 1 alone.
    """
    _, shape = rows_of(array[:1], source)
    small = array.dtype.itemsize <= 2 or array.dtype == np.float32
    pixels = shape is not None and array.dtype == np.uint8 and array[:1000].max() > 1
    last = array.ndim == 4 and array.shape[1] not in _CHANNELS and array.shape[3] in _CHANNELS
    return Stored(
        array,
        dtype=np.float32 if small else np.float64,
        divisor=255.0 if pixels else 1.0,
        columns=columns,
        channels_last=last,
    )


def read_npz(path: Path, choice: Choice) -> Dataset:
    """Read an .npz file: the array ``X``, ``x`` or ``data`` (or the only one), labels ``y`` or ``labels``."""
    expect_file(path, "an .npz archive of arrays", [b"PK\x03\x04", b"PK\x05\x06"])
    try:
        with readable(path), zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            label = next((key for key in _LABELS if key in members), None)
            key = next((key for key in _FEATURES if key in members), None)
            if key is None:
                others = [name for name in members if name != label]
                if len(others) != 1:
                    raise FileError(
                        f"{path} holds {'the arrays ' + few(members) if members else 'no array'}, expected "
                        f"one named {', '.join(_FEATURES)}, or only one; save the rows to learn from as X."
                    )
                key = others[0]
            array = _read_member(archive, members[key], path)
            labels = None if label is None else _read_member(archive, members[label], path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} is not a whole .npz archive: {error or 'it is cut off'}.") from None
    return _dataset(path, array, labels, choice)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    label = f"{path} ({info.filename})"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(f"{label} is packed in an unknown way; save it with numpy.savez_compressed.")
    factor = 1 if info.compress_type == zipfile.ZIP_STORED else DEFLATE_LIMIT
    room = min(info.file_size, info.compress_size * factor, MAX_BYTES)
    with archive.open(info) as file:
        return _read_npy(file, room, label)


def _read_npy(file: IO[bytes], room: int, label: str) -> NDArray[Any]:
    """The array in an open file that is at most ``room`` bytes long."""
    try:
        version = np.lib.format.read_magic(file)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise FileError(f"{label} has version {version} of the array format, expected (1, 0) or (2, 0).")
        shape, fortran, dtype = readers[version](file)
    except FileError:
        raise
    except _HEADER_FAULTS as error:
        words = " ".join(str(error).split())[:120]
        raise FileError(f"{label} is not a whole NumPy array: its header is damaged ({words}).") from None
    if dtype.hasobject:
        raise FileError(
            f"{label} holds Python objects, which are never loaded since that can run code; "
            "save numbers: array.astype(float)."
        )
    wanted = math.prod(shape) * dtype.itemsize
    if any(length <= 0 for length in shape):
        raise FileError(f"{label} holds nothing: its shape is {tuple(shape)}.")
    if wanted > room:
        raise FileError(
            f"{label} is cut off: an array of shape {tuple(shape)} takes {wanted} bytes, it holds fewer."
        )
    array, done = take(file, wanted)
    if done < wanted:
        raise FileError(f"{label} is cut off: {wanted} bytes of values expected, got {done}.")
    return array.view(dtype).reshape(shape, order="F" if fortran else "C")


def read_idx_file(path: Path, choice: Choice) -> Dataset:
    """Read an IDX array of rows or images; the labels file that MNIST's names put beside it comes with it."""
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    labels = read_idx(beside) if beside != path and beside.is_file() else None
    return _dataset(path, read_idx(path), labels, choice)


def rows_of(array: NDArray[Any], source: str) -> tuple[NDArray[Any], tuple[int, int, int] | None]:
    """Flat rows of floating numbers, and the image shape (C, H, W) where the array has image axes.

    Unsigned bytes with image axes are pixels and are divided by 255, unless all are 0 or 1.
    """
    if array.dtype.kind not in "fiub":
        raise DataError(f"{source} holds values of type {array.dtype}, expected numbers; convert it first.")
    if array.ndim not in (2, 3, 4):
        raise DataError(
            f"{source} has the shape {array.shape}, expected (n, d) rows or (n, H, W), (n, C, H, W) or "
            "(n, H, W, C) images; reshape it first."
        )
    shape = None
    if array.ndim == 3:
        shape = (1, array.shape[1], array.shape[2])
    elif array.ndim == 4:
        if array.shape[1] not in _CHANNELS and array.shape[3] in _CHANNELS:
            array = np.moveaxis(array, 3, 1)
        shape = (array.shape[1], array.shape[2], array.shape[3])
    small = array.dtype.itemsize <= 2 or array.dtype == np.float32
    with np.errstate(over="ignore"):  # a longer float may become infinite, which is refused by name
        X: NDArray[Any] = array.reshape(len(array), -1).astype(np.float32 if small else np.float64)
    if shape is not None and array.dtype == np.uint8 and X.max() > 1:
        X = np.divide(X, 255, dtype=np.float32)
    return X, shape


def _dataset(path: Path, array: NDArray[Any], labels: NDArray[Any] | None, choice: Choice) -> Dataset:
    X, shape = rows_of(array, path.name)
    if shape is not None and choice.used:
        raise DataError(
            f"{path.name} holds images of shape {shape}, whose pixels are no columns; leave out "
            f"{few(choice.used)}."
        )
    names = [str(i) for i in range(X.shape[1])]
    ids, label_name = None, None
    if choice.used:
        selection = choose(names, choice, path.name)
        ids = None if selection.id is None else X[:, selection.id]
        if ids is not None and np.isfinite(ids).all() and (ids == np.round(ids)).all():
            ids = ids.astype(np.int64)
        if selection.label is not None:
            labels, label_name = X[:, selection.label], names[selection.label]
        X, names = X[:, selection.features], [names[i] for i in selection.features]
    if labels is not None and labels.ndim == 2 and 1 in labels.shape:
        labels = labels.ravel()
    if labels is not None and labels.shape != (len(X),):
        raise DataError(f"{path.name}: {len(X)} rows need as many labels, got the shape {labels.shape}.")
    X, kept = fill(X, names, choice.missing, path.name)
    y, label_names = (None, None) if labels is None else as_labels(labels[kept], label_name or "y", path.name)
    return Dataset(
        X=np.ascontiguousarray(X),
        y=y,
        ids=None if ids is None else ids[kept],
        feature_names=tuple(names) if choice.used else None,
        image_shape=shape,
        name=path.name.split(".")[0] or "data",
        source=str(path),
        label_names=label_names,
        id_name=None if choice.id is None else str(choice.id),
        label_name=label_name,
    )
