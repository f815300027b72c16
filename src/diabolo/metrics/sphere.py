"""Do codes on a sphere fill it evenly?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from . import checks
from .checks import Float
from .distances import SquaredDistances, row_blocks

# Lengths that differ by more than this share are not those of points on one sphere.
SPHERE_TOLERANCE = 1e-3


def uniformity(codes: npt.ArrayLike, t: float = 2.0) -> float:
    r"""How evenly codes fill the sphere; lower is more even.

    .. math:: \log \frac{2}{n (n-1)} \sum_{i < j} e^{-t |u_i - u_j|^2}

    Parameters
    ----------
    codes : array of shape (rows, dim)
        Points on a sphere around the origin; they are divided by its radius.
    t : float
        Sharpness of the kernel.

    Returns
    -------
    float
        From 0 (all equal) down to about -2t (even, in many dimensions).

    Raises
    ------
    DataError
        If the codes do not lie on one sphere.

    References
    ----------
    T. Wang, P. Isola, Understanding contrastive representation learning through alignment and uniformity
    on the hypersphere, ICML 2020, arXiv:2005.10242.

    Examples
    --------
    >>> uniformity([[1.0, 0.0], [-1.0, 0.0]])
    -8.0
    """
    u, sharp = _on_sphere(codes), checks.positive(t, "t")
    n, total = len(u), 0.0
    distances = SquaredDistances(u)
    for rows in row_blocks(n, n):
        total += float(np.exp(-sharp * distances.block(rows)).sum())
    # Each pair was met twice, and each row with itself, where the kernel is 1.
    return float(np.log((total - n) / (n * (n - 1)))) if n > 1 else 0.0


@dataclass(frozen=True)
class Rayleigh:
    """Result of :func:`rayleigh_test`: ``statistic``, ``p_value``, ``mean_length``.

    Attributes
    ----------
    statistic : float
        S, without unit.
    p_value : float
        The probability of so large an S if codes were uniform.
    mean_length : float
        Length of the mean direction, from 0 to 1.
    """

    statistic: float
    p_value: float
    mean_length: float


def rayleigh_test(codes: npt.ArrayLike) -> Rayleigh:
    r"""Rayleigh test of uniformity on the sphere: do codes crowd on one side?

    .. math:: S = n d \, |\bar u|^2 \sim \chi^2_d \quad \text{for large } n \text{ if uniform}

    It sees a preferred side, not two opposite crowds; look at :func:`uniformity` too.

    Parameters
    ----------
    codes : array of shape (rows, dim)
        Points on a sphere around the origin; they are divided by its radius.

    Returns
    -------
    Rayleigh
        The statistic, its p-value, and the length of the mean code (0 balanced, 1 all equal).

    References
    ----------
    K. V. Mardia, P. E. Jupp, Directional statistics, Wiley 2000, section 10.4.1, doi:10.1002/9780470316979.

    Examples
    --------
    >>> rayleigh_test([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).p_value
    1.0
    """
    from scipy.special import chdtrc

    u = _on_sphere(codes)
    n, dim = u.shape
    length = float(np.linalg.norm(u.mean(axis=0)))
    statistic = n * dim * length**2
    return Rayleigh(statistic, float(chdtrc(dim, statistic)), length)


def _on_sphere(codes: npt.ArrayLike) -> Float:
    z = checks.matrix(codes, "codes")
    lengths = np.linalg.norm(z, axis=1)
    low, high = float(lengths.min()), float(lengths.max())
    if low == 0 or high - low > SPHERE_TOLERANCE * high:
        raise DataError(
            f"codes must lie on a sphere around the origin, got lengths from {low:.4g} to {high:.4g} "
            f"in shape {z.shape}; divide each row by its length first if only directions matter."
        )
    return np.asarray(z / lengths[:, None])
