"""The contract of a corruption."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..parts import Part, part, setting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..data.domain import Domain


def trailing(value: Any, axes: int) -> Any:
    """A setting ready to meet a tensor of shape (*models, ...) with a number of axes after the models.

    A number is returned as it is; a tensor, which holds one value a model, gets the axes.
    """
    return value if isinstance(value, int | float) else value[(..., *[None] * axes)]


@part
class Corruption(Part, ABC):
    """Base of the corruptions: what is done to the input before it is encoded; the target stays clean.

    Drawing and applying are apart. :meth:`draw` makes all random numbers of a shape (..., batch) of rows at
    once from a generator; :meth:`apply` is a pure function of rows and those numbers. Values are those the
    model sees, after scaling; ``domain.low`` and ``domain.high`` are their range.

    Attributes
    ----------
    pictures : bool
        Whether rows must be pictures.
    draws : mapping of str to (str, int)
        The random numbers of a row, by name: "rand" (uniform in [0, 1)) or "randn" (standard normal), and how many; 0:
        one a feature.
    """

    pictures: ClassVar[bool] = False
    draws: ClassVar[Mapping[str, tuple[str, int]]] = {}

    probability: float = setting(
        default=1.0, doc="Share of rows that are corrupted; the others stay clean.", gt=0, le=1, kw_only=True
    )
    fresh: bool = setting(
        default=True, doc="Draw anew in each epoch (True) or once for all of training (False).", kw_only=True
    )

    @property
    def hides(self) -> bool:
        """Whether it leaves values missing (NaN), which only a model that knows missing values can take."""
        return False

    def draw_noise(
        self, shape: tuple[int, ...], domain: Domain, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Random numbers for rows of shape (..., batch), float32, on the generator's device: those of :attr:`draws`.

        Parameters
        ----------
        shape : tuple of int
            Shape of the batch, (..., batch), without the axis of features.
        domain : Domain
            What a row is: its width, the shape of its picture, the range of its values.
        generator : torch.Generator
            Source of the random numbers; they are drawn on its device.
        """
        import torch

        sizes = {name: (*shape, n or domain.n_features) for name, (_, n) in self.draws.items()}
        where = {"generator": generator, "device": generator.device}
        return {name: getattr(torch, kind)(sizes[name], **where) for name, (kind, _) in self.draws.items()}

    @abstractmethod
    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        """Corrupt every row; x has shape (..., batch, n_features), and its dtype is kept.

        Parameters
        ----------
        x : Tensor, shape (..., batch, n_features)
            Clean rows, after scaling.
        noise : mapping of str to Tensor
            What :meth:`draw_noise` gave for rows of this shape.
        domain : Domain
            What a row is: its width, the shape of its picture, the range of its values.
        """

    def draw(self, shape: tuple[int, ...], domain: Domain, generator: torch.Generator) -> dict[str, Tensor]:
        """All random numbers for rows of shape (..., batch), with those that pick the corrupted rows.

        Parameters
        ----------
        shape : tuple of int
            Shape of the batch, (..., batch), without the axis of features.
        domain : Domain
            What a row is: its width, the shape of its picture, the range of its values.
        generator : torch.Generator
            Source of the random numbers; they are drawn on its device.
        """
        import torch

        # The gate is drawn at probability 1 too: models of a stack differ in it, but not in what is drawn.
        gate = {"gate": torch.rand(shape, generator=generator, device=generator.device)}
        return self.draw_noise(shape, domain, generator) | gate

    def apply(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        """The corrupted rows; those that the draw left out are returned as they are.

        Parameters
        ----------
        x : Tensor, shape (..., batch, n_features)
            Clean rows, after scaling.
        noise : mapping of str to Tensor
            What :meth:`draw` gave for rows of this shape.
        domain : Domain
            What a row is: its width, the shape of its picture, the range of its values.
        """
        corrupted = self.corrupt(x, noise, domain)
        if isinstance(self.probability, float) and self.probability == 1:
            return corrupted
        return corrupted.where((noise["gate"] < trailing(self.probability, 1)).unsqueeze(-1), x)

    def validate(self, domain: Domain) -> None:
        """Raise a SettingError or DataError if the corruption makes no sense for the rows."""
        if self.pictures:
            domain.require_picture(type(self).__name__)
