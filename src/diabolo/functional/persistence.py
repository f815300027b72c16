"""Connected components of points as a length grows: persistent homology of dimension 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def distance_matrix(points: Tensor) -> Tensor:
    """Euclidean distances of all pairs of rows, in float64 on the CPU and without gradient.

    Parameters
    ----------
    points : Tensor, shape (*models, n, dim)
        Points.

    Returns
    -------
    Tensor, shape (*models, n, n)
        Exact to about 1e-8 of the largest norm after centring, also between equal rows.

    Examples
    --------
    >>> import torch
    >>> distance_matrix(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
    tensor([[0., 5.], [5., 0.]], dtype=torch.float64)
    """
    n, dim = points.shape[-2:]
    rows = points.detach().to(device="cpu", dtype=torch.float64).reshape(-1, n, dim)
    # One product a model, as it would be alone: another rounding would break ties another way, which changes edges.
    squares = torch.stack([_squared(one - one.mean(0)) for one in rows.unbind(0)])
    return squares.clamp_min_(0).sqrt_().reshape(*points.shape[:-1], n)


def _squared(rows: Tensor) -> Tensor:
    gram = rows @ rows.T
    norms = gram.diagonal()
    # The upper triangle is mirrored: a product and its transpose may differ in the last bit.
    upper = (norms[:, None] + norms[None, :] - 2 * gram).triu(1)
    return upper + upper.T


def persistence_pairs(distances: Tensor) -> Tensor:
    r"""Edges at which connected components merge as the allowed distance grows from 0.

    These are the persistence pairs of dimension 0 of the Vietoris-Rips filtration: the n - 1 edges of a
    minimum spanning tree. Where equal distances leave a choice, the same one is taken each time; equal
    points are joined by edges of length 0. Computed by Prim's algorithm, on the CPU.

    Parameters
    ----------
    distances : Tensor, shape (*models, n, n)
        Symmetric; the diagonal is not looked at.

    Returns
    -------
    Tensor, shape (*models, n - 1, 2)
        Row numbers of the two ends of each edge, int64, on the device of ``distances``; no edge if n = 1.

    References
    ----------
    R. C. Prim, Shortest connection networks and some generalizations, Bell System Technical Journal 36,
    1957, doi:10.1002/j.1538-7305.1957.tb01515.x.
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, Topological Autoencoders, ICML 2020, arXiv:1906.00722.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([0.0, 5.0, 1.0])
    >>> persistence_pairs((x[:, None] - x).abs())
    tensor([[0, 2], [2, 1]])
    """
    n = distances.shape[-1]
    matrices = np.ascontiguousarray(distances.detach().cpu().numpy()).reshape(-1, n, n)
    pairs = _tree(matrices[0])[None] if len(matrices) == 1 else _trees(matrices)
    return torch.from_numpy(pairs).reshape(*distances.shape[:-2], n - 1, 2).to(distances.device)


def _tree(distances: NDArray[Any]) -> NDArray[np.int64]:
    """Prim's algorithm on one matrix; about 3 microseconds an edge."""
    n, rows = len(distances), list(distances)
    near, parent = distances[0].copy(), np.zeros(n, np.int64)
    outside, closer = np.ones(n, bool), np.empty(n, bool)
    near[0], outside[0] = np.inf, False
    edges = np.empty((n - 1, 2), np.int64)
    for k in range(n - 1):
        v = int(near.argmin())
        edges[k] = parent[v], v
        near[v], outside[v] = np.inf, False
        np.less(rows[v], near, out=closer)
        np.logical_and(closer, outside, out=closer)
        np.putmask(near, closer, rows[v])
        np.putmask(parent, closer, v)
    return edges


def _trees(distances: NDArray[Any]) -> NDArray[np.int64]:
    """The steps of :func:`_tree` on all matrices at once."""
    models, n, _ = distances.shape
    rows, start = distances.reshape(models * n, n), np.arange(models) * n
    near, parent = distances[:, 0].copy(), np.zeros((models, n), np.int64)
    outside = np.ones((models, n), bool)
    near[:, 0], outside[:, 0] = np.inf, False
    edges = np.empty((models, n - 1, 2), np.int64)
    for k in range(n - 1):
        v = near.argmin(1)
        at = start + v
        edges[:, k, 0], edges[:, k, 1] = parent.flat[at], v
        near.flat[at], outside.flat[at] = np.inf, False
        closer = (rows[at] < near) & outside
        np.copyto(near, rows[at], where=closer)
        np.copyto(parent, v[:, None], where=closer)
    return edges


def edge_lengths(points: Tensor, pairs: Tensor) -> Tensor:
    """Euclidean lengths of edges between rows, differentiable; the gradient of a length of 0 is 0.

    Parameters
    ----------
    points : Tensor, shape (*models, n, dim)
        Points.
    pairs : Tensor, shape (*models, edges, 2)
        Indices of the two ends of each edge, int64.

    Returns
    -------
    Tensor, shape (*models, edges)

    Examples
    --------
    >>> import torch
    >>> edge_lengths(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0, 1]]))
    tensor([5.])
    """
    ends = [
        points.gather(-2, pairs[..., k, None].expand(*pairs.shape[:-1], points.shape[-1])) for k in (0, 1)
    ]
    return (ends[0] - ends[1]).norm(dim=-1)


def topological_loss(
    x: Tensor, z: Tensor, z_scale: Tensor | float = 1.0, x_scale: Tensor | float | None = None
) -> Tensor:
    r"""How far the lengths of each space's persistence pairs are from those in the other space.

    ``( |a(P_x) - b(P_x)|^2 + |a(P_z) - b(P_z)|^2 ) / n``

    a: distances of x over ``x_scale``; b: distances of z over ``z_scale``; P: the pairs of
    :func:`persistence_pairs` of each space. The pairs are constants of the gradient.

    Parameters
    ----------
    x : Tensor, shape (*models, n, features)
        Input rows; no gradient flows into them.
    z : Tensor, shape (*models, n, dim)
        Their codes.
    z_scale : Tensor, shape (*models,), or float
        What distances of codes are divided by.
    x_scale : Tensor, shape (*models,), float or None
        None takes the largest distance in the batch (1 if all rows are equal).

    Returns
    -------
    Tensor, shape (*models,)
        Without unit; 0 if n = 1.

    References
    ----------
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, Topological Autoencoders, ICML 2020, arXiv:1906.00722,
    equations 2 to 4; scales and the division by n as in the authors' published code.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[0.0], [1.0], [4.0]])
    >>> topological_loss(x, x / 4), topological_loss(x, x, z_scale=4.0)
    (tensor(0.), tensor(0.))
    """
    in_x, in_z = distance_matrix(x), distance_matrix(z)
    pairs = torch.cat([persistence_pairs(in_x), persistence_pairs(in_z)], dim=-2).to(z.device)
    if x_scale is None:
        longest = in_x.amax((-2, -1))
        x_scale = torch.where(longest > 0, longest, 1.0)
    a = edge_lengths(x.detach(), pairs) / _a_model(x_scale, x)
    b = edge_lengths(z, pairs) / _a_model(z_scale, z)
    return (a - b).square().sum(-1) / x.shape[-2]


def _a_model(scale: Tensor | float, like: Tensor) -> Tensor | float:
    return scale.to(like).unsqueeze(-1) if isinstance(scale, Tensor) else scale
