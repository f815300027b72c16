"""Codes on the unit sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..parts import part, setting
from .base import LatentSpace
from .geometry import SPHERE, Geometry
from .priors import Prior, UniformSphere

if TYPE_CHECKING:
    from torch import Tensor


@part
class Sphere(LatentSpace):
    """Codes of norm one: z = h / ||h||. Distances follow great circles and the prior is uniform.

    Parameters
    ----------
    dim : int, default 3
        Dimension of the space that the sphere lies in: 2 is a circle, 3 the globe.

    References
    ----------
    T. R. Davidson et al., Hyperspherical Variational Auto-Encoders, 2018, arXiv:1804.00891 (why a sphere).

    Examples
    --------
    >>> import torch
    >>> Sphere(2).mean(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    geometry: ClassVar[Geometry] = SPHERE
    operation: ClassVar[str | None] = "sphere"

    dim: int = setting(default=3, doc="Dimension of the space around the sphere (3: the globe).", ge=2)

    @property
    def prior(self) -> Prior:
        return UniformSphere()

    def mean(self, h: Tensor) -> Tensor:
        return self.geometry.project(h)
