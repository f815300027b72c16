"""Fully connected networks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ..errors import SettingError
from ..parts import part, setting
from .base import BuildContext, Network
from .names import ACTIVATIONS, INITIALISERS

if TYPE_CHECKING:
    import torch
    from torch import nn


@part
class MLP(Network):
    """A multi-layer perceptron.

    Give the hidden widths, or one width and the number of hidden layers (by default 2 of 128).

    Parameters
    ----------
    hidden : tuple of int or None
        Widths of the hidden layers, from input to output; ``()`` is one affine map.
    width, depth : int or None
        Width and number of the hidden layers, instead of ``hidden``.
    activation : str, default "relu"
        After each hidden layer; a name of :data:`diabolo.networks.ACTIVATIONS`.
    output_activation : str, default "none"
        After the last layer: on the code for an encoder, on the reconstruction for a decoder.
    init : str, default "torch"
        How weights start; a name of :data:`diabolo.networks.INITIALISERS`. The decoder's last layer always
        starts as torch does.

    Raises
    ------
    SettingError
        If both ``hidden`` and ``width`` or ``depth`` are given.

    Examples
    --------
    >>> MLP((392, 64), activation="prelu").mirrored()
    MLP(hidden=(64, 392), activation='prelu')
    """

    hidden: tuple[int, ...] | None = setting(
        default=None, doc="Widths of the hidden layers.", ge=1, size=True
    )
    width: int | None = setting(
        default=None, doc="Width of every hidden layer, instead of hidden.", ge=1, size=True
    )
    depth: int | None = setting(
        default=None, doc="Number of hidden layers, instead of hidden.", ge=0, size=True
    )
    activation: str = setting(default="relu", doc="Function after each hidden layer.", choices=ACTIVATIONS)
    output_activation: str = setting(
        default="none", doc="Function after the last layer.", choices=ACTIVATIONS
    )
    init: str = setting(default="torch", doc="How weights start.", choices=INITIALISERS)

    def check(self) -> None:
        if self.hidden is not None and (self.width is not None or self.depth is not None):
            raise SettingError(
                f"MLP: give hidden={self.hidden} or width and depth ({self.width}, {self.depth}), not both."
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths of the hidden layers, however they were given."""
        if self.hidden is not None:
            return self.hidden
        width = 128 if self.width is None else self.width
        return (width,) * (2 if self.depth is None else self.depth)

    def mirrored(self) -> MLP:
        hidden = None if self.hidden is None else self.hidden[::-1]
        return self.replace(hidden=hidden, output_activation="none")

    def build(self, io: BuildContext, generator: torch.Generator) -> nn.Module:
        from .layers import Dense, make_activation
        from .modules import Chain

        layers = [Dense(a, b) for a, b in itertools.pairwise((io.n_in, *self.sizes, io.n_out))]
        names = (*[self.activation] * len(self.sizes), self.output_activation)
        return Chain(layers, [make_activation(name) for name in names]).started(self.init, io.role, generator)
