"""Two small measures that several experiments use: neighbours in common, and what a judge reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from ..metrics import train_classifier

_JUDGED = 10_000


def overlap(A: ArrayLike, B: ArrayLike, k: int = 10) -> float:
    """Mean share of the k nearest neighbours that rows have in common in two sets of codes.

    Parameters
    ----------
    A, B : array of shape (n, d)
        Codes of the same rows; the widths may differ.
    k : int

    Examples
    --------
    >>> overlap([[0.0], [1.0], [5.0], [6.0]], [[0.0], [2.0], [9.0], [8.0]], k=1)
    1.0
    """
    sets = [
        NearestNeighbors(n_neighbors=k).fit(np.asarray(Z)).kneighbors(return_distance=False) for Z in (A, B)
    ]
    return float(np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(*sets, strict=True)]))


def class_shares(X: NDArray[np.floating], y: ArrayLike, made: ArrayLike) -> dict[int, float]:
    """Share of pictures that a random forest, trained on originals, reads as each class."""
    judge = train_classifier(X[:_JUDGED], np.asarray(y)[:_JUDGED])
    classes, counts = np.unique(judge.predict(np.asarray(made)), return_counts=True)
    return {int(c): float(n / counts.sum()) for c, n in zip(classes, counts, strict=True)}
