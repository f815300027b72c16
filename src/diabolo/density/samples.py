"""Densities that keep the codes they were fitted to: kernels, flat and on a sphere, and the empirical distribution."""

from __future__ import annotations

import numbers
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from ..errors import SettingError
from .base import Array, Density, per_feature_floor
from .sphere import draw_around, log_peak, require_sphere

# Codes that are scored at a time: each meets every code that was kept.
_AT_ONCE = 512
# Rules of thumb for coordinates of unit variance: n codes in d dimensions to a bandwidth.
_RULES = {
    "scott": lambda n, d: n ** (-1 / (d + 4)),
    "silverman": lambda n, d: (n * (d + 2) / 4) ** (-1 / (d + 4)),
}


class KernelDensity(Density):
    r"""A Gaussian bump on every code.

    .. math:: p(z) = \frac1n \sum_i \prod_j N(z_j; z_{ij}, h_j^2)

    Parameters
    ----------
    bandwidth : float or {"scott", "silverman"}
        A number is the width h of every coordinate, in units of the codes. A rule gives each
        coordinate its own width, the rule's factor times the standard deviation of the coordinate.

    Attributes
    ----------
    codes_ : array of shape (n, d)
        The codes.
    bandwidths_ : array of shape (d,)
        The width of each coordinate.

    References
    ----------
    Scott, D. W. (1992). Multivariate Density Estimation. Wiley.
    Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis. Chapman and Hall.

    Examples
    --------
    >>> from diabolo.density import KernelDensity
    >>> KernelDensity(bandwidth=1.0).fit([[0.0]]).log_prob([[0.0], [1.0]])
    array([-0.918939, -1.418939])
    """

    _state: ClassVar = {"codes": "n d", "bandwidths": "d"}

    codes_: Array
    bandwidths_: Array

    def __init__(self, bandwidth: float | str = "scott") -> None:
        self.bandwidth = bandwidth

    def _learn(self, codes: Array) -> None:
        n, d = codes.shape
        variance = codes.var(axis=0)
        spread = np.sqrt(np.maximum(variance, per_feature_floor(variance)))
        self.bandwidths_ = _widths(self, n, d, spread)
        self.codes_ = codes.copy()

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        rows = self.codes_[rng.randint(len(self.codes_), size=n)]
        value: Array = rows + self.bandwidths_ * rng.standard_normal(rows.shape)
        return value

    def _score(self, codes: Array) -> Array:
        from sklearn.neighbors import KernelDensity as Tree

        # Dividing by the widths makes one kernel of width 1; the logarithms undo the change of volume.
        tree = Tree(bandwidth=1.0).fit(self.codes_ / self.bandwidths_)
        value: Array = tree.score_samples(codes / self.bandwidths_) - np.log(self.bandwidths_).sum()
        return value


