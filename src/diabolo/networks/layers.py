"""Primitive layers: the only code that knows a leading axis of models.

Weights are stored ``(*models, in, out)``, so that the fused optimiser meets contiguous gradients. A model in a stack
equals the model alone up to rounding: products of one matrix and of many go through different kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LARGE = 1 << 14  # numbers that PyTorch's own PReLU is slow for


class Dense(nn.Module):
    """An affine map of rows: x W + b.

    Parameters
    ----------
    n_in, n_out : int
        Widths.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.n_in, self.n_out = n_in, n_out
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.empty(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Rows (*models, batch, in) to (*models, batch, out)."""
        product = torch.addmm if self.weight.dim() == 2 else torch.baddbmm
        return product(self.bias.unsqueeze(-2), x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.n_in}, {self.n_out}"


class PReLU(nn.Module):
    """Rectifier with one learnt slope for negative inputs, which starts at 0.25.

    References
    ----------
    K. He et al., Delving Deep into Rectifiers, ICCV 2015, arXiv:1502.01852.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([0.25]))

    def forward(self, x: Tensor) -> Tensor:
        """Rows (*models, batch, width) to the same shape."""
        slope = self.slope.to(x.dtype)
        if self.slope.requires_grad and (slope.dim() > 1 or x.numel() >= _LARGE):
            return _Rectify.apply(x, slope)
        return torch._prelu_kernel(x, slope.unsqueeze(-1).expand(x.shape))


class _Rectify(torch.autograd.Function):
    """PReLU of a stack or of many numbers: PyTorch's own backward pass takes twice as long and more, on a CPU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return torch._prelu_kernel(x, slope.unsqueeze(-1).expand(x.shape))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        above = torch.ops.aten.threshold_backward(grad, x, 0)
        below = grad - above
        return torch.addcmul(above, below, slope.unsqueeze(-1)), (below * x).sum((-2, -1)).unsqueeze(-1)


class Activation(nn.Module):
    """An elementwise function as a module."""

    def __init__(self, name: str, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.name, self.function = name, function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def extra_repr(self) -> str:
        return self.name


_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": torch.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


def make_activation(name: str) -> nn.Module:
    """The module of an activation by its name in :data:`diabolo.networks.ACTIVATIONS`."""
    if name == "none":
        return nn.Identity()
    return PReLU() if name == "prelu" else Activation(name, _FUNCTIONS[name])


def _uniform(bound: float) -> Callable[[Tensor, torch.Generator], Tensor]:
    return lambda w, g: nn.init.uniform_(w, -bound, bound, generator=g)


def _normal(std: float) -> Callable[[Tensor, torch.Generator], Tensor]:
    return lambda w, g: nn.init.normal_(w, 0.0, std, generator=g)


_INITIALISERS: dict[str, Callable[[int, int], Callable[[Tensor, torch.Generator], Tensor]]] = {
    "torch": lambda n_in, n_out: _uniform(math.sqrt(1 / n_in)),  # noqa: ARG005
    "kaiming_uniform": lambda n_in, n_out: _uniform(math.sqrt(6 / n_in)),  # noqa: ARG005
    "kaiming_normal": lambda n_in, n_out: _normal(math.sqrt(2 / n_in)),  # noqa: ARG005
    "xavier_uniform": lambda n_in, n_out: _uniform(math.sqrt(6 / (n_in + n_out))),
    "xavier_normal": lambda n_in, n_out: _normal(math.sqrt(2 / (n_in + n_out))),
}


def initialise(
    weight: Tensor, bias: Tensor | None, name: str, fans: tuple[int, int], generator: torch.Generator
) -> None:
    """Fill a layer's first weights by the named rule; biases are always torch's, uniform in 1 / sqrt(fan_in).

    Parameters
    ----------
    weight, bias : Tensor
        Filled in place; no bias is None.
    name : str
        A key of :data:`diabolo.networks.INITIALISERS`.
    fans : tuple of int
        Numbers of inputs and outputs that a unit has.
    generator : torch.Generator
    """
    fan_in, fan_out = fans
    with torch.no_grad():
        _INITIALISERS[name](fan_in, fan_out)(weight, generator)
        if bias is not None:
            _uniform(math.sqrt(1 / fan_in))(bias, generator)
