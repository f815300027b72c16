"""Densities with a closed form: standard normal, uniform on the sphere, Gaussian."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammaln

from ..errors import DataError
from .base import Array, Density, per_feature_floor

__all__ = ["Gaussian", "StandardNormal", "UniformSphere", "gaussian_log_prob"]

_LOG_2PI = float(np.log(2 * np.pi))


def gaussian_log_prob(codes: Array, mean: Array, covariance: Array) -> Array:
    r"""Log-density of a Gaussian in nats, shape (n,).

    .. math:: \log N(z; \mu, \Sigma) = -\tfrac12 \|L^{-1}(z - \mu)\|^2 - \log|L| - \tfrac d2 \log 2\pi,
              \quad \Sigma = L L^\top
    """
    chol = np.linalg.cholesky(covariance)
    white = solve_triangular(chol, (codes - mean).T, lower=True)
    log_det = np.log(np.diag(chol)).sum()
    value: Array = -0.5 * (white**2).sum(axis=0) - log_det - 0.5 * codes.shape[1] * _LOG_2PI
    return value


class StandardNormal(Density):
    r"""The standard normal :math:`N(0, I_d)`; only the dimension is learnt.

    .. math:: \log p(z) = -\tfrac12 \|z\|^2 - \tfrac d2 \log 2\pi

    Examples
    --------
    >>> import numpy as np
    >>> from diabolo.density import StandardNormal
    >>> StandardNormal().fit(np.zeros((3, 2))).log_prob([[0.0, 0.0]])
    array([-1.837877])
    """

    _state: ClassVar = {"dim": ""}

    def _learn(self, codes: Array) -> None:
        self.dim_ = codes.shape[1]

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        return rng.standard_normal((n, self.n_features_in_))

    def _score(self, codes: Array) -> Array:
        value: Array = -0.5 * ((codes**2).sum(axis=1) + codes.shape[1] * _LOG_2PI)
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

    _state: ClassVar = {"dim": ""}

    def __init__(self, tolerance: float = 1e-4) -> None:
        self.tolerance = tolerance

    def _learn(self, codes: Array) -> None:
        norms = np.linalg.norm(codes, axis=1)
        if np.abs(norms - 1).max() > self.tolerance:
            raise DataError(
                f"UniformSphere takes codes of norm 1, got norms from {norms.min():.4g} to {norms.max():.4g} "
                f"(codes {codes.shape}). Divide each code by its norm, or choose another density."
            )
        self.dim_ = codes.shape[1]

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        codes = rng.standard_normal((n, self.n_features_in_))
        value: Array = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        return value

    def _score(self, codes: Array) -> Array:
        d = self.n_features_in_
        log_area = np.log(2) + d / 2 * np.log(np.pi) - gammaln(d / 2)
        on_sphere = np.abs(np.linalg.norm(codes, axis=1) - 1) <= self.tolerance
        return np.where(on_sphere, -log_area, -np.inf)


class Gaussian(Density):
    r"""A Gaussian with full covariance, fitted by maximum likelihood.

    One millionth of the mean variance is added to the diagonal, so that a constant coordinate does
    no harm: :math:`\Sigma = \frac1n \sum_i (z_i - \mu)(z_i - \mu)^\top + \epsilon I`.

    Attributes
    ----------
    mean_ : array of shape (d,)
        The mean of the codes.
    covariance_ : array of shape (d, d)
        Their covariance.

    Examples
    --------
    >>> from diabolo.density import Gaussian
    >>> g = Gaussian().fit([[0.0], [2.0]])
    >>> g.mean_, g.covariance_.round(3)
    (array([1.]), array([[1.]]))
    """

    _state: ClassVar = {"mean": "d", "covariance": "d d"}
    _min_rows: ClassVar = 2

    mean_: Array
    covariance_: Array

    def _learn(self, codes: Array) -> None:
        self.mean_ = codes.mean(axis=0)
        centred = codes - self.mean_
        covariance = centred.T @ centred / len(codes)
        floor = per_feature_floor(np.diag(covariance))
        self.covariance_ = covariance + floor * np.eye(codes.shape[1])

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        chol = np.linalg.cholesky(self.covariance_)
        value: Array = self.mean_ + rng.standard_normal((n, len(self.mean_))) @ chol.T
        return value

    def _score(self, codes: Array) -> Array:
        return gaussian_log_prob(codes, self.mean_, self.covariance_)
