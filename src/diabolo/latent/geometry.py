"""The geometry of a latent space: how far apart codes are, what lies between them, and how a map draws them.

A latent space names its geometry and inherits nothing from it, so that several spaces can share one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import functional as F

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Geometry:
    """What is asked about the set that codes lie in: here all vectors, straight lines, and the standard normal.

    Attributes
    ----------
    name : str
        What codes are; densities say which codes they are for by it.
    unit_norm : bool
        Whether every code has norm one.
    """

    name: str = "flat"
    unit_norm: bool = False

    def chart(self, dim: int) -> str:
        """What a map of codes (..., dim) draws: "line", "plane" (of two of them, from 3 on), or "globe"."""
        return "line" if dim == 1 else "plane"

    def project(self, z: Tensor) -> Tensor:
        """The codes that vectors (..., dim) stand for."""
        return z

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Length of the shortest way between codes: (..., dim) and (..., dim) to (...)."""
        return (a - b).norm(dim=-1)

    def interpolate(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        """Codes on the shortest way from a (t = 0) to b (t = 1); shapes (..., dim), (..., dim), (...)."""
        return a + t.unsqueeze(-1) * (b - a)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Codes of a shape (..., dim) from the distribution of the set, float32, on the generator's device."""
        import torch

        return torch.randn(shape, generator=generator, device=generator.device)

    def spread(self, dim: int) -> float:
        """The root mean squared straight distance of two codes (dim,) that :meth:`draw` gives."""
        return math.sqrt(2.0 * dim)


class UnitSphere(Geometry):
    """Vectors of norm one: great circles, and the uniform distribution."""

    name = "sphere"
    unit_norm = True

    def chart(self, dim: int) -> str:
        return "globe" if dim == 3 else super().chart(dim)

    def project(self, z: Tensor) -> Tensor:
        return F.normalize(z)

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        return F.geodesic_distance(a, b)

    def interpolate(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        return F.slerp(a, b, t)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return self.project(super().draw(shape, generator))

    def spread(self, dim: int) -> float:
        return math.sqrt(2.0)


FLAT, SPHERE = Geometry(), UnitSphere()
