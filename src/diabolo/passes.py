"""What one pass computed: the record that losses, penalties and whoever looks at a model are given.

    x --corrupt--> x~ --encoder--> h --latent space--> z --decoder--> x^

Tensors have trailing axes ``(*models, batch, width)``: a single model has no leading axis, a stack of models
has one. :mod:`diabolo.model` computes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .latent import LatentSpace

#: Random numbers by what they are for, then by name.
Noise = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True)
class Pass:
    """All that one pass computed, and what it was computed from.

    Attributes
    ----------
    target : Tensor, shape (*models, batch, features)
        The clean rows.
    corrupted : Tensor, shape (*models, batch, features)
        The rows that the encoder saw.
    h : Tensor, shape (*models, batch, latent.encoder_width)
        The encoder's output.
    z : Tensor, shape (*models, batch, dim)
        The code that the decoder saw.
    output : Tensor, shape (*models, batch, features)
        The decoder's raw output, before the loss's link.
    hidden : tuple of Tensor
        Activations of the encoder's hidden layers.
    weights : tuple of Tensor
        The matrices and kernels of encoder and decoder (no biases).
    latent : LatentSpace
        The latent space.
    noise : mapping of str to mapping of str to Tensor
        The random numbers of the pass, by purpose.
    learnt : mapping of str to Tensor, shape (*models,)
        Trained scalars of losses and penalties, by name.
    term : str
        The name of the penalty that looks at the pass: its own entry in ``noise`` and ``learnt``.
    """

    target: Tensor
    corrupted: Tensor
    h: Tensor
    z: Tensor
    output: Tensor
    hidden: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    latent: LatentSpace
    noise: Noise
    learnt: Mapping[str, Tensor]
    term: str = ""

    def seen_by(self, term: str) -> Pass:
        """The pass as the penalty of a name sees it."""
        return replace(self, term=term)

    def widened(self) -> Pass:
        """The pass in numbers that are wide enough to be added up, whatever its networks computed with."""
        dtype = torch.promote_types(self.target.dtype, torch.float32)
        if self.output.dtype == dtype and self.h.dtype == dtype:
            return self
        made = {name: getattr(self, name).to(dtype) for name in ("target", "h", "z", "output")}
        return replace(self, **made, hidden=tuple(a.to(dtype) for a in self.hidden))
