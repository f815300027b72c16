"""Parts that may own weights, and what they are built for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..moved import Renamed
from .part import Part
from .setting import part

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    #: Draws numbers of a shape, float32, on the generator's device.
    Draw = Callable[[tuple[int, ...], torch.Generator], Tensor]


def uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers from [0, 1) of a shape, float32, on the generator's device."""
    import torch

    return torch.rand(shape, generator=generator, device=generator.device)


@dataclass(frozen=True)
class Widths:
    """What a component is built for.

    Attributes
    ----------
    features : int
        Width of a row.
    code : int
        Width of a code.
    """

    features: int
    code: int


@part
class Component(Part):
    """Base of the parts that may own a module: latent spaces, priors, losses, penalties.

    The module's parameters are trained, saved and stacked with those of the networks, as
    ``components.<name>.<parameter>``; methods of the part are handed it. In a stack of models each parameter has
    a leading axis of models.
    """

    #: Whether first values are taken from training rows, by :meth:`initialise`.
    starts_from_data: ClassVar[bool] = False

    @property
    def initial(self) -> float | None:
        """Where the one scalar that it trains, ``module.value``, starts; None if it trains none."""
        return None

    start = Renamed("initial")
    renamed: ClassVar[Mapping[str, str]] = {"start": "initial"}

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module | None:
        """The module that it owns, with its first weights (float32, on the CPU); None if it owns none.

        Parameters
        ----------
        widths : Widths
            What it is built for.
        generator : torch.Generator
            Source of the first weights.
        """
        if self.initial is None:
            return None
        import torch
        from torch import nn

        return nn.ParameterDict({"value": torch.tensor(self.initial)})

    def initialise(self, module: nn.Module, rows: Tensor) -> None:
        """Take first values from training rows, once, before the first step, without gradients.

        Parameters
        ----------
        module : nn.Module
            What :meth:`build` made, for one model.
        rows : Tensor, shape (n, n_features)
            The rows, or some of them, as the model sees them.
        """
