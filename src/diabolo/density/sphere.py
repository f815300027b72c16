"""Densities on the unit sphere, with respect to its area: uniform, and a mixture of von Mises-Fisher distributions."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from scipy.special import gammaln, ive, logsumexp
from sklearn.exceptions import ConvergenceWarning

from ..errors import DataError
from .base import Array, Density, require_count

# The search for the number of components ends after this many in a row that did not lower the BIC.
_PATIENCE = 3
_ITERATIONS, _TOLERANCE = 300, 1e-7
# Resultants nearer to 1 are rounding: the codes of a component are one point.
_NEAREST = 1e-10
# From here on the expansion for large arguments is exact to rounding.
_LARGE = 1e4


def log_bessel(order: float, x: Array, *, scaled: bool = False) -> Array:
    r"""Logarithm of the modified Bessel function of the first kind, :math:`\log I_\nu(x)`, for x > 0.

    By SciPy's scaled function; where that vanishes (high orders, small arguments) and for large arguments, where it is
    no number in the end, by the uniform expansion for high orders, whose relative error is below 1e-6 there (F. W. J.
    Olver et al., NIST Handbook of Mathematical Functions, 2010, 10.41.3; for order 0 it is Hankel's, 10.40.1).

    Parameters
    ----------
    order : float
        At least 0.
    x : array
        Numbers > 0.
    scaled : bool
        Leave out the growth, :math:`\log I_\nu(x) - x`: large arguments keep their digits.

    Returns
    -------
    array, like x

    Examples
    --------
    >>> log_bessel(0.5, np.array([1.0])).round(6), log_bessel(500.0, np.array([10.0])).round(3)
    (array([-0.064352]), array([-1806.562]))
    >>> log_bessel(0.0, np.array([1e12]), scaled=True).round(6)
    array([-14.734449])
    """
    x = np.asarray(x, np.float64)
    direct, s = ive(order, x), np.hypot(order, x)
    usual = (direct > 1e-290) & (s < _LARGE)
    growth = order**2 / (s + x) + order * np.log(x / (order + s))
    p2 = (order / s) ** 2
    u1 = (3 - 5 * p2) / (24 * s)
    u2 = (81 - 462 * p2 + 385 * p2**2) / (1152 * s**2)
    expanded = growth - 0.5 * np.log(2 * np.pi * s) + np.log1p(u1 + u2)
    value = np.where(usual, np.log(np.where(usual, direct, 1.0)), expanded)
    return np.asarray(value if scaled else value + x)


def log_normalizer(kappa: Array, d: int) -> Array:
    r"""Logarithm of what makes :math:`\exp(\kappa \mu^\top z)` integrate to one over the sphere of :math:`R^d`."""
    kappa = np.asarray(kappa, np.float64)
    order, small = d / 2 - 1, kappa < 1e-8
    k = np.where(small, 1.0, kappa)
    value = order * np.log(k) - d / 2 * np.log(2 * np.pi) - log_bessel(order, k)
    return np.asarray(np.where(small, gammaln(d / 2) - np.log(2) - d / 2 * np.log(np.pi), value))


def log_peak(kappa: Array, d: int) -> Array:
    r"""Log-density of a von Mises-Fisher distribution at its mean; large concentrations keep their digits."""
    kappa = np.asarray(kappa, np.float64)
    order = d / 2 - 1
    return np.asarray(
        order * np.log(kappa) - d / 2 * np.log(2 * np.pi) - log_bessel(order, kappa, scaled=True)
    )


def _concentration(resultant: Array, d: int) -> Array:
    """The concentration of a mean resultant length, by Newton's method on Bessel functions' ratio."""
    r = np.clip(resultant, 1e-12, 1 - _NEAREST)
    kappa = r * (d - r * r) / (1 - r * r)
    for _ in range(5):
        logarithm = log_bessel(d / 2, kappa, scaled=True) - log_bessel(d / 2 - 1, kappa, scaled=True)
        ratio, gap = np.exp(logarithm), -np.expm1(logarithm)
        # Far out the gap is nearly (d - 1) / (2 kappa), and the exact slope a difference of equal numbers.
        slope = np.where(kappa > 1e4 * d, gap / kappa, gap * (1 + ratio) - (d - 1) / kappa * ratio)
        moved = kappa - ((1 - r) - gap) / np.where(slope > 0, slope, np.inf)
        kappa = np.where(moved > 0, moved, kappa)
    return np.asarray(kappa)


def require_sphere(codes: Array, tolerance: float, who: str) -> Array:
    """Codes of norm one to rounding: that of single precision would be taken for the width of a narrow component."""
    norms = np.linalg.norm(codes, axis=1)
    if np.abs(norms - 1).max() > tolerance:
        raise DataError(
            f"{who} takes codes of norm 1, got norms from {norms.min():.4g} to {norms.max():.4g} "
            f"(codes {codes.shape}). Divide each code by its norm, or choose another density."
        )
    value: Array = codes / norms[:, None]
    return value


class UniformSphere(Density):
    r"""The uniform distribution on the unit sphere of :math:`R^d`; only the dimension is learnt.

    The density is with respect to the area of the sphere,

    .. math:: \log p(z) = -\log A_d, \quad A_d = \frac{2 \pi^{d/2}}{\Gamma(d/2)}, \quad \|z\| = 1 ,

    and zero for a code whose norm differs from one by more than ``tolerance``.

    Parameters
    ----------
    tolerance : float
        How far a norm may be from one; the default leaves room for single precision.

    Raises
    ------
    DataError
        At ``fit``, if the codes are not on the unit sphere.

    Examples
    --------
    >>> from diabolo.density import UniformSphere
    >>> sphere = UniformSphere().fit([[1.0, 0.0, 0.0]])
    >>> sphere.log_prob([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    array([-2.531024,      -inf])
    """

    geometry: ClassVar = "sphere"
    _state: ClassVar = {"dim": ""}

    def __init__(self, tolerance: float = 1e-4) -> None:
        self.tolerance = tolerance

    def _learn(self, codes: Array) -> None:
        require_sphere(codes, self.tolerance, type(self).__name__)
        self.dim_ = codes.shape[1]

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        return _uniform(n, self.n_features_in_, rng)

    def _score(self, codes: Array) -> Array:
        on_sphere = np.abs(np.linalg.norm(codes, axis=1) - 1) <= self.tolerance
        return np.where(on_sphere, log_normalizer(np.zeros(1), codes.shape[1]), -np.inf)


class VonMisesFisherMixture(Density):
    r"""A mixture of von Mises-Fisher distributions, the sphere's counterpart of round Gaussians, fitted by EM.

    .. math:: p(z) = \sum_{k=1}^K \pi_k \, C_d(\kappa_k) \exp(\kappa_k \mu_k^\top z), \quad \|z\| = 1

    with respect to the area of the sphere, in nats; zero for codes that are not on it.

    Parameters
    ----------
    n_components : int or None
        The number of components; None takes the one of lowest BIC among 1, 2, ..., ``max_components``.
    max_components : int
        The largest number tried; ignored when ``n_components`` is given.
    random_state : int, numpy.random.RandomState or None
        Seed of the starting points. A fixed default, so that the same codes give the same mixture.
    tolerance : float
        How far a norm may be from one; the default leaves room for single precision.

    Attributes
    ----------
    weights_ : array of shape (k,)
        Share of each component.
    means_ : array of shape (k, d)
        Their mean directions, of norm one.
    concentrations_ : array of shape (k,)
        How narrow they are: 0 is uniform.

    Raises
    ------
    DataError
        At ``fit``, if the codes are not on the unit sphere.

    References
    ----------
    Banerjee, A., Dhillon, I. S., Ghosh, J., Sra, S. (2005). Clustering on the unit hypersphere using von
    Mises-Fisher distributions. Journal of Machine Learning Research 6, 1345-1382.
    Sra, S. (2012). A short note on parameter approximation for von Mises-Fisher distributions. Computational
    Statistics 27, 177-190 (Newton's method for the concentration).
    Wood, A. T. A. (1994). Simulation of the von Mises Fisher distribution. Communications in Statistics 23, 157-164.

    Examples
    --------
    >>> import numpy as np
    >>> from diabolo.density import VonMisesFisherMixture
    >>> angle = np.concatenate([np.linspace(-0.2, 0.2, 50), np.linspace(2.8, 3.2, 50)])
    >>> mixture = VonMisesFisherMixture().fit(np.column_stack([np.cos(angle), np.sin(angle)]))
    >>> len(mixture.weights_), np.linalg.norm(mixture.sample(3, random_state=0), axis=1)
    (2, array([1., 1., 1.]))
    """

    geometry: ClassVar = "sphere"
    _state: ClassVar = {"weights": "k", "means": "k d", "concentrations": "k"}
    _min_rows: ClassVar = 2

    weights_: Array
    means_: Array
    concentrations_: Array

    def __init__(
        self,
        n_components: int | None = None,
        max_components: int = 10,
        random_state: Any = 0,
        tolerance: float = 1e-4,
    ) -> None:
        self.n_components = n_components
        self.max_components = max_components
        self.random_state = random_state
        self.tolerance = tolerance

    def _learn(self, codes: Array) -> None:
        codes = require_sphere(codes, self.tolerance, type(self).__name__)
        require_count(self, "n_components" if self.n_components is not None else "max_components", codes)
        d = codes.shape[1]
        most = max(1, min(self.max_components, len(codes) // (d + 2)))
        tried = range(1, most + 1) if self.n_components is None else [self.n_components]
        lowest, misses, gain = np.inf, 0, 0.0
        for k in tried:
            fitted, likelihood, last = self._em(codes, k)
            criterion = -2 * likelihood + (k * (d + 1) - 1) * np.log(len(codes))
            if criterion < lowest:
                lowest, misses, gain = criterion, 0, last
                self.weights_, self.means_, self.concentrations_ = fitted
            else:
                misses += 1
            if misses >= _PATIENCE:
                break
        if gain >= _TOLERANCE:
            warnings.warn(
                f"{type(self).__name__}: the {len(self.weights_)} components still moved when their fit ended after "
                f"{_ITERATIONS} iterations: the last one raised the mean log-density by {gain:.2g} nats, and less than "
                f"{_TOLERANCE:g} was expected. They can be used; other n_components, or more codes, may settle.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _em(self, codes: Array, k: int) -> tuple[tuple[Array, Array, Array], float, float]:
        """Weights, means and concentrations of k components, the codes' log-likelihood, and its last gain a code."""
        from sklearn.cluster import KMeans

        with warnings.catch_warnings():
            # Repeated codes make k-means find fewer clusters; EM copes.
            warnings.simplefilter("ignore", ConvergenceWarning)
            labels = KMeans(k, n_init=3, random_state=self.random_state).fit_predict(codes)
        shares = np.eye(k)[labels]
        before, likelihood = -np.inf, -np.inf
        for _ in range(_ITERATIONS):
            size = np.maximum(shares.sum(axis=0), 1e-10)
            sums = shares.T @ codes
            length = np.linalg.norm(sums, axis=1)
            means = sums / np.maximum(length, 1e-300)[:, None]
            means[length < 1e-12] = np.eye(codes.shape[1])[0]
            weights, kappas = size / size.sum(), _concentration(length / size, codes.shape[1])
            each = self._each(codes, weights, means, kappas)
            total = logsumexp(each, axis=1)
            likelihood, before = float(total.sum()), likelihood
            shares = np.exp(each - total[:, None])
            if likelihood - before < _TOLERANCE * len(codes):
                break
        return (weights, means, kappas), likelihood, (likelihood - before) / len(codes)

    @staticmethod
    def _each(codes: Array, weights: Array, means: Array, kappas: Array) -> Array:
        """Log-density of each code under each component, weighted: (n, k)."""
        value: Array = np.log(weights) + log_normalizer(kappas, codes.shape[1]) + codes @ means.T * kappas
        return value

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        which = rng.choice(len(self.weights_), size=n, p=self.weights_)
        made = np.empty((n, self.n_features_in_))
        for k in np.unique(which):
            here = which == k
            made[here] = draw_around(self.means_[k], float(self.concentrations_[k]), int(here.sum()), rng)
        return made

    def _score(self, codes: Array) -> Array:
        norms = np.linalg.norm(codes, axis=1)
        on_sphere = np.abs(norms - 1) <= self.tolerance
        value = np.full(len(codes), -np.inf)
        there = codes[on_sphere] / norms[on_sphere, None]
        value[on_sphere] = logsumexp(
            self._each(there, self.weights_, self.means_, self.concentrations_), axis=1
        )
        return value


def _uniform(n: int, d: int, rng: np.random.RandomState) -> Array:
    codes = rng.standard_normal((n, d))
    value: Array = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    return value


def draw_around(mean: Array, kappa: float, n: int, rng: np.random.RandomState) -> Array:
    """Draws of one component: the height along its mean by rejection, the direction across it uniformly."""
    d = len(mean)
    b = (d - 1) / (2 * kappa + np.sqrt(4 * kappa**2 + (d - 1) ** 2))
    x0 = (1 - b) / (1 + b)
    c = kappa * x0 + (d - 1) * np.log1p(-x0 * x0)
    heights = np.empty(0)
    while len(heights) < n:
        z = rng.beta((d - 1) / 2, (d - 1) / 2, size=2 * (n - len(heights)) + 8)
        w = (1 - (1 + b) * z) / (1 - (1 - b) * z)
        kept = kappa * w + (d - 1) * np.log1p(-x0 * w) - c >= np.log(rng.uniform(size=len(z)))
        heights = np.concatenate([heights, w[kept]])
    w = heights[:n, None]
    across = rng.standard_normal((n, d))
    across -= (across @ mean)[:, None] * mean
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    made = w * mean + np.sqrt(np.clip(1 - w * w, 0, None)) * across
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))
