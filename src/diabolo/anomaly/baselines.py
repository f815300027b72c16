"""What a detector must beat: the norm, the Mahalanobis distance, and what PCA cannot explain."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data.foreign import as_arrays
from ..errors import SettingError
from ..metrics import checks
from ..metrics.checks import Float

# What PCAResidual keeps when it is not told how many components.
EXPLAINED = 0.9
# Up to SMALL rows or features a full decomposition is cheap; up to WIDE features the covariance's is.
SMALL, WIDE = 200, 4000


class Baseline(BaseEstimator):
    """A scorer of rows: ``anomaly_score`` is higher for stranger rows, ``score_samples`` is its negative."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from rows what is normal.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        Baseline
            Itself.
        """
        self._learn(self._rows(X, reset=True))
        return self

    def _learn(self, rows: Float) -> None:
        """Learn from rows that were checked; with nothing to learn, nothing is done."""

    def score_samples(self, X: Any) -> Float:
        """Minus the anomaly score: higher is more normal.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows,)
        """
        return -self.anomaly_score(X)

    def anomaly_score(self, X: Any) -> Float:
        """Higher is stranger.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows,)
        """
        raise NotImplementedError

    def _rows(self, X: Any, reset: bool = False) -> Float:
        if not reset:
            check_is_fitted(self)
        low = 2 if reset else 1
        return np.asarray(
            validate_data(self, as_arrays(X), dtype=np.float64, reset=reset, ensure_min_samples=low)
        )


class NormBaseline(Baseline):
    r"""Strange rows are long: the squared norm, with nothing learnt.

    .. math:: s(x) = |x|^2

    Some published detectors of images do no better, since anomalous classes have more ink.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen at ``fit``.

    Examples
    --------
    >>> NormBaseline().fit([[0.0, 0.0], [1.0, 1.0]]).anomaly_score([[3.0, 4.0]])
    array([25.])
    """

    def anomaly_score(self, X: Any) -> Float:
        """The squared norm of each row, shape (rows,)."""
        rows = self._rows(X)
        return np.asarray(np.einsum("ij,ij->i", rows, rows))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")


class MahalanobisBaseline(Baseline):
    r"""Strange rows are far from the mean, in units of the training rows' spread.

    .. math:: s(x) = (x - \mu)^\top \Sigma^{-1} (x - \mu)

    The covariance is shrunk by the rule of Ledoit and Wolf, so that it can be inverted when there are
    fewer rows than features or constant features.

    Attributes
    ----------
    location_ : ndarray of shape (features,)
        Mean of the training rows.
    precision_ : ndarray of shape (features, features)
        Inverse of the shrunk covariance.

    References
    ----------
    P. C. Mahalanobis, On the generalised distance in statistics, Proceedings of the National Institute of
    Sciences of India 2, 1936. O. Ledoit, M. Wolf, A well-conditioned estimator for large-dimensional
    covariance matrices, Journal of Multivariate Analysis 88, 2004, doi:10.1016/S0047-259X(03)00096-4.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(500, 2)) * [1, 10]
    >>> near, far = MahalanobisBaseline().fit(X).anomaly_score([[0.0, 5.0], [5.0, 0.0]])
    >>> bool(near < 1 < far)
    True
    """

    def _learn(self, rows: Float) -> None:
        from sklearn.covariance import LedoitWolf

        shrunk = LedoitWolf().fit(rows)
        self.location_, self.precision_ = shrunk.location_, shrunk.precision_

    def anomaly_score(self, X: Any) -> Float:
        """The squared Mahalanobis distance of each row, shape (rows,)."""
        centred = self._rows(X) - self.location_
        return np.asarray(np.einsum("ij,ij->i", centred @ self.precision_, centred))


class PCAResidual(Baseline):
    r"""Strange rows are what PCA cannot explain: the squared error of its reconstruction.

    .. math:: s(x) = |x - \hat x|^2, \qquad \hat x = \mu + W W^\top (x - \mu)

    Parameters
    ----------
    n_components : int or None
        None: the fewest that explain 90 % of the variance, and fewer than there are features, since all
        of them would explain every row.

    Raises
    ------
    SettingError
        By ``fit``, if there are as many components as features, so that nothing is left to score.

    Attributes
    ----------
    mean_ : ndarray of shape (features,)
        Mean of the training rows.
    components_ : ndarray of shape (components, features)
        W, orthonormal rows.
    n_components_ : int
        Components in use.

    References
    ----------
    J. E. Jackson, G. S. Mudholkar, Control procedures for residuals associated with principal component
    analysis, Technometrics 21(3), 1979, doi:10.1080/00401706.1979.10489779.

    Examples
    --------
    >>> scorer = PCAResidual(1).fit([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    >>> scorer.anomaly_score([[5.0, 2.0]])
    array([4.])
    """

    def __init__(self, n_components: int | None = None) -> None:
        self.n_components = n_components

    def _learn(self, rows: Float) -> None:
        from sklearn.decomposition import PCA

        most = self._most_components(*rows.shape)
        total = float(rows.var(axis=0, ddof=1).sum())
        if total == 0 or most == 0:  # the mean explains all that there is, or all that is asked for
            self.mean_, self.components_ = rows.mean(axis=0), np.zeros((0, rows.shape[1]))
        else:
            pca = PCA(most, svd_solver=_solver(*rows.shape), random_state=0).fit(rows)
            if self.n_components is None:
                explained = np.cumsum(pca.explained_variance_)
                most = min(most, int(np.searchsorted(explained, EXPLAINED * total)) + 1)
            self.mean_, self.components_ = pca.mean_, pca.components_[:most]
        self.n_components_ = len(self.components_)

    def _most_components(self, rows: int, features: int) -> int:
        if self.n_components is None:
            return min(rows - 1, features - 1)
        why = f"fewer than n_features={features}, for something to be left"
        wanted = checks.count(self.n_components, "n_components", low=0, high=features - 1, why=why)
        if wanted > rows:
            raise SettingError(f"n_components={wanted} needs as many rows, got {rows}.")
        return wanted

    def reconstruct(self, X: Any) -> Float:
        """Rows as the components explain them.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows, features)
        """
        rows = self._rows(X)
        return np.asarray((rows - self.mean_) @ self.components_.T @ self.components_ + self.mean_)

    def anomaly_score(self, X: Any) -> Float:
        """The squared residual of each row, shape (rows,)."""
        residual = self._rows(X) - self.reconstruct(X)
        return np.asarray(np.einsum("ij,ij->i", residual, residual))


def _solver(rows: int, features: int) -> str:
    """An exact solver wherever it is cheap; the randomised one draws from a fixed seed."""
    if min(rows, features) <= SMALL:
        return "full"
    return "covariance_eigh" if rows >= features and features <= WIDE else "auto"


def norm_score(X: npt.ArrayLike) -> Float:
    """Anomaly score of :class:`NormBaseline`: the squared norm of each row.

    Parameters
    ----------
    X : array of shape (rows, ...)
        Samples.

    Returns
    -------
    ndarray of shape (rows,)

    Examples
    --------
    >>> norm_score([[3.0, 4.0]])
    array([25.])
    """
    rows = checks.matrix(X, "X")
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def mahalanobis_score(X_train: npt.ArrayLike, X: npt.ArrayLike) -> Float:
    """Anomaly score of :class:`MahalanobisBaseline` fitted on training rows.

    Parameters
    ----------
    X_train : array of shape (training rows, ...)
        Samples to fit to.
    X : array of shape (rows, ...)
        Samples to score.

    Returns
    -------
    ndarray of shape (rows,)

    Examples
    --------
    >>> mahalanobis_score([[-1.0], [1.0]], [[0.0], [2.0]])
    array([0., 4.])
    """
    return _score(MahalanobisBaseline(), X_train, X)


def pca_residual_score(X_train: npt.ArrayLike, X: npt.ArrayLike, n_components: int | None = None) -> Float:
    """Anomaly score of :class:`PCAResidual` fitted on training rows.

    Parameters
    ----------
    X_train : array of shape (training rows, ...)
        Samples to fit to.
    X : array of shape (rows, ...)
        Samples to score.
    n_components : int or None
        See :class:`PCAResidual`.

    Returns
    -------
    ndarray of shape (rows,)

    Examples
    --------
    >>> pca_residual_score([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]], [[5.0, 2.0]], n_components=1)
    array([4.])
    """
    return _score(PCAResidual(n_components), X_train, X)


def _score(model: Any, X_train: npt.ArrayLike, X: npt.ArrayLike) -> Float:
    train = checks.matrix(X_train, "X_train", min_rows=2)
    return np.asarray(model.fit(train).anomaly_score(checks.matrix(X, "X")))
