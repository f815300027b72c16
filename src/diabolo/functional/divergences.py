"""Divergences between distributions of codes, in nats."""

from __future__ import annotations

from torch import Tensor


def gaussian_kl_per_dimension(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""KL divergence of a diagonal Gaussian from the standard normal, each dimension apart, in nats.

    ``KL_j = (mu_j^2 + sigma_j^2 - log sigma_j^2 - 1) / 2``

    Parameters
    ----------
    mean, log_variance : Tensor, shape (..., dim)
        Mean and logarithm of the variance of each dimension.

    Returns
    -------
    Tensor, shape (..., dim)

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114, appendix B.

    Examples
    --------
    >>> import torch
    >>> gaussian_kl_per_dimension(torch.tensor([0.0, 1.0]), torch.zeros(2))
    tensor([0.0000, 0.5000])
    """
    return 0.5 * (mean.square() + log_variance.expm1() - log_variance)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of a diagonal Gaussian from the standard normal, summed over dimensions, in nats.

    See :func:`gaussian_kl_per_dimension`.

    Parameters
    ----------
    mean, log_variance : Tensor, shape (..., dim)
        Mean and logarithm of the variance of each dimension.

    Examples
    --------
    >>> import torch
    >>> gaussian_kl(torch.ones(1, 4), torch.zeros(1, 4))
    tensor([2.])
    """
    return gaussian_kl_per_dimension(mean, log_variance).sum(-1)
