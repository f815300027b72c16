"""Densities with a closed form: standard normal, Gaussian."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.linalg import solve_triangular

from .base import Array, Density, per_feature_floor

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
