"""Two maps of the same rows laid over each other: which rows lie elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .model import ExplorerModel


@dataclass(frozen=True, eq=False)
class Moved:
    """One map after its alignment with another.

    Attributes
    ----------
    codes : array of shape (n, dim of the first)
        The codes of the second model where they lie in the first one's space; NaN for rows without a finite code.
    distances : array of shape (n,)
        How far each row is from where the first model has it, in units of its space.
    disparity : float
        The squared distances summed, as a share of the spread of the first map: 0 for maps that are the same but for
        rotation, reflection, size and place, at most 1.
    """

    codes: NDArray[np.float32]
    distances: NDArray[np.float32]
    disparity: float


def moved(first: ExplorerModel, second: ExplorerModel) -> Moved:
    """Turn, mirror, scale and shift the codes of one model so that they lie as near to another's as can be.

    The narrower codes are filled up with zeros. With both centred and of norm one, ``A`` and ``B``,

    .. math:: \\min_{s, R} \\lVert A - s B R \\rVert^2, \\quad R R^\\top = I

    Parameters
    ----------
    first, second : ExplorerModel
        Two models of the same rows.

    Returns
    -------
    Moved

    Raises
    ------
    DataError
        If fewer than two rows have different codes in both.

    References
    ----------
    J. C. Gower, Generalized Procrustes analysis, Psychometrika 40, 1975, doi:10.1007/BF02291478.
    """
    from scipy.spatial import procrustes

    both = first.finite & second.finite
    width = max(first.dim, second.dim)
    a, b = (_filled(subject.codes[both], width) for subject in (first, second))
    try:
        fixed, turned, disparity = procrustes(a, b)
    except ValueError as error:
        raise DataError(
            f"the two models cannot be aligned: the codes of one are all the same ({error})."
        ) from None
    centre, size = a.mean(axis=0), float(np.linalg.norm(a - a.mean(axis=0)))
    codes = np.full((len(both), first.dim), np.nan, np.float32)
    codes[both] = (turned * size + centre)[:, : first.dim]
    distances = np.full(len(both), np.nan, np.float32)
    distances[both] = size * np.linalg.norm(fixed - turned, axis=1)
    return Moved(codes, distances, float(disparity))


def _filled(codes: NDArray[Any], width: int) -> NDArray[np.float64]:
    return np.pad(codes.astype(np.float64), ((0, 0), (0, width - codes.shape[1])))
