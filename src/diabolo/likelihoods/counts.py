"""Likelihoods of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ..parts import Widths, part, setting
from .base import Likelihood
from .scales import build_scale, log_scale

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@part
class Counts(Likelihood):
    """Base of the likelihoods of counts, whose mean is the exponential of the decoder's output.

    The encoder sees log(1 + x), standardised, and the decoder's output is added to the logarithm of each feature's
    mean, so that counts of any size are learnt from alike.

    Parameters
    ----------
    log_scale : bool, default True
        False: the encoder sees the counts as they are, and the output alone is the logarithm of the rates.
    """

    log_scale: bool = setting(default=True, doc="Whether networks see counts on a logarithmic scale.")
    unit: ClassVar[str] = "nats"
    support: ClassVar[Literal["real", "unit", "counts"]] = "counts"
    constant: ClassVar[float | None] = 0.0
    discrete: ClassVar[bool] = True

    @property
    def on_log_scale(self) -> bool:
        return self.log_scale

    def mean(self, output: Tensor, module: nn.Module | None = None) -> Tensor:
        return output.exp()

    def _log_mean(self, rows: Tensor) -> Tensor:
        return rows.mean(0).clamp(min=0.5 / len(rows)).log().expand_as(rows)


@part
class Poisson(Counts):
    r"""Negative log-likelihood of counts, in nats: sum_j exp(a_j) - x_j a_j + log Gamma(x_j + 1).

    Targets must be numbers >= 0 (counts); ``scaling="auto"`` leaves them alone. The encoder sees log(1 + x),
    standardised, and the decoder's output is added to the logarithm of each feature's mean, so that counts of any size
    are learnt from alike.

    Parameters
    ----------
    log_scale : bool, default True
        False: the encoder sees the counts as they are, and the output alone is the logarithm of the rates.

    Examples
    --------
    >>> import torch
    >>> Poisson().loss(torch.zeros(1, 1), torch.ones(1, 1))
    tensor([1.])
    """

    @property
    def operation(self) -> tuple[str, str]:
        return ("exp", "poisson")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return output.exp() - target * output + (target + 1).lgamma()

    def floor(self, target: Tensor) -> Tensor:
        return target - target.xlogy(target) + (target + 1).lgamma()

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        import torch

        return torch.poisson(output.exp(), generator=generator)

    def of_constant(self, rows: Tensor) -> float:
        return float(self.loss(self._log_mean(rows), rows).mean())


@part
class NegativeBinomial(Counts):
    r"""Negative log-likelihood of counts that vary more than a Poisson's, in nats; the dispersion is learnt.

    Mean m and variance ``m + m^2 / r``, with one r for each feature, or one for all; large r is a Poisson. Targets
    must be numbers >= 0 (counts); ``scaling="auto"`` leaves them alone, and networks see them on a logarithmic scale.

    Parameters
    ----------
    log_scale : bool, default True
        False: the encoder sees the counts as they are, and the output alone is the logarithm of the means.
    by_feature : bool, default True
        Whether each feature has an r of its own.

    References
    ----------
    R. Lopez et al., Deep generative modeling for single-cell transcriptomics, Nature Methods 15, 2018,
    doi:10.1038/s41592-018-0229-2.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> one = nn.ParameterDict({"value": torch.zeros(1)})
    >>> NegativeBinomial().loss(torch.zeros(1, 1), torch.zeros(1, 1), one)
    tensor([0.6931], grad_fn=<SumBackward1>)
    """

    by_feature: bool = setting(default=True, doc="Whether each feature has a dispersion of its own.")

    def build(self, widths: Widths, generator: torch.Generator) -> nn.Module:
        return build_scale(widths.features if self.by_feature else None)

    def dispersion(self, module: nn.Module | None) -> Tensor:
        """The r that was learnt, to go with (*models, batch, features)."""
        return log_scale(module, by_feature=self.by_feature).exp()

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        log_r = log_scale(module, by_feature=self.by_feature)
        r, both = log_r.exp(), log_r.logaddexp(output)
        ways = (target + 1).lgamma() + r.lgamma() - (target + r).lgamma()
        return ways + r * (both - log_r) + target * (both - output)

    def excess_per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        best = self.per_feature(target.clamp(min=1e-12).log(), target, module)
        return self.per_feature(output, target, module) - best

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        import torch

        r = self.dispersion(module).expand_as(output).contiguous()
        rates = torch._standard_gamma(r, generator=generator) / r * output.exp()
        return torch.poisson(rates, generator=generator)

    def of_constant(self, rows: Tensor) -> float:
        from torch import nn

        mean = rows.mean(0).clamp(min=0.5 / len(rows))
        # By moments; where there is no more variance than a Poisson's, as good as one.
        r = mean.square() / (rows.var(0, correction=0) - mean).clamp(min=1e-6)
        given = nn.ParameterDict({"value": r.clamp(1e-6, 1e6).log() / 10})
        return float(self.replace(by_feature=True).loss(self._log_mean(rows), rows, given).mean().detach())
