"""Neighbours and ranks in a block of distances, ties broken by row number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .checks import Float

# Up to so many shared distances in a row, counting is quicker than sorting.
FEW = 64

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

    Only the values are sorted, which is several times quicker than sorting indices. Where an asked
    distance is shared, those that share it and come first are counted; a row with many is ranked in full.
    """
    values = np.take_along_axis(d, columns, axis=1)
    ranks = np.empty(columns.shape, dtype=np.int64)
    n = d.shape[1]
    for row in range(len(d)):
        ranks[row] = np.searchsorted(ordered[row], values[row])
        following = ranks[row] + 1
        shared = (ordered[row, np.minimum(following, n - 1)] == values[row]) & (following < n)
        if np.count_nonzero(shared) > FEW:
            place = np.empty(n, dtype=np.int64)
            place[np.argsort(d[row], kind="stable")] = np.arange(n)
            ranks[row] = place[columns[row]]
            continue
        for entry in np.flatnonzero(shared):
            earlier = d[row, : columns[row, entry]]
            ranks[row, entry] += np.count_nonzero(earlier == values[row, entry])
    return ranks
