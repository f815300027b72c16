"""The decoder that mirrors its encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SettingError
from ..parts import part, setting, settings
from .base import BuildContext, Network
from .names import ACTIVATIONS

if TYPE_CHECKING:
    import torch
    from torch import nn


@part
class Mirror(Network):
    """The encoder's layers in reverse: the default decoder.

    Parameters
    ----------
    output_activation : str, default "none"
        After the last layer. The Bernoulli loss takes logits and wants none. A decoder with one does not start at
        PCA, whatever its encoder does.

    Examples
    --------
    >>> from diabolo.networks import MLP
    >>> Mirror("sigmoid").of(MLP((32, 8)))
    MLP(hidden=(8, 32), output_activation='sigmoid')
    """

    output_activation: str = setting(
        default="none", doc="Function after the last layer.", choices=ACTIVATIONS
    )

    def of(self, encoder: Network) -> Network:
        """The decoder's specification, given the encoder's."""
        mirrored = encoder.mirrored()
        if self.output_activation == "none":
            return mirrored
        if "output_activation" not in settings(type(mirrored)):
            raise SettingError(
                f"the decoder that mirrors {encoder!r} has no output_activation; give the decoder itself."
            )
        plain = {"skip": None} if "skip" in settings(type(mirrored)) else {}
        return mirrored.replace(output_activation=self.output_activation, **plain)

    def mirrored(self) -> Network:
        raise SettingError("Mirror() stands for a decoder; give the encoder itself, such as MLP((128, 32)).")

    def build(self, io: BuildContext, generator: torch.Generator) -> nn.Module:
        raise SettingError(f"Mirror() stands for a decoder, got it as {io.role}; give a network.")
