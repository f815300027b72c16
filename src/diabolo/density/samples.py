"""Densities that keep the codes they were fitted to: kernel density and the empirical distribution."""

from __future__ import annotations

import numbers
from typing import ClassVar

import numpy as np

from ..errors import SettingError
from .base import Array, Density, per_feature_floor

__all__ = ["Empirical", "KernelDensity"]

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
        if isinstance(self.bandwidth, str) and self.bandwidth in _RULES:
            variance = codes.var(axis=0)
            spread = np.sqrt(np.maximum(variance, per_feature_floor(variance)))
            self.bandwidths_ = _RULES[self.bandwidth](n, d) * spread
        elif _positive(self.bandwidth):
            self.bandwidths_ = np.full(d, float(self.bandwidth))
        else:
            raise SettingError(
                "KernelDensity: bandwidth must be a number > 0 or one of "
                f"{', '.join(map(repr, _RULES))}, got {self.bandwidth!r}."
            )
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


def _positive(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return bool(0 < float(value) < np.inf)
