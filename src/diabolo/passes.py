"""What one pass computed: the record that losses, penalties and whoever looks at a model are given.

    x --corrupt--> x~ --encoder--> h --latent space--> z --decoder--> x^

Tensors have trailing axes ``(*models, batch, width)``: a single model has no leading axis, a stack of models
has one. :mod:`diabolo.model` computes it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from . import functional as F

if TYPE_CHECKING:
    from .latent import LatentSpace, Posterior

#: Random numbers by what they are for, then by name.
Noise = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True)
class Batch:
    """Rows of a pass, and what is known of each.

    Attributes
    ----------
    x : Tensor, shape (*models, batch, features)
        What is corrupted by the noise that is given for it, and encoded.
    target : Tensor, shape (*models, batch, features)
        What is to be reconstructed; x unless told otherwise.
    mask : Tensor of bool, shape (*models, batch, features), or None
        True where the target was observed; None: everywhere.
    weight : Tensor, shape (*models, batch), or None
        How much each row counts in means over rows; None: all alike.
    context : Tensor, shape (*models, batch, width), or None
        The condition of each row, which encoder and decoder are given beside it.
    n_samples : int
        Rows of the training set; 0 where there is none.
    """

    x: Tensor
    target: Tensor = None  # type: ignore[assignment]
    mask: Tensor | None = None
    weight: Tensor | None = None
    context: Tensor | None = None
    n_samples: int = 0

    def __post_init__(self) -> None:
        given: Tensor | None = self.target
        if given is None:
            object.__setattr__(self, "target", self.x)

    def tensors(self) -> dict[str, Tensor]:
        """Those that are there, by name."""
        named = {name: getattr(self, name) for name in ("x", "target", "mask", "weight", "context")}
        return {name: value for name, value in named.items() if value is not None}


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
    modules : mapping of str to nn.Module
        What components built, by name.
    drawn : Posterior
        What the code was drawn from.
    encode : callable
        From rows as the model sees them to the posterior of their codes.
    draws : int
        How many codes were drawn for each row: z and output have so many times the rows, the first draw of each first.
    term : str
        The name of the penalty that looks at the pass: its own entry in ``noise`` and ``modules``.
    mask, weight, context : Tensor or None
        As in the :class:`Batch`.
    n_samples : int
        Rows of the training set; 0 where there is none.
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
    modules: Mapping[str, nn.Module]
    drawn: Posterior
    encode: Callable[[Tensor], Posterior]
    term: str = ""
    draws: int = 1
    mask: Tensor | None = None
    weight: Tensor | None = None
    context: Tensor | None = None
    n_samples: int = 0

    @property
    def module(self) -> Any:
        """What the penalty that looks at the pass built, as :attr:`modules` has it; None if it built none."""
        return self.modules.get(self.term)

    def judged(self, z: Tensor) -> Tensor:
        """What the module of the penalty says of codes, in which it stands still: gradients reach the codes alone."""
        fixed = {name: p.detach() for name, p in self.module.named_parameters()}
        output: Tensor = torch.func.functional_call(self.module, fixed, (z,))[0]
        return output

    def detached(self) -> Pass:
        """The pass without gradients."""
        made = {name: getattr(self, name).detach() for name in ("target", "corrupted", "h", "z", "output")}
        return replace(self, **made, hidden=tuple(a.detach() for a in self.hidden))

    @cached_property
    def posterior(self) -> Posterior:
        """The distributions of the codes of the rows."""
        return self.latent.posterior(self.h, self.modules.get("latent"))

    @cached_property
    def log_ratio(self) -> Tensor:
        """log q(z|x) - log p(z) in nats at the codes that were drawn: (*models, batch)."""
        prior = self.latent.prior
        if prior is None:
            raise ValueError(f"{self.latent!r} has no prior.")
        return self.drawn.log_prob(self.z) - prior.log_prob(self.z, self.modules.get("prior"), self.encode)

    @cached_property
    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)) of each row in nats, (*models, batch): exact where it can be, else at the code drawn."""
        prior = self.latent.prior
        exact = None if prior is None else prior.kl(self.posterior)
        return self.by_draw(self.log_ratio).mean(-2) if exact is None else exact

    def by_draw(self, values: Tensor) -> Tensor:
        """Values of all draws with an axis for them: (*models, draws * batch) to (*models, draws, batch)."""
        return values.unflatten(-1, (self.draws, -1))

    def average(self, values: Tensor) -> Tensor:
        """The mean of values of rows, by their weights where they have some: (*models, batch) to (*models,)."""
        return F.weighted_mean(values, self.weight)

    def first(self) -> Pass:
        """The pass of the first draw of each row, which is what penalties look at."""
        if self.draws == 1:
            return self
        rows = self.target.shape[-2]
        made = replace(self, z=self.z[..., :rows, :], output=self.output[..., :rows, :], draws=1)
        if self.latent.prior is not None:
            vars(made)["kl"] = self.kl  # that of all draws
        return made

    def seen_by(self, term: str) -> Pass:
        """The pass as the penalty of a name sees it."""
        made = copy.copy(self)  # with what was computed of it
        object.__setattr__(made, "term", term)
        return made

    def widened(self) -> Pass:
        """The pass in numbers that are wide enough to be added up, whatever its networks computed with."""
        dtype = torch.promote_types(self.target.dtype, torch.float32)
        if self.output.dtype == dtype and self.h.dtype == dtype:
            return self
        made = {name: getattr(self, name).to(dtype) for name in ("target", "h", "z", "output")}
        return replace(self, **made, hidden=tuple(a.to(dtype) for a in self.hidden))


def repeat_rows(rows: Tensor, times: int) -> Tensor:
    """Rows (*models, batch, width), all of them again and again: (*models, times * batch, width)."""
    return rows if times == 1 else torch.cat([rows] * times, dim=-2)
