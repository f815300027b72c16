"""The KL divergence to the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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
    warmup : int or float, default 0
        Epochs over which beta rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114.
    I. Higgins et al., beta-VAE, ICLR 2017, openreview Sy2fzU9gl.

    Examples
    --------
    >>> KL(4)
    KL(weight=4.0)
    """

    unit: ClassVar[str] = "nats a sample"

    weight: float = setting(default=1.0, doc="Beta: factor of the KL divergence.")

    def value(self, p: Pass) -> Tensor:
        return p.kl

    def validate(self, latent: LatentSpace) -> None:
        if latent.prior is None or not latent.noise():
            raise SettingError(
                f"the KL penalty needs a latent space that draws its codes, such as Gaussian({latent.dim}), "
                f"got {latent!r}."
            )
