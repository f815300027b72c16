"""Arrays of the user's own: .npy, .npz and IDX, and which array of several is meant.

Nothing is unpickled, and no header is believed.

The size that a header states is compared with the length of the file before anything is allocated.
"""

from __future__ import annotations

import math
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..data.memmap import Stored
from ..errors import DataError, FileError, UnknownNameError, few, in_words
from ..storage.text import as_file_error, readable
from .columns import Choice, as_labels, choose, fill
from .dataset import Dataset
from .files import expect_file, option, size_of, take
from .formats import IDX_NAME
from .idx import read_idx

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
        array = read_npy(file, size_of(path), str(path))
    return array_dataset(path, array, None, choice)


def map_array_file(path: Path) -> NDArray[Any]:
    """A .npy file, memory-mapped.

    Raises
    ------
    FileError
        If it is damaged, holds nothing, or holds Python objects.
    """
    expect_file(path, "a NumPy array", [b"\x93NUMPY"])
    with readable(path), as_file_error(f"{path} is not a whole NumPy array", *_HEADER_FAULTS):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
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


@dataclass(frozen=True)
class Member:
    """An array of a file that holds several.

    Attributes
    ----------
    name : str
    shape : tuple of int
    kind : str
        Of its values, as NumPy's ``dtype.kind``; "O" for what is no array of numbers or text.
    read : callable
        Gives the array.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    read: Callable[[], Any]

    @property
    def words(self) -> str:
        return f"{self.name} ({' x '.join(map(str, self.shape))})"

    @property
    def is_rows(self) -> bool:
        """Whether its first axis can be that of rows."""
        return len(self.shape) in (2, 3, 4) and self.kind in "fiub" and math.prod(self.shape) > 1


def choose_array(members: Sequence[Member], choice: Choice, path: Path) -> tuple[Any, Any, tuple[str, ...]]:
    """The array to learn from, the labels or None, and what was taken in words.

    Parameters
    ----------
    members : sequence of Member
    choice : Choice
        Its ``array`` and ``labels``; without them the array ``X``, ``x`` or ``data``, or the only one that rows can
        be, and labels ``y`` or ``labels``.
    path : Path
        For messages.

    Raises
    ------
    FileError
        If there are several, or none.
    """
    by_name = {member.name: member for member in members}
    beside = choice.labels if choice.labels in by_name else None
    if choice.labels is None:
        beside = next((name for name in _LABELS if name in by_name and name != choice.array), None)
    if choice.array is not None and choice.array not in by_name:
        raise UnknownNameError(f"array of {path.name}:", choice.array, by_name)
    candidates = [member for member in members if member.is_rows and member.name != beside]
    name = choice.array or next((key for key in _FEATURES if key in by_name), None)
    if name is None and len(candidates) != 1:
        raise _undecided(path, members, candidates)
    member = by_name[name] if name is not None else candidates[0]
    array, labels = member.read(), None if beside is None else by_name[beside].read()
    taken = f"the array {member.words}" + ("" if beside is None else f", labels {by_name[beside].words}")
    if len(members) == 1 or choice.array is not None:
        return array, labels, ()
    return array, labels, (taken,)


def _undecided(path: Path, members: Sequence[Member], candidates: Sequence[Member]) -> FileError:
    if not members:
        return FileError(f"{path} holds no array; save the rows to learn from as X.")
    if not candidates:
        return FileError(
            f"{path} holds {few(member.words for member in members)}, none of which are rows of numbers (n, d) or "
            "pictures (n, H, W); save the rows to learn from as X."
        )
    return FileError(
        f"{path} holds several arrays: {few((member.words for member in candidates), limit=12)}; say which to learn "
        f"from: {option('array', candidates[0].name)}."
    )


def npy_header(file: IO[bytes], label: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether columns come first, and the type, as the head of an open file states them."""
    try:
        version = np.lib.format.read_magic(file)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise FileError(f"{label} has version {version} of the array format, expected (1, 0) or (2, 0).")
        return readers[version](file)
    except FileError:
        raise
    except _HEADER_FAULTS as error:
        words = in_words(error)
        raise FileError(f"{label} is not a whole NumPy array: its header is damaged ({words}).") from None


def read_npy(file: IO[bytes], room: int, label: str) -> NDArray[Any]:
    """The array in an open file that is at most ``room`` bytes long."""
    shape, fortran, dtype = npy_header(file, label)
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
    return array_dataset(path, read_idx(path), labels, choice)


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


def array_dataset(
    path: Path, array: NDArray[Any], labels: Any, choice: Choice, notes: tuple[str, ...] = ()
) -> Dataset:
    """A data set of an array, and of labels that came with it; columns are known by their numbers."""
    if choice.labels is not None and labels is None:
        labels = read_labels(choice.labels, path)
    labels = _flat(labels)
    if labels is not None and array.ndim > 1 and len(labels) == array.shape[-1] != len(array):
        shape = " x ".join(map(str, array.shape))
        notes = (*notes, f"the last axis of {shape} is that of rows, as labels say")
        array = np.moveaxis(array, -1, 0)
    X, image_shape = rows_of(array, path.name)
    if image_shape is not None and choice.used:
        raise DataError(
            f"{path.name} holds images of shape {image_shape}, whose pixels are no columns; leave out "
            f"{few(choice.used)}."
        )
    n_columns = X.shape[1]
    names = [str(i) for i in range(n_columns)]
    ids, label_name = None, None
    if choice.used:
        selection = choose(names, choice, path.name)
        ids = None if selection.id is None else _whole(X[:, selection.id])
        if selection.label is not None:
            labels, label_name = X[:, selection.label], names[selection.label]
        X, names = X[:, selection.features], [names[i] for i in selection.features]
    if labels is not None and labels.shape != (len(X),):
        raise DataError(f"{path.name}: {len(X)} rows need as many labels, got the shape {labels.shape}.")
    X, kept = fill(X, names, choice.missing, path.name)
    y, label_names = (None, None) if labels is None else as_labels(labels[kept], label_name or "y", path.name)
    return Dataset(
        X=np.ascontiguousarray(X),
        y=y,
        ids=None if ids is None else ids[kept],
        image_shape=image_shape,
        name=path.name.split(".")[0] or "data",
        source=str(path),
        label_names=label_names,
        id_name=None if choice.id is None else str(choice.id),
        label_name=label_name,
        n_columns=n_columns if image_shape is None else None,
        notes=notes,
    )


def _whole(ids: NDArray[Any]) -> NDArray[Any]:
    """Ids as whole numbers, if they are."""
    return ids.astype(np.int64) if np.isfinite(ids).all() and (ids == np.round(ids)).all() else ids


def _flat(labels: Any) -> NDArray[Any] | None:
    """One label a row; those of one column, or of one row as MATLAB writes them, laid flat."""
    if labels is None:
        return None
    labels = np.asarray(labels)
    labels = labels.ravel() if labels.ndim == 2 and 1 in labels.shape else labels
    return labels.astype(np.str_) if labels.dtype.kind == "S" else labels


def read_labels(labels: str, path: Path) -> NDArray[Any]:
    """The labels that another file holds.

    Raises
    ------
    UnknownNameError
        If they are neither in the file itself nor a file.
    """
    beside = Path(labels)
    if not beside.is_file():
        raise FileError(
            f"--labels {labels}: there is no such array in {path.name}, and no such file; give the name of either."
        )
    if beside.suffix.lower() == ".npy":
        with readable(beside), beside.open("rb") as file:
            return read_npy(file, size_of(beside), str(beside))
    if IDX_NAME.search(beside.name):
        return read_idx(beside)
    from .text_tables import read_column

    return read_column(beside)
