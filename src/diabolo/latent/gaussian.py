"""Codes drawn from a Gaussian: the variational autoencoder's latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..parts import part, setting
from .base import LatentSpace
from .geometry import FLAT
from .posteriors import Normal, Posterior
from .priors import PRIORS, Prior, StandardNormal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from ..parts.component import Draw


@part
class Gaussian(LatentSpace):
    r"""The encoder gives mean and log-variance; the code is drawn by reparameterisation.

    ``z = mu + exp(log_variance / 2) * eps``, eps standard normal. ``transform`` gives the posterior mean mu.
    Add the KL penalty (it is there unless penalties are given).

    Parameters
    ----------
    dim : int, default 2
        Dimension of the code; the encoder's output is twice as wide.
    prior : Prior or str, default StandardNormal()
        What codes are meant to be distributed as.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114.

    Examples
    --------
    >>> import torch
    >>> q = Gaussian(2).posterior(torch.tensor([[1.0, -1.0, 0.0, 0.0]]))
    >>> q.mean, Gaussian(2).prior.kl_per_dimension(q)
    (tensor([[ 1., -1.]]), tensor([[0.5000, 0.5000]]))
    """

    factorised: ClassVar[bool] = True
    operation: ClassVar[str | None] = "first"

    prior: Prior = setting(default=StandardNormal(), doc="What codes are meant to follow.", family=PRIORS)

    @property
    def encoder_width(self) -> int:
        return 2 * self.dim

    def mean(self, h: Tensor) -> Tensor:
        return h[..., : self.dim]

    def posterior(self, h: Tensor, module: nn.Module | None = None) -> Posterior:
        # Kept within [-20, 20], so that its exponential stays finite.
        return Normal(self.mean(h), F.clamp_inwards(h[..., self.dim :], -20.0, 20.0))

    def noise(self) -> Mapping[str, Draw]:
        return {"normal": FLAT.draw}
