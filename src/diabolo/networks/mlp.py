"""Fully connected networks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ..errors import SettingError
from ..parts import part, setting
from .base import BuildContext, Network, Sample
from .names import ACTIVATIONS, INITIALISERS, SKIPS

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
    skip : "pca" or None, default None
        "pca": an affine map beside the layers, added to their output. Before the first step encoder and decoder are
        set to PCA of the training rows, with codes of unit variance, and the last layer to 0: training starts at
        PCA's error, exactly for the squared error, else at the best affine decoder of PCA's codes. The first weights
        of hidden layers are drawn as ever.

    Raises
    ------
    SettingError
        If both ``hidden`` and ``width`` or ``depth`` are given, or ``skip`` with an output activation.

    Examples
    --------
    >>> MLP((392, 64), activation="prelu").mirrored()
    MLP(hidden=(64, 392), activation='prelu')

    >>> import numpy as np
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(2, encoder=MLP((64,), skip="pca"), training=Training(epochs=1, lr=1e-9)).fit(X)
    >>> centred = X - X.mean(0)
    >>> by_pca = (np.linalg.svd(centred, compute_uv=False)[2:] ** 2).sum() / len(X)
    >>> bool(abs(-ae.score(X) - by_pca) < 1e-3 * by_pca)
    True
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
    skip: str | None = setting(default=None, doc="An affine map beside, that starts as PCA.", choices=SKIPS)

    def check(self) -> None:
        if self.skip is not None and self.output_activation != "none":
            raise SettingError(
                f"MLP: skip={self.skip!r} starts as PCA, whose output no function follows; got "
                f"output_activation={self.output_activation!r}. Leave one of them out."
            )
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
        from .modules import Chain, Skip

        layers = [Dense(a, b) for a, b in itertools.pairwise((io.n_in, *self.sizes, io.n_out))]
        names = (*[self.activation] * len(self.sizes), self.output_activation)
        chain = Chain(layers, [make_activation(name) for name in names])
        network = chain if self.skip is None or not self.sizes else Skip(Dense(io.n_in, io.n_out), chain)
        return network.started(self.init, io.role, generator)

    @property
    def starts_from_data(self) -> bool:
        return self.skip is not None

    def initialise(self, module: nn.Module, sample: Sample) -> None:
        from .linear_start import start_linear
        from .modules import Chain, Skip, silence

        if isinstance(module, Skip):
            start_linear(module.linear, sample)
            silence(module.branch.last)
        elif self.skip is not None and isinstance(module, Chain):
            start_linear(module.last, sample)
