"""The contract of a network specification."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..parts import Part, part

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor, nn

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


@dataclass(frozen=True)
class Sample:
    """Training rows, as one half of a model meets them: what its first values are taken from.

    Attributes
    ----------
    inputs : Tensor, shape (n, n_in)
        What the network gets: rows for an encoder, codes for a decoder.
    outputs : int
        How many numbers of its output are code, or reconstruction; an encoder may give more.
    target : Tensor, shape (n, n_features), or None
        What a decoder is to give back.
    loss : callable or None
        From a decoder's raw output to its loss, as one number; None: where that is a squared error.
    weight : Tensor, shape (n,), or None
        How much each row counts; None: all alike.
    """

    inputs: Tensor
    outputs: int
    target: Tensor | None = None
    loss: Callable[[Tensor], Tensor] | None = None
    weight: Tensor | None = None


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

    @property
    def starts_from_data(self) -> bool:
        """Whether first values are taken from training rows, by :meth:`initialise`."""
        return False

    def initialise(self, module: nn.Module, sample: Sample) -> None:
        """Take first values from training rows, once, before the first step; most networks leave what was drawn.

        Parameters
        ----------
        module : nn.Module
            What :meth:`build` made, for one model.
        sample : Sample
            The rows, or some of them, as the network meets them.
        """

    @abstractmethod
    def mirrored(self) -> Network:
        """The specification of the decoder that mirrors this encoder; its output activation is none."""
