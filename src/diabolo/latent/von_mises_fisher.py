"""Codes drawn on the unit sphere: the hyperspherical variational autoencoder's latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..parts import part, setting
from ..parts.component import uniform
from .base import LatentSpace
from .geometry import FLAT, SPHERE, Geometry
from .posteriors import Posterior, VonMisesFisherPosterior
from .priors import Prior, UniformSphere

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn

    from ..parts.component import Draw


@part
class VonMisesFisher(LatentSpace):
    """The encoder gives a direction and how concentrated codes are around it; the code is drawn on the unit sphere.

    The prior is uniform, so that no direction is a middle that all codes are drawn to. ``transform`` gives the
    direction. Add the KL penalty (it is there unless penalties are given).

    Parameters
    ----------
    dim : int, default 3
        Dimension of the space that the sphere lies in: 2 is a circle, 3 the globe.

    References
    ----------
    T. R. Davidson et al., Hyperspherical Variational Auto-Encoders, UAI 2018, arXiv:1804.00891.

    Examples
    --------
    >>> import torch
    >>> q = VonMisesFisher(3).posterior(torch.tensor([[3.0, 0.0, 4.0, 5.0]]))
    >>> q.mean, q.concentration
    (tensor([[0.6000, 0.0000, 0.8000]]), tensor([6.0067]))
    """

    geometry: ClassVar[Geometry] = SPHERE

    dim: int = setting(default=3, doc="Dimension of the space around the sphere (3: the globe).", ge=2)

    @property
    def encoder_width(self) -> int:
        return self.dim + 1

    @property
    def prior(self) -> Prior:
        return UniformSphere()

    def mean(self, h: Tensor) -> Tensor:
        return F.normalize(h[..., : self.dim])

    def posterior(self, h: Tensor, module: nn.Module | None = None) -> Posterior:
        from torch.nn import functional

        # From 1 up, as published: gradients vanish where the distribution is almost uniform.
        return VonMisesFisherPosterior(self.mean(h), 1 + functional.softplus(h[..., self.dim]))

    def noise(self) -> Mapping[str, Draw]:
        return {"normal": FLAT.draw, "uniform": _one_each}


def _one_each(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """One uniform number for each code."""
    return uniform((*shape[:-1], 1), generator)
