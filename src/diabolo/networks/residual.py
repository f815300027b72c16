"""Residual networks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, cast

from ..errors import SettingError
from ..parts import part, setting
from .base import BuildContext, Network, Sample
from .names import ACTIVATIONS, INITIALISERS, SKIPS

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
    skip : "pca" or None, default None
        "pca": before the first step the affine map between blocks and code is set to PCA of the training rows, with
        codes of unit variance, and the last layer of every f_l to 0, so that training starts at PCA's error.

    Raises
    ------
    SettingError
        If ``skip`` is given with an output activation.

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
    skip: str | None = setting(default=None, doc="Blocks start at 0, the map between at PCA.", choices=SKIPS)

    def check(self) -> None:
        if self.skip is not None and self.output_activation != "none":
            raise SettingError(
                f"Residual: skip={self.skip!r} starts as PCA, whose output no function follows; got "
                f"output_activation={self.output_activation!r}. Leave one of them out."
            )

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

    @property
    def starts_from_data(self) -> bool:
        return self.skip is not None

    def initialise(self, module: nn.Module, sample: Sample) -> None:
        from .layers import Dense
        from .linear_start import start_linear
        from .modules import Block, ResidualChain, silence

        if self.skip is None or not isinstance(module, ResidualChain):
            return
        for bridge in (module.entry, module.exit):
            if isinstance(bridge, Dense):
                start_linear(bridge, sample)
        for block in module.blocks:
            silence(cast(Block, block).last)
