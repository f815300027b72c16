"""Do synthetic samples have the distribution of the real ones? Every figure says on which features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from . import checks
from .checks import Float
from .distances import SquaredDistances, row_blocks
from .features import Features, Score, extract


def mmd(
    real: npt.ArrayLike,
    synthetic: npt.ArrayLike,
    features: Features = None,
    bandwidth: float | None = None,
    n_permutations: int = 200,
    max_rows: int = 1000,
    random_state: int | None = 0,
) -> Score:
    r"""Squared maximum mean discrepancy, unbiased, with a permutation p-value.

    .. math:: \frac{1}{n(n-1)} \sum_{i \ne j} k(x_i, x_j) + \frac{1}{m(m-1)} \sum_{i \ne j} k(y_i, y_j)
              - \frac{2}{nm} \sum_{ij} k(x_i, y_j), \qquad k(x, y) = e^{-|x - y|^2 / (2 h^2)}

    Parameters
    ----------
    real : array of shape (rows, ...)
        Real rows.
    synthetic : array of shape (samples, ...)
        Synthetic rows with the same features.
    features : callable, transformer, (name, either), or None
        What to compare, see :func:`extract`; None: the rows themselves.
    bandwidth : float or None
        h, in units of the features. None: the median distance between the pooled rows.
    n_permutations : int
        Relabellings for the p-value; 0 for none.
    max_rows : int
        Of a larger set, this many rows are drawn.
    random_state : int or None
        Seed of the draw and of the relabelling.

    Returns
    -------
    Score
        May be slightly negative for equal distributions, since the estimate is unbiased.

    References
    ----------
    A. Gretton et al., A kernel two-sample test, JMLR 13, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(2, 100, 1))
    >>> mmd(x[0], x[1]).p_value > 0.05, mmd(x[0], x[1] + 1).p_value < 0.01
    (True, True)
    """
    rng = checks.generator(random_state)
    checks.count(n_permutations, "n_permutations", low=0)
    name, x, y = _prepare(real, synthetic, features, checks.count(max_rows, "max_rows", low=2), rng)
    n, m = len(x), len(y)
    pooled = np.concatenate([x, y])
    d = SquaredDistances(pooled).block(slice(0, n + m))
    if bandwidth is None:
        squared_h = float(np.median(d[np.triu_indices(n + m, 1)]))
    else:
        squared_h = checks.positive(bandwidth, "bandwidth") ** 2
    kernel = np.exp(d / (-2 * squared_h)) if squared_h > 0 else (d == 0).astype(np.float64)
    np.fill_diagonal(kernel, 0.0)
    order = [np.arange(n + m), *(rng.permutation(n + m) for _ in range(n_permutations))]
    in_first = np.zeros((n + m, len(order)))
    for column, rows in enumerate(order):
        in_first[rows[:n], column] = 1.0
    to_first = kernel @ in_first
    within_first = (in_first * to_first).sum(axis=0)
    between = to_first.sum(axis=0) - within_first
    within_second = kernel.sum() - within_first - 2 * between
    values = within_first / (n * (n - 1)) + within_second / (m * (m - 1)) - 2 * between / (n * m)
    # The given labelling is one of those counted, so that p is never zero.
    p = float(np.mean(values >= values[0])) if n_permutations else None
    return Score("mmd", float(values[0]), name, n, m, p_value=p)


def c2st(
    real: npt.ArrayLike,
    synthetic: npt.ArrayLike,
    features: Features = None,
    classifier: Any = None,
    random_state: int | None = 0,
) -> Score:
    r"""Classifier two-sample test: how well can a classifier tell synthetic from real? 0.5 at best.

    The larger set is cut to the size of the smaller, the classifier is trained on half of the rows, and
    the figure is its accuracy on the other half. The p-value is that of at least so many hits from a
    fair coin.

    Parameters
    ----------
    real : array of shape (rows, ...)
        Real rows, eight or more.
    synthetic : array of shape (samples, ...)
        Synthetic rows, eight or more, with the same features.
    features : callable, transformer, (name, either), or None
        What to compare, see :func:`extract`; None: the rows themselves.
    classifier : scikit-learn classifier or None
        It is cloned. None: a random forest of 100 trees.
    random_state : int or None
        Seed of the split, and of the default classifier.

    Returns
    -------
    Score

    References
    ----------
    D. Lopez-Paz, M. Oquab, Revisiting classifier two-sample tests, ICLR 2017, arXiv:1610.06545.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(2, 50, 1))
    >>> float(c2st(x[0], x[1] + 10))
    1.0
    """
    from scipy.stats import binomtest
    from sklearn.base import clone
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    rng = checks.generator(random_state)
    name, x, y = _prepare(real, synthetic, features, None, rng, min_rows=8)
    seed = int(rng.integers(2**31))
    model = RandomForestClassifier(100, random_state=seed) if classifier is None else clone(classifier)
    # The forest works in float32 anyway: wide rows are converted once, before they are copied.
    rows = np.concatenate([x, y], dtype=np.float32 if classifier is None else np.float64, casting="same_kind")
    label = np.repeat([0, 1], [len(x), len(y)])
    train, test, y_train, y_test = train_test_split(
        rows, label, test_size=0.5, stratify=label, random_state=seed
    )
    hits = int(np.sum(model.fit(train, y_train).predict(test) == y_test))
    p = float(binomtest(hits, len(test), 0.5, alternative="greater").pvalue)
    return Score("c2st", hits / len(test), name, len(x), len(y), p_value=p)


def precision_recall(
    real: npt.ArrayLike,
    synthetic: npt.ArrayLike,
    k: int = 3,
    features: Features = None,
    max_rows: int = 10_000,
    random_state: int | None = 0,
) -> dict[str, Score]:
    r"""Share of synthetic rows inside the real support (precision), and the reverse (recall).

    .. math:: \mathrm{precision} = \frac{1}{m} \sum_j \big[\exists i: |y_j - x_i| \le \rho_k(x_i)\big]

    with :math:`\rho_k(x_i)` the distance from :math:`x_i` to its k-th nearest neighbour among the real
    rows; recall exchanges x and y.

    Parameters
    ----------
    real : array of shape (rows, ...)
        Real rows.
    synthetic : array of shape (samples, ...)
        Synthetic rows with the same features.
    k : int
        Number of neighbours that make the radius.
    features : callable, transformer, (name, either), or None
        What to compare, see :func:`extract`; None: the rows themselves.
    max_rows : int
        Of a larger set, this many rows are drawn.
    random_state : int or None
        Seed of the draw.

    Returns
    -------
    dict of str to Score
        ``precision`` and ``recall``, in [0, 1].

    References
    ----------
    T. Kynkäänniemi, T. Karras, S. Laine, J. Lehtinen, T. Aila, Improved precision and recall metric for
    assessing generative models, NeurIPS 2019, arXiv:1904.06991.

    Examples
    --------
    >>> x = [[0.0], [1.0], [2.0], [3.0]]
    >>> scores = precision_recall(x, [[0.5], [1.5], [0.7], [99.0]], k=1)
    >>> float(scores["precision"]), float(scores["recall"])
    (0.75, 0.75)
    """
    pair = Pair.of(real, synthetic, features, max_rows, random_state)
    return pair.precision_recall(k)


def density_coverage(
    real: npt.ArrayLike,
    synthetic: npt.ArrayLike,
    k: int = 5,
    features: Features = None,
    max_rows: int = 10_000,
    random_state: int | None = 0,
) -> dict[str, Score]:
    r"""How densely synthetic rows lie among real ones, and the share of real rows they cover.

    .. math:: \mathrm{density} = \frac{1}{km} \sum_j \sum_i [|y_j - x_i| \le \rho_k(x_i)], \qquad
              \mathrm{coverage} = \frac{1}{n} \sum_i [\exists j: |y_j - x_i| \le \rho_k(x_i)]

    with :math:`\rho_k(x_i)` the distance from :math:`x_i` to its k-th nearest neighbour among the real
    rows. Unlike precision and recall they are not fooled by a few outliers.

    Parameters
    ----------
    real : array of shape (rows, ...)
        Real rows.
    synthetic : array of shape (samples, ...)
        Synthetic rows with the same features.
    k : int
        Number of neighbours that make the radius.
    features : callable, transformer, (name, either), or None
        What to compare, see :func:`extract`; None: the rows themselves.
    max_rows : int
        Of a larger set, this many rows are drawn.
    random_state : int or None
        Seed of the draw.

    Returns
    -------
    dict of str to Score
        ``density`` (about 1 for equal distributions, may exceed it) and ``coverage`` (in [0, 1]).

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo, Reliable fidelity and diversity metrics for generative
    models, ICML 2020, arXiv:2002.09797.

    Examples
    --------
    >>> x = [[0.0], [1.0], [2.0], [3.0]]
    >>> scores = density_coverage(x, [[0.5], [0.5], [0.5], [99.0]], k=1)
    >>> float(scores["density"]), float(scores["coverage"])
    (1.5, 0.5)
    """
    pair = Pair.of(real, synthetic, features, max_rows, random_state)
    return pair.density_coverage(k)


class Pair:
    """Real and synthetic rows, and the distances that several measures are made of.

    Parameters
    ----------
    name : str
        What the rows are compared on.
    real, synthetic : array of shape (rows, features)
    """

    def __init__(self, name: str, real: Float, synthetic: Float) -> None:
        self.real, self.synthetic = SquaredDistances(real), SquaredDistances(synthetic)
        self.across = SquaredDistances(real, synthetic)
        self._make = partial(Score, features=name, n_real=len(real), n_synthetic=len(synthetic))

    @classmethod
    def of(
        cls,
        real: npt.ArrayLike,
        synthetic: npt.ArrayLike,
        features: Features = None,
        max_rows: int = 10_000,
        random_state: int | None = 0,
    ) -> Pair:
        """As :func:`precision_recall` takes them."""
        rng = checks.generator(random_state)
        most = checks.count(max_rows, "max_rows", low=2)
        return cls(*_prepare(real, synthetic, features, most, rng))

    def precision_recall(self, k: int = 3) -> dict[str, Score]:
        """See :func:`precision_recall`."""
        n, m = len(self.real.X), len(self.synthetic.X)
        inside_real = _balls(self.real, self.across.block, m, k)
        inside_synthetic = _balls(self.synthetic, lambda rows: self.across.block(slice(None), rows).T, n, k)
        return {
            "precision": self._make("precision", float(np.mean(inside_real.hits > 0))),
            "recall": self._make("recall", float(np.mean(inside_synthetic.hits > 0))),
        }

    def density_coverage(self, k: int = 5) -> dict[str, Score]:
        """See :func:`density_coverage`."""
        m = len(self.synthetic.X)
        inside = _balls(self.real, self.across.block, m, k)
        return {
            "density": self._make("density", float(inside.hits.sum() / (k * m))),
            "coverage": self._make("coverage", float(np.mean(inside.covered))),
        }


def wasserstein(real: npt.ArrayLike, synthetic: npt.ArrayLike, features: Features = None) -> Score:
    r"""One-dimensional Wasserstein distance of each feature, and their mean.

    .. math:: W_1 = \int |F_x(t) - F_y(t)| \, dt

    Parameters
    ----------
    real : array of shape (rows, ...)
        Real rows.
    synthetic : array of shape (samples, ...)
        Synthetic rows with the same features.
    features : callable, transformer, (name, either), or None
        What to compare, see :func:`extract`; None: the rows themselves.

    Returns
    -------
    Score
        In units of the features; ``per_feature`` holds one distance a feature.

    References
    ----------
    C. Villani, Optimal transport: old and new, Springer 2009, doi:10.1007/978-3-540-71050-9.

    Examples
    --------
    >>> wasserstein([[0.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 0.0]]).per_feature
    (2.0, 0.0)
    """
    from scipy.stats import wasserstein_distance

    name, x, y = _prepare(real, synthetic, features, None, None, min_rows=1)
    each = tuple(float(wasserstein_distance(a, b)) for a, b in zip(x.T, y.T, strict=True))
    return Score("wasserstein", float(np.mean(each)), name, len(x), len(y), per_feature=each)


def _prepare(
    real: npt.ArrayLike,
    synthetic: npt.ArrayLike,
    features: Features,
    max_rows: int | None,
    rng: np.random.Generator | None,
    min_rows: int = 2,
) -> tuple[str, Float, Float]:
    """The features' name and two checked sets, drawn with rng to max_rows (None: the smaller set's)."""
    sets = list(checks.two_samples(real, synthetic, min_rows))
    most = min(map(len, sets)) if max_rows is None else max_rows
    if rng is not None:
        sets = [_draw(rows, most, rng) for rows in sets]
    name, x = extract(features, sets[0])
    _, y = extract(features, sets[1])
    return name, x, y


def _draw(rows: Float, most: int, rng: np.random.Generator) -> Float:
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.sort(rng.choice(len(rows), size=most, replace=False))])


@dataclass
class _Inside:
    hits: npt.NDArray[np.int64]  # for each point, the number of balls that hold it
    covered: npt.NDArray[np.bool_]  # for each ball, whether it holds a point


def _balls(among: SquaredDistances, to_points: Callable[[slice], Float], m: int, k: int) -> _Inside:
    """Which points lie in the balls around centres that reach their k-th nearest neighbour.

    ``among`` has the distances of the centres, ``to_points`` gives those of some of them to the m points.
    """
    n = len(among.X)
    checks.count(k, "k", high=n - 1, why=f"a set has {n} rows")
    inside = _Inside(np.zeros(m, dtype=np.int64), np.zeros(n, dtype=bool))
    for rows in row_blocks(n, max(n, m)):
        d = among.block(rows)
        d[np.arange(len(d)), np.arange(rows.start, rows.stop)] = -1.0  # not a neighbour of itself
        radius = np.partition(d, k, axis=1)[:, k]
        held = to_points(rows) <= radius[:, None]
        inside.hits += held.sum(axis=0)
        inside.covered[rows] = held.any(axis=1)
    return inside
