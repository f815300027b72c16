"""Penalties that are estimated by a critic of their own, which is trained in the same steps."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ..errors import SettingError
from ..parts import part, setting
from ..parts.component import uniform
from .base import BatchPenalty

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn

    from ..latent import LatentSpace
    from ..parts.component import Draw, Widths
    from ..passes import Pass


@part
class Adversary(BatchPenalty):
    """Base of the penalties with a critic: a network that tells two kinds of codes apart.

    One step trains both: the model by :meth:`value`, in which the critic stands still, and the critic by
    :meth:`critic_loss`, in which the codes do. The history holds the critic's loss as ``<name>_critic``; it is no part
    of the total. The critic takes the optimiser's steps of the training, at ``rate`` times its learning rate.
    """

    weighable: ClassVar[bool] = True
    looks_at: ClassVar[tuple[str, ...]] = ("z",)

    hidden: tuple[int, ...] = setting(
        default=(64, 64), doc="Widths of the critic's hidden layers.", ge=1, kw_only=True
    )
    rate: float = setting(
        default=1.0, doc="The critic's learning rate, in units of the training's.", gt=0, kw_only=True
    )

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module:
        from ..networks.layers import Dense, make_activation
        from ..networks.modules import Chain

        layers = [Dense(a, b) for a, b in itertools.pairwise((widths.code, *self.hidden, 1))]
        names = (*["leaky_relu"] * len(self.hidden), "none")
        return Chain(layers, [make_activation(name) for name in names]).started("torch", "encoder", generator)

    @abstractmethod
    def critic_loss(self, p: Pass) -> Tensor:
        """What the critic is trained by: shape (*models,); gradients reach nothing else.

        Parameters
        ----------
        p : Pass
            Without gradients.
        """


@part
class AdversarialTC(Adversary):
    r"""Total correlation of the codes, KL(q(z) || prod_j q(z_j)) in nats, by the density ratio that a critic learns.

    The critic tells codes from codes whose dimensions were each shuffled over the batch; at its best its output is
    the logarithm of their densities' ratio, whose mean over codes is the total correlation.

    Parameters
    ----------
    weight : float, default 10.0
        Gamma.
    hidden : tuple of int, default (64, 64)
        Widths of the critic's hidden layers.
    rate : float, default 1.0
        The critic's learning rate, in units of the training's.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    H. Kim, A. Mnih, Disentangling by Factorising, ICML 2018, arXiv:1802.05983. There the shuffled codes are those of
    a second batch, and the critic has an Adam of its own with betas (0.5, 0.9).

    Examples
    --------
    >>> AdversarialTC(20, hidden=(32,))
    AdversarialTC(weight=20.0, hidden=(32,))
    """

    unit: ClassVar[str] = "nats"

    weight: float = setting(default=10.0, doc="Gamma: factor of the total correlation.")

    def noise(self, latent: LatentSpace) -> Mapping[str, Draw]:
        return {"order": uniform}

    def validate(self, latent: LatentSpace) -> None:
        if latent.dim == 1:
            raise SettingError(
                f"{self!r} is a dependence between dimensions of the code, and {latent!r} has one; leave the penalty "
                "out, or take more dimensions."
            )

    def value(self, p: Pass) -> Tensor:
        return p.average(p.judged(p.z)[..., 0])

    def critic_loss(self, p: Pass) -> Tensor:
        import torch

        order = p.noise[p.term]["order"].argsort(-2)
        against = _surprise(-p.module(p.z.gather(-2, order))[0])
        if p.weight is None:
            shuffled = against.mean(-1)
        else:
            counts = p.weight.unsqueeze(-1).expand_as(order).gather(-2, order).prod(-1)
            shuffled = (counts * against).sum(-1) / counts.sum(-1).clamp(min=torch.finfo(counts.dtype).tiny)
        return (p.average(_surprise(p.module(p.z)[0])) + shuffled) / 2


@part
class AdversarialPrior(Adversary):
    r"""Drives the codes to the prior: the critic tells draws from the prior from codes, and the codes learn to pass.

    The value is the mean of -log D(z), D the probability by which the critic takes a code for a draw; log 2 where it
    cannot tell.

    Parameters
    ----------
    weight : float, default 1.0
        Factor in the total loss.
    hidden : tuple of int, default (64, 64)
        Widths of the critic's hidden layers.
    rate : float, default 1.0
        The critic's learning rate, in units of the training's.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    A. Makhzani et al., Adversarial Autoencoders, 2015, arXiv:1511.05644.
    I. Tolstikhin et al., Wasserstein Auto-Encoders, ICLR 2018, arXiv:1711.01558 (WAE-GAN).

    Examples
    --------
    >>> AdversarialPrior(rate=0.5)
    AdversarialPrior(rate=0.5)
    """

    matches_prior: ClassVar[bool] = True

    def value(self, p: Pass) -> Tensor:
        return p.average(_surprise(p.judged(p.z)))

    def critic_loss(self, p: Pass) -> Tensor:
        draws = p.noise[p.term]["draw"].to(p.z)
        codes = p.average(_surprise(-p.module(p.z)[0]))
        return (_surprise(p.module(draws)[0]).mean(-1) + codes) / 2


def _surprise(logits: Tensor) -> Tensor:
    """-log sigmoid of the logits of a batch: (*models, batch, 1) to (*models, batch)."""
    from torch.nn import functional

    return functional.softplus(-logits)[..., 0]
