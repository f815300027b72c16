"""A mixture of Gaussians whose number of components is chosen by BIC when it is not given."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from scipy.special import logsumexp

from .base import Array, Density, per_feature_floor, require_count
from .gaussian import gaussian_log_prob

# The search for the number of components ends after this many in a row that did not lower the BIC.
_PATIENCE = 3


class GaussianMixture(Density):
    r"""A mixture of Gaussians with full covariances, fitted by scikit-learn's EM.

    .. math:: p(z) = \sum_{k=1}^K \pi_k \, N(z; \mu_k, \Sigma_k)

    With ``n_components=None`` the number of components K is the one of lowest
    :math:`\mathrm{BIC} = -2 \log L + m \log n` (m free parameters, n codes) among 1, 2, ...,
    ``max_components``; the search ends early when three in a row did not lower it.

    Parameters
    ----------
    n_components : int or None
        The number of components; None chooses by BIC.
    max_components : int
        The largest number tried; ignored when ``n_components`` is given.
    random_state : int, numpy.random.RandomState or None
        Seed of the starting points. A fixed default, so that the same codes give the same mixture.

    Attributes
    ----------
    weights_ : array of shape (k,)
        Share of each component.
    means_ : array of shape (k, d)
        Their means.
    covariances_ : array of shape (k, d, d)
        Their covariances.

    References
    ----------
    Schwarz, G. (1978). Estimating the dimension of a model. The Annals of Statistics 6(2), 461-464,
    doi:10.1214/aos/1176344136.

    Examples
    --------
    >>> import numpy as np
    >>> from diabolo.density import GaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> codes = np.concatenate([rng.normal(-4, 1, (100, 1)), rng.normal(4, 1, (100, 1))])
    >>> mixture = GaussianMixture().fit(codes)
    >>> len(mixture.weights_), sorted(mixture.means_[:, 0].round().tolist())
    (2, [-4.0, 4.0])
    """

    _state: ClassVar = {"weights": "k", "means": "k d", "covariances": "k d d"}
    _min_rows: ClassVar = 2

    weights_: Array
    means_: Array
    covariances_: Array

    def __init__(
        self, n_components: int | None = None, max_components: int = 10, random_state: Any = 0
    ) -> None:
        self.n_components = n_components
        self.max_components = max_components
        self.random_state = random_state

    def _learn(self, codes: Array) -> None:
        searched = self.n_components is None
        count = require_count(self, "max_components" if searched else "n_components", codes)
        best = self._search(codes, count) if searched else self._em(codes, count)
        if not best.converged_:
            warnings.warn(
                f"EM did not converge with {best.n_components} components on codes {codes.shape}; "
                "the mixture is usable, but fewer components may serve better.",
                UserWarning,
                stacklevel=4,
            )
        self.weights_, self.means_, self.covariances_ = best.weights_, best.means_, best.covariances_

    def _search(self, codes: Array, largest: int) -> Any:
        best, lowest, misses = None, np.inf, 0
        # A component with a full covariance needs more than d + 1 codes to mean anything.
        most = max(1, min(largest, len(codes) // (codes.shape[1] + 2)))
        for k in range(1, most + 1):
            fitted = self._em(codes, k)
            bic = fitted.bic(codes)
            if bic < lowest:
                best, lowest, misses = fitted, bic, 0
            else:
                misses += 1
            if misses == _PATIENCE:
                break
        return best

    def _em(self, codes: Array, k: int) -> Any:
        from sklearn import mixture
        from sklearn.exceptions import ConvergenceWarning

        em = mixture.GaussianMixture(
            k, reg_covar=per_feature_floor(codes.var(axis=0)), random_state=self.random_state
        )
        with warnings.catch_warnings():
            # Repeated codes make k-means find fewer clusters; EM copes. _learn tells of the chosen fit.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return em.fit(codes)

    def _draw(self, n: int, rng: np.random.RandomState) -> Array:
        component = rng.choice(len(self.weights_), size=n, p=self.weights_ / self.weights_.sum())
        chol = np.linalg.cholesky(self.covariances_)
        noise = rng.standard_normal((n, self.n_features_in_))
        value: Array = self.means_[component] + np.einsum("nij,nj->ni", chol[component], noise)
        return value

    def _score(self, codes: Array) -> Array:
        terms = [
            np.log(w) + gaussian_log_prob(codes, mean, covariance)
            for w, mean, covariance in zip(self.weights_, self.means_, self.covariances_, strict=True)
            if w > 0
        ]
        value: Array = logsumexp(np.stack(terms), axis=0)
        return value
