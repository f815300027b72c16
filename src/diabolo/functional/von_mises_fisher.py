"""The von Mises-Fisher distribution on the unit sphere, by quadrature over the angle to its mean.

The density is as ``exp(k cos a)``, that of the angle a as ``exp(k cos a) sin(a)^(d - 2)``, which has one peak: it is
integrated around that, so that concentrations of any size, in any dimension, lose no digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .sphere import sphere_log_area

# Gauss and Legendre's nodes, on so many standard deviations to each side of the peak.
_NODES, _WEIGHTS = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(64))
_WIDTH = 16.0
# Where the search for an angle of a distribution function begins, and how often it is bettered.
_GRID, _NEWTON_STEPS = 129, 4


def vmf_log_normaliser(concentration: Tensor, dim: int) -> Tensor:
    """The logarithm of the integral of ``exp(k mean . z)`` over the sphere, whose derivative is the mean cosine.

    Parameters
    ----------
    concentration : Tensor
        Concentrations k > 0.
    dim : int
        Dimension of the space around the sphere, at least 2.

    Returns
    -------
    Tensor
        Of the shape and precision of the concentrations.

    References
    ----------
    K. Mardia, P. Jupp, Directional Statistics, Wiley 2000, section 9.3.

    Examples
    --------
    >>> k = torch.tensor([2.0])  # on the globe: 4 pi sinh(k) / k
    >>> vmf_log_normaliser(k, 3), (4 * math.pi * k.sinh() / k).log()
    (tensor([3.1262]), tensor([3.1262]))
    """
    wide = concentration.double()
    whole = _log_integral(wide, dim, *_support(wide.detach(), dim))
    return (whole + _log_area_across(dim)).to(concentration)


def vmf_mean_cosine(concentration: Tensor, dim: int) -> Tensor:
    """The mean cosine of the angle between draws and their mean, in (0, 1): of the shape of the concentrations.

    Parameters
    ----------
    concentration : Tensor
        Concentrations k > 0.
    dim : int
        Dimension of the space around the sphere, at least 2.

    Examples
    --------
    >>> k = torch.tensor([2.0])  # on the globe: coth(k) - 1 / k
    >>> vmf_mean_cosine(k, 3), 1 / k.tanh() - 1 / k
    (tensor([0.5373]), tensor([0.5373]))
    """
    k = concentration.double()
    low, high = _support(k.detach(), dim)
    return _integral_of_cosine(k, dim, low, high, _log_integral(k, dim, low, high)).to(concentration)


def vmf_angle(concentration: Tensor, uniforms: Tensor, dim: int) -> Tensor:
    """The angle to the mean below which a draw lies with a probability; it moves with the concentration as that asks.

    Parameters
    ----------
    concentration : Tensor
        Concentrations k > 0.
    uniforms : Tensor
        Probabilities, of the same shape: uniform numbers make draws.
    dim : int
        Dimension of the space around the sphere, at least 2.

    Returns
    -------
    Tensor
        Angles in [0, pi], with the gradient by the concentration that keeps the probability what it is.

    References
    ----------
    M. Figurnov, S. Mohamed, A. Mnih, Implicit Reparameterization Gradients, NeurIPS 2018, arXiv:1805.08498.

    Examples
    --------
    >>> vmf_angle(torch.tensor([1e-6, 1e6]), torch.tensor([0.5, 0.5]), dim=3)
    tensor([1.5708, 0.0012])
    """
    angle: Tensor = _Angle.apply(concentration.double(), uniforms.double(), dim)
    return angle.to(concentration)


class _Angle(torch.autograd.Function):
    """Quantiles of the angle, with derivatives of every order by the concentration."""

    @staticmethod
    def forward(ctx: Any, k: Tensor, u: Tensor, dim: int) -> Tensor:
        low, high = _support(k, dim)
        whole = _log_integral(k, dim, low, high)
        angle = _first_guess(k, dim, u, low, high)
        for _ in range(_NEWTON_STEPS):
            below = (_log_integral(k, dim, low, angle) - whole).exp()
            angle = torch.minimum(
                torch.maximum(angle - (below - u) / _density(k, dim, angle, whole), low), high
            )
        ctx.save_for_backward(k, u, angle)
        ctx.dim = dim
        return angle

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        k, u, angle = ctx.saved_tensors
        low, high = _support(k.detach(), ctx.dim)
        whole = _log_integral(k, ctx.dim, low, high)
        # By the concentration: what goes below, over the density there.
        mean = _integral_of_cosine(k, ctx.dim, low, high, whole)
        moved = _integral_of_cosine(k, ctx.dim, low, angle, whole) - mean * u
        return -gradient * moved / _density(k, ctx.dim, angle, whole), None, None


def _density(k: Tensor, dim: int, angle: Tensor, whole: Tensor) -> Tensor:
    return (_log_density(k, dim, angle) - whole).exp().clamp(min=1e-12)


def _log_area_across(dim: int) -> float:
    """The logarithm of the area of the sphere of all directions that have one angle."""
    return math.log(2) if dim == 2 else float(sphere_log_area(dim - 1))


def _support(k: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Angles between which all of the density lies that can be told."""
    spare = dim - 2
    cosine = (2 * k) / (spare + (spare**2 + 4 * k**2).sqrt())
    across = (1 - cosine**2).clamp(min=1e-300)
    width = _WIDTH / (k * cosine + spare / across).sqrt()
    peak = cosine.clamp(-1, 1).acos()
    return (peak - width).clamp(min=0.0), (peak + width).clamp(max=math.pi)


