"""How many units are active: rates of activation and their distance from a target."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as nnf

from .clamping import clamp_inwards
from .means import weighted_mean


def log_rates(activation: Tensor, sigmoid: bool, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Logarithms of the mean activation r of each unit over the batch, and of 1 - r.

    Parameters
    ----------
    activation : Tensor, shape (..., batch, units)
        Activations of the units.
    sigmoid : bool
        Pass activations through a sigmoid first (in a form that does not underflow); if not, they are
        rates already and r is kept a rounding error away from 0 and 1, where the logarithms are infinite.
    weight : Tensor or None, shape (..., batch)
        How much each row counts; None: all alike.

    Returns
    -------
    tuple of Tensor, shape (..., units)

    Examples
    --------
    >>> import torch
    >>> on, off = log_rates(torch.tensor([[0.0], [0.5]]), sigmoid=False)
    >>> on.exp(), off.exp()
    (tensor([0.2500]), tensor([0.7500]))
    """
    if sigmoid and weight is not None:
        log_shares = (weight / weight.sum(-1, keepdim=True)).log().unsqueeze(-1)
        on, off = (nnf.logsigmoid(a) + log_shares for a in (activation, -activation))
        return on.logsumexp(-2), off.logsumexp(-2)
    if sigmoid:
        log_n = math.log(activation.shape[-2])
        on, off = nnf.logsigmoid(activation), nnf.logsigmoid(-activation)
        return on.logsumexp(-2) - log_n, off.logsumexp(-2) - log_n
    eps = torch.finfo(activation.dtype).eps
    rate = clamp_inwards(weighted_mean(activation, weight, by_feature=True), eps, 1 - eps)
    return rate.log(), (-rate).log1p()


def sparsity_kl(log_on: Tensor, log_off: Tensor, target: float | Tensor) -> Tensor:
    r"""KL divergence of the target rate from each unit's rate, summed over units, in nats.

    ``sum_j rho log(rho / r_j) + (1 - rho) log((1 - rho) / (1 - r_j))``

    Parameters
    ----------
    log_on, log_off : Tensor, shape (*models, units)
        Logarithms of r and of 1 - r, as :func:`log_rates` gives.
    target : float or Tensor, shape (*models,)
        The rate rho, between 0 and 1.

    Returns
    -------
    Tensor, shape (*models,)

    References
    ----------
    A. Ng, Sparse autoencoder, CS294A lecture notes, Stanford University, 2011.

    Examples
    --------
    >>> import torch
    >>> rate = torch.tensor([0.5, 0.05])
    >>> sparsity_kl(rate.log(), (1 - rate).log(), 0.05)
    tensor(0.4946)
    """
    rho = torch.as_tensor(target, dtype=log_on.dtype, device=log_on.device).unsqueeze(-1)
    return (rho * (rho.log() - log_on) + (1 - rho) * ((-rho).log1p() - log_off)).sum(-1)
