"""Kernels between codes, and the distance of distributions that they measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor


def bandwidths(scale: float | Tensor, count: int) -> list[float | Tensor]:
    """Lengths, each twice the one before, whose geometric mean is ``scale``.

    Parameters
    ----------
    scale : float or Tensor, shape (*models,)
        Their geometric mean.
    count : int
        How many.

    Examples
    --------
    >>> bandwidths(2.0, 3)
    [1.0, 2.0, 4.0]
    """
    return [scale * 2.0 ** (k - (count - 1) / 2) for k in range(count)]


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Squared Euclidean distances of all pairs of rows: (..., n, dim) and (..., m, dim) to (..., n, m).

    Parameters
    ----------
    a : Tensor, shape (..., n, dim)
        Points.
    b : Tensor, shape (..., m, dim)
        Points.

    Examples
    --------
    >>> import torch
    >>> squared_distances(torch.tensor([[3.0, 4.0]]), torch.zeros(2, 2))
    tensor([[25., 25.]])
    """
    # Pair by pair: the quicker form by a matrix product loses near pairs to cancellation.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()


def gaussian_kernel(squared: Tensor, lengths: Sequence[float | Tensor]) -> Tensor:
    """Sum of squared exponentials: sum_s exp(-d^2 / (2 s^2)).

    Parameters
    ----------
    squared : Tensor, shape (*models, n, m)
        Squared distances d^2.
    lengths : sequence of float or Tensor, shape (*models,)
        The bandwidths s, in units of the distance.

    Examples
    --------
    >>> import torch
    >>> gaussian_kernel(torch.tensor([[0.0, 2.0]]), [1.0])
    tensor([[1.0000, 0.3679]])
    """
    return _mixture(squared, lengths, lambda d, s: (d / (-2 * s * s)).exp())


def imq_kernel(squared: Tensor, lengths: Sequence[float | Tensor]) -> Tensor:
    """Sum of inverse multiquadratics: sum_s s^2 / (s^2 + d^2), with tails that reach far codes.

    Parameters
    ----------
    squared : Tensor, shape (*models, n, m)
        Squared distances d^2.
    lengths : sequence of float or Tensor, shape (*models,)
        The bandwidths s, in units of the distance.

    References
    ----------
    I. Tolstikhin et al., Wasserstein Auto-Encoders, ICLR 2018, arXiv:1711.01558, section 4.

    Examples
    --------
    >>> import torch
    >>> imq_kernel(torch.tensor([[0.0, 1.0]]), [1.0])
    tensor([[1.0000, 0.5000]])
    """
    return _mixture(squared, lengths, lambda d, s: s * s / (s * s + d))


def _mixture(
    squared: Tensor, lengths: Sequence[float | Tensor], kernel: Callable[[Tensor, float | Tensor], Tensor]
) -> Tensor:
    total = torch.zeros_like(squared)
    for s in lengths:
        total = total + kernel(squared, s[..., None, None].to(squared) if isinstance(s, Tensor) else s)
    return total


KERNELS: dict[str, Callable[[Tensor, Sequence[float | Tensor]], Tensor]] = {
    "gaussian": gaussian_kernel,
    "imq": imq_kernel,
}


def squared_mmd(
    a: Tensor,
    b: Tensor,
    lengths: Sequence[float | Tensor],
    kernel: Literal["gaussian", "imq"] = "gaussian",
    estimator: Literal["biased", "unbiased"] = "biased",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Squared maximum mean discrepancy of two samples.

    ``mean_ij k(a_i, a_j) + mean_ij k(b_i, b_j) - 2 mean_ij k(a_i, b_j)``

    The biased estimator takes all pairs and is never negative; the unbiased one leaves out i = j in the
    first two means and may be slightly negative.

    Parameters
    ----------
    a : Tensor, shape (*models, n, dim)
        The first sample.
    b : Tensor, shape (*models, m, dim)
        The second sample.
    lengths : sequence of float or Tensor, shape (*models,)
        Bandwidths of the kernel.
    kernel : "gaussian" or "imq"
        Squared exponentials, or inverse multiquadrics (the heavier tails).
    estimator : "biased" or "unbiased"
        Which mean of the pairs is taken, as above.
    weight : Tensor or None, shape (*models, n)
        How much each row of the first sample counts: a pair counts by the product of its weights.

    Returns
    -------
    Tensor, shape (*models,)
        Without unit; at most twice the number of bandwidths. The unbiased estimate needs two rows in each
        sample and is 0 with fewer.

    References
    ----------
    A. Gretton et al., A Kernel Two-Sample Test, JMLR 13, 2012, pp. 723-773, equations 3 and 5.

    Examples
    --------
    >>> import torch
    >>> squared_mmd(torch.zeros(2, 1), torch.full((2, 1), 100.0), [1.0])
    tensor(2.)
    """
    if estimator == "unbiased" and min(a.shape[-2], b.shape[-2]) < 2:
        return a.new_zeros(a.shape[:-2])

    def weighted(v: Tensor, w: Tensor, counts: Tensor, drop: bool) -> Tensor:
        k = KERNELS[kernel](squared_distances(a, v), lengths)
        pairs = w.unsqueeze(-1) * counts.unsqueeze(-2)
        if drop:
            pairs = pairs - pairs.diagonal(dim1=-2, dim2=-1).diag_embed()
        return (pairs * k).sum((-2, -1)) / pairs.sum((-2, -1))

    def mean(u: Tensor, v: Tensor, drop: bool) -> Tensor:
        k = KERNELS[kernel](squared_distances(u, v), lengths)
        n, m = k.shape[-2:]
        rows = k.sum(-1)
        if drop:
            rows = rows - k.diagonal(dim1=-2, dim2=-1)
        return rows.sum(-1) / (n * (m - 1) if drop else n * m)

    drop = estimator == "unbiased"
    if weight is None:
        return mean(a, a, drop) + mean(b, b, drop) - 2 * mean(a, b, False)
    across = weighted(b, weight, torch.ones_like(b[..., 0]), False)
    return weighted(a, weight, weight, drop) + mean(b, b, drop) - 2 * across
