"""The KL divergence to the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..errors import SettingError
from ..latent.base import LatentSpace
from ..parts import part, setting
from .base import SamplePenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..passes import Pass


@part
class KL(SamplePenalty):
    r"""KL divergence of each code's distribution from the prior, in nats a sample: KL(q(z|x) || p(z)).

    With weight (beta) 1 and a reconstruction loss in nats the total is the negative evidence lower bound.
    A last batch of one row is no special case.

    Parameters
    ----------
    weight : float, default 1
        Beta.
    free_bits : float, default 0.0
        Nats that the divergence of each dimension, averaged over the batch, may have at no cost: it counts as so many
        where it is less, so that a dimension is not given up for them.
    warmup : int or float, default 0
        Epochs over which beta rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114.
    D. P. Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, NeurIPS 2016,
    arXiv:1606.04934 (free bits).
    I. Higgins et al., beta-VAE, ICLR 2017, openreview Sy2fzU9gl.

    Examples
    --------
    >>> KL(4)
    KL(weight=4.0)
    """

    unit: ClassVar[str] = "nats a sample"
    divergence: ClassVar[bool] = True

    weight: float = setting(default=1.0, doc="Beta: factor of the KL divergence.")
    free_bits: float = setting(
        default=0.0, doc="Nats of each dimension that cost nothing.", ge=0, kw_only=True
    )

    def value(self, p: Pass) -> Tensor:
        prior = p.latent.prior
        each = prior.kl_per_dimension(p.posterior) if prior is not None and self.free_bits else None
        if each is None:
            return p.kl
        # Adding what is missing leaves no gradient where a dimension's mean is below.
        mean = F.weighted_mean(each, p.weight, by_feature=True, keepdim=True)
        return (each + (self.free_bits - mean).clamp(min=0)).sum(-1)

    def validate(self, latent: LatentSpace) -> None:
        if self.free_bits and latent.prior is not None and not latent.prior.by_dimension:
            raise SettingError(
                f"free_bits={self.free_bits:g} are of each dimension, and the divergence from {latent.prior!r} is none "
                "of single dimensions; take the standard normal prior, or free_bits=0."
            )
        if latent.prior is None or not latent.noise():
            raise SettingError(
                f"the KL penalty needs a latent space that draws its codes, such as Gaussian({latent.dim}), "
                f"got {latent!r}."
            )