def _log_density(k: Tensor, dim: int, angle: Tensor) -> Tensor:
    sine = angle.sin().clamp(min=1e-300)
    return k * (angle.cos() - 1) + (dim - 2) * sine.log() + k


def _nodes(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Angles (..., nodes) and the logarithms of their weights."""
    half = (0.5 * (high - low)).unsqueeze(-1)
    nodes, weights = _NODES.to(half), _WEIGHTS.to(half)
    return low.unsqueeze(-1) + half * (1 + nodes), (half * weights).clamp(min=1e-300).log()


def _log_integral(k: Tensor, dim: int, low: Tensor, high: Tensor) -> Tensor:
    angles, weights = _nodes(low, high)
    return (_log_density(k.unsqueeze(-1), dim, angles) + weights).logsumexp(-1)


def _integral_of_cosine(k: Tensor, dim: int, low: Tensor, high: Tensor, whole: Tensor) -> Tensor:
    angles, weights = _nodes(low, high)
    density = (_log_density(k.unsqueeze(-1), dim, angles) + weights - whole.unsqueeze(-1)).exp()
    return (density * angles.cos()).sum(-1)


def _first_guess(k: Tensor, dim: int, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Angles of a distribution function on a grid, between whose points it is taken for straight."""
    at = torch.linspace(0, 1, _GRID, dtype=k.dtype, device=k.device)
    angles = low.unsqueeze(-1) + (high - low).unsqueeze(-1) * at
    density = _log_density(k.unsqueeze(-1), dim, angles)
    density = (density - density.amax(-1, keepdim=True)).exp()
    below = (0.5 * (density[..., 1:] + density[..., :-1])).cumsum(-1)
    below = below / below[..., -1:]
    above = torch.searchsorted(below, u.unsqueeze(-1)).clamp(max=_GRID - 2)
    before = torch.where(
        above > 0, below.gather(-1, (above - 1).clamp(min=0)), torch.zeros_like(u).unsqueeze(-1)
    )
    after = below.gather(-1, above)
    share = ((u.unsqueeze(-1) - before) / (after - before).clamp(min=1e-300)).clamp(0, 1)
    start, end = angles.gather(-1, above), angles.gather(-1, above + 1)
    return (start + share * (end - start)).squeeze(-1)
