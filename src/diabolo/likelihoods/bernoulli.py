"""The likelihood of what is there or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ..parts import part
from .base import Likelihood

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@part
class Bernoulli(Likelihood):
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
    constant: ClassVar[float | None] = 0.0
    discrete: ClassVar[bool] = True

    @property
    def operation(self) -> tuple[str, str]:
        return ("sigmoid", "bernoulli")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(output, target, reduction="none")

    def floor(self, target: Tensor) -> Tensor:
        return -(target.xlogy(target) + (1 - target).xlogy(1 - target))

    def mean(self, output: Tensor, module: nn.Module | None = None) -> Tensor:
        return output.sigmoid()

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        return output.sigmoid().bernoulli(generator=generator)

    def of_constant(self, rows: Tensor) -> float:
        return float(self.loss(rows.mean(0).clamp(1e-6, 1 - 1e-6).logit().expand_as(rows), rows).mean())
