"""Modules that the specifications build."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .layers import Dense, initialise, make_activation

if TYPE_CHECKING:
    from .base import BuildContext
    from .mlp import MLP
    from .residual import Residual


class Startable(nn.Module):
    """Base of networks of dense layers: their first weights can be drawn again and again."""

    def start_by(self, rule: str, role: str) -> None:
        """Say how weights start; a decoder's last layer always starts as torch's."""
        layers = [layer for layer in self.modules() if isinstance(layer, Dense)]
        last = layers[-1] if role == "decoder" else None
        self._starts = [(layer, "torch" if layer is last else rule) for layer in layers]

    def start(self, generator: torch.Generator) -> None:
        """Draw the first weights of the layers, in order."""
        for layer, rule in self._starts:
            initialise(layer.weight, layer.bias, rule, (layer.n_in, layer.n_out), generator)


class Chain(Startable):
    """Layers one after another, each with its activation; outputs but the last are the hidden ones."""

    def __init__(self, layers: Sequence[nn.Module], activations: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers, self.activations = nn.ModuleList(layers), nn.ModuleList(activations)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Rows (*models, batch, n_in) to the output and the hidden activations."""
        outputs = []
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(layer(x))
            outputs.append(x)
        return outputs[-1], tuple(outputs[:-1])


def mlp(spec: MLP, io: BuildContext, generator: torch.Generator) -> Chain:
    """The chain of dense layers that an :class:`~diabolo.networks.MLP` describes."""
    widths = (io.n_in, *spec.sizes, io.n_out)
    layers = [Dense(a, b) for a, b in itertools.pairwise(widths)]
    names = (*[spec.activation] * len(spec.sizes), spec.output_activation)
    chain = Chain(layers, [make_activation(name) for name in names])
    chain.start_by(spec.init, io.role)
    chain.start(generator)
    return chain


class Block(nn.Module):
    """One residual block: x + f(x), and the hidden activations of f."""

    def __init__(self, layers: Sequence[nn.Module], activations: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers, self.activations = nn.ModuleList(layers), nn.ModuleList(activations)

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


def residual(spec: Residual, io: BuildContext, generator: torch.Generator) -> ResidualChain:
    """The chain of blocks that a :class:`~diabolo.networks.Residual` describes."""
    encodes = io.role == "encoder"
    width = io.n_in if encodes else io.n_out
    bridge = nn.Identity() if io.n_in == io.n_out else Dense(io.n_in, io.n_out)
    entry, exit = (nn.Identity(), bridge) if encodes else (bridge, nn.Identity())
    widths = (width, *[spec.width] * spec.depth, width)
    blocks = [
        Block(
            [Dense(a, b) for a, b in itertools.pairwise(widths)],
            [make_activation(spec.activation) for _ in range(spec.depth)],
        )
        for _ in range(spec.blocks)
    ]
    chain = ResidualChain(entry, blocks, exit, make_activation(spec.output_activation))
    chain.start_by(spec.init, io.role)
    chain.start(generator)
    return chain
