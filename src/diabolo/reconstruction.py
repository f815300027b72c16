"""Reconstruction losses: how far the output is from the target, summed over the features of a row.

A loss takes the decoder's raw output. Its *link* turns that into the reconstruction: the sigmoid for the
Bernoulli loss, the exponential for Poisson, the identity for the others.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from .parts import Component, Family, part, setting

if TYPE_CHECKING:
    from torch import Tensor, nn


@part
class Reconstruction(Component, ABC):
    """Base of the reconstruction losses.

    Attributes
    ----------
    unit : str
        What one value of the loss is counted in.
    support : "real", "unit" or "counts"
        What the target may be: any number, [0, 1], or numbers >= 0.
    operation : (str, str) or None
        How a page without Python makes the reconstruction out of the output ("none", "sigmoid" or "exp"), and what it
        calls the loss. None: it does not know it, so that it cannot score rows.
    """

    unit: ClassVar[str] = "squared units"
    support: ClassVar[Literal["real", "unit", "counts"]] = "real"
    operation: ClassVar[tuple[str, str] | None] = None

    @abstractmethod
    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each feature: (*models, batch, features) in and out.

        Parameters
        ----------
        output : Tensor, shape (*models, batch, features)
            The decoder's raw output, before the link.
        target : Tensor, shape (*models, batch, features)
            What is to be reconstructed, in the units of the scaled data.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """

    def loss(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each row, summed over features: (*models, batch).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, features)
            The decoder's raw output, before the link.
        target : Tensor, shape (*models, batch, features)
            What is to be reconstructed, in the units of the scaled data.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return self.per_feature(output, target, module).sum(-1)

    def floor(self, target: Tensor) -> Tensor:
        """What of the loss depends on the target alone, so that no output can be rid of it: of the target's shape.

        The entropy of a grey value, or what a count costs at its own rate; 0 where a perfect output costs every row
        the same.
        """
        return target.new_zeros(()).expand_as(target)

    def excess(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each row above its own floor: (*models, batch), smallest where the row is given back exactly.

        Rows are ranked by it, since the loss itself calls a row of grey values strange however well it is given back:
        a Kullback-Leibler divergence for Bernoulli, half the deviance for Poisson, the loss itself for the others.

        Parameters
        ----------
        output : Tensor, shape (*models, batch, features)
            The decoder's output.
        target : Tensor, shape (*models, batch, features)
            What it should give back.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return (self.per_feature(output, target, module) - self.floor(target)).sum(-1)

    def link(self, output: Tensor) -> Tensor:
        """The reconstruction that a decoder output stands for."""
        return output

    def noise_variance(self, module: nn.Module | None = None) -> float | None:
        """The one variance of the noise that the loss supposes, stated or learnt; None if it supposes none."""
        return None

    @property
    def on_log_scale(self) -> bool:
        """Whether networks see counts on a logarithmic scale."""
        return False

    def of_constant(self, rows: Tensor) -> float:
        """The loss of a model that gives every row (of those given, (n, features)) the mean of each feature."""
        mean = rows.mean(0).expand_as(rows)
        return float(SquaredError().loss(mean, rows).mean())


@part
class SquaredError(Reconstruction):
    """Squared error, summed over features: sum_j (x_j - y_j)^2.

    Examples
    --------
    >>> import torch
    >>> SquaredError().loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.])
    """

    operation: ClassVar[tuple[str, str] | None] = ("none", "squared")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return (output - target).square()


@part
class AbsoluteError(Reconstruction):
    """Absolute error, summed over features: sum_j |x_j - y_j|.

    Examples
    --------
    >>> import torch
    >>> AbsoluteError().loss(torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([3.])
    """

    unit: ClassVar[str] = "units"
    operation: ClassVar[tuple[str, str] | None] = ("none", "absolute")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return (output - target).abs()

    def of_constant(self, rows: Tensor) -> float:
        return float((rows - rows.median(0).values).abs().sum(-1).mean())


@part
class Bernoulli(Reconstruction):
    r"""Binary cross-entropy on logits, in nats: sum_j softplus(a_j) - x_j a_j, a the decoder's output.

    Targets must lie in [0, 1]; other data is min-max scaled by ``scaling="auto"``. Divided by the number of
    features it is the ``bce`` that people quote. For targets strictly between 0 and 1 it is not a likelihood
    and its minimum is the entropy of the target, not 0.

    Examples
    --------
    >>> import torch
    >>> Bernoulli().loss(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]))
    tensor([1.3863])
    """

    unit: ClassVar[str] = "nats"
    support: ClassVar[Literal["real", "unit", "counts"]] = "unit"
    operation: ClassVar[tuple[str, str] | None] = ("sigmoid", "bernoulli")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(output, target, reduction="none")

    def floor(self, target: Tensor) -> Tensor:
        return -(target.xlogy(target) + (1 - target).xlogy(1 - target))

    def link(self, output: Tensor) -> Tensor:
        return output.sigmoid()

    def of_constant(self, rows: Tensor) -> float:
        return float(self.loss(rows.mean(0).clamp(1e-6, 1 - 1e-6).logit().expand_as(rows), rows).mean())


@part
class GaussianLikelihood(Reconstruction):
    r"""Negative log-likelihood of a Gaussian with one variance for all features, in nats.

    ``sum_j ((x_j - y_j)^2 / v + log v + log 2 pi) / 2``. With ``variance=None`` log v is learnt, from 0.

    Parameters
    ----------
    variance : float or None, default None
        The variance v, in squared units after scaling; None learns it.

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
    unit: ClassVar[str] = "nats"
    operation: ClassVar[tuple[str, str] | None] = ("none", "gaussian")

    @property
    def initial(self) -> float | None:
        return 0.0 if self.variance is None else None

    @staticmethod
    def log_variance(module: nn.Module) -> Tensor:
        """The log-variance that the loss has learnt: ten times its trained scalar.

        Adam moves every scalar by about the learning rate in a step, whatever its gradient. A log-variance has
        several units to go from 0, and would not be there before the penalties have done their work.
        """
        return 10.0 * cast("Tensor", module.value)

    def noise_variance(self, module: nn.Module | None = None) -> float | None:
        return (
            self.variance if module is None else math.exp(float(self.log_variance(module).detach().double()))
        )

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        squares = (output - target).square()
        if self.variance is not None:
            log_variance = math.log(self.variance)
            return 0.5 * (squares / self.variance + log_variance + math.log(2 * math.pi))
        if module is None:
            raise ValueError("a learnt variance was expected, got none.")
        # (*models,) to (*models, 1, 1): one number a model, the same for its rows and features.
        log_v = self.log_variance(module)[..., None, None]
        return 0.5 * (squares * (-log_v).exp() + log_v + math.log(2 * math.pi))

    def of_constant(self, rows: Tensor) -> float:
        variance = float((rows - rows.mean(0)).square().mean()) or 1.0
        given = self if self.variance is not None else GaussianLikelihood(variance)
        return float(given.loss(rows.mean(0).expand_as(rows), rows).mean())


@part
class Poisson(Reconstruction):
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

    log_scale: bool = setting(default=True, doc="Whether networks see counts on a logarithmic scale.")
    unit: ClassVar[str] = "nats"
    support: ClassVar[Literal["real", "unit", "counts"]] = "counts"
    operation: ClassVar[tuple[str, str] | None] = ("exp", "poisson")

    @property
    def on_log_scale(self) -> bool:
        return self.log_scale

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return output.exp() - target * output + (target + 1).lgamma()

    def floor(self, target: Tensor) -> Tensor:
        return target - target.xlogy(target) + (target + 1).lgamma()

    def link(self, output: Tensor) -> Tensor:
        return output.exp()

    def of_constant(self, rows: Tensor) -> float:
        return float(self.loss(rows.mean(0).clamp(min=0.5 / len(rows)).log().expand_as(rows), rows).mean())


RECONSTRUCTIONS: Family[Reconstruction] = Family(
    "reconstruction loss",
    Reconstruction,
    {
        "squared": SquaredError,
        "absolute": AbsoluteError,
        "bernoulli": Bernoulli,
        "gaussian": GaussianLikelihood,
        "poisson": Poisson,
    },
)

if not TYPE_CHECKING:
    __all__ = ["RECONSTRUCTIONS", "Reconstruction", *RECONSTRUCTIONS.class_names]
