"""Is the latent space used? Collapse, dimension, dead units, fit to the prior, clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, SettingError
from . import checks
from .checks import Float


def active_units(codes: npt.ArrayLike, threshold: float = 0.01) -> npt.NDArray[np.bool_]:
    r"""Which latent dimensions carry information about the input.

    .. math:: \mathrm{Var}_x\left(\mathbb{E}_{q(z|x)}[z_j]\right) > \delta

    Parameters
    ----------
    codes : array of shape (rows, latent_dim)
        Posterior means (for a deterministic model, the codes).
    threshold : float
        Delta, in squared units of the code.

    Returns
    -------
    ndarray of bool of shape (latent_dim,)
        Its sum is the number of active units.

    References
    ----------
    Y. Burda, R. Grosse, R. Salakhutdinov, Importance weighted autoencoders, ICLR 2016, arXiv:1509.00519.

    Examples
    --------
    >>> active_units([[1.0, 0.001], [-1.0, 0.0]])
    array([ True, False])
    """
    return np.asarray(checks.matrix(codes, "codes", min_rows=2).var(axis=0) > threshold)


def kl_per_dimension(mean: npt.ArrayLike, log_variance: npt.ArrayLike) -> Float:
    r"""Kullback-Leibler divergence of each latent dimension from the standard normal, in nats.

    .. math:: \frac{1}{n} \sum_i \frac{1}{2} \left(\mu_{ij}^2 + \sigma_{ij}^2 - \log \sigma_{ij}^2 - 1\right)

    Parameters
    ----------
    mean : array of shape (rows, latent_dim)
        Posterior means.
    log_variance : array of shape (rows, latent_dim)
        Logarithms of the posterior variances.

    Returns
    -------
    ndarray of shape (latent_dim,)
        Zero where the posterior is the prior: the dimension has collapsed.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-encoding variational Bayes, ICLR 2014, arXiv:1312.6114.

    Examples
    --------
    >>> kl_per_dimension([[0.0, 1.0]], [[0.0, 0.0]])
    array([0. , 0.5])
    """
    mu, log_var = checks.matrix(mean, "mean"), checks.matrix(log_variance, "log_variance")
    if mu.shape != log_var.shape:
        raise DataError(f"mean has shape {mu.shape} and log_variance {log_var.shape}; they must be equal.")
    return np.asarray(0.5 * np.mean(mu**2 + np.expm1(log_var) - log_var, axis=0))


def effective_rank(codes: npt.ArrayLike) -> float:
    r"""Effective number of dimensions: the exponential of the entropy of the singular values.

    .. math:: \exp\left(-\sum_j p_j \log p_j\right), \qquad p_j = s_j / \textstyle\sum_l s_l

    with :math:`s_j` the singular values of the centred codes.

    Parameters
    ----------
    codes : array of shape (rows, latent_dim)
        Codes of samples.

    Returns
    -------
    float
        From 1 to latent_dim; 0 if all codes are equal.

    References
    ----------
    O. Roy, M. Vetterli, The effective rank: a measure of effective dimensionality, EUSIPCO 2007.

    Examples
    --------
    >>> effective_rank([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    2.0
    """
    s = _singular_values(codes)
    if s.sum() == 0:
        return 0.0
    p = s / s.sum()
    return float(np.exp(-np.sum(p * np.log(np.where(p > 0, p, 1.0)))))


def participation_ratio(codes: npt.ArrayLike) -> float:
    r"""Number of dimensions over which the variance is spread.

    .. math:: \frac{(\sum_j \lambda_j)^2}{\sum_j \lambda_j^2}

    with :math:`\lambda_j` the eigenvalues of the codes' covariance.

    Parameters
    ----------
    codes : array of shape (rows, latent_dim)
        Codes of samples.

    Returns
    -------
    float
        From 1 to latent_dim; 0 if all codes are equal.

    References
    ----------
    P. Gao et al., A theory of multineuronal dimensionality, dynamics and measurement, bioRxiv 2017,
    doi:10.1101/214262.

    Examples
    --------
    >>> participation_ratio([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    2.0
    """
    s = _singular_values(codes)
    if s.sum() == 0:
        return 0.0
    share = (s / s.max()) ** 2
    return float(share.sum() ** 2 / np.sum(share**2))


def dead_units(activations: npt.ArrayLike, share: float = 0.99) -> npt.NDArray[np.bool_]:
    """Which units are zero on more than a share of the rows (a dead ReLU).

    Parameters
    ----------
    activations : array of shape (rows, units)
        Outputs of a layer, or codes.
    share : float
        In [0, 1).

    Returns
    -------
    ndarray of bool of shape (units,)

    References
    ----------
    L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, Dying ReLU and initialization: theory and numerical
    examples, Communications in Computational Physics 28(5), 2020, doi:10.4208/cicp.OA-2020-0165.

    Examples
    --------
    >>> dead_units([[0.0, 1.0], [0.0, 0.0]])
    array([ True, False])
    """
    if not 0 <= share < 1:
        raise SettingError(f"share must be a number >= 0 and < 1, got {share!r}.")
    return np.asarray(np.mean(checks.matrix(activations, "activations") == 0, axis=0) > share)


@dataclass(frozen=True)
class CodeHistogram:
    """Histogram of each latent dimension beside the prior.

    Attributes
    ----------
    edges : ndarray of shape (bins + 1,)
        Borders of the bins, in units of the code.
    density : ndarray of shape (latent_dim, bins)
        Share of the codes in each bin divided by its width.
    prior : ndarray of shape (bins,)
        The same for the prior.
    distance : ndarray of shape (latent_dim,)
        Kolmogorov-Smirnov distance between codes and prior, in [0, 1].
    """

    edges: Float
    density: Float
    prior: Float
    distance: Float


def code_histogram(
    codes: npt.ArrayLike, prior_cdf: Callable[[Any], Any] | None = None, bins: int = 40
) -> CodeHistogram:
    """The histogram of each latent dimension against the prior's density.

    Parameters
    ----------
    codes : array of shape (rows, latent_dim)
        For a stochastic latent, samples rather than means: it is their distribution that should match.
    prior_cdf : callable or None
        Cumulative distribution function of the prior of one dimension. None: the standard normal's.
    bins : int
        Number of bins, of equal width from the smallest to the largest code.

    Returns
    -------
    CodeHistogram

    References
    ----------
    A. Kolmogorov, Sulla determinazione empirica di una legge di distribuzione, Giornale dell'Istituto
    Italiano degli Attuari 4, 1933.

    Examples
    --------
    >>> code_histogram([[-1.0], [0.0], [1.0]], bins=2).density
    array([[0.33333333, 0.66666667]])
    """
    from scipy.special import ndtr

    z = checks.matrix(codes, "codes", min_rows=2)
    cdf = ndtr if prior_cdf is None else prior_cdf
    edges = np.histogram_bin_edges(z, bins=checks.count(bins, "bins"))
    width = np.diff(edges)
    counts = np.stack([np.histogram(column, edges)[0] for column in z.T])
    n = len(z)
    ordered = np.asarray(cdf(np.sort(z, axis=0)), dtype=np.float64)
    steps = np.arange(n + 1)[:, None] / n
    distance = np.maximum(steps[1:] - ordered, ordered - steps[:-1]).max(axis=0)
    return CodeHistogram(edges, counts / (n * width), np.diff(cdf(edges)) / width, distance)


def cluster_agreement(
    codes: npt.ArrayLike,
    y: npt.ArrayLike,
    data: npt.ArrayLike | None = None,
    n_clusters: int | None = None,
    random_state: int | None = 0,
) -> dict[str, float]:
    """Do clusters of the codes match the labels, and do PCA's at the same dimension?

    K-means (ten starts) is run on the codes; ARI is the adjusted Rand index, NMI the normalised mutual
    information (arithmetic mean) of clusters and labels.

    Parameters
    ----------
    codes : array of shape (rows, latent_dim)
        The codes.
    y : array of shape (rows,)
        Labels.
    data : array of shape (rows, ...) or None
        The data, to give the same figures for its PCA at latent_dim (or as many as the data have).
    n_clusters : int or None
        None: as many as there are labels.
    random_state : int or None
        Seed of k-means.

    Returns
    -------
    dict of str to float
        ``ari`` and ``nmi``; with data also ``pca_ari`` and ``pca_nmi``. 0 is chance (for ARI), 1 is best.

    References
    ----------
    L. Hubert, P. Arabie, Comparing partitions, Journal of Classification 2, 1985, doi:10.1007/BF01908075.

    Examples
    --------
    >>> cluster_agreement([[0.0], [0.1], [5.0], [5.1]], ["a", "a", "b", "b"])
    {'ari': 1.0, 'nmi': 1.0}
    """
    from sklearn.decomposition import PCA

    z = checks.matrix(codes, "codes", min_rows=2)
    known = checks.labels(y, len(z))
    k = len(np.unique(known)) if n_clusters is None else n_clusters
    checks.count(k, "n_clusters", high=len(z), why=f"there are {len(z)} rows")
    scores = _cluster_scores(z, known, k, random_state)
    if data is not None:
        rows, _ = checks.same_rows(data, z)
        components = min(z.shape[1], *rows.shape)
        baseline = PCA(components, random_state=random_state).fit_transform(rows)
        pca = _cluster_scores(baseline, known, k, random_state)
        scores |= {f"pca_{name}": value for name, value in pca.items()}
    return scores


def _cluster_scores(z: Float, known: npt.NDArray[Any], k: int, random_state: int | None) -> dict[str, float]:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    # Collapsed codes have fewer distinct points than clusters asked for.
    k = min(k, len(np.unique(z, axis=0)))
    found = KMeans(k, n_init=10, random_state=random_state).fit_predict(z)
    return {
        "ari": float(adjusted_rand_score(known, found)),
        "nmi": float(normalized_mutual_info_score(known, found)),
    }


def _singular_values(codes: npt.ArrayLike) -> Float:
    z = checks.matrix(codes, "codes", min_rows=2)
    s = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    # What rounding leaves of equal codes is no dimension.
    floor = np.finfo(np.float64).eps * max(z.shape) * max(float(np.abs(z).max()), float(s[0]))
    return np.where(s > floor, s, 0.0)
