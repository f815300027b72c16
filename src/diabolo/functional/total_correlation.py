"""The density of the codes of a whole data set, estimated from a batch of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def aggregate_log_densities(each: Tensor, rows: int = 0) -> tuple[Tensor, Tensor]:
    """log q(z) and log prod_j q(z_j) of codes, q the mean of the posteriors of all rows of a data set, in nats.

    A batch is seen of it, the row that a code was drawn from among them. That row stands for itself alone, with weight
    1/N, and each of the others for its share of the rest, (N - 1) / (N (B - 1)): the mean over batches is exact for
    the densities, though not for their logarithms.

    Parameters
    ----------
    each : Tensor, shape (*models, batch, batch, dim)
        Log-density of each code (first) under each row's posterior (second), by dimension.
    rows : int, default 0
        N, the rows of the data set; 0: the batch is all of it.

    Returns
    -------
    Tensor, Tensor, each of shape (*models, batch)
        The mean of their difference is the total correlation, that of the second and a factorised prior's log-density
        the dimension-wise KL, that of the codes' own log-density and the first the mutual information.

    References
    ----------
    R. T. Q. Chen et al., Isolating Sources of Disentanglement in VAEs, NeurIPS 2018, arXiv:1802.04942 (section C).

    Examples
    --------
    >>> import torch
    >>> joint, product = aggregate_log_densities(torch.full((3, 3, 2), -1.0))
    >>> joint, product
    (tensor([-2., -2., -2.]), tensor([-2., -2., -2.]))
    """
    batch = each.shape[-2]
    n = max(rows, batch)
    # One row has no others to stand for the rest.
    own, other = (-math.log(n), math.log((n - 1) / (n * (batch - 1)))) if batch > 1 else (0.0, 0.0)
    log_weights = torch.full((batch, batch), other, dtype=each.dtype, device=each.device)
    log_weights.fill_diagonal_(own)
    joint = (each.sum(-1) + log_weights).logsumexp(-1)
    return joint, (each + log_weights.unsqueeze(-1)).logsumexp(-2).sum(-1)
