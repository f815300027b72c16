"""Modules that the specifications build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, cast

import torch
from torch import Tensor, nn

from .layers import Dense, initialise


class Startable(nn.Module):
    """Base of networks of dense layers: their first weights can be drawn again and again."""

    def started(self, rule: str, role: str, generator: torch.Generator) -> Self:
        """Itself, with first weights by a rule; a decoder's last layer always starts as torch's."""
        layers = [layer for layer in self.modules() if isinstance(layer, Dense)]
        last = layers[-1] if role == "decoder" else None
        self._starts = [(layer, "torch" if layer is last else rule) for layer in layers]
        self.start(generator)
        return self

    def start(self, generator: torch.Generator) -> None:
        """Draw the first weights of the layers, in order."""
        for layer, rule in self._starts:
            initialise(layer.weight, layer.bias, rule, (layer.n_in, layer.n_out), generator)


class Chain(Startable):
    """Layers one after another, each with its activation; outputs but the last are the hidden ones."""

    def __init__(self, layers: Sequence[nn.Module], activations: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers, self.activations = nn.ModuleList(layers), nn.ModuleList(activations)

    @property
    def last(self) -> Dense:
        """The layer that gives the output."""
        return cast(Dense, self.layers[-1])

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Rows (*models, batch, n_in) to the output and the hidden activations."""
        outputs = []
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(layer(x))
            outputs.append(x)
        return outputs[-1], tuple(outputs[:-1])


class Skip(Startable):
    """An affine map and a chain side by side, added up; the hidden activations are the chain's."""

    def __init__(self, linear: Dense, branch: Chain) -> None:
        super().__init__()
        self.linear, self.branch = linear, branch

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Rows (*models, batch, n_in) to the output and the hidden activations."""
        output, hidden = self.branch(x)
        return self.linear(x) + output, hidden


def silence(layer: Dense) -> None:
    """Let a layer give 0 until it has learnt something."""
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()


class Block(nn.Module):
    """One residual block: x + f(x), and the hidden activations of f."""

    def __init__(self, layers: Sequence[nn.Module], activations: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers, self.activations = nn.ModuleList(layers), nn.ModuleList(activations)

    @property
    def last(self) -> Dense:
        """The layer that gives what is added."""
        return cast(Dense, self.layers[-1])

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        y, hidden = x, []
        for layer, activation in zip(self.layers, self.activations, strict=False):
            y = activation(layer(y))
            hidden.append(y)
        return x + self.layers[-1](y), hidden


class ResidualChain(Startable):
    """Residual blocks one after another, with a layer before or after them where widths differ."""

    def __init__(
        self, entry: nn.Module, blocks: Sequence[nn.Module], exit: nn.Module, activation: nn.Module
    ) -> None:
        super().__init__()
        self.entry, self.blocks = entry, nn.ModuleList(blocks)
        self.exit, self.activation = exit, activation

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Rows (*models, batch, n_in) to the output and the hidden activations of all blocks."""
        x, hidden = self.entry(x), list[Tensor]()
        for block in self.blocks:
            x, inner = block(x)
            hidden += inner
        return self.activation(self.exit(x)), tuple(hidden)
