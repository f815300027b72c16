"""Modules that the specifications build."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .layers import Dense, initialise, make_activation

if TYPE_CHECKING:
    from .base import Socket
    from .mlp import MLP


class Chain(nn.Module):
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
        return x, tuple(outputs[:-1])


def mlp(spec: MLP, socket: Socket, generator: torch.Generator) -> Chain:
    """The chain of dense layers that an :class:`~diabolo.networks.MLP` describes."""
    widths = (socket.n_in, *spec.sizes, socket.n_out)
    layers = [Dense(a, b) for a, b in itertools.pairwise(widths)]
    for layer in layers:
        last = socket.role == "decoder" and layer is layers[-1]
        rule = "torch" if last else spec.init
        initialise(layer.weight, layer.bias, rule, (layer.n_in, layer.n_out), generator)
    names = (*[spec.activation] * len(spec.sizes), spec.output_activation)
    return Chain(layers, [make_activation(name) for name in names])
