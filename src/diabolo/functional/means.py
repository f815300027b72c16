"""Means over rows that count unequally."""

from __future__ import annotations

from torch import Tensor


def weighted_mean(
    values: Tensor, weight: Tensor | None, *, by_feature: bool = False, keepdim: bool = False
) -> Tensor:
    """The mean over the rows of a batch, each by its weight.

    Parameters
    ----------
    values : Tensor, shape (*models, batch), or (*models, batch, features)
        What the mean is taken of.
    weight : Tensor or None, shape (*models, batch)
        How much each row counts; None: all alike.
    by_feature : bool, default False
        Whether values have an axis of features, which stays.
    keepdim : bool, default False
        Keep the axis of the batch, with one entry.

    Returns
    -------
    Tensor, shape (*models,), or (*models, features)

    Examples
    --------
    >>> import torch
    >>> weighted_mean(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 1.0]))
    tensor(2.)
    """
    axis = -2 if by_feature else -1
    if weight is None:
        return values.mean(axis, keepdim=keepdim)
    counts = weight.unsqueeze(-1) if by_feature else weight
    return (counts * values).sum(axis, keepdim=keepdim) / counts.sum(axis, keepdim=keepdim)
