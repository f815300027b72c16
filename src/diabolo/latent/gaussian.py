"""Codes drawn from a Gaussian: the variational autoencoder's latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..parts import part
from .base import HasPrior, LatentSpace, Stochastic

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@part
class Gaussian(LatentSpace, Stochastic, HasPrior):
    r"""The encoder gives mean and log-variance; the code is drawn by reparameterisation.

    ``z = mu + exp(log_variance / 2) * eps``, eps standard normal. ``transform`` gives the posterior mean mu.
    The prior is the standard normal; add the KL penalty (it is there unless penalties are given).

    Parameters
    ----------
    dim : int, default 2
        Dimension of the code; the encoder's output is twice as wide.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114.

    Examples
    --------
    >>> import torch
    >>> h = torch.tensor([[1.0, -1.0, 0.0, 0.0]])
    >>> Gaussian(2).mean(h), Gaussian(2).kl(h)
    (tensor([[ 1., -1.]]), tensor([1.]))
    """

    operation: ClassVar[str | None] = "first"
    marginal: ClassVar[str | None] = "standard_normal"

    @property
    def encoder_width(self) -> int:
        return 2 * self.dim

    def mean(self, h: Tensor) -> Tensor:
        return h[..., : self.dim]

    def log_variance(self, h: Tensor) -> Tensor:
        """Log-variance of the posterior, kept within [-20, 20] so that its exponential stays finite."""
        return F.clamp_inwards(h[..., self.dim :], -20.0, 20.0)

    def rsample(self, h: Tensor, noise: Tensor | None = None) -> Tensor:
        mean = self.mean(h)
        return mean if noise is None else mean + (0.5 * self.log_variance(h)).exp() * noise

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return self.geometry.draw(shape, generator)

    def kl_per_dimension(self, h: Tensor) -> Tensor:
        return F.gaussian_kl_per_dimension(self.mean(h), self.log_variance(h))

    def sample_prior(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return self.draw(shape, generator)
