"""What codes are meant to be distributed as: the priors of latent spaces."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .. import functional as F
from ..parts import Component, Family, Widths, part, setting
from .geometry import FLAT, SPHERE, Geometry
from .posteriors import Normal

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from .posteriors import Posterior

    #: From rows as the model sees them (*models, n, features) to the posterior of their codes.
    Encode = Callable[[Tensor], Posterior]


@part
class Prior(Component, ABC):
    """Base of the priors p(z).

    Attributes
    ----------
    geometry : Geometry
        The set that its codes lie in.
    marginal : str or None
        The distribution of one coordinate, as a name of :data:`diabolo.density.DENSITIES`; None where it has none.
    by_dimension : bool
        Whether it can be a product over dimensions, so that its divergence may be known of each.
    fixed : bool
        Whether it is the same for every model, so that codes may be drawn from it before there is one.
    """

    geometry: ClassVar[Geometry] = FLAT
    marginal: ClassVar[str | None] = None
    by_dimension: ClassVar[bool] = False
    fixed: ClassVar[bool] = True

    @abstractmethod
    def log_prob(self, z: Tensor, module: nn.Module | None = None, encode: Encode | None = None) -> Tensor:
        """Log-density of codes in nats: (*models, batch, dim) to (*models, batch).

        Parameters
        ----------
        z : Tensor, shape (*models, batch, dim)
            Codes.
        module : nn.Module or None, default None
            What :meth:`build` made.
        encode : callable or None, default None
            The posterior of rows, for a prior that is made of some.
        """

    def sample(
        self,
        shape: tuple[int, ...],
        generator: torch.Generator,
        module: nn.Module | None = None,
        encode: Encode | None = None,
    ) -> Tensor:
        """Codes of a shape (..., dim), float32, on the generator's device.

        Parameters
        ----------
        shape : tuple of int
            Shape of the codes, (..., dim).
        generator : torch.Generator
            Source of the random numbers.
        module : nn.Module or None, default None
            What :meth:`build` made.
        encode : callable or None, default None
            The posterior of rows, for a prior that is made of some.
        """
        return self.geometry.draw(shape, generator)

    def kl(self, q: Posterior) -> Tensor | None:
        """KL(q || p) in nats, (*models, batch); None where it has no closed form.

        Parameters
        ----------
        q : Posterior
            Distributions of codes, one a row.
        """
        each = self.kl_per_dimension(q)
        return None if each is None else each.sum(-1)

    def kl_per_dimension(self, q: Posterior) -> Tensor | None:
        """KL(q || p) of each dimension in nats, (*models, batch, dim); None where it has no closed form.

        Parameters
        ----------
        q : Posterior
            Distributions of codes, one a row.
        """
        return None


@part
class StandardNormal(Prior):
    """Independent coordinates of mean 0 and variance 1.

    Examples
    --------
    >>> import torch
    >>> StandardNormal().log_prob(torch.zeros(1, 2))
    tensor([-1.8379])
    """

    marginal: ClassVar[str | None] = "standard_normal"
    by_dimension: ClassVar[bool] = True

    def log_prob(self, z: Tensor, module: nn.Module | None = None, encode: Encode | None = None) -> Tensor:
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)

    def kl_per_dimension(self, q: Posterior) -> Tensor | None:
        return q.kl_to_standard_normal()


@part
class UniformSphere(Prior):
    """Directions of which none is more likely, on the unit sphere; densities are by its area.

    Examples
    --------
    >>> import torch
    >>> UniformSphere().log_prob(torch.tensor([[1.0, 0.0, 0.0]]))
    tensor([-2.5310])
    """

    geometry: ClassVar[Geometry] = SPHERE

    def log_prob(self, z: Tensor, module: nn.Module | None = None, encode: Encode | None = None) -> Tensor:
        return z.new_full((), -float(F.sphere_log_area(z.shape[-1]))).expand(z.shape[:-1])

    def kl(self, q: Posterior) -> Tensor | None:
        return q.kl_to_uniform()


@part
class MixturePrior(Prior):
    """A mixture of normals whose weights, means and variances are trained with the model.

    Parameters
    ----------
    components : int, default 10
        Number of normals.

    References
    ----------
    N. Dilokthanakul et al., Deep Unsupervised Clustering with Gaussian Mixture Variational Autoencoders, 2016,
    arXiv:1611.02648.

    Examples
    --------
    >>> from diabolo import Gaussian
    >>> Gaussian(2, prior=MixturePrior(20))
    Gaussian(prior=MixturePrior(components=20))
    """

    fixed: ClassVar[bool] = False

    components: int = setting(default=10, doc="Number of normals.", ge=1, size=True)

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module:
        import torch
        from torch import nn

        means = torch.randn(self.components, widths.code, generator=generator)
        return nn.ParameterDict(
            {"means": means, "log_variances": torch.zeros_like(means), "logits": torch.zeros(self.components)}
        )

    def log_prob(self, z: Tensor, module: Any = None, encode: Encode | None = None) -> Tensor:
        each = Normal(module.means, module.log_variances).cross_log_prob(z)
        return (each + module.logits.log_softmax(-1).unsqueeze(-2)).logsumexp(-1)

    def sample(
        self,
        shape: tuple[int, ...],
        generator: torch.Generator,
        module: Any = None,
        encode: Encode | None = None,
    ) -> Tensor:
        import torch

        weights = module.logits.softmax(-1).cpu()
        drawn = torch.multinomial(weights, math.prod(shape[:-1]), replacement=True, generator=generator)
        return _draw_each(Normal(module.means[drawn], module.log_variances[drawn]), shape, generator)


@part
class VampPrior(Prior):
    """The mean of the posteriors of some rows, which are trained with the model and start at rows of the data.

    Parameters
    ----------
    rows : int, default 500
        Number of rows, called pseudo-inputs; at the start as many of the training rows, where there are so many.

    References
    ----------
    J. Tomczak, M. Welling, VAE with a VampPrior, AISTATS 2018, arXiv:1705.07120.

    Examples
    --------
    >>> from diabolo import Gaussian
    >>> Gaussian(2, prior=VampPrior(100))
    Gaussian(prior=VampPrior(rows=100))
    """

    fixed: ClassVar[bool] = False
    starts_from_data: ClassVar[bool] = True

    rows: int = setting(default=500, doc="Number of pseudo-inputs.", ge=1, size=True)

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module:
        import torch
        from torch import nn

        return nn.ParameterDict({"rows": torch.rand(self.rows, widths.features, generator=generator)})

    def initialise(self, module: Any, rows: Tensor) -> None:
        import torch

        spread = torch.linspace(0, len(rows) - 1, min(len(rows), self.rows)).long()
        module.rows[: len(spread)] = rows[spread].to(module.rows)

    def log_prob(self, z: Tensor, module: Any = None, encode: Any = None) -> Tensor:
        return encode(module.rows).cross_log_prob(z).logsumexp(-1) - math.log(self.rows)

    def sample(
        self, shape: tuple[int, ...], generator: torch.Generator, module: Any = None, encode: Any = None
    ) -> Tensor:
        import torch

        drawn = torch.randint(self.rows, (math.prod(shape[:-1]),), generator=generator)
        return _draw_each(encode(module.rows[drawn.to(module.rows.device)]), shape, generator)


def _draw_each(q: Posterior, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """One code of each normal distribution, in all of a shape (..., dim)."""
    noise = FLAT.draw((math.prod(shape[:-1]), shape[-1]), generator).to(q.mean)
    return q.rsample({"normal": noise}).view(shape)


PRIORS: Family[Prior] = Family(
    "prior",
    Prior,
    {
        "standard_normal": StandardNormal,
        "uniform_sphere": UniformSphere,
        "mixture": MixturePrior,
        "vamp": VampPrior,
    },
)
