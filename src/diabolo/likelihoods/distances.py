"""Distances between rows: each is minus a log-likelihood of fixed width, but for a constant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from ..parts import part
from .base import Likelihood

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@part
class SquaredError(Likelihood):
    """Squared error, summed over features: sum_j (x_j - y_j)^2.

    Where nats are asked for, it is the Gaussian likelihood of variance 1/2.

    Examples
    --------
    >>> import torch
    >>> SquaredError().loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.])
    """

    unit: ClassVar[str] = "squared units"
    constant: ClassVar[float | None] = 0.5 * math.log(math.pi)

    @property
    def operation(self) -> tuple[str, str]:
        return ("none", "squared")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return (output - target).square()

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        return output + math.sqrt(0.5) * output.new_empty(output.shape).normal_(generator=generator)


@part
class AbsoluteError(Likelihood):
    """Absolute error, summed over features: sum_j |x_j - y_j|.

    Where nats are asked for, it is the Laplace likelihood of scale 1.

    Examples
    --------
    >>> import torch
    >>> AbsoluteError().loss(torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([3.])
    """

    unit: ClassVar[str] = "units"
    constant: ClassVar[float | None] = math.log(2)

    @property
    def operation(self) -> tuple[str, str]:
        return ("none", "absolute")

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return (output - target).abs()

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        far = output.new_empty(output.shape).exponential_(generator=generator)
        sign = output.new_empty(output.shape).uniform_(-1, 1, generator=generator).sign()
        return output + sign * far

    def of_constant(self, rows: Tensor) -> float:
        return float((rows - rows.median(0).values).abs().sum(-1).mean())
