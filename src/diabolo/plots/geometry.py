"""Paths between codes and angles on the sphere, as arrays."""

from __future__ import annotations

import numpy as np

from ..errors import DataError, UnknownNameError
from .inputs import Array

__all__ = ["angles", "between", "on_sphere"]


def between(a: Array, b: Array, t: Array, path: str) -> Array:
    """Codes on the way from a to b, shape (rows, len(t), d).

    Parameters
    ----------
    a, b : array of shape (rows, d)
        The ends.
    t : array of shape (m,)
        Positions, 0 at a and 1 at b.
    path : {"straight", "geodesic"}
        The straight line, or the great circle of the unit sphere.

    Examples
    --------
    >>> import numpy as np
    >>> ends = np.eye(2)
    >>> between(ends[:1], ends[1:], np.array([0.5]), "geodesic").round(4).tolist()
    [[[0.7071, 0.7071]]]
    """
    if path not in _PATHS:
        raise UnknownNameError("path", path, _PATHS)
    return _PATHS[path](a, b, t)


def _straight(a: Array, b: Array, t: Array) -> Array:
    share = t[None, :, None]
    return (1 - share) * a[:, None] + share * b[:, None]


def _geodesic(a: Array, b: Array, t: Array) -> Array:
    import torch

    from ..functional import slerp

    for name, ends in (("start", a), ("end", b)):
        norms = np.linalg.norm(ends, axis=1)
        if np.abs(norms - 1).max() > 1e-3:
            raise DataError(
                f"a geodesic joins codes of norm 1; {name} has norms from {norms.min():.4g} "
                f"to {norms.max():.4g}. "
                'Divide each code by its norm, or use path="straight".'
            )
    ends_a, ends_b = (np.repeat(e[:, None], len(t), axis=1) for e in (a, b))
    position = torch.from_numpy(np.tile(t, (len(a), 1)))
    way: Array = slerp(torch.from_numpy(ends_a), torch.from_numpy(ends_b), position).numpy()
    return way


_PATHS = {"straight": _straight, "geodesic": _geodesic}


def angles(codes: Array) -> Array:
    """Longitude arctan2(y, x) in [-180, 180] and latitude arcsin(z) in [-90, 90], degrees, shape (n, 2).

    Codes (n, 3) are divided by their norm first.

    Examples
    --------
    >>> import numpy as np
    >>> angles(np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])).round(6).tolist()
    [[90.0, 0.0], [180.0, 45.0]]
    """
    norms = np.linalg.norm(codes, axis=1)
    zero = int((norms == 0).sum())
    if zero:
        raise DataError(f"{zero} of the codes {codes.shape} are zero: they have no direction. Remove them.")
    x, y, z = (codes / norms[:, None]).T
    return np.degrees(np.stack([np.arctan2(y, x), np.arcsin(np.clip(z, -1, 1))], axis=1))


def on_sphere(degrees: Array) -> Array:
    """Unit vectors (n, 3) of longitudes and latitudes (n, 2) in degrees.

    Examples
    --------
    >>> import numpy as np
    >>> (on_sphere(np.array([[90.0, 0.0]])).round(6) + 0.0).tolist()
    [[0.0, 1.0, 0.0]]
    """
    longitude, latitude = np.radians(degrees).T
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=1)
