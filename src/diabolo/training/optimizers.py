"""Optimisers on rows: one class for one model and for a stack of models.

A step computes the direction d for a rate of one, then ``row += lr * d``, so that every model of a stack can
have its own rate and still goes through the same arithmetic as a model alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..errors import SettingError, UnknownNameError
from .settings import SGD, Adam, AdamW, Optimizer


class RowOptimizer(ABC):
    """Base: holds the state rows, changes a row in place.

    Attributes
    ----------
    state : dict of str to Tensor
        All that has to be kept to go on, besides the row itself.
    """

    def __init__(self, row: Tensor) -> None:
        self.direction = torch.zeros_like(row)
        self.state: dict[str, Tensor] = {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of an optimiser of the same kind, for rows of the same size."""
        if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in self.state.items()}:
            raise SettingError(
                "the state to go on with is that of another optimiser or model; start with a fresh optimiser."
            )
        for name, value in state.items():
            self.state[name].copy_(value)

    def forget(self, places: Sequence[slice]) -> None:
        """Set the state of some places of the row to zero, as it is before the first step."""
        for name, value in self.state.items():
            if name != "step":
                for place in places:
                    value[..., place] = 0

    def keep(self, members: Tensor) -> None:
        """Keep the rows of some members of a stack only; ``members`` is a mask."""
        self.direction = self.direction[members]
        self.state = {name: value[members] if value.dim() else value for name, value in self.state.items()}

    @abstractmethod
    def step(self, row: Tensor, grad: Tensor, lr: Tensor, trained: Sequence[Tensor]) -> None:
        """Change a row or rows (*models, size) by its gradient; lr has shape (*models, 1).

        ``trained`` are views of the row that hold the parameters that are not frozen.
        """


class AdamRow(RowOptimizer):
    """Adam and AdamW through PyTorch's fused kernel, on contiguous rows (it ignores strides)."""

    def __init__(self, row: Tensor, spec: Adam) -> None:
        super().__init__(row)
        self.spec = spec
        self.decay = spec.decay if isinstance(spec, AdamW) else 0.0
        self.state = {
            "mean": torch.zeros_like(row),
            "square": torch.zeros_like(row),
            "step": torch.zeros((), dtype=torch.float32, device=row.device),
        }

    def step(self, row: Tensor, grad: Tensor, lr: Tensor, trained: Sequence[Tensor]) -> None:
        self.direction.zero_()
        self.state["step"] += 1
        torch._fused_adam_(
            [self.direction],
            [grad],
            [self.state["mean"]],
            [self.state["square"]],
            [],
            [self.state["step"]],
            lr=1.0,
            beta1=self.spec.betas[0],
            beta2=self.spec.betas[1],
            weight_decay=0.0,
            eps=self.spec.eps,
            amsgrad=False,
            maximize=False,
        )
        if self.decay:
            keep = 1 - lr * self.decay
            for view in trained:
                view.mul_(keep.reshape(keep.shape[:-1] + (1,) * (view.dim() - keep.dim() + 1)))
        row.addcmul_(self.direction, lr)


class SGDRow(RowOptimizer):
    """Gradient descent with heavy-ball momentum."""

    def __init__(self, row: Tensor, spec: SGD) -> None:
        super().__init__(row)
        self.spec = spec
        if spec.momentum:
            self.state = {"velocity": torch.zeros_like(row)}

    def step(self, row: Tensor, grad: Tensor, lr: Tensor, trained: Sequence[Tensor]) -> None:
        if self.spec.momentum:
            grad = self.state["velocity"].mul_(self.spec.momentum).add_(grad)
        row.sub_(torch.mul(grad, lr, out=self.direction))


_ROWS: tuple[tuple[type[Optimizer], type[AdamRow] | type[SGDRow]], ...] = ((Adam, AdamRow), (SGD, SGDRow))


def make_optimizer(spec: Optimizer, row: Tensor) -> RowOptimizer:
    """The optimiser that a specification describes, for a row or rows of parameters."""
    for kind, cls in _ROWS:
        if isinstance(spec, kind):
            return cls(row, spec)  # type: ignore[arg-type]
    raise UnknownNameError("optimizer", type(spec).__name__, [kind.__name__ for kind, _ in _ROWS])
