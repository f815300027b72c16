"""Likelihoods of numbers, with a width that is stated or learnt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from ..parts import Widths, part, setting
from .base import Likelihood
from .scales import build_scale, log_scale

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@part
class GaussianLikelihood(Likelihood):
    r"""Negative log-likelihood of a Gaussian in nats, with one variance for all features or one for each.

    ``sum_j ((x_j - y_j)^2 / v + log v + log 2 pi) / 2``. With ``variance=None`` log v is learnt, from 0.

    Parameters
    ----------
    variance : float or None, default None
        The variance v, in squared units after scaling; None learns it.
    by_feature : bool, default False
        Whether each feature has a learnt variance of its own.

    References
    ----------
    O. Rybkin, K. Daniilidis, S. Levine, Simple and effective VAE training with calibrated decoders,
    ICML 2021, arXiv:2006.13202.

    Examples
    --------
    >>> import torch
    >>> GaussianLikelihood(1.0).loss(torch.zeros(1, 2), torch.ones(1, 2))
    tensor([2.8379])
    """

    variance: float | None = setting(default=None, doc="Variance of the noise; none: learnt.", gt=0)
    by_feature: bool = setting(default=False, doc="Whether each feature has a learnt variance of its own.")
    unit: ClassVar[str] = "nats"
    constant: ClassVar[float | None] = 0.0

    @property
    def operation(self) -> tuple[str, str] | None:
        return None if self.by_feature and self.variance is None else ("none", "gaussian")

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module | None:
        if self.variance is not None:
            return None
        return build_scale(widths.features if self.by_feature else None)

    def log_variance(self, module: nn.Module | None) -> Tensor:
        """The log-variance that was learnt, to be added to (*models, batch, features)."""
        return log_scale(module, by_feature=self.by_feature)

    def noise_variance(self, module: nn.Module | None = None) -> float | None:
        if self.variance is not None or self.by_feature:
            return self.variance
        return math.exp(float(self.log_variance(module).detach().double()))

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        squares = (output - target).square()
        if self.variance is not None:
            log_variance = math.log(self.variance)
            return 0.5 * (squares / self.variance + log_variance + math.log(2 * math.pi))
        log_v = self.log_variance(module)
        return 0.5 * (squares * (-log_v).exp() + log_v + math.log(2 * math.pi))

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        noise = output.new_empty(output.shape).normal_(generator=generator)
        if self.variance is not None:
            return output + math.sqrt(self.variance) * noise
        return output + (0.5 * self.log_variance(module)).exp() * noise

    def of_constant(self, rows: Tensor) -> float:
        squares = (rows - rows.mean(0)).square()
        if self.variance is not None:
            return super().of_constant(rows)
        variance = squares.mean(0) if self.by_feature else squares.mean()
        log_v = variance.clamp(min=1e-12).log().expand(rows.shape[1])
        return float(0.5 * (log_v + 1 + math.log(2 * math.pi)).sum())


@part
class StudentT(Likelihood):
    r"""Negative log-likelihood of Student's t in nats, whose heavy tails forgive outliers; its scale is learnt.

    ``log((x - y) / s) ~ t_df``, with one scale s for each feature, or one for all.

    Parameters
    ----------
    df : float, default 4.0
        Degrees of freedom: the fewer, the heavier the tails.
    by_feature : bool, default True
        Whether each feature has a scale of its own.

    References
    ----------
    H. Takahashi et al., Student-t Variational Autoencoder for Robust Density Estimation, IJCAI 2018,
    doi:10.24963/ijcai.2018/374.

    Examples
    --------
    >>> from diabolo import Autoencoder, Gaussian
    >>> Autoencoder(latent=Gaussian(2), reconstruction=StudentT(df=3)).reconstruction
    StudentT(df=3.0)
    """

    df: float = setting(default=4.0, doc="Degrees of freedom.", gt=0)
    by_feature: bool = setting(default=True, doc="Whether each feature has a scale of its own.")
    unit: ClassVar[str] = "nats"
    constant: ClassVar[float | None] = 0.0

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module:
        return build_scale(widths.features if self.by_feature else None)

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        # The module's number is that of a squared scale, so that it begins and moves as a Gaussian's variance does.
        log_squared, df = log_scale(module, by_feature=self.by_feature), self.df
        squares = (output - target).square() * (-log_squared).exp()
        whole = math.lgamma(df / 2) - math.lgamma((df + 1) / 2) + 0.5 * math.log(df * math.pi)
        return 0.5 * (df + 1) * (squares / df).log1p() + 0.5 * log_squared + whole

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        import torch

        noise = output.new_empty(output.shape).normal_(generator=generator)
        shape = torch.full_like(output, self.df / 2)
        chi = 2 * torch._standard_gamma(shape, generator=generator)
        return (
            output
            + (0.5 * log_scale(module, by_feature=self.by_feature)).exp() * noise / (chi / self.df).sqrt()
        )

    def of_constant(self, rows: Tensor) -> float:
        spread = (rows - rows.median(0).values).square().mean(0).clamp(min=1e-12)
        from torch import nn

        given = nn.ParameterDict({"value": spread.log() / 10})
        least = self.replace(by_feature=True)
        return float(least.loss(rows.median(0).values.expand_as(rows), rows, given).mean().detach())
