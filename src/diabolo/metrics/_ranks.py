"""Neighbours and ranks in a block of distances, ties broken by row number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._checks import Float

Index = npt.NDArray[np.intp]


def nearest(d: Float, ordered: Float, k: int) -> Index:
    """The columns of the k smallest distances of each row but the first, nearest first.

    Parameters
    ----------
    d : ndarray of shape (rows, columns)
        Distances; the row itself has the smallest.
    ordered : ndarray of shape (rows, columns)
        The same, each row sorted.
    k : int
        At most columns - 1.
    """
    near = d <= ordered[:, k, None]
    if k + 1 < d.shape[1]:
        # More than k + 1 columns pass where the last place is shared.
        for row in np.flatnonzero(ordered[:, k] == ordered[:, k + 1]):
            near[row] = False
            near[row, np.argsort(d[row], kind="stable")[: k + 1]] = True
    columns = np.nonzero(near)[1].reshape(len(d), k + 1)
    by_distance = np.argsort(np.take_along_axis(d, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, by_distance, axis=1)[:, 1:]


def ranks_of(d: Float, ordered: Float, columns: Index) -> npt.NDArray[Any]:
    """The rank of some columns in each row: 0 for the row itself, 1 for the nearest other.

    Only the values are sorted, which is several times quicker than sorting indices; rows in which an
    asked distance is shared are ranked in full.
    """
    values = np.take_along_axis(d, columns, axis=1)
    ranks = np.empty(columns.shape, dtype=np.int64)
    n = d.shape[1]
    for row in range(len(d)):
        ranks[row] = np.searchsorted(ordered[row], values[row])
        if (ordered[row, np.minimum(ranks[row] + 1, n - 1)] == values[row])[ranks[row] + 1 < n].any():
            place = np.empty(n, dtype=np.int64)
            place[np.argsort(d[row], kind="stable")] = np.arange(n)
            ranks[row] = place[columns[row]]
    return ranks
