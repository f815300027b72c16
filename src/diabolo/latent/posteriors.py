"""What an encoder says of a row's code: a distribution, or the code itself."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .. import functional as F

if TYPE_CHECKING:
    from torch import Tensor


class Posterior(ABC):
    """The distribution q(z|x) of the codes of rows, under the names of ``torch.distributions``.

    Attributes
    ----------
    mean : Tensor, shape (*models, batch, dim)
        The code without randomness: what ``transform`` returns.
    """

    mean: Tensor

    @abstractmethod
    def rsample(self, noise: Mapping[str, Tensor]) -> Tensor:
        """Codes (*models, batch, dim), through which gradients flow.

        Parameters
        ----------
        noise : mapping of str to Tensor
            What the latent space's ``noise`` drew, by name.
        """

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of codes in nats: (*models, batch, dim) to (*models, batch).

        A family that has one only where it drew itself knows its last draw again.

        Parameters
        ----------
        z : Tensor, shape (*models, batch, dim)
            One code for each row.

        Raises
        ------
        NotImplementedError
            If the codes are no draws of a density.
        """
        raise NotImplementedError(f"{type(self).__name__} has no density.")

    def cross_log_prob(self, z: Tensor) -> Tensor:
        """Log-density of every code under every row's distribution: (*models, n, dim) to (*models, n, batch), in nats.

        Parameters
        ----------
        z : Tensor, shape (*models, n, dim)
            Codes.

        Raises
        ------
        NotImplementedError
            If there is no density.
        """
        raise NotImplementedError(f"{type(self).__name__} has no density.")

    def cross_log_prob_per_dimension(self, z: Tensor) -> Tensor:
        """As :meth:`cross_log_prob`, dimension by dimension: (*models, n, dim) to (*models, n, batch, dim), in nats.

        Parameters
        ----------
        z : Tensor, shape (*models, n, dim)
            Codes.

        Raises
        ------
        NotImplementedError
            If dimensions are not independent.
        """
        raise NotImplementedError(f"{type(self).__name__} has no density of single dimensions.")

    def kl_to_uniform(self) -> Tensor | None:
        """KL from the uniform distribution of a unit sphere in nats, (*models, batch); None where there is none."""
        return None

    def kl_to_standard_normal(self) -> Tensor | None:
        """KL(q || N(0, I)) of each dimension in nats, (*models, batch, dim); None where it has no closed form."""
        return None


@dataclass(frozen=True, eq=False)
class Point(Posterior):
    """All mass at one code, which is no draw and has no density.

    Attributes
    ----------
    mean : Tensor, shape (*models, batch, dim)
        The code.
    """

    mean: Tensor

    def rsample(self, noise: Mapping[str, Tensor]) -> Tensor:
        return self.mean


@dataclass(frozen=True, eq=False)
class Normal(Posterior):
    """A normal distribution with independent dimensions.

    Attributes
    ----------
    mean, log_variance : Tensor, shape (*models, batch, dim)
        Of each dimension.

    Examples
    --------
    >>> import torch
    >>> q = Normal(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
    >>> q.kl_to_standard_normal(), q.log_prob(torch.tensor([[1.0, 0.0]]))
    (tensor([[0.5000, 0.0000]]), tensor([-1.8379]))
    """

    mean: Tensor
    log_variance: Tensor

    def rsample(self, noise: Mapping[str, Tensor]) -> Tensor:
        return self.mean + (0.5 * self.log_variance).exp() * noise["normal"]

    def log_prob(self, z: Tensor) -> Tensor:
        return self._per_dimension(z).sum(-1)

    def cross_log_prob(self, z: Tensor) -> Tensor:
        return self.cross_log_prob_per_dimension(z).sum(-1)

    def cross_log_prob_per_dimension(self, z: Tensor) -> Tensor:
        each = Normal(self.mean.unsqueeze(-3), self.log_variance.unsqueeze(-3))
        return each._per_dimension(z.unsqueeze(-2))

    def _per_dimension(self, z: Tensor) -> Tensor:
        squares = (z - self.mean).square() * (-self.log_variance).exp()
        return -0.5 * (squares + self.log_variance + math.log(2 * math.pi))

    def kl_to_standard_normal(self) -> Tensor:
        return F.gaussian_kl_per_dimension(self.mean, self.log_variance)


@dataclass(frozen=True, eq=False)
class VonMisesFisherPosterior(Posterior):
    """A distribution on the unit sphere with a direction and a concentration around it.

    Attributes
    ----------
    mean : Tensor, shape (*models, batch, dim)
        The direction, of norm one.
    concentration : Tensor, shape (*models, batch)
        From 0, uniform, up.
    """

    mean: Tensor
    concentration: Tensor

    def rsample(self, noise: Mapping[str, Tensor]) -> Tensor:
        angle = F.vmf_angle(self.concentration, noise["uniform"][..., 0], self.mean.shape[-1]).unsqueeze(-1)
        across = noise["normal"] - (noise["normal"] * self.mean).sum(-1, keepdim=True) * self.mean
        return angle.cos() * self.mean + angle.sin() * F.normalize(across)

    def log_prob(self, z: Tensor) -> Tensor:
        return self.concentration * (z * self.mean).sum(-1) - self._log_normaliser

    def cross_log_prob(self, z: Tensor) -> Tensor:
        cosines = z @ self.mean.transpose(-1, -2)
        return self.concentration.unsqueeze(-2) * cosines - self._log_normaliser.unsqueeze(-2)

    def kl_to_uniform(self) -> Tensor:
        dim = self.mean.shape[-1]
        cosine = F.vmf_mean_cosine(self.concentration, dim)
        return self.concentration * cosine - self._log_normaliser + float(F.sphere_log_area(dim))

    @cached_property
    def _log_normaliser(self) -> Tensor:
        return F.vmf_log_normaliser(self.concentration, self.mean.shape[-1])
