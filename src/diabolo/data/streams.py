"""Data that is larger than memory: which objects are streams of rows, and how their rows are got out of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data import Dataset as TorchDataset

from ..errors import DataError, SettingError, UnknownNameError
from .chunks import Chunks, read_checked
from .memmap import Array, Stored, is_mapped, picture_shape
from .sparse import SparseRows, is_sparse

#: A memory-mapped array of more bytes than this stays in its file; a smaller one is quicker in memory.
LARGE = 1 << 28
_AT_ONCE = 256


class Stream:
    """Rows that are read piece by piece, as often as they are needed, and never kept as a whole.

    ``Autoencoder.fit`` takes one, as do ``transform``, ``reconstruct`` and ``score_samples``; what is named below is
    wrapped in a stream by itself where it is given to them.

    Parameters
    ----------
    rows : object
        A ``torch.utils.data.DataLoader`` (its batches are rows; of ``(x, y)`` pairs the y is ignored), an
        ``IterableDataset`` or map-style ``Dataset`` (each item is a row or a picture), a data set of the package
        ``datasets``, a sequence of arrays (k, n_features), a function that gives an iterator of such arrays, or what
        :func:`diabolo.datasets.stream` opens.
    columns : sequence of str or None, default None
        The columns to learn from, where items have named columns; None: all but class labels.
    buffer_rows : int or None, default None
        Rows of the buffer that mixes the order. More of them mix better and take more memory; None: as many as take
        128 MiB, at least 1024.
    rows_per_epoch : int or None, default None
        An epoch is so many rows, and the next goes on where it ended: for streams that have no end, or whose end is
        far. None: an epoch is all rows.

    Raises
    ------
    DataError
        If the rows can be read only once, as those of a generator, or are of an unknown kind.

    Notes
    -----
    The first reading finds the number of rows, their ranges for the scaling and whether all are finite; of a stream
    with ``rows_per_epoch`` it reads so many. Each epoch then walks through shuffled pieces (row groups, files, batches)
    where these can be read in any order, and through the buffer.

    Examples
    --------
    >>> from diabolo import Autoencoder, Training
    >>> def rows():
    ...     rng = np.random.default_rng(0)
    ...     for _ in range(10):
    ...         yield rng.random((100, 8), np.float32)
    >>> ae = Autoencoder(training=Training(epochs=2), random_state=0).fit(Stream(rows))
    >>> ae.transform(Stream(rows)).shape
    (1000, 2)
    """

    def __init__(
        self,
        rows: Any,
        *,
        columns: Sequence[str] | None = None,
        buffer_rows: int | None = None,
        rows_per_epoch: int | None = None,
    ) -> None:
        for name, value in (("buffer_rows", buffer_rows), ("rows_per_epoch", rows_per_epoch)):
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and (not whole or value < 1):
                raise SettingError(f"{name} must be a whole number >= 1 or None, got {value!r}.")
        self.chunks = find_chunks(rows, None if columns is None else tuple(columns))
        self.buffer_rows, self.rows_per_epoch = buffer_rows, rows_per_epoch
        self._looked: tuple[tuple[int, ...], np.dtype[Any]] | None = None

    def blocks(self) -> Iterator[Array]:
        """The rows in their own order, in blocks (k, n_features); with ``rows_per_epoch`` the first so many."""
        left = self.rows_per_epoch
        for block in read_checked(self.chunks, None):
            if left is None:
                yield block
                continue
            yield block[:left]
            left -= len(block)
            if left <= 0:
                return

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a row: (n_features,), or that of a picture."""
        return self._look()[0]

    @property
    def n_features(self) -> int:
        """Numbers of a row."""
        return int(np.prod(self.row_shape))

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self._look()[1]

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """(C, H, W), if rows are pictures."""
        return picture_shape(self.row_shape)

    def __repr__(self) -> str:
        return f"Stream({self.chunks.name})"

    def _look(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """What the first rows look like."""
        if self._looked is None:
            iterator = self.chunks.read(None)
            first = next((block for block in iterator if len(block)), None)
            if first is None:
                raise DataError(f"{self.chunks.name} has no samples: it ended before the first one.")
            dtype = np.dtype(np.float32 if first.dtype == np.float32 else np.float64)
            self._looked = first.shape[1:], dtype
        return self._looked


def find_large(X: Any) -> Stored | Stream | None:
    """Rows that are not to be loaded into memory, as what can be worked with; None for any other object."""
    if isinstance(X, Stored | Stream):
        return X
    if is_sparse(X):
        return SparseRows(X)
    if isinstance(X, Chunks | TorchDataset) or _is_loader(X) or _of_hugging_face(X):
        return Stream(X)
    if isinstance(X, Iterator):
        raise _once_only(X)
    if isinstance(X, np.ndarray) and X.nbytes > LARGE and X.ndim in (2, 3, 4) and X.dtype.kind in "fiub":
        return Stored(X) if is_mapped(X) else None
    return None


def find_chunks(rows: Any, columns: tuple[str, ...] | None) -> Chunks:
    """The pieces of anything that a stream can be made of."""
    if isinstance(rows, Chunks):
        return rows
    if _of_hugging_face(rows):
        return HuggingFaceChunks(rows, columns)
    if _is_loader(rows):
        # Without a batch size a loader gives items as the data set does.
        single = rows.batch_size is None and rows.batch_sampler is None
        return IterableChunks(lambda: iter(rows), "the DataLoader", columns, single)
    if isinstance(rows, IterableDataset):
        return IterableChunks(lambda: iter(rows), f"the {type(rows).__name__}", columns, single=True)
    if isinstance(rows, TorchDataset):
        return ItemChunks(rows, columns)
    if isinstance(rows, Iterator):
        raise _once_only(rows)
    if callable(rows):
        return IterableChunks(rows, "the stream", columns)
    if isinstance(rows, Iterable) and not isinstance(rows, str | bytes | np.ndarray | Mapping):
        return IterableChunks(lambda: iter(rows), "the stream", columns)
    raise DataError(
        f"Stream takes a DataLoader, an IterableDataset, a data set of the package datasets, or a function that "
        f"returns an iterator of arrays; got {type(rows).__name__}. Give arrays to fit as they are, and open files "
        "with diabolo.datasets.stream(path)."
    )


def _once_only(rows: Any) -> DataError:
    return DataError(
        f"a {type(rows).__name__} can be read only once, and training reads the data once to learn the scaling and "
        "once in every epoch; give Stream(function) with the function that makes it."
    )


def _is_loader(X: Any) -> bool:
    return isinstance(X, DataLoader)


def _of_hugging_face(X: Any) -> bool:
    # Whoever has such an object has imported its package.
    package = sys.modules.get("datasets")
    kinds = tuple(
        kind for name in ("Dataset", "IterableDataset") if (kind := getattr(package, name, None)) is not None
    )
    return bool(kinds) and isinstance(X, kinds)


class IterableChunks(Chunks):
    """Arrays that something gives one after the other, from its start whenever it is asked.

    Parameters
    ----------
    make : callable
        Gives a fresh iterator.
    name : str
    columns : tuple of str or None
        Of items that are mappings.
    single : bool
        Whether an item is one row, instead of a block of rows.
    """

    def __init__(
        self,
        make: Callable[[], Iterable[Any]],
        name: str,
        columns: tuple[str, ...] | None,
        single: bool = False,
    ) -> None:
        self.make, self.name, self.columns, self.single = make, name, columns, single

    def read(self, numbers: Iterable[int] | None) -> Iterator[Array]:
        n = 0
        arrays = (as_array(item, self.columns, self.name) for item in self.make())
        for block in together(arrays, self.name) if self.single else arrays:
            if block.ndim not in (2, 3, 4):
                raise DataError(
                    f"{self.name} must give batches of shape (k, n_features), gave one of shape {block.shape} after "
                    f"{n} samples; join single samples with numpy.stack."
                )
            n += len(block)
            yield block


class ItemChunks(Chunks):
    """The items of a map-style data set of PyTorch, each a row or a picture."""

    mixed: ClassVar[bool] = True

    def __init__(self, data: Any, columns: tuple[str, ...] | None) -> None:
        self.data, self.columns, self.name = data, columns, f"the {type(data).__name__}"
        self.n_chunks = len(data)

    def read(self, numbers: Iterable[int] | None) -> Iterator[Array]:
        chosen = range(len(self.data)) if numbers is None else numbers
        arrays = (as_array(self.data[i], self.columns, self.name) for i in chosen)
        yield from together(arrays, self.name)


class HuggingFaceChunks(Chunks):
    """The rows of a data set of the package ``datasets``, a few hundred at a time.

    Class labels are left out unless ``columns`` names them; pictures become numbers in [0, 1].
    """

    def __init__(self, data: Any, columns: tuple[str, ...] | None) -> None:
        self.name, self.data = "the data set", data.with_format("numpy")
        self.random = hasattr(data, "__len__")
        if self.random:
            self.n_chunks = -(-len(data) // _AT_ONCE)
        kinds = {name: type(feature).__name__ for name, feature in (data.features or {}).items()}
        for name in columns or ():
            if kinds and name not in kinds:
                raise UnknownNameError("column of the data set", name, kinds)
        # Without a declaration, the first items say what the columns are.
        self.columns = columns or tuple(n for n, kind in kinds.items() if kind != "ClassLabel") or None

    def read(self, numbers: Iterable[int] | None) -> Iterator[Array]:
        for batch in self._batches(numbers):
            names = tuple(batch) if self.columns is None else self.columns
            parts = [_column(batch[name], name) for name in names]
            if len(parts) == 1:
                yield parts[0]
            elif len(parts[0]):
                flat = [part.reshape(len(part), -1) for part in parts]
                yield np.concatenate(flat, axis=1)

    def _batches(self, numbers: Iterable[int] | None) -> Iterator[Mapping[str, Any]]:
        if not self.random:
            yield from self.data.iter(batch_size=_AT_ONCE)
            return
        for number in range(self.n_chunks or 0) if numbers is None else numbers:
            yield self.data[number * _AT_ONCE : (number + 1) * _AT_ONCE]


def _column(values: Any, name: str) -> Array:
    """A column of a batch as an array (k, ...); pictures have the axes (k, C, H, W)."""
    try:
        array = np.stack(values) if isinstance(values, list) else np.asarray(values)
        array = np.stack(list(array)) if array.dtype == object else array
    except ValueError:
        shapes = sorted({np.shape(value) for value in values})
        raise DataError(
            f"the column {name!r} holds values of different shapes, such as {' and '.join(map(str, shapes[:2]))}; "
            "bring them to one."
        ) from None
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"the column {name!r} is not numeric ({array.dtype}: {str(array.flat[0])[:20]!r}); name the columns to "
            "learn from: Stream(data, columns=[...])."
        )
    if array.dtype == np.uint8 and array.ndim in (3, 4):
        array = np.divide(array, 255, dtype=np.float32)
        array = np.moveaxis(array, 3, 1) if array.ndim == 4 and array.shape[3] in (1, 3, 4) else array
    return array[:, None] if array.ndim == 1 else array


def as_array(item: Any, columns: tuple[str, ...] | None, name: str) -> NDArray[Any]:
    """The numbers of an item: of a pair those of its first, of a mapping those of its columns."""
    if isinstance(item, Mapping):
        return _of_columns(item, columns, name)
    if isinstance(item, tuple | list) and len(item) and np.ndim(item[0]) > 0:
        item = item[0]
    array = item.detach().cpu().numpy() if isinstance(item, torch.Tensor) else np.asarray(item)
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"{name}: numbers were expected, got {type(item).__name__} of {array.dtype}: {item!r:.60}."
        )
    return array


def _of_columns(item: Mapping[Any, Any], columns: tuple[str, ...] | None, name: str) -> NDArray[Any]:
    names = tuple(item) if columns is None else columns
    for column in names:
        if column not in item:
            raise UnknownNameError(f"column of {name}", column, map(str, item))
    if len(names) != 1:
        raise DataError(
            f"{name} gives items of the columns {', '.join(map(repr, item))}; name the one to learn from: "
            "Stream(data, columns=[...])."
        )
    return as_array(item[names[0]], None, name)


def together(items: Iterator[NDArray[Any]], name: str) -> Iterator[Array]:
    """Single rows or pictures as blocks of rows."""
    waiting: list[NDArray[Any]] = []
    for n, item in enumerate(items):
        if item.ndim == 0 or (waiting and item.shape != waiting[0].shape):
            before = f"those before it {waiting[0].shape}" if waiting else "expected one number a feature"
            raise DataError(f"{name}: sample {n} has the shape {item.shape}, {before}.")
        waiting.append(item)
        if len(waiting) == _AT_ONCE:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield np.stack(waiting)
