"""The density of the codes of a whole data set, estimated from a batch of it."""

from __future__ import annotations

import torch
from torch import Tensor


def aggregate_log_densities(
    each: Tensor, rows: int = 0, weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
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
    weight : Tensor or None, shape (*models, batch)
        How much each row counts, at least two of them more than nothing; the mean of those of the batch is taken for
        that of the data set.

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
    log_shares = _log_shares(each, rows, weight)
    joint = (each.sum(-1) + log_shares).logsumexp(-1)
    return joint, (each + log_shares.unsqueeze(-1)).logsumexp(-2).sum(-1)


def _log_shares(each: Tensor, rows: int, weight: Tensor | None) -> Tensor:
    """Of the data set, how much each row of the batch (last) stands for beside each code's own (last but one)."""
    batch = each.shape[-2]
    if batch == 1:  # there are no others to stand for the rest
        return each.new_zeros(1, 1)
    counts = each.new_ones(batch) if weight is None else weight
    summed = counts.sum(-1, keepdim=True)
    whole = summed * (max(rows, batch) / batch)
    others = (summed - counts).clamp(min=torch.finfo(each.dtype).tiny)
    rest = (whole - counts) / whole / others
    shares = rest.unsqueeze(-1) * counts.unsqueeze(-2)
    own = torch.eye(batch, dtype=torch.bool, device=each.device)
    return torch.where(own, (counts / whole).unsqueeze(-1), shares).log()
