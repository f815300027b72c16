"""Widths that likelihoods learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_scale(width: int | None) -> nn.Module:
    """A module with so many numbers ``value``, or with one (), that start at 0."""
    import torch
    from torch import nn

    return nn.ParameterDict({"value": torch.zeros(() if width is None else width)})


def log_scale(module: Any, *, by_feature: bool) -> Tensor:
    """The logarithm of what is learnt, ten times its number: (*models, 1, 1), or (*models, 1, features).

    Adam moves every number by about the learning rate in a step, whatever its gradient. A logarithm has several units
    to go from 0, and would not be there before the penalties have done their work.

    Raises
    ------
    ValueError
        If there is no module.
    """
    if module is None:
        raise ValueError("a module with what was learnt was expected, got none.")
    value: Tensor = 10.0 * module.value
    return value.unsqueeze(-2) if by_feature else value[..., None, None]