class SphereKernelDensity(Density):
    r"""A von Mises-Fisher bump on every code, with respect to the area of the unit sphere.

    .. math:: p(z) = \frac{C_d(\kappa)}{n} \sum_i \exp(\kappa z_i^\top z), \quad \|z\| = 1, \quad \kappa = h^{-2}

    and zero for codes that are not on it.

    Parameters
    ----------
    bandwidth : float or {"scott", "silverman"}
        A number is the width h, in radians. A rule takes its factor for the d - 1 directions along the sphere, times
        the standard deviation of the codes in one of them, whose square is
        :math:`(1 - \|\bar z\|^2) / (d - 1)`.
    tolerance : float
        How far a norm may be from one; the default leaves room for single precision.

    Attributes
    ----------
    codes_ : array of shape (n, d)
        The codes, of norm one.
    bandwidth_ : array of shape (1,)
        The width h.

    Raises
    ------
    DataError
        At ``fit``, if the codes are not on the unit sphere.

    References
    ----------
    Hall, P., Watson, G. S., Cabrera, J. (1987). Kernel density estimation with spherical data. Biometrika 74, 751-762.

    Examples
    --------
    >>> from diabolo.density import SphereKernelDensity
    >>> SphereKernelDensity(bandwidth=0.5).fit([[0.0, 0.0, 1.0]]).log_prob(
    ...     [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]
    ... )
    array([-0.451247, -8.451247])
    """

    geometry: ClassVar = "sphere"
    _state: ClassVar = {"codes": "n d", "bandwidth": "k"}

    codes_: Array
    bandwidth_: Array

    def __init__(self, bandwidth: float | str = "scott", tolerance: float = 1e-4) -> None:
        self.bandwidth = bandwidth
        self.tolerance = tolerance

    def _learn(self, codes: Array) -> None:
        self.codes_ = require_sphere(codes, self.tolerance, type(self).__name__)
        along = max(1, codes.shape[1] - 1)
        # Codes of one point, known to single precision, are no point.
        spread = np.sqrt(max(float(self.codes_.var(axis=0).sum()) / along, 1e-10))
        self.bandwidth_ = _widths(self, len(codes), along, np.array([spread]))

    @property
    def log_peak_(self) -> float:
        """Log-density of a single bump at its code."""
        return float(log_peak(self.bandwidth_**-2, self.n_features_in_)[0])

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        rows = self.codes_[rng.randint(len(self.codes_), size=n)]
        kappa = float(self.bandwidth_[0]) ** -2
        made = [draw_around(row, kappa, 1, rng) for row in rows]
        return np.concatenate(made) if made else np.empty((0, self.n_features_in_))

    def _score(self, codes: Array) -> Array:
        norms = np.linalg.norm(codes, axis=1)
        there = np.abs(norms - 1) <= self.tolerance
        value = np.full(len(codes), -np.inf)
        at, h, n = codes[there] / norms[there, None], self.bandwidth_[0], len(self.codes_)
        # On the sphere kappa (z_i . z - 1) is -|z_i - z|^2 kappa / 2. Trees estimate the far tails; these are exact.
        blocks = [at[i : i + _AT_ONCE] for i in range(0, len(at), _AT_ONCE)]
        bumps = [logsumexp(-0.5 * cdist(each / h, self.codes_ / h, "sqeuclidean"), axis=1) for each in blocks]
        value[there] = np.concatenate([np.empty(0), *bumps]) - np.log(n) + self.log_peak_
        return value


class Empirical(Density):
    r"""The codes themselves, each with the same probability; sampling draws them with replacement.

    It is a discrete distribution, so ``log_prob`` is the logarithm of a probability and not of a
    density: :math:`\log(c / n)` for a code that occurs c times among the n, minus infinity for any other.

    Attributes
    ----------
    codes_ : array of shape (n, d)
        The codes.

    Examples
    --------
    >>> import numpy as np
    >>> from diabolo.density import Empirical
    >>> np.exp(Empirical().fit([[1.0], [1.0], [5.0], [7.0]]).log_prob([[1.0], [2.0]]))
    array([0.5, 0. ])
    """

    geometry: ClassVar = "any"
    _state: ClassVar = {"codes": "n d"}

    codes_: Array

    def _learn(self, codes: Array) -> None:
        self.codes_ = codes.copy()

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        return self.codes_[rng.randint(len(self.codes_), size=n)]

    def _score(self, codes: Array) -> Array:
        # Adding zero turns -0.0 into 0.0, which compare equal and must have equal bytes.
        counts: dict[bytes, int] = {}
        for row in self.codes_ + 0.0:
            counts[row.tobytes()] = counts.get(row.tobytes(), 0) + 1
        found = np.array([counts.get(row.tobytes(), 0) for row in codes + 0.0], dtype=np.float64)
        with np.errstate(divide="ignore"):
            value: Array = np.log(found / len(self.codes_))
        return value


def _widths(density: KernelDensity | SphereKernelDensity, n: int, d: int, spread: Array) -> Array:
    """The widths of kernels on n codes of d dimensions, one for each standard deviation."""
    asked = density.bandwidth
    if isinstance(asked, str) and asked in _RULES:
        return np.asarray(_RULES[asked](n, d) * spread)
    if _positive(asked):
        return np.full(len(spread), float(asked))
    raise SettingError(
        f"{type(density).__name__}: bandwidth must be a number > 0 or one of "
        f"{', '.join(map(repr, _RULES))}, got {asked!r}."
    )


def _positive(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return bool(0 < float(value) < np.inf)
