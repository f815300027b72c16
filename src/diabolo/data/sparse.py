"""Sparse matrices of SciPy as rows that are handed out dense, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .memmap import Array, Stored, blocks_of


def is_sparse(X: Any) -> bool:
    """Whether an object is a sparse matrix or array of SciPy, which is not imported to tell."""
    return type(X).__module__.startswith("scipy.sparse") and hasattr(X, "tocsr")


class SparseRows(Stored):
    """The rows of a sparse matrix, made dense when they are asked for.

    Parameters
    ----------
    matrix : sparse matrix or array of shape (n, d)
        Any of SciPy's.
    rows : array of int or None, default None
        The rows of the matrix that this table consists of, in this order; None: all.

    Examples
    --------
    >>> from scipy import sparse
    >>> table = SparseRows(sparse.csr_array([[0.0, 1.0], [2.0, 0.0]]))
    >>> table.shape, table[1:].tolist()
    ((2, 2), [[2.0, 0.0]])
    """

    def __init__(self, matrix: Any, rows: NDArray[np.int64] | None = None) -> None:
        matrix = matrix.tocsr()
        self.array, self.rows = matrix, rows
        self.dtype = np.dtype(np.float32 if matrix.dtype == np.float32 else np.float64)
        self.shape = (matrix.shape[0] if rows is None else len(rows), matrix.shape[1])
        self.ndim, self.row_shape = 2, (matrix.shape[1],)

    def __getitem__(self, which: slice | NDArray[Any]) -> Array:
        """Rows by a slice or by an array of numbers, as a fresh dense array (k, n_features)."""
        if isinstance(which, slice):
            if self.rows is None:
                return self._dense(self.array[which])
            which = np.arange(*which.indices(len(self)))
        index = np.asarray(which)
        flat = index.reshape(-1) if self.rows is None else self.rows[index.reshape(-1)]
        return self._dense(self.array[flat]).reshape(*index.shape, self.shape[1])

    def pick(self, rows: NDArray[np.int64]) -> SparseRows:
        """The table of some of the rows."""
        return SparseRows(self.array, rows if self.rows is None else self.rows[rows])

    def blocks(self, size: int | None = None) -> Iterator[Array]:
        """All rows, so many at a time, in their order."""
        return blocks_of(self, size)

    def _dense(self, rows: Any) -> Array:
        dense: Array = np.ascontiguousarray(rows.toarray(), dtype=self.dtype)
        return dense
