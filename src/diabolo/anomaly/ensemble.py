"""What an autoencoder leaves of a row, and how far the row is from others, in one score."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.utils import check_random_state

from ..metrics import checks
from ..metrics.checks import Float
from .baselines import Baseline
from .committees import STEPS, LinearStart, Refitted
from .surroundings import DRAWN, Surroundings, whitening

MEMBERS = 5
# Numbers that one block of rows may take on its way through the views.
BLOCK = 4_000_000
# Added to a view's score in units of its typical one: how near to 0 a duplicate is, is no news.
LEAST = 0.1
# The least spread of a view's logarithm, for views that find all rows alike.
NARROWEST = 0.1
# How much the views that find a row strange count before those that do not: 1 is a mean of powers.
SHARPNESS = 2.0
# Where the score would be more than float64 can hold.
LARGEST = 600.0


class AnomalyEnsemble(Baseline):
    r"""Strange rows surprise five views: what an autoencoder leaves of them, and four distances.

    With each feature standardised, the views of a row are

    - reconstruction: the squared Mahalanobis distance of what an autoencoder leaves of it, in the spread that this has
      on held-out rows;
    - neighbours, with each feature divided by its range: the squared distance to the nearest training row, to the five
      nearest, and to a tenth of the core of the training rows;
    - the squared Mahalanobis distance in the core's spread.

    The core are the training rows without the tenth that is farthest from the others, so that a group of like anomalies
    among them is strange all the same. The score is the mean of the views once powers have brought all to the same
    spread among training rows, and a power back:

    .. math:: s(x) = \Big(\frac15 \sum_v \exp 2 \frac{\log(s_v(x) / m_v + 0.1) - c_v}{w_v}\Big)^{\bar w / 2}

    so that about 1 is typical of a normal row. The autoencoder comes in five copies, each of which has not seen one
    fifth of the training rows. A row of training is scored by the copy that has not seen it, and is no neighbour of its
    own: its score is what it would be as a new row, and a threshold set on such scores holds.

    Parameters
    ----------
    steps : int, default 2000
        Batches that the networks are trained on; each keeps the state that was best on the rows that it left out.
        Ignored with a network of your own.
    random_state : int, RandomState or None, default 0
        Decides the folds, the first weights and the batches.
    network : estimator or None
        What reconstructs: an :class:`~diabolo.Autoencoder`, or any estimator with ``reconstruct``, or ``transform`` and
        ``inverse_transform``. It is cloned and fitted five times, to rows in the units given. None: small autoencoders
        that start at the principal components.

    Attributes
    ----------
    mean_, spread_ : ndarray of shape (features,)
        What features are standardised by.
    n_features_in_ : int
        Number of features seen at ``fit``.

    References
    ----------
    P. H. Garthwaite, I. Koch, Evaluating the contributions of individual variables to a quadratic form, Australian &
    New Zealand Journal of Statistics 58(1), 2016, doi:10.1111/anzs.12144, for contributions to a Mahalanobis distance;
    S. Ramaswamy, R. Rastogi, K. Shim, Efficient algorithms for mining outliers from large data sets, SIGMOD 2000, for
    neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 60)
    >>> ensemble = AnomalyEnsemble().fit(np.column_stack([x, x + 0.01 * np.sin(50 * x), np.cos(40 * x)]))
    >>> near, far = ensemble.anomaly_score([[0.5, 0.5, 0.4], [0.5, -0.5, 0.4]])
    >>> bool(near < 3 < 30 < far)
    True
    """

    def __init__(self, steps: int = STEPS, random_state: Any = 0, network: Any = None) -> None:
        self.steps = steps
        self.random_state = random_state
        self.network = network

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
        rows = self._rows(X, reset=True) + 0.0
        steps = checks.count(self.steps, "steps", low=1)
        self.mean_ = rows.mean(axis=0)
        # The standard deviation of equal numbers is not always 0.
        self.spread_ = np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1.0)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        members = min(MEMBERS, len(rows))
        self._fold_of = np.random.default_rng(seed).permutation(len(rows)) % members
        self._places = {row.tobytes(): i for i, row in enumerate(rows)}
        scaled = self._scaled(rows)
        self._committee: LinearStart | Refitted = (
            LinearStart(scaled, self._fold_of, members, seed, steps)
            if self.network is None
            else Refitted(self.network, rows, self._fold_of, members)
        )
        self._surroundings = Surroundings(scaled, seed)
        self._calibrate(rows)
        return self

    def anomaly_score(self, X: Any) -> Float:
        """The mean of the views, shape (rows,); 1 is typical of a normal row."""
        return self.attribution(X).sum(axis=1)

    def attribution(self, X: Any) -> Float:
        """The part of each feature in the anomaly score, by its mean share of the views.

        Parameters
        ----------
        X : array of shape (rows, features)
            Rows in the units of the training.

        Returns
        -------
        ndarray of shape (rows, features)
            Numbers >= 0 whose sum over features is :meth:`anomaly_score`.
        """
        return self._in_blocks(self._parts, self._rows(X))

    def _parts(self, rows: Float) -> Float:
        views = self._views(rows) + np.finfo(float).tiny
        sums = views.sum(axis=2)
        logs = SHARPNESS * (self._logs(sums) - self._centre[:, None]) / self._width[:, None]
        joined = logsumexp(logs, axis=0) - np.log(len(logs))
        score = np.exp(np.minimum(joined * self._width.mean() / SHARPNESS, LARGEST))
        # By the mean share, not by that of the largest view: an autoencoder blames all that shares a spoilt code.
        return np.asarray(score[:, None] * (views / sums[..., None]).mean(axis=0))

    def _scaled(self, rows: Float) -> Float:
        return np.asarray((rows - self.mean_) / self.spread_)

    def _in_blocks(self, compute: Any, rows: Float) -> Float:
        size = max(1, BLOCK // (min(DRAWN, len(self._fold_of)) // 10 + 4 * MEMBERS) // rows.shape[1])
        return np.concatenate([compute(rows[i : i + size]) for i in range(0, len(rows), size)])

    def _calibrate(self, rows: Float) -> None:
        """Learn from held-out residuals how they spread, and from held-out scores what is typical of each view."""
        self._whitening = np.eye(rows.shape[1])
        self._whitening = whitening(self._in_blocks(self._unexpected, rows))
        sums = self._in_blocks(lambda block: self._views(block).sum(axis=2).T, rows).T
        self._typical = np.array([np.median(v) or v.mean() or 1.0 for v in sums])
        logs = self._logs(sums)
        self._centre, self._width = logs.mean(axis=1), np.maximum(logs.std(axis=1), NARROWEST)

    def _logs(self, sums: Float) -> Float:
        return np.asarray(np.log(sums / self._typical[:, None] + LEAST))

    def _unexpected(self, rows: Float) -> Float:
        """What is left of rows of training by the member that has not seen them."""
        return np.einsum("mnp,nm->np", self._residuals(rows), self._askers(self._known(rows)))

    def _residuals(self, rows: Float) -> Float:
        """What each member leaves of rows, in units of the standardised features: (members, rows, features)."""
        if self.network is None:
            return self._committee.residuals(self._scaled(rows))
        return np.asarray(self._committee.residuals(rows) / self.spread_)

    def _known(self, rows: Float) -> NDArray[np.intp]:
        """Which row of training each row is, -1 for those that are none."""
        # Adding 0 gives -0 and 0 the same bytes, by which rows of training are known.
        return np.array([self._places.get(row.tobytes(), -1) for row in rows + 0.0], dtype=np.intp)

    def _askers(self, known: NDArray[np.intp]) -> Float:
        """Weights (rows, members) of whom to ask: all, or of a row of training the one that has not seen it."""
        members = int(self._fold_of.max()) + 1
        unseen_by = self._fold_of[known][:, None] == np.arange(members)
        return np.where(known[:, None] < 0, 1 / members, unseen_by)

    def _views(self, rows: Float) -> Float:
        """The parts of features in the score of each view: (views, rows, features), none negative."""
        known = self._known(rows)
        left = np.square(self._residuals(rows) @ self._whitening)
        reconstruction = np.einsum("mnp,nm->np", left, self._askers(known))
        return np.concatenate([reconstruction[None], self._surroundings.squares(self._scaled(rows), known)])
