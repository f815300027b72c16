"""The unit sphere in d dimensions: codes of norm one, angles, geodesics."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def normalize(h: Tensor) -> Tensor:
    r"""Divide rows by their Euclidean norm: ``h / ||h||``; a zero row becomes the first axis.

    Parameters
    ----------
    h : Tensor, shape (..., d)
        Rows of any length.

    Returns
    -------
    Tensor, shape (..., d)
        Rows of norm one.

    Examples
    --------
    >>> import torch
    >>> normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [1.0000, 0.0000]])
    """
    # Squares of very long and very short rows overflow and vanish: those are first divided by their largest number,
    # which is a constant here, since their length does not matter. The gradient of a row below the normal numbers is
    # beyond all numbers; it counts as none.
    with torch.no_grad():
        tiny = torch.finfo(h.dtype).tiny
        length = h.norm(dim=-1, keepdim=True)
        usual = (length > tiny**0.5) & (length < math.inf)
        largest = h.abs().amax(-1, keepdim=True)
        divisor = torch.where(usual | (largest == 0), torch.ones_like(length), largest)
    h = torch.where(largest < tiny, h.detach(), h) / divisor
    norm = h.norm(dim=-1, keepdim=True)
    pole = torch.zeros_like(h)
    pole[..., 0] = 1.0
    # Rows of norm zero have no direction; the inner where keeps their gradient finite.
    return torch.where(norm > 0, h / torch.where(norm > 0, norm, torch.ones_like(norm)), pole)


def to_spherical(z: Tensor) -> Tensor:
    r"""Longitude and latitudes of points on the unit sphere, in radians.

    The first angle is the longitude ``arctan2(z_2, z_1)`` in (-pi, pi]; the k-th further one is the
    latitude ``arcsin(z_{k+2} / ||(z_1, ..., z_{k+2})||)`` in [-pi/2, pi/2].

    Parameters
    ----------
    z : Tensor, shape (..., d)
        Points of norm one, d >= 2.

    Returns
    -------
    Tensor, shape (..., d - 1)
        Angles; in 3-D (longitude, latitude).

    Examples
    --------
    >>> import torch
    >>> to_spherical(torch.tensor([0.0, 1.0, 0.0])) * 180 / torch.pi
    tensor([90.,  0.])
    """
    longitude = torch.atan2(z[..., 1], z[..., 0])
    radii = z.square().cumsum(-1).sqrt()
    latitudes = torch.atan2(z[..., 2:], radii[..., 1:-1])
    return torch.cat([longitude.unsqueeze(-1), latitudes], dim=-1)


def from_spherical(angles: Tensor) -> Tensor:
    """Points on the unit sphere from the angles of :func:`to_spherical`.

    Parameters
    ----------
    angles : Tensor, shape (..., d - 1)
        Longitude and latitudes in radians.

    Returns
    -------
    Tensor, shape (..., d)

    Examples
    --------
    >>> import torch
    >>> from_spherical(torch.tensor([0.0, torch.pi / 2])).round(decimals=3) + 0.0
    tensor([0., 0., 1.])
    """
    point = torch.stack([angles[..., 0].cos(), angles[..., 0].sin()], dim=-1)
    for k in range(1, angles.shape[-1]):
        latitude = angles[..., k : k + 1]
        point = torch.cat([point * latitude.cos(), latitude.sin()], dim=-1)
    return point


def geodesic_distance(a: Tensor, b: Tensor) -> Tensor:
    r"""Angle between points on the unit sphere, in radians.

    ``2 arctan2(||a - b||, ||a + b||)``, which is exact for near and for opposite points, where arccos is not.

    Parameters
    ----------
    a, b : Tensor, shape (..., d)
        Points of norm 1.

    Returns
    -------
    Tensor, shape (...)

    References
    ----------
    W. Kahan, How futile are mindless assessments of roundoff in floating-point computation?, 2006,
    section 12.

    Examples
    --------
    >>> import torch
    >>> geodesic_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    tensor(1.5708)
    """
    return 2 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1))


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    r"""Points on the great circle from a to b: ``(sin((1 - t) w) a + sin(t w) b) / sin(w)``, w the angle.

    Parameters
    ----------
    a, b : Tensor, shape (..., d)
        End points of norm one. For opposite points every great circle is shortest; one is chosen.
    t : Tensor, shape (...)
        Position, 0 at a and 1 at b.

    Returns
    -------
    Tensor, shape (..., d)

    References
    ----------
    K. Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985, doi:10.1145/325165.325242.

    Examples
    --------
    >>> import torch
    >>> slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor(0.5))
    tensor([0.7071, 0.7071])
    """
    angle = geodesic_distance(a, b).unsqueeze(-1)
    # The direction at a, orthogonal to it; a fixed axis where a and b leave it undefined.
    axis = torch.zeros_like(a).scatter_(-1, a.abs().argmin(-1, keepdim=True), 1.0)
    ahead = b - (a * b).sum(-1, keepdim=True) * a
    degenerate = ahead.norm(dim=-1, keepdim=True) <= 1e-6
    ahead = torch.where(degenerate, axis - (a * axis).sum(-1, keepdim=True) * a, ahead)
    ahead = ahead / ahead.norm(dim=-1, keepdim=True)
    turn = t.unsqueeze(-1) * angle
    return turn.cos() * a + turn.sin() * ahead


def sphere_log_area(dim: int) -> float:
    """Logarithm of the surface area of the unit sphere in ``dim`` dimensions: log(2 pi^(d/2) / Gamma(d/2)).

    Examples
    --------
    >>> round(sphere_log_area(3), 6) == round(math.log(4 * math.pi), 6)
    True
    """
    return math.log(2.0) + dim / 2 * math.log(math.pi) - math.lgamma(dim / 2)
