"""One density a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from ..errors import DataError
from .base import Density
from .table import resolve


def per_class(codes: ArrayLike, y: ArrayLike, density: Any = "gaussian_mixture") -> dict[Any, Density]:
    """One density a class, each fitted to the codes of its class.

    Parameters
    ----------
    codes : array of shape (n, d)
        One code a row.
    y : array of shape (n,)
        The labels.
    density : str, type or Density
        What to fit; it is cloned for every class and not changed.

    Returns
    -------
    dict of label to Density
        In sorted order of the labels, which are Python scalars.

    Raises
    ------
    DataError
        If the lengths differ, or a class has too few rows for the density.

    Examples
    --------
    >>> import numpy as np
    >>> from diabolo.density import per_class
    >>> codes = np.array([[0.0], [2.0], [10.0], [14.0]])
    >>> {label: float(d.mean_[0]) for label, d in per_class(codes, [0, 0, 1, 1], "gaussian").items()}
    {0: 1.0, 1: 12.0}
    """
    template = resolve(density)
    rows, labels = np.asarray(codes), np.asarray(y)
    if labels.ndim != 1 or rows.ndim != 2 or len(rows) != len(labels):
        raise DataError(
            "per_class takes codes (n, d) and one label per code (n,); "
            f"got codes {rows.shape} and y {labels.shape}."
        )
    fitted: dict[Any, Density] = {}
    for label in np.unique(labels):
        try:
            fitted[label.item()] = clone(template).fit(rows[labels == label])
        except DataError as error:
            raise DataError(f"class {label.item()!r} ({(labels == label).sum()} codes): {error}") from error
    return fitted
