"""Squared Euclidean distances in blocks of rows, precise enough to rank neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from . import checks
from .checks import Float

# Doubles in one block (32 MB): large enough for an efficient matrix product, small enough for n = 60,000.
BLOCK_ENTRIES = 1 << 22
# Up to this many features the differences are formed directly, which is as quick and never cancels.
NARROW = 16
# Below this share of |x|^2 + |y|^2 a distance from a matrix product has lost digits and is formed anew.
CANCELLED = 1e-6
# Pairs whose differences are formed at once.
REPAIR_ENTRIES = 1 << 21
# A difference costs as much as some 60 entries of a matrix product, of which half are met twice.
_PRODUCT_IS_QUICKER = 32


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
    sets = (X,) if X is Y else (X, Y)
    mean = np.mean([rows.mean(axis=0) for rows in sets], axis=0)
    # The largest distance from the mean is that of an extreme of some feature.
    spread = max(float(np.maximum(s.max(axis=0) - mean, mean - s.min(axis=0)).max()) for s in sets)
    if spread == 0:
        return np.asarray(mean)
    grid = 2.0 ** np.floor(np.log2(spread))
    return np.asarray(np.round(mean / grid) * grid)


def draw_pairs(
    n: int, most: int, random_state: int | None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """All pairs i < j of n rows, or a draw of them without replacement.

    Parameters
    ----------
    n : int
        Number of rows.
    most : int
        How many pairs are drawn where there are more.
    random_state : int or None
        Decides the draw.

    Returns
    -------
    tuple of ndarray of shape (pairs,)
        The numbers i, and the numbers j.

    Examples
    --------
    >>> i, j = draw_pairs(3, 10, 0)
    >>> i.tolist(), j.tolist()
    ([0, 0, 1], [1, 2, 2])
    """
    total = n * (n - 1) // 2
    if total <= most:
        return np.triu_indices(n, 1)
    number = checks.generator(random_state).choice(total, size=most, replace=False)
    # Pairs are numbered by j: j (j - 1) / 2 of them have a smaller second row.
    j = np.floor((1 + np.sqrt(1 + 8 * number.astype(np.float64))) / 2).astype(np.intp)
    j -= (j * (j - 1) // 2 > number).astype(np.intp)  # the square root may round up
    return number - j * (j - 1) // 2, j


class SquaredDistances:
    r"""Blocks of the matrix :math:`\lVert x_i - y_j \rVert^2`, in float64.

    Wide data use :math:`|x|^2 + |y|^2 - 2 x \cdot y`; the pairs for which this difference cancels
    (near and equal points) are computed again from :math:`x - y`. A matrix of one block is kept.

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

    @cached_property
    def _whole(self) -> Float | None:
        fits = len(self.X) * len(self.Y) <= BLOCK_ENTRIES
        return self._computed(slice(None), slice(None)) if fits else None

    def block(self, rows: slice, columns: slice = slice(None)) -> Float:
        """The distances of some rows to some columns, shape (rows, columns); the caller's to change."""
        if self._whole is not None:
            return self._whole[rows, columns].copy()
        return self._computed(rows, columns)

    def of_pairs(self, i: npt.NDArray[np.intp], j: npt.NDArray[np.intp]) -> Float:
        """The distances of pairs of rows; of few pairs among many rows by their differences alone."""
        squared, (n, width) = np.empty(len(i)), self.X.shape
        if not self.narrow and n * n <= _PRODUCT_IS_QUICKER * len(i):
            for rows in row_blocks(n, n):
                here = (i >= rows.start) & (i < rows.stop)
                squared[here] = self.block(rows)[i[here] - rows.start, j[here]]
            return squared
        step = max(1, REPAIR_ENTRIES // width)
        for start in range(0, len(i), step):
            difference = self.X[i[start : start + step]] - self.X[j[start : start + step]]
            squared[start : start + step] = np.einsum("ij,ij->i", difference, difference)
        return squared

    def _computed(self, rows: slice, columns: slice) -> Float:
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
        largest, n = 0.0, len(self.X)
        for rows in row_blocks(n, n):
            largest = max(largest, float(self.block(rows, slice(rows.start, None)).max()))
        return largest
