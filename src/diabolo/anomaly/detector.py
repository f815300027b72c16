"""Which rows are strange: a detector that needs no tuning, and one over any model that reconstructs or finds likely."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data.foreign import as_arrays
from ..errors import SettingError, UnknownNameError
from ..metrics.checks import Float
from .committees import reconstructed
from .ensemble import AnomalyEnsemble

SCORES = ("auto", "anomaly_score", "ensemble", "log_likelihood", "reconstruction")
# Below this share of the variance a squared error is what float32 arithmetic leaves.
EXACT = 1e-12


class OutlierDetector(OutlierMixin, BaseEstimator):
    r"""Rows that a model finds strange, reconstructs badly or finds unlikely are outliers.

    Without a model of yours it needs no tuning: it scores by an :class:`~diabolo.anomaly.AnomalyEnsemble`, and the
    threshold is set on scores of training rows by networks that have not seen them, so that it holds on new rows. An
    autoencoder of yours, or whatever else reconstructs, is the network of this ensemble: it is fitted five times, each
    time without one fifth of the rows.

    ``scored_by="reconstruction"`` fits it once, and the anomaly score of a row is its squared error summed over
    features, :math:`s(x) = \sum_j (x_j - \hat x_j)^2`, in the units of the data: that of the widest or noisiest feature
    decides, unless features are standardised. A model that cannot reconstruct is scored by minus its own score. Then
    the threshold is set on the rows that the model was fitted to.
    All other signs are scikit-learn's: ``score_samples`` and ``decision_function`` are
    higher for more normal rows, ``predict`` gives +1 for inliers and -1 for outliers.

    Parameters
    ----------
    estimator : estimator or None
        Any estimator with ``fit`` and one of ``reconstruct``, ``transform`` with ``inverse_transform``,
        or ``score_samples`` (higher for more normal rows). It is cloned.
        None: :class:`~diabolo.anomaly.AnomalyEnsemble`.
    contamination : float
        The share of outliers among the training rows, in (0, 0.5]; sets the threshold.
    scored_by : str
        ``"anomaly_score"`` (the estimator's own, with its ``attribution``), ``"ensemble"`` (it is the network of an
        ensemble), ``"log_likelihood"`` (the estimator's ``score_samples``), or ``"auto"``: the first of them that the
        estimator can do. ``"reconstruction"`` only if asked for.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone, or the ensemble that it is the network of.
    offset_ : float
        ``decision_function`` is ``score_samples`` less this.
    score_ : str
        What is scored: ``"anomaly_score"`` (that of an ensemble too), ``"reconstruction"`` or ``"log_likelihood"``.
    n_features_in_ : int
        Number of features seen at ``fit``.

    References
    ----------
    N. Japkowicz, C. Myers, M. Gluck, A novelty detection approach to classification, IJCAI 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> x = np.linspace(-1, 1, 50)
    >>> detector = OutlierDetector(PCA(1)).fit(np.column_stack([x, x + 0.01 * np.sin(50 * x)]))
    >>> detector.predict([[0.5, 0.5], [0.5, -0.5]])
    array([ 1, -1])
    >>> detector.attribution([[0.5, -0.5]]).shape
    (1, 2)
    """

    def __init__(self, estimator: Any = None, contamination: float = 0.1, scored_by: str = "auto") -> None:
        self.estimator = estimator
        self.contamination = contamination
        self.scored_by = scored_by

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the estimator, and set the threshold from the scores of the training rows.

        Parameters
        ----------
        X : array of shape (rows, features)
            Training rows, two or more, mostly normal.
        y : None
            Ignored.

        Returns
        -------
        OutlierDetector

        Raises
        ------
        SettingError
            If contamination is out of range, or the estimator cannot be scored.
        """
        rows = validate_data(self, as_arrays(X), dtype=[np.float64, np.float32], ensure_min_samples=2)
        share = self.contamination
        if isinstance(share, bool | str) or share is None or not 0 < share <= 0.5:
            raise SettingError(f"contamination must be a number > 0 and <= 0.5, got {share!r}.")
        model = AnomalyEnsemble() if self.estimator is None else clone(self.estimator)
        self.score_ = _resolve_score(self.scored_by, model)
        if self.score_ == "ensemble":
            model, self.score_ = AnomalyEnsemble(network=model), "anomaly_score"
        self.estimator_ = model.fit(rows)
        self.training_scores_ = self._score(rows)
        self._warn_if_exact(rows)
        self.offset_ = float(np.percentile(self.training_scores_, 100.0 * share))
        return self

    def score_samples(self, X: Any) -> Float:
        """Minus the anomaly score: higher is more normal, as everywhere in scikit-learn.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows,)
        """
        return self._score(self._validate(X))

    def decision_function(self, X: Any) -> Float:
        """``score_samples`` less ``offset_``: negative for outliers.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows,)
        """
        return np.asarray(self.score_samples(X) - self.offset_)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """+1 for inliers, -1 for outliers.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of int of shape (rows,)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def anomaly_score(self, X: Any) -> Float:
        """Higher is stranger: the ensemble's score (1 is typical), or the squared error summed over features.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows,)
        """
        return -self.score_samples(X)

    def attribution(self, X: Any) -> Float:
        """The anomaly score of each feature: which feature made a row strange.

        Parameters
        ----------
        X : array of shape (rows, features)
            Samples.

        Returns
        -------
        ndarray of shape (rows, features)
            The sum over features is :meth:`anomaly_score`.

        Raises
        ------
        SettingError
            If the detector scores a likelihood, which has no parts.
        """
        rows = self._validate(X)
        if self.score_ == "log_likelihood":
            raise SettingError(
                f"{type(self.estimator_).__name__} is scored by its likelihood, which has no parts by "
                "feature; use an estimator that reconstructs."
            )
        return self._parts(rows)

    def as_pyod(self) -> PyODView:
        """The detector with PyOD's names and signs: higher is stranger, 1 is an outlier.

        Returns
        -------
        PyODView
        """
        check_is_fitted(self)
        scores = -self.training_scores_
        labels = (self.training_scores_ < self.offset_).astype(np.int64)
        return PyODView(self, scores, labels, -self.offset_)

    def _warn_if_exact(self, rows: Any) -> None:
        spread = float(((rows - rows.mean(axis=0)) ** 2).sum())
        if self.score_ == "reconstruction" and -self.training_scores_.sum() < EXACT * spread:
            warnings.warn(
                f"{type(self.estimator_).__name__} reconstructs its training rows without error, so that "
                "scores are rounding noise; give it fewer latent dimensions or components than features.",
                UserWarning,
                stacklevel=3,
            )

    def _validate(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, as_arrays(X), dtype=[np.float64, np.float32], reset=False)

    def _score(self, rows: Any) -> Float:
        if self.score_ == "log_likelihood":
            return np.asarray(self.estimator_.score_samples(rows), dtype=np.float64)
        return np.asarray(-self._parts(rows).sum(axis=1))

    def _parts(self, rows: Any) -> Float:
        if self.score_ == "anomaly_score":
            return np.asarray(self.estimator_.attribution(rows), dtype=np.float64)
        difference = np.asarray(rows, dtype=np.float64) - reconstructed(self.estimator_, rows)
        return np.asarray(difference**2)


@dataclass(frozen=True)
class PyODView:
    """An :class:`OutlierDetector` under PyOD's names; its signs are opposite to scikit-learn's.

    Attributes
    ----------
    detector : OutlierDetector
        The fitted detector.
    decision_scores_ : ndarray of shape (rows,)
        Scores of the training rows, higher is stranger.
    labels_ : ndarray of int of shape (rows,)
        1 for outliers among the training rows, else 0.
    threshold_ : float
        Scores above it are outliers.
    """

    detector: OutlierDetector
    decision_scores_: Float
    labels_: npt.NDArray[np.int64]
    threshold_: float

    def decision_function(self, X: Any) -> Float:
        """Scores of rows, higher is stranger."""
        return self.detector.anomaly_score(X)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """1 for outliers, 0 for inliers."""
        return (self.decision_function(X) > self.threshold_).astype(np.int64)


def _resolve_score(scored_by: str, model: Any) -> str:
    """Which score the model can give: its class is not ours, so its methods are what is known of it."""
    reconstructs = hasattr(model, "reconstruct") or (
        hasattr(model, "transform") and hasattr(model, "inverse_transform")
    )
    able = {
        "anomaly_score": hasattr(model, "anomaly_score") and hasattr(model, "attribution"),
        "ensemble": reconstructs,
        "reconstruction": reconstructs,
        "log_likelihood": hasattr(model, "score_samples"),
    }
    if scored_by not in SCORES:
        raise UnknownNameError("scored_by", scored_by, SCORES)
    for name, possible in able.items():
        if possible and scored_by in ("auto", name):
            return name
    wanted = {
        "anomaly_score": "anomaly_score and attribution",
        "auto": "reconstruct, transform with inverse_transform, or score_samples",
        **dict.fromkeys(("ensemble", "reconstruction"), "reconstruct, or transform with inverse_transform"),
        "log_likelihood": "score_samples",
    }
    raise SettingError(
        f"{type(model).__name__} cannot be scored with scored_by={scored_by!r}: it needs {wanted[scored_by]}."
    )
