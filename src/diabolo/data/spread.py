"""A few rows that stand for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(n: int, most: int) -> NDArray[np.intp]:
    """The places of at most a number of rows, evenly spread over all.

    Parameters
    ----------
    n : int
        How many rows there are.
    most : int
        How many to take.

    Returns
    -------
    array of int, shape (min(n, most),)
        In order; of two and more, the first row and the last are among them.

    Examples
    --------
    >>> spread(9, 3), spread(2, 3)
    (array([0, 4, 8]), array([0, 1]))
    """
    return np.linspace(0, n - 1, min(n, most)).astype(np.intp)
