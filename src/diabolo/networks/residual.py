"""Residual networks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ..parts import part, setting
from .base import BuildContext, Network
from .names import ACTIVATIONS, INITIALISERS

if TYPE_CHECKING:
    import torch
    from torch import nn


@part
class Residual(Network):
    r"""A chain of residual blocks as wide as the data: ``z_l = z_{l-1} + f_l(z_{l-1})``.

    Each f_l is a small dense network: one or two hidden layers, then an affine map back to the block's
    width. Where the code is not as wide as the data, an affine map stands between the blocks and the code:
    last in an encoder, first in a decoder. The hidden activations are those inside the f_l.

    Parameters
    ----------
    blocks : int, default 2
        Number of residual blocks.
    width : int, default 128
        Width of the hidden layers of each f_l.
    depth : int, default 1
        Number of hidden layers of each f_l, 1 or 2.
    activation : str, default "relu"
        After each hidden layer; a name of :data:`diabolo.networks.ACTIVATIONS`.
    output_activation : str, default "none"
        After the last layer.
    init : str, default "torch"
        How weights start; a name of :data:`diabolo.networks.INITIALISERS`. The decoder's last layer always
        starts as torch does. Kaiming's rules let the sum over blocks grow with their number.

    References
    ----------
    K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385.

    Examples
    --------
    >>> Residual(3, 64, activation="prelu")
    Residual(blocks=3, width=64, activation='prelu')
    """

    blocks: int = setting(default=2, doc="Number of residual blocks.", ge=1, size=True)
    width: int = setting(default=128, doc="Width of the hidden layers of each block.", ge=1, size=True)
    depth: int = setting(default=1, doc="Number of hidden layers of each block.", ge=1, le=2, size=True)
    activation: str = setting(default="relu", doc="Function after each hidden layer.", choices=ACTIVATIONS)
    output_activation: str = setting(
        default="none", doc="Function after the last layer.", choices=ACTIVATIONS
    )
    init: str = setting(default="torch", doc="How weights start.", choices=INITIALISERS)

    def mirrored(self) -> Residual:
        return self.replace(output_activation="none")

    def build(self, io: BuildContext, generator: torch.Generator) -> nn.Module:
        from torch import nn

        from .layers import Dense, make_activation
        from .modules import Block, ResidualChain

        encodes = io.role == "encoder"
        width = io.n_in if encodes else io.n_out
        bridge = nn.Identity() if io.n_in == io.n_out else Dense(io.n_in, io.n_out)
        entry, exit = (nn.Identity(), bridge) if encodes else (bridge, nn.Identity())
        widths = (width, *[self.width] * self.depth, width)
        blocks = [
            Block(
                [Dense(a, b) for a, b in itertools.pairwise(widths)],
                [make_activation(self.activation) for _ in range(self.depth)],
            )
            for _ in range(self.blocks)
        ]
        chain = ResidualChain(entry, blocks, exit, make_activation(self.output_activation))
        return chain.started(self.init, io.role, generator)
