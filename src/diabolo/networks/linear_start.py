"""Affine maps that are the best there are for some rows: where networks with a linear skip start.

Everything is computed in double precision, by torch, whose number of threads is known.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..data.rng import generator
from .base import Sample
from .layers import Dense

# Directions with less than this share of the largest variance are rounding, and carry no code.
_NO_VARIANCE = 1e-12
# A matrix of products up to so large is decomposed whole; beyond, only its first vectors are looked for.
_WHOLE = 1500
_OVERSAMPLING, _POWERS = 10, 8
_NEWTON_STEPS, _SHRINKAGE = 30, 1e-3


def start_linear(layer: Dense, sample: Sample) -> None:
    """Make an affine layer the first half of PCA, or the best decoder of the codes it is given.

    Parameters
    ----------
    layer : Dense
        Its weights are overwritten; outputs beyond ``sample.outputs`` are 0.
    sample : Sample
        With a target: of a decoder.
    """
    if sample.target is None:
        weight, bias = whitening_axes(sample.inputs.double(), sample.outputs, sample.weight)
    elif sample.loss is None:
        weight, bias = least_squares(sample.inputs.double(), sample.target.double(), sample.weight)
    else:
        weight, bias = least_loss(sample.inputs.double(), sample.loss, layer.n_out)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight[:, : weight.shape[1]] = weight.to(layer.weight)
        layer.bias[: len(bias)] = bias.to(layer.bias)


def centre(rows: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """The mean of rows (n, width), and rows about it, so scaled that sums over them count each by its weight."""
    if weight is None:
        mean = rows.mean(0)
        return mean, rows - mean
    share = (weight.to(rows) / weight.sum()).unsqueeze(-1)
    mean = (share * rows).sum(0)
    return mean, (rows - mean) * (share * len(rows)).sqrt()


def whitening_axes(rows: Tensor, dim: int, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The affine map to principal components of unit variance; components without variance are 0.

    Parameters
    ----------
    rows : Tensor, shape (n, n_features)
    dim : int
        Components; more than there are directions with variance are 0.
    weight : Tensor or None, shape (n,)
        How much each row counts; None: all alike.

    Returns
    -------
    weight, bias : Tensor, shape (n_features, dim) and (dim,)

    Examples
    --------
    >>> rows = torch.tensor([[3.0, 1.0], [-1.0, 1.0]]).double()
    >>> weight, bias = whitening_axes(rows, 2)
    >>> (rows @ weight + bias).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    mean, centred = centre(rows, weight)
    values, vectors = _leading(centred, min(dim, *rows.shape))
    kept = values > _NO_VARIANCE * values.max().clamp(min=0)
    values, vectors = values[kept], vectors[:, kept]
    # Eigenvectors have no sign of their own: the largest entry is positive.
    signs = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
    matrix = rows.new_zeros(rows.shape[1], dim)
    matrix[:, : len(values)] = vectors * signs / values.sqrt()
    return matrix, -mean @ matrix


def _leading(centred: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The largest variances of centred rows (n, p) and their directions (p, most), the largest first."""
    n, p = centred.shape
    if p <= min(n, _WHOLE) or p == 1:
        values, vectors = torch.linalg.eigh(centred.mT @ centred / n)
        return values.flip(0)[:most], vectors.flip(1)[:, :most]
    if n <= _WHOLE:
        values, scores = torch.linalg.eigh(centred @ centred.mT / n)
        values, scores = values.flip(0)[:most], scores.flip(1)[:, :most]
        directions = centred.mT @ scores
        return values, directions / directions.norm(dim=0).clamp(min=torch.finfo(centred.dtype).tiny)
    # N. Halko, P. G. Martinsson, J. A. Tropp, SIAM Review 53, 2011, arXiv:0909.4061, algorithm 4.4.
    drawn = torch.randn(p, most + _OVERSAMPLING, generator=generator(0, "principal axes"))
    basis = torch.linalg.qr(centred.mT @ (centred @ drawn.to(centred)))[0]
    for _ in range(_POWERS):
        basis = torch.linalg.qr(centred.mT @ (centred @ basis))[0]
    scores = centred @ basis
    values, turn = torch.linalg.eigh(scores.mT @ scores / n)
    return values.flip(0)[:most], (basis @ turn).flip(1)[:, :most]


def least_squares(codes: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The affine map of codes (n, dim) with the least squared error for a target (n, width); the smallest of them.

    Parameters
    ----------
    codes : Tensor, shape (n, dim)
    target : Tensor, shape (n, width)
    weight : Tensor or None, shape (n,)
        How much each row counts; None: all alike.

    Examples
    --------
    >>> codes = torch.tensor([[1.0], [-1.0]]).double()
    >>> weight, bias = least_squares(codes, 2 * codes + 1)
    >>> round(weight.item(), 12), round(bias.item(), 12)
    (2.0, 1.0)
    """
    mean, centred = centre(codes, weight)
    mean_target, centred_target = centre(target, weight)
    squares = torch.linalg.pinv(centred.mT @ centred, hermitian=True)
    matrix = squares @ (centred.mT @ centred_target)
    return matrix, mean_target - mean @ matrix


def least_loss(codes: Tensor, loss: Callable[[Tensor], Tensor], width: int) -> tuple[Tensor, Tensor]:
    """The affine map of codes (n, dim) to outputs (n, width) that a convex loss is least for, slightly shrunk.

    Parameters
    ----------
    codes : Tensor, shape (n, dim)
    loss : callable
        From outputs to one number.
    width : int
        Outputs.
    """
    weight, bias = codes.new_zeros(codes.shape[1], width), codes.new_zeros(width)
    both = [weight.requires_grad_(), bias.requires_grad_()]
    search = torch.optim.LBFGS(both, max_iter=_NEWTON_STEPS, line_search_fn="strong_wolfe")

    def evaluate() -> Tensor:
        search.zero_grad()
        # Without it the weights of a feature that the codes tell without a fault would have no end.
        found = loss(codes @ weight + bias) + _SHRINKAGE * weight.square().sum()
        found.backward()
        return found

    with torch.enable_grad():
        search.step(evaluate)
    return weight.detach(), bias.detach()
