"""Are neighbours in the data neighbours in the code, and the other way round?

The definitions are those of Moor et al. (2020), section 5, and of the code published with it. No
matrix of all pairs is held: memory grows with the number of rows times the features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..errors import DataError, SettingError
from . import checks
from .checks import Float
from .distances import SquaredDistances, row_blocks
from .ranks import nearest, ranks_of

KS = tuple(range(10, 201, 10))
SIGMAS = (0.01, 0.1, 1.0)


def neighbourhood(
    X: npt.ArrayLike,
    Z: npt.ArrayLike,
    ks: Iterable[int] | None = None,
    sigmas: Iterable[float] = SIGMAS,
) -> dict[str, float]:
    """All neighbourhood measures of codes in one pass over the distances.

    Each measure is defined at the function of its name: :func:`density_kl` (keys ``kl_0.01`` and so
    on), :func:`mrre`, :func:`continuity`, :func:`trustworthiness`, :func:`distance_rmse` (key ``rmse``).
    Those that depend on a number of neighbours k are averaged over ``ks``. Distances are Euclidean,
    computed in float64; points at the same distance are ranked by their row number.

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data; further axes are flattened.
    Z : array of shape (rows, latent_dim)
        The codes.
    ks : iterable of int or None
        Numbers of neighbours, each below rows / 2. None: those of 10, 20, ..., 200 that are.
    sigmas : iterable of float
        Length scales of the density kernel.

    Returns
    -------
    dict of str to float

    Raises
    ------
    DataError
        If the rows do not match, are too few, or hold NaN or infinity.
    SettingError
        If a k or a sigma is out of its range.

    References
    ----------
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, Topological Autoencoders, ICML 2020, arXiv:1906.00722.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> scores = neighbourhood(X, X[:, :2], ks=[5, 10])
    >>> list(scores)
    ['kl_0.01', 'kl_0.1', 'kl_1', 'mrre', 'continuity', 'trustworthiness', 'rmse']
    >>> round(scores["kl_0.1"], 3)
    0.047
    """
    data, codes = checks.same_rows(X, Z)
    both = SquaredDistances(data), SquaredDistances(codes)
    return neighbourhood_of(*both, _resolve_ks(ks, len(data)), _resolve_sigmas(sigmas))


def neighbourhood_of(
    data: SquaredDistances,
    codes: SquaredDistances,
    ks: Sequence[int] | None = None,
    sigmas: Sequence[float] = SIGMAS,
) -> dict[str, float]:
    """:func:`neighbourhood` from distances that are there."""
    result = _sweep(data, codes, _resolve_ks(ks, len(data.X)), sigmas)
    return {
        **result.density_kl(),
        "mrre": float(np.mean(result.mrre())),
        "continuity": float(np.mean(result.continuity())),
        "trustworthiness": float(np.mean(result.trustworthiness())),
        "rmse": result.rmse(),
    }


def trustworthiness(X: npt.ArrayLike, Z: npt.ArrayLike, ks: int | Iterable[int] | None = None) -> float:
    r"""Are the neighbours of a code neighbours in the data? One at best.

    .. math:: T(k) = 1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j \in N^Z_k(i) \setminus N^X_k(i)}
              (r^X_{ij} - k)

    with :math:`N_k(i)` the k nearest neighbours of row i and :math:`r_{ij}` the rank of j among them
    (1 for the nearest). At one k this is scikit-learn's ``trustworthiness``.

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data.
    Z : array of shape (rows, latent_dim)
        The codes.
    ks : int, iterable of int or None
        Numbers of neighbours to average over, each below rows / 2. None: 10, 20, ..., 200.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    J. Venna, S. Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001,
    doi:10.1007/3-540-44668-0_68.

    Examples
    --------
    >>> X = [[float(i), 0.0] for i in range(10)]
    >>> trustworthiness(X, X, ks=3)
    1.0
    """
    return float(np.mean(_ranked(X, Z, ks).trustworthiness()))


def continuity(X: npt.ArrayLike, Z: npt.ArrayLike, ks: int | Iterable[int] | None = None) -> float:
    r"""Are the neighbours of a data point neighbours in the code? One at best.

    :func:`trustworthiness` with data and codes exchanged: :math:`C(k) = T(k)` of (Z, X).

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data.
    Z : array of shape (rows, latent_dim)
        The codes.
    ks : int, iterable of int or None
        Numbers of neighbours to average over, each below rows / 2. None: 10, 20, ..., 200.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    J. Venna, S. Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001,
    doi:10.1007/3-540-44668-0_68.

    Examples
    --------
    >>> X = [[float(i), 0.0] for i in range(10)]
    >>> continuity(X, X, ks=3)
    1.0
    """
    return float(np.mean(_ranked(X, Z, ks).continuity()))


def mrre(X: npt.ArrayLike, Z: npt.ArrayLike, ks: int | Iterable[int] | None = None) -> float:
    r"""Mean relative rank error, the mean of both directions; zero at best.

    .. math:: M_{ZX}(k) = \frac{1}{C} \sum_i \sum_{j \in N^Z_k(i)} \frac{|r^X_{ij} - r^Z_{ij}|}{r^Z_{ij}},
              \qquad C = n \sum_{j=1}^{k} \frac{|2j - n - 1|}{j}

    :math:`M_{XZ}` exchanges X and Z.

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data.
    Z : array of shape (rows, latent_dim)
        The codes.
    ks : int, iterable of int or None
        Numbers of neighbours to average over, each below rows / 2. None: 10, 20, ..., 200.

    Returns
    -------
    float

    References
    ----------
    J. A. Lee, M. Verleysen, Quality assessment of dimensionality reduction: Rank-based criteria,
    Neurocomputing 72, 2009, doi:10.1016/j.neucom.2008.12.017.

    Examples
    --------
    >>> X = [[float(i), 0.0] for i in range(10)]
    >>> mrre(X, X, ks=3)
    0.0
    """
    return float(np.mean(_ranked(X, Z, ks).mrre()))


def density_kl(X: npt.ArrayLike, Z: npt.ArrayLike, sigma: float = 0.1) -> float:
    r"""Kullback-Leibler divergence from the codes' density estimate to the data's, in nats.

    .. math:: f_i = \sum_j \exp\left(-\frac{(d_{ij} / \max d)^2}{\sigma}\right), \quad
              p_i = \frac{f_i}{\sum_l f_l}, \quad \mathrm{KL} = \sum_i p^X_i \log\frac{p^X_i}{p^Z_i}

    Distances are divided by the largest of their space, so the scale of a code does not matter. Codes
    that are all equal have a flat density.

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data.
    Z : array of shape (rows, latent_dim)
        The codes.
    sigma : float
        Length scale of the kernel, in units of the squared largest distance.

    Returns
    -------
    float

    References
    ----------
    F. Chazal, D. Cohen-Steiner, Q. Merigot, Geometric inference for probability measures, Foundations
    of Computational Mathematics 11, 2011; M. Moor et al., ICML 2020, arXiv:1906.00722.

    Examples
    --------
    >>> X = [[float(i), 0.0] for i in range(10)]
    >>> density_kl(X, [[3.0 * i] for i in range(10)]) < 1e-12
    True
    """
    data, codes = checks.same_rows(X, Z)
    (value,) = (
        _sweep(SquaredDistances(data), SquaredDistances(codes), (), _resolve_sigmas([sigma]))
        .density_kl()
        .values()
    )
    return value


def distance_rmse(X: npt.ArrayLike, Z: npt.ArrayLike) -> float:
    r"""Root mean square difference of the distances in data and code, in the data's units.

    .. math:: \sqrt{\frac{1}{n^2} \sum_{ij} (d^X_{ij} - d^Z_{ij})^2}

    Parameters
    ----------
    X : array of shape (rows, ...)
        The data.
    Z : array of shape (rows, latent_dim)
        The codes.

    Returns
    -------
    float

    References
    ----------
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, Topological Autoencoders, ICML 2020, arXiv:1906.00722.

    Examples
    --------
    >>> distance_rmse([[0.0], [1.0]], [[0.0], [3.0]])
    1.4142135623730951
    """
    data, codes = checks.same_rows(X, Z)
    return _sweep(SquaredDistances(data), SquaredDistances(codes), (), ()).rmse()


@dataclass
class _Sums:
    """What a pass over all pairs adds up; the measures are read from it."""

    n: int
    ks: Sequence[int]
    intruders: list[int]  # sum of r^X - k over neighbours in Z alone, one a k (trustworthiness)
    missing: list[int]  # the same with X and Z exchanged (continuity)
    rank_error_z: Float  # sum of |r^X - r^Z| / r^Z over the r-th neighbours in Z
    rank_error_x: Float
    densities: dict[float, tuple[Float, Float]]
    squared: float = field(default=0.0)

    def _trust(self, excess: Sequence[int]) -> list[float]:
        n = self.n
        pairs = zip(self.ks, excess, strict=True)
        return [1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total for k, total in pairs]

    def trustworthiness(self) -> list[float]:
        return self._trust(self.intruders)

    def continuity(self) -> list[float]:
        return self._trust(self.missing)

    def mrre(self) -> list[float]:
        j = np.arange(1, max(self.ks) + 1)
        norm = self.n * np.cumsum(np.abs(2 * j - self.n - 1) / j)
        both = np.cumsum(self.rank_error_z + self.rank_error_x) / (2 * norm)
        return [float(both[k - 1]) for k in self.ks]

    def density_kl(self) -> dict[str, float]:
        scores = {}
        for sigma, (f_x, f_z) in self.densities.items():
            p, q = f_x / f_x.sum(), f_z / f_z.sum()
            scores[f"kl_{sigma:g}"] = float(np.sum(p * (np.log(p) - np.log(q))))
        return scores

    def rmse(self) -> float:
        return float(np.sqrt(self.squared) / self.n)


def _sweep(
    data: SquaredDistances, codes: SquaredDistances, ks: Sequence[int], sigmas: Sequence[float]
) -> _Sums:
    """One pass over all pairs (and one for the largest distance, where a density needs it)."""
    both = data, codes
    n, k_max = len(data.X), max(ks, default=0)
    sums = _Sums(
        n, ks, [0] * len(ks), [0] * len(ks), np.zeros(k_max), np.zeros(k_max),
        {sigma: (np.empty(n), np.empty(n)) for sigma in sigmas},
    )  # fmt: skip
    # Codes that are all equal have no largest distance; any number gives them a flat density.
    largest = [d.maximum() or 1.0 for d in both] if sigmas else []
    for rows in row_blocks(n, n):
        d_x, d_z = (d.block(rows) for d in both)
        for sigma, densities in sums.densities.items():
            for density, d, top in zip(densities, (d_x, d_z), largest, strict=True):
                density[rows] = np.exp(d * (-1.0 / (sigma * top))).sum(axis=1)
        if ks:
            _add_ranks(sums, d_x, d_z, rows)
        np.sqrt(d_x, out=d_x)
        np.sqrt(d_z, out=d_z)
        d_x -= d_z
        sums.squared += float(np.vdot(d_x, d_x))
    return sums


def _add_ranks(sums: _Sums, d_x: Float, d_z: Float, rows: slice) -> None:
    """Add what the ranks in a block of rows contribute."""
    own = np.arange(rows.start, rows.stop)
    for d in (d_x, d_z):
        d[np.arange(len(own)), own] = -1.0  # a row is its own neighbour of rank 0, before its duplicates
    sorted_x, sorted_z = np.sort(d_x, axis=1), np.sort(d_z, axis=1)
    k_max = max(sums.ks)
    near = np.arange(1, k_max + 1)
    rank_x = ranks_of(d_x, sorted_x, nearest(d_z, sorted_z, k_max))
    rank_z = ranks_of(d_z, sorted_z, nearest(d_x, sorted_x, k_max))
    sums.rank_error_z += (np.abs(rank_x - near) / near).sum(axis=0)
    sums.rank_error_x += (np.abs(rank_z - near) / near).sum(axis=0)
    for index, k in enumerate(sums.ks):
        # A rank above k says that the neighbour is not among the k nearest of the other space.
        sums.intruders[index] += int(np.maximum(rank_x[:, :k] - k, 0).sum())
        sums.missing[index] += int(np.maximum(rank_z[:, :k] - k, 0).sum())
    for d in (d_x, d_z):
        d[np.arange(len(own)), own] = 0.0


def _ranked(X: npt.ArrayLike, Z: npt.ArrayLike, ks: int | Iterable[int] | None) -> _Sums:
    data, codes = checks.same_rows(X, Z)
    return _sweep(SquaredDistances(data), SquaredDistances(codes), _resolve_ks(ks, len(data)), ())


def _resolve_ks(ks: int | Iterable[int] | None, n: int) -> tuple[int, ...]:
    if ks is None:
        usable = tuple(k for k in KS if 2 * k < n)
        if not usable:
            raise DataError(
                f"the default ks (10, 20, ..., 200) need more than 20 samples, got {n}; pass smaller ks such as "
                "ks=[1, 2]."
            )
        return usable
    given = list(ks) if isinstance(ks, Iterable) else [ks]
    if not given:
        raise SettingError("ks must hold at least one number of neighbours, got none.")
    high = (n - 1) // 2
    return tuple(checks.count(k, "k", high=high, why=f"below half of the {n} rows") for k in given)


def _resolve_sigmas(sigmas: Iterable[float]) -> tuple[float, ...]:
    return tuple(checks.positive(sigma, "sigma") for sigma in sigmas)
