"""Modules of the convolutional networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import Dense, initialise


class ConvolutionalEncoder(nn.Module):
    """Flat rows to pictures, through convolutions and an affine map."""

    def __init__(
        self,
        picture: tuple[int, int, int],
        convolutions: Sequence[nn.Module],
        dense: Dense,
        activations: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.picture, self.dense = picture, dense
        self.convolutions, self.activations = nn.ModuleList(convolutions), nn.ModuleList(activations)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Rows (..., n_in) to the output and the hidden feature maps, flattened."""
        y = x.reshape(-1, *self.picture)
        hidden = []
        for layer, activation in zip(self.convolutions, self.activations, strict=False):
            y = activation(layer(y))
            hidden.append(y.reshape(*x.shape[:-1], -1))
        output = self.activations[-1](self.dense(y.flatten(1)))
        return output.reshape(*x.shape[:-1], -1), tuple(hidden)


class ConvolutionalDecoder(nn.Module):
    """An affine map and transposed convolutions to pictures, as flat rows."""

    def __init__(
        self,
        maps: tuple[int, int, int],
        dense: Dense,
        convolutions: Sequence[nn.Module],
        activations: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.maps, self.dense = maps, dense
        self.convolutions, self.activations = nn.ModuleList(convolutions), nn.ModuleList(activations)

    def forward(self, z: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Rows (..., n_in) to the output and the hidden feature maps, flattened."""
        y = self.activations[0](self.dense(z.reshape(-1, z.shape[-1])))
        outputs = [y.reshape(*z.shape[:-1], -1)]
        y = y.reshape(-1, *self.maps)
        for layer, activation in zip(self.convolutions, list(self.activations)[1:], strict=True):
            y = activation(layer(y))
            outputs.append(y.reshape(*z.shape[:-1], -1))
        return outputs[-1], tuple(outputs[:-1])


def start(layers: Sequence[nn.Module], rules: Sequence[str], generator: torch.Generator) -> None:
    """First weights; the fans of a kernel (a, b, height, width) are torch's: b and a times its area."""
    for layer, rule in zip(layers, rules, strict=True):
        weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
        if isinstance(layer, Dense):
            fans = (layer.n_in, layer.n_out)
        else:
            area = weight.shape[2] * weight.shape[3]
            fans = (weight.shape[1] * area, weight.shape[0] * area)
        initialise(weight, bias, rule, fans, generator)
