"""Modules of the convolutional networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .layers import Dense, initialise, make_activation

if TYPE_CHECKING:
    from .base import BuildContext
    from .convolutional import Convolutional, Stage


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


def convolutional(spec: Convolutional, io: BuildContext, generator: torch.Generator) -> nn.Module:
    """The module that a :class:`~diabolo.networks.Convolutional` describes."""
    stages, maps = spec.stages(io.domain), spec.feature_maps(io.domain)
    names = (*[spec.activation] * len(stages), spec.output_activation)
    activations = [make_activation(name) for name in names]
    if io.role == "encoder":
        convolutions = [_convolution(stage) for stage in stages]
        dense = Dense(math.prod(maps), io.n_out)
        _start([*convolutions, dense], [spec.init] * len(names), generator)
        return ConvolutionalEncoder(io.domain.picture, convolutions, dense, activations)
    transposed = [_transposed(stage) for stage in reversed(stages)]
    dense = Dense(io.n_in, math.prod(maps))
    _start([dense, *transposed], [*[spec.init] * len(stages), "torch"], generator)
    return ConvolutionalDecoder(maps, dense, transposed, activations)


def _convolution(stage: Stage) -> nn.Module:
    # skip_init leaves the weights unset: torch would draw them from its global generator.
    return nn.utils.skip_init(
        nn.Conv2d, *stage.channels, stage.kernel, stride=stage.stride, padding=stage.padding
    )


def _transposed(stage: Stage) -> nn.Module:
    return nn.utils.skip_init(
        nn.ConvTranspose2d,
        *stage.channels[::-1],
        stage.kernel,
        stride=stage.stride,
        padding=stage.padding,
        output_padding=stage.output_padding,
    )


def _start(layers: Sequence[nn.Module], rules: Sequence[str], generator: torch.Generator) -> None:
    """First weights; the fans of a kernel (a, b, height, width) are torch's: b and a times its area."""
    for layer, rule in zip(layers, rules, strict=True):
        weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
        if isinstance(layer, Dense):
            fans = (layer.n_in, layer.n_out)
        else:
            area = weight.shape[2] * weight.shape[3]
            fans = (weight.shape[1] * area, weight.shape[0] * area)
        initialise(weight, bias, rule, fans, generator)
