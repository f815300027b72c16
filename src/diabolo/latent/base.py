"""The contract of a latent space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..moved import Renamed
from ..parts import Part, part, setting
from .geometry import FLAT, Geometry

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@part
class LatentSpace(Part, ABC):
    """Base of the latent spaces.

    Tensors have trailing axes (..., batch, width): h is the encoder's output of width
    :attr:`encoder_width`, z the code of width ``dim``.

    Attributes
    ----------
    geometry : Geometry
        The set that codes lie in: their distances, what lies between them, which densities and maps suit them.
    operation : "same", "first", "sphere" or None
        How a page without Python makes the code out of the encoder's output: takes it as it is, takes its first
        ``dim`` numbers, or divides it by its norm. None: by nothing that it knows, so that it runs the model's graph.
    """

    geometry: ClassVar[Geometry] = FLAT
    operation: ClassVar[str | None] = None

    dim: int = setting(default=2, doc="Dimension of the code.", ge=1, size=True)

    @property
    def encoder_width(self) -> int:
        """Width of the encoder's output."""
        return self.dim

    @abstractmethod
    def mean(self, h: Tensor) -> Tensor:
        """The deterministic code of an encoder output: what ``transform`` returns."""

    def rsample(self, h: Tensor, noise: Tensor | None = None) -> Tensor:
        """The code that the decoder gets in training; only stochastic spaces look at the noise.

        Parameters
        ----------
        h : Tensor, shape (..., batch, encoder_width)
            The encoder's output.
        noise : Tensor, shape (..., batch, dim), or None, default None
            What ``draw`` gave; None: the code is not drawn but the mean.
        """
        return self.mean(h)

    place = Renamed("rsample")
    renamed: ClassVar[Mapping[str, str]] = {"place": "rsample"}

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Distance of codes (..., dim) along the space: straight unless the space is curved.

        Parameters
        ----------
        a, b : Tensor, shape (..., dim)
            Codes.
        """
        return self.geometry.distance(a, b)

    def interpolate(self, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        """Codes on the shortest way from a (t = 0) to b (t = 1); shapes (..., dim), (..., dim), (...).

        Parameters
        ----------
        a, b : Tensor, shape (..., dim)
            Codes.
        t : Tensor, shape (...)
            How far on the way, from 0 to 1.
        """
        return self.geometry.interpolate(a, b, t)


class Stochastic(ABC):
    """Capability: the encoder gives a distribution, of which the code is a draw."""

    @abstractmethod
    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Noise for codes of a shape (..., dim), float32, on the generator's device.

        Parameters
        ----------
        shape : tuple of int
            Shape of the codes, (..., dim).
        generator : torch.Generator
            Source of the random numbers; they are drawn on its device.
        """

    def kl(self, h: Tensor) -> Tensor:
        """KL divergence to the prior of each row, in nats; (..., width) to (...)."""
        return self.kl_per_dimension(h).sum(-1)

    @abstractmethod
    def kl_per_dimension(self, h: Tensor) -> Tensor:
        """KL divergence of each latent dimension, in nats; (..., width) to (..., dim)."""


class HasPrior(ABC):
    """Capability: codes have a distribution that new ones are drawn from.

    Attributes
    ----------
    marginal : str or None
        The distribution of one coordinate, as a name of :data:`diabolo.density.DENSITIES`; None where it has none.
    """

    marginal: ClassVar[str | None] = None

    @abstractmethod
    def sample_prior(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Codes of a shape (..., dim) from the prior, float32, on the generator's device.

        Parameters
        ----------
        shape : tuple of int
            Shape of the codes, (..., dim).
        generator : torch.Generator
            Source of the random numbers; they are drawn on its device.
        """
