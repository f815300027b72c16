"""Rows that stay in their file: read by their numbers, never as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

#: Numbers of a block of rows that is looked through: few enough to stay in a processor's cache.
_NUMBERS_AT_ONCE = 1 << 20


class Stored:
    """A table of numbers in a memory-mapped file, which hands out rows as floating numbers.

    Parameters
    ----------
    array : array of shape (n, ...)
        Mostly a ``numpy.memmap``. The axes behind the first are flattened.
    dtype : dtype or None, default None
        What rows are handed out as; None: float32 stays float32, anything else becomes float64.
    divisor : float, default 1
        What every number is divided by, such as 255 for pixels.
    rows : array of int or None, default None
        The rows of the array that this table consists of, in this order; None: all.
    columns : sequence of int or None, default None
        The columns of the flattened rows; None: all.
    channels_last : bool, default False
        Whether the array is (n, H, W, C); rows are in the order (C, H, W).

    Examples
    --------
    >>> pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    >>> table = Stored(pixels, divisor=2)
    >>> table.shape, table[1:].tolist()
    ((3, 4), [[2.0, 2.5, 3.0, 3.5], [4.0, 4.5, 5.0, 5.5]])
    >>> table.pick(np.array([2, 0]))[:].tolist()
    [[4.0, 4.5, 5.0, 5.5], [0.0, 0.5, 1.0, 1.5]]
    """

    def __init__(
        self,
        array: NDArray[Any],
        *,
        dtype: Any = None,
        divisor: float = 1.0,
        rows: NDArray[np.int64] | None = None,
        columns: Any = None,
        channels_last: bool = False,
    ) -> None:
        self.array, self.divisor, self.rows, self.channels_last = array, divisor, rows, channels_last
        if dtype is None:
            dtype = np.float32 if array.dtype == np.float32 else np.float64
        self.dtype = np.dtype(dtype)
        self.columns = None if columns is None else np.asarray(columns, np.int64)
        width = int(np.prod(array.shape[1:])) if columns is None else len(self.columns)  # type: ignore[arg-type]
        self.shape = (len(array) if rows is None else len(rows), width)
        self.ndim = 2
        whole = columns is None and array.ndim in (3, 4)
        # The shape of a row: that of a picture, if it is one.
        self.row_shape = self._picture(array.shape[1:]) if whole else (width,)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: slice | NDArray[Any]) -> Array:
        """Rows by a slice or by an array of numbers, as a fresh array (k, n_features)."""
        if isinstance(which, slice):
            if self.rows is None:
                return self._ready(self.array[which], fresh=False)
            which = np.arange(*which.indices(len(self)))
        index = np.asarray(which)
        flat = index.reshape(-1) if self.rows is None else self.rows[index.reshape(-1)]
        taken = self._ready(np.take(self.array, flat, axis=0), fresh=True)
        return taken.reshape(*index.shape, self.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All rows in memory, where somebody insists."""
        return self[:].astype(dtype or self.dtype, copy=False)

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """(C, H, W), if rows are pictures."""
        return picture_shape(self.row_shape)

    def _picture(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[2], *shape[:2]) if self.channels_last else shape

    def pick(self, rows: NDArray[np.int64]) -> Stored:
        """The table of some of the rows; none is read."""
        chosen = rows if self.rows is None else self.rows[rows]
        return Stored(
            self.array,
            dtype=self.dtype,
            divisor=self.divisor,
            rows=chosen,
            columns=self.columns,
            channels_last=self.channels_last,
        )

    def blocks(self, size: int | None = None) -> Iterator[Array]:
        """All rows, so many at a time, in their order, to be read only: they may be the file itself."""
        plain = self.rows is None and self.columns is None and self.divisor == 1 and not self.channels_last
        if plain and self.array.dtype == self.dtype:
            return blocks_of(np.asarray(self.array).reshape(self.shape), size)
        return blocks_of(self, size)

    def _ready(self, block: NDArray[Any], fresh: bool) -> Array:
        if self.channels_last:
            block = np.moveaxis(block, 3, 1)
        flat = block.reshape(len(block), -1)
        flat = flat if self.columns is None else flat[:, self.columns]
        rows: Array = flat.astype(self.dtype, order="C", copy=not fresh)
        return rows if self.divisor == 1 else np.divide(rows, self.dtype.type(self.divisor), out=rows)


def picture_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """(C, H, W) of a row of that shape, if it is a picture.

    Examples
    --------
    >>> picture_shape((28, 28)), picture_shape((784,))
    ((1, 28, 28), None)
    """
    if len(shape) not in (2, 3):
        return None
    height, width = shape[-2:]
    return (shape[0] if len(shape) == 3 else 1, height, width)


def blocks_of(rows: Array | Stored, size: int | None = None) -> Iterator[Array]:
    """Rows, so many at a time, or as many as make about four megabytes, in their order."""
    size = size or max(1, _NUMBERS_AT_ONCE // max(1, rows.shape[1]))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def is_mapped(array: NDArray[Any]) -> bool:
    """Whether the numbers of an array lie in a memory-mapped file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False
