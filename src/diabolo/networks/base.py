"""The contract of a network specification."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..parts import Part, part

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..data.domain import Domain


@dataclass(frozen=True)
class BuildContext:
    """Where a network is put in: what it gets, what it must give, and on which side of the code it stands.

    Attributes
    ----------
    n_in, n_out : int
        Widths of the flat rows that the network gets and gives.
    role : "encoder" or "decoder"
        On which side of the code the network stands.
    domain : Domain
        The data rows: the encoder's input, the decoder's output.
    """

    n_in: int
    n_out: int
    role: Literal["encoder", "decoder"]
    domain: Domain


@part
class Network(Part, ABC):
    """Base of the network specifications.

    A specification holds no weights; :meth:`build` makes the module. The module maps flat rows
    (*models, batch, n_in) to ``(output, hidden)``: the output (*models, batch, n_out) and the tuple of the
    activations of its hidden layers.
    """

    @abstractmethod
    def build(self, io: BuildContext, generator: torch.Generator) -> nn.Module:
        """The network with its first weights, drawn from the generator (float32, on the CPU).

        Parameters
        ----------
        io : BuildContext
            What the network is built for: widths, side, data.
        generator : torch.Generator
            Source of the first weights.
        """

    @abstractmethod
    def mirrored(self) -> Network:
        """The specification of the decoder that mirrors this encoder; its output activation is none."""
