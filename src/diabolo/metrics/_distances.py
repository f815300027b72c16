"""Squared Euclidean distances in blocks of rows, precise enough to rank neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .checks import Float

# Doubles in one block (32 MB): large enough for an efficient matrix product, small enough for n = 60,000.
BLOCK_ENTRIES = 1 << 22
# Up to this many features the differences are formed directly, which is as quick and never cancels.
NARROW = 16
# Below this share of |x|^2 + |y|^2 a distance from a matrix product has lost digits and is formed anew.
CANCELLED = 1e-6
# Pairs whose differences are formed at once.
REPAIR_ENTRIES = 1 << 21


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices over the rows, each of at most ``BLOCK_ENTRIES`` distances."""
    step = max(1, BLOCK_ENTRIES // max(columns, 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _centre(X: Float, Y: Float) -> Float:
    """A point near the mean whose subtraction is exact for integers and dyadic fractions.

    The mean is rounded to a power of two near the spread: equal distances between integer data
    (counts, pixels, bits) then stay equal to the bit, so ties stay ties.
    """
    mean = (X.mean(axis=0) + Y.mean(axis=0)) / 2
    spread = max(float(np.abs(X - mean).max()), float(np.abs(Y - mean).max()))
    if spread == 0:
        return np.asarray(mean)
    grid = 2.0 ** np.floor(np.log2(spread))
    return np.asarray(np.round(mean / grid) * grid)


class SquaredDistances:
    r"""Blocks of the matrix :math:`\lVert x_i - y_j \rVert^2`, in float64.

    Wide data use :math:`|x|^2 + |y|^2 - 2 x \cdot y`; the pairs for which this difference cancels
    (near and equal points) are computed again from :math:`x - y`.

    Parameters
    ----------
    X : ndarray of shape (rows, features)
    Y : ndarray of shape (columns, features) or None
        None: the rows of X.
    """

    def __init__(self, X: Float, Y: Float | None = None) -> None:
        other = X if Y is None else Y
        self.narrow = X.shape[1] <= NARROW
        centre = np.zeros(X.shape[1]) if self.narrow else _centre(X, other)
        self.X = X - centre
        self.Y = self.X if Y is None else Y - centre
        self.norms_x = np.einsum("ij,ij->i", self.X, self.X)
        self.norms_y = self.norms_x if Y is None else np.einsum("ij,ij->i", self.Y, self.Y)

    def block(self, rows: slice, columns: slice = slice(None)) -> Float:
        """The distances of some rows to some columns, shape (rows, columns)."""
        x, y = self.X[rows], self.Y[columns]
        if self.narrow:
            from scipy.spatial.distance import cdist

            return np.asarray(cdist(x, y, "sqeuclidean"))
        norms_x, norms_y = self.norms_x[rows], self.norms_y[columns]
        d: Float = x @ y.T
        d *= -2.0
        d += norms_x[:, None]
        d += norms_y
        self._repair(d, x, y, norms_x, norms_y)
        return d

    @staticmethod
    def _repair(d: Float, x: Float, y: Float, norms_x: Float, norms_y: Float) -> None:
        # First a bound that needs one number a row, then the exact one on the few that pass.
        i, j = np.nonzero(d <= CANCELLED * (norms_x + norms_y.max(initial=0.0))[:, None])
        cancelled = d[i, j] <= CANCELLED * (norms_x[i] + norms_y[j])
        i, j = i[cancelled], j[cancelled]
        step = max(1, REPAIR_ENTRIES // x.shape[1])
        for start in range(0, len(i), step):
            a, b = i[start : start + step], j[start : start + step]
            difference = x[a] - y[b]
            d[a, b] = np.einsum("ij,ij->i", difference, difference)

    def maximum(self) -> float:
        """The largest squared distance between rows of X (with Y None: each pair is met once)."""
        largest = 0.0
        n = len(self.X)
        for rows in row_blocks(n, n):
            largest = max(largest, float(self.block(rows, slice(rows.start, None)).max()))
        return largest
