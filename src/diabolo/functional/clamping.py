"""Bounds that values may come back from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _ClampInwards(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bounds = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        low, high = ctx.bounds
        # A step goes against the gradient: what lies above may only fall, what lies below only rise.
        kept = ((x <= high) | (grad > 0)) & ((x >= low) | (grad < 0))
        return grad * kept, None, None


def clamp_inwards(x: Tensor, low: float, high: float) -> Tensor:
    """Values within bounds, with a gradient that lets those outside come back: where a step would lead inwards.

    ``Tensor.clamp`` has no gradient outside, so that what has once left stays where it is.

    Parameters
    ----------
    x : Tensor
        Values.
    low, high : float
        The bounds.

    Returns
    -------
    Tensor, like x

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([-30.0, 0.0, 30.0], requires_grad=True)
    >>> clamp_inwards(x, -20.0, 20.0).sum().backward()
    >>> x.grad
    tensor([0., 1., 1.])
    """
    made: Tensor = _ClampInwards.apply(x, low, high)
    return made
