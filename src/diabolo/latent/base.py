"""The contract of a latent space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..errors import SettingError
from ..parts import Component, part, setting
from .geometry import FLAT, Geometry
from .posteriors import Point, Posterior
from .priors import Prior

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..parts.component import Draw


@part
class LatentSpace(Component, ABC):
    """Base of the latent spaces.

    Tensors have trailing axes (..., batch, width): h is the encoder's output of width
    :attr:`encoder_width`, z the code of width ``dim``.

    Attributes
    ----------
    geometry : Geometry
        The set that codes lie in: their distances, what lies between them, which densities and maps suit them.
    factorised : bool
        Whether each row draws the dimensions of its code independently.
    operation : "same", "first", "sphere" or None
        How a page without Python makes the code out of the encoder's output: takes it as it is, takes its first
        ``dim`` numbers, or divides it by its norm. None: by nothing that it knows, so that it runs the model's graph.
    """

    geometry: ClassVar[Geometry] = FLAT
    factorised: ClassVar[bool] = False
    operation: ClassVar[str | None] = None

    dim: int = setting(default=2, doc="Dimension of the code.", ge=1, size=True)

    def check(self) -> None:
        if self.prior is not None and self.prior.geometry is not self.geometry:
            raise SettingError(
                f"{type(self).__name__}: the codes of prior={self.prior!r} lie in another space than these; choose one "
                f"whose geometry is {self.geometry.name!r}."
            )

    @property
    def prior(self) -> Prior | None:
        """What codes are meant to be distributed as, and new ones are drawn from; None where nothing is."""
        return None

    @property
    def encoder_width(self) -> int:
        """Width of the encoder's output."""
        return self.dim

    @abstractmethod
    def mean(self, h: Tensor) -> Tensor:
        """The deterministic code (..., dim) of an encoder output (..., encoder_width): what ``transform`` returns."""

    def posterior(self, h: Tensor, module: nn.Module | None = None) -> Posterior:
        """The distribution of codes that an encoder output stands for; a point where codes are not drawn.

        Parameters
        ----------
        h : Tensor, shape (..., batch, encoder_width)
            The encoder's output.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return Point(self.mean(h))

    def noise(self) -> Mapping[str, Draw]:
        """What draws the random numbers of its codes, by name, in the shape of codes; empty where none are drawn."""
        return {}

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
