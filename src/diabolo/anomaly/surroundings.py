"""How far a row is from the rows of training: from the nearest, from a few, and from the core of them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from ..metrics.checks import Float

NEIGHBOURS = 5
# The share of the training rows that the core holds, and how often it is looked for at most.
CORE, ROUNDS = 0.9, 4
# The share of the core that a row is compared with, and how many of its rows that is drawn from at most.
BROAD, DRAWN = 0.1, 2000


class Surroundings:
    """Distances to rows of training, by feature.

    A group of like anomalies among the training rows is near to its own members. The core leaves out the tenth of the
    rows that are farthest from the others: by the Mahalanobis distance or by that to a tenth of them, whichever finds
    them stranger, again and again without those that were left out before (concentration steps: P. J. Rousseeuw,
    K. Van Driessen, A fast algorithm for the minimum covariance determinant estimator, Technometrics 41(3), 1999,
    doi:10.1080/00401706.1999.10485670).

    Parameters
    ----------
    scaled : array of shape (rows, features)
        Training rows, standardised.
    seed : int
        Draws the rows of a large core that others are compared with.
    """

    def __init__(self, scaled: Float, seed: int) -> None:
        span = np.ptp(scaled, axis=0)
        # By its range, a feature that is nearly always the same does not drown the others.
        self._range = np.where(span > 0, span, 1.0)
        self._training = scaled / self._range
        self._near = NearestNeighbors().fit(self._training)
        rng = np.random.default_rng(seed)
        kept = _core(scaled, rng)
        self._centre, self._spread = _standard(scaled, kept)
        central = (scaled[kept] - self._centre) / self._spread
        self._whitening = whitening(central)
        self._compared = _drawn(kept, rng)
        self._broad = NearestNeighbors().fit(self._training[self._compared])
        self._is_compared = np.zeros(len(scaled), bool)
        self._is_compared[self._compared] = True

    def squares(self, scaled: Float, known: NDArray[np.intp]) -> Float:
        """Squared distances by feature: to the nearest row, a few, a tenth of the core, and in the core's spread.

        Parameters
        ----------
        scaled : array of shape (rows, features)
            Standardised as the training rows were.
        known : array of int of shape (rows,)
            Which row of training each is, and no neighbour of its own; -1 for those that are none.

        Returns
        -------
        ndarray of shape (4, rows, features)
        """
        rows, own = scaled / self._range, known >= 0
        few = _apart(self._near, self._training, rows, own, NEIGHBOURS)
        size = _broad(len(self._compared))
        central = self._training[self._compared]
        broad = _apart(self._broad, central, rows, own & self._is_compared[known], size)
        typical = np.square((scaled - self._centre) / self._spread @ self._whitening)
        return np.stack([few[:, 0], few.mean(axis=1), broad.mean(axis=1), typical])


def _apart(tree: NearestNeighbors, training: Float, rows: Float, own: NDArray[np.bool_], k: int) -> Float:
    """Squared differences (rows, k, features) from the nearest training rows; the nearest is left out of one's own."""
    near = tree.kneighbors(rows, min(k + 1, len(training)), return_distance=False)
    squares = np.square(rows[:, None] - training[near])
    order = np.argsort(squares.sum(axis=2), axis=1, kind="stable")
    squares = np.take_along_axis(squares, order[..., None], axis=1)
    return np.where(own[:, None, None], squares[:, 1:], squares[:, :-1])


def _broad(rows: int) -> int:
    return min(max(NEIGHBOURS, int(BROAD * rows)), rows - 1)


def _drawn(kept: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    places = np.flatnonzero(kept)
    return places if len(places) <= DRAWN else np.sort(rng.choice(places, DRAWN, replace=False))


def _core(scaled: Float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which training rows are of the core."""
    kept = np.ones(len(scaled), bool)
    for _ in range(ROUNDS):
        centre, spread = _standard(scaled, kept)
        rows = (scaled - centre) / spread
        compared = _drawn(kept, rng)
        size = _broad(len(compared))
        own = np.zeros(len(rows), bool)
        own[compared] = True
        distances = NearestNeighbors().fit(rows[compared]).kneighbors(rows, size + 1)[0]
        around = np.where(own[:, None], distances[:, 1:], distances[:, :-1])
        far = LedoitWolf().fit(rows[kept]).mahalanobis(rows), np.square(around).mean(axis=1)
        strange = np.maximum(*(rankdata(d) for d in far))
        found = np.zeros(len(rows), bool)
        found[np.argsort(strange, kind="stable")[: int(np.ceil(CORE * len(rows)))]] = True
        if (found == kept).all():
            break
        kept = found
    return kept


def _standard(scaled: Float, kept: NDArray[np.bool_]) -> tuple[Float, Float]:
    """Mean and standard deviation of rows that were kept; 1, that of all rows, where they are all the same."""
    rows = scaled[kept]
    return rows.mean(axis=0), np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1.0)


def whitening(centred: Float) -> Float:
    """The symmetric root of the inverse covariance of rows of mean 0, shrunk by the rule of Ledoit and Wolf.

    Parameters
    ----------
    centred : array of shape (rows, features)

    Returns
    -------
    ndarray of shape (features, features)
    """
    values, vectors = np.linalg.eigh(LedoitWolf(assume_centered=True).fit(centred).covariance_)
    floor = max(1e-8, 1e-6 * float(values.max()))
    return np.asarray((vectors / np.sqrt(np.maximum(values, floor))) @ vectors.T)
