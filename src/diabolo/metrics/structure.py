"""Labels among neighbours, and distances against distances: what a map keeps beyond ranks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import DataError, SettingError
from . import checks
from .distances import SquaredDistances, draw_pairs


def knn_accuracy(
    Z: npt.ArrayLike,
    y: npt.ArrayLike,
    k: int = 5,
    Z_test: npt.ArrayLike | None = None,
    y_test: npt.ArrayLike | None = None,
) -> float:
    """Share of rows whose label is that of most of their k nearest neighbours.

    Without test rows it is leave-one-out: the neighbours of a row are sought among all others. With
    test rows it is held-out: their neighbours are sought among the rows of Z. Equal votes go to the
    smallest label.

    Parameters
    ----------
    Z : array of shape (rows, latent_dim)
        Codes (or data).
    y : array of shape (rows,)
        Labels.
    k : int
        Number of neighbours.
    Z_test : array of shape (test rows, latent_dim) or None
        Held-out codes.
    y_test : array of shape (test rows,) or None
        Their labels.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    DataError
        If codes and labels do not match.
    SettingError
        If k is too large, or only one of Z_test and y_test is given.

    Examples
    --------
    >>> knn_accuracy([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]], [0, 0, 0, 1, 1, 1], k=1)
    1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    codes = checks.matrix(Z, "Z", min_rows=2)
    known = checks.labels(y, len(codes))
    if (Z_test is None) != (y_test is None):
        raise SettingError("held-out accuracy needs both Z_test and y_test; leave-one-out needs neither.")
    held_out = Z_test is not None
    checks.count(k, "k", high=len(codes) - (not held_out), why=f"Z has {len(codes)} rows")
    model = KNeighborsClassifier(n_neighbors=k).fit(codes, known)
    if Z_test is None or y_test is None:
        # Without rows, scikit-learn predicts each training row from the others.
        return float(np.mean(model.predict(None) == known))
    test = checks.matrix(Z_test, "Z_test")
    if test.shape[1] != codes.shape[1]:
        raise DataError(
            f"Z has shape {codes.shape} and Z_test {test.shape}; both must have the same columns."
        )
    truth = checks.labels(y_test, len(test), "y_test")
    return float(np.mean(model.predict(test) == truth))


def distance_spearman(
    X: npt.ArrayLike, Z: npt.ArrayLike, max_pairs: int = 200_000, random_state: int | None = 0
) -> float:
    r"""Spearman correlation of the distances in data and code; one at best.

    .. math:: \rho = \mathrm{corr}(\mathrm{rank}\, d^X_{ij}, \mathrm{rank}\, d^Z_{ij}), \quad i < j

    Up to ``max_pairs`` pairs all are used; of more, that many are drawn without replacement (at the
    default the standard error is about 0.002).

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data.
    Z : array of shape (rows, latent_dim)
        The codes.
    max_pairs : int
        Most pairs to compare.
    random_state : int or None
        Seed of the draw; ignored when all pairs are used.

    Returns
    -------
    float
        In [-1, 1]; 0 where all distances of a space are equal, since they order nothing.

    References
    ----------
    C. Spearman, The proof and measurement of association between two things, American Journal of
    Psychology 15(1), 1904, doi:10.2307/1412159.

    Examples
    --------
    >>> X = [[0.0], [1.0], [3.0], [7.0]]
    >>> distance_spearman(X, [[0.0], [2.0], [6.0], [14.0]])
    1.0
    """
    data, codes = checks.same_rows(X, Z, min_rows=3)
    most = checks.count(max_pairs, "max_pairs", low=3)
    return spearman_of(SquaredDistances(data), SquaredDistances(codes), most, random_state)


def spearman_of(
    data: SquaredDistances, codes: SquaredDistances, max_pairs: int = 200_000, random_state: int | None = 0
) -> float:
    """:func:`distance_spearman` from distances that are there."""
    from scipy.stats import rankdata

    i, j = draw_pairs(len(data.X), max_pairs, random_state)
    a, b = (rankdata(distances.of_pairs(i, j)) for distances in (data, codes))
    a -= a.mean()
    b -= b.mean()
    scale = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b) / scale) if scale > 0 else 0.0
