"""Three views of a row in one score: its features from one another, its reconstruction, its neighbours."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ..metrics import checks
from ..metrics.checks import Float
from .baselines import Baseline
from .committees import STEPS, Folds, LinearStart, MaskedPrediction

MEMBERS, NEIGHBOURS = 5, 5
# Numbers that one block of rows may take on its way through the networks.
BLOCK = 2_000_000
# Added to a view's score in units of its typical one: how near to 0 a duplicate is, is no news.
LEAST = 0.1
# The least spread of a view's logarithm, for views that find all rows alike.
NARROWEST = 0.1
# Where its power would be more than float64 can hold.
LARGEST = 600.0


class AnomalyEnsemble(Baseline):
    r"""Strange rows surprise three views: what features say of one another, an autoencoder, and neighbours.

    With each feature standardised, the views of a row are

    - masked prediction: each feature is predicted from the others by a network that is told which are hidden; the
      squared Mahalanobis distance of what was not expected, in the spread that it has on held-out rows;
    - reconstruction: the squared error of an autoencoder that starts at the principal components;
    - neighbours: the mean squared distance to the five nearest training rows.

    The score is their mean once powers have brought all to the same spread among training rows, and a power back:

    .. math:: s(x) = \Big(\frac13 \sum_v \exp \frac{\log(s_v(x) / m_v + 0.1) - c_v}{w_v}\Big)^{\bar w}

    so that 1 is typical of a normal row. Networks come in five copies, each of which has not seen one fifth of the
    training rows. A row of training is scored by the copy that has not seen it, and is no neighbour of its own: its
    score is what it would be as a new row, and a threshold set on such scores holds.

    Parameters
    ----------
    steps : int, default 2000
        Batches that the networks are trained on; each keeps the state that was best on the rows that it left out.
    random_state : int, RandomState or None, default 0
        Decides the folds, the first weights and the batches.

    Attributes
    ----------
    mean_, spread_ : ndarray of shape (features,)
        What features are standardised by.
    n_features_in_ : int
        Number of features seen at ``fit``.

    References
    ----------
    H. Xu, Y. Wang, S. Jian, Z. Huang, Y. Wang, N. Liu, F. Li, Beyond outlier detection: outlier interpretation by
    attention-guided triplet deviation network, WWW 2021, for contributions; P. H. Garthwaite, I. Koch, Evaluating the
    contributions of individual variables to a quadratic form, Australian & New Zealand Journal of Statistics 58(1),
    2016, doi:10.1111/anzs.12144, for those of a Mahalanobis distance; S. Ramaswamy, R. Rastogi, K. Shim, Efficient
    algorithms for mining outliers from large data sets, SIGMOD 2000, for neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 60)
    >>> ensemble = AnomalyEnsemble().fit(np.column_stack([x, x + 0.01 * np.sin(50 * x), np.cos(40 * x)]))
    >>> near, far = ensemble.anomaly_score([[0.5, 0.5, 0.4], [0.5, -0.5, 0.4]])
    >>> bool(near < 3 < 30 < far)
    True
    """

    def __init__(self, steps: int = STEPS, random_state: Any = 0) -> None:
        self.steps = steps
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the networks, and learn from rows held out of each what scores are typical.

        Parameters
        ----------
        X : array of shape (rows, features)
            Training rows, two or more, mostly normal.
        y : None
            Ignored.

        Returns
        -------
        AnomalyEnsemble
        """
        from sklearn.neighbors import NearestNeighbors

        rows = self._rows(X, reset=True)
        steps = checks.count(self.steps, "steps", low=1)
        self.mean_, spread = rows.mean(axis=0), rows.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        scaled = self._scaled(rows)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        members = min(MEMBERS, len(scaled))
        self._fold_of = np.random.default_rng(seed).permutation(len(scaled)) % members
        self._places = {row.tobytes(): i for i, row in enumerate(scaled)}
        folds = Folds(torch.from_numpy(scaled).float(), self._fold_of, members)
        self._committees = (MaskedPrediction(folds, seed, steps), LinearStart(folds, seed, steps))
        self._training = scaled
        self._nearest = NearestNeighbors().fit(scaled)
        self._calibrate(scaled)
        return self

    def anomaly_score(self, X: Any) -> Float:
        """The mean of the views, shape (rows,); 1 is typical of a normal row."""
        return self.attribution(X).sum(axis=1)

    def attribution(self, X: Any) -> Float:
        """The part of each feature in the anomaly score, by its mean share of the three views.

        Parameters
        ----------
        X : array of shape (rows, features)
            Rows in the units of the training.

        Returns
        -------
        ndarray of shape (rows, features)
            Numbers >= 0 whose sum over features is :meth:`anomaly_score`.
        """
        return self._in_blocks(self._parts, self._scaled(self._rows(X)))

    def _parts(self, scaled: Float) -> Float:
        views = self._views(scaled) + np.finfo(float).tiny
        sums = views.sum(axis=2)
        logs = (self._logs(sums) - self._centre[:, None]) / self._width[:, None]
        powers = np.exp(np.minimum(logs, LARGEST))
        score = powers.mean(axis=0) ** self._width.mean()
        # By the mean share, not by that of the largest view: an autoencoder blames all that shares a spoilt code.
        return np.asarray(score[:, None] * (views / sums[..., None]).mean(axis=0))

    def _scaled(self, rows: Float) -> Float:
        # Adding 0 gives -0 and 0 the same bytes, by which rows of training are known.
        return np.asarray((rows - self.mean_) / self.spread_ + 0.0)

    def _in_blocks(self, compute: Any, scaled: Float) -> Float:
        size = max(1, BLOCK // (MEMBERS * 4 * scaled.shape[1]))
        return np.concatenate([compute(scaled[i : i + size]) for i in range(0, len(scaled), size)])

    def _calibrate(self, scaled: Float) -> None:
        """Learn from held-out residuals how they spread, and from held-out scores what is typical of each view."""
        self._whitening = np.eye(scaled.shape[1])
        self._whitening = _whitening(self._in_blocks(self._unexpected, scaled))
        sums = self._in_blocks(lambda block: self._views(block).sum(axis=2).T, scaled).T
        self._typical = np.array([np.median(v) or v.mean() or 1.0 for v in sums])
        logs = self._logs(sums)
        self._centre, self._width = logs.mean(axis=1), np.maximum(logs.std(axis=1), NARROWEST)

    def _logs(self, sums: Float) -> Float:
        return np.asarray(np.log(sums / self._typical[:, None] + LEAST))

    def _unexpected(self, scaled: Float) -> Float:
        """Residuals of masked prediction of rows of training, by the member that has not seen them."""
        residuals = self._committees[0].residuals(scaled)
        return np.einsum("mnp,nm->np", residuals, self._askers(self._known(scaled)))

    def _known(self, scaled: Float) -> NDArray[np.intp]:
        """Which row of training each row is, -1 for those that are none."""
        return np.array([self._places.get(row.tobytes(), -1) for row in scaled], dtype=np.intp)

    def _askers(self, known: NDArray[np.intp]) -> Float:
        """Weights (rows, members) of whom to ask: all, or of a row of training the one that has not seen it."""
        members = int(self._fold_of.max()) + 1
        unseen_by = self._fold_of[known][:, None] == np.arange(members)
        return np.where(known[:, None] < 0, 1 / members, unseen_by)

    def _views(self, scaled: Float) -> Float:
        """The parts of features in the score of each view: (views, rows, features), none negative."""
        known = self._known(scaled)
        askers = self._askers(known)
        masked, rebuilt = (committee.residuals(scaled) for committee in self._committees)
        squares = (np.square(masked @ self._whitening), np.square(rebuilt))
        asked = [np.einsum("mnp,nm->np", square, askers) for square in squares]
        return np.stack([*asked, self._to_neighbours(scaled, known >= 0)])

    def _to_neighbours(self, scaled: Float, known: NDArray[np.bool_]) -> Float:
        """Mean squared distance to the nearest training rows by feature; a row is no neighbour of its own."""
        k = min(NEIGHBOURS + 1, len(self._training))
        near = self._nearest.kneighbors(scaled, k, return_distance=False)
        squares = np.square(scaled[:, None] - self._training[near])
        order = np.argsort(squares.sum(axis=2), axis=1, kind="stable")
        squares = np.take_along_axis(squares, order[..., None], axis=1)
        return np.where(known[:, None], squares[:, 1:].mean(axis=1), squares[:, : max(1, k - 1)].mean(axis=1))


def _whitening(residuals: Float) -> Float:
    """The symmetric root of the residuals' inverse covariance, shrunk by the rule of Ledoit and Wolf."""
    from sklearn.covariance import LedoitWolf

    covariance = LedoitWolf(assume_centered=True).fit(residuals).covariance_
    values, vectors = np.linalg.eigh(covariance)
    floor = max(1e-8, 1e-6 * float(values.max()))
    return np.asarray((vectors / np.sqrt(np.maximum(values, floor))) @ vectors.T)
