"""Optimisers on flat parameters: one class for one model and for a stack of models.

Models of a stack that have the same rate take their step together, and every step goes through the same arithmetic as
that of a model alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..errors import SettingError, UnknownNameError
from .settings import SGD, Adam, AdamW, Optimizer

#: What steps together: a rate, and the numbers of the models that have it; None for all of them.
Groups = Sequence[tuple[float, Sequence[int] | None]]


def rate_groups(rates: Sequence[float]) -> Groups:
    """Models by their rates.

    Examples
    --------
    >>> rate_groups([0.1, 0.1]), rate_groups([0.1, 0.2, 0.1])
    ([(0.1, None)], [(0.1, [0, 2]), (0.2, [1])])
    """
    found: dict[float, list[int]] = {}
    for i, rate in enumerate(rates):
        found.setdefault(rate, []).append(i)
    return [(rate, None if len(found) == 1 else where) for rate, where in found.items()]


class FlatOptimizer(ABC):
    """Base: holds the state, changes flat parameters in place.

    Parameters
    ----------
    flat : Tensor
        Flat parameters: (*models, size).
    places : sequence of slice
        The pieces that gradients come in; in a stack a single one, of all.

    Attributes
    ----------
    paces : sequence of (slice, float)
        Places whose rate is another, and how many times that of the step.
    state : dict of str to Tensor
        All that has to be kept to go on, besides the parameters themselves.
    """

    paces: Sequence[tuple[slice, float]] = ()

    def __init__(self, flat: Tensor, places: Sequence[slice]) -> None:
        self.flat, self.places = flat, places
        self.state: dict[str, Tensor] = {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of an optimiser of the same kind, for as many parameters."""
        if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in self.state.items()}:
            raise SettingError(
                "the optimiser's state is of another optimiser or model; start a fresh one: keep_optimizer=False."
            )
        for name, value in state.items():
            self.state[name].copy_(value)

    def forget(self, places: Sequence[slice]) -> None:
        """Set the state of some places to zero, as it is before the first step."""
        for name, value in self.state.items():
            if name != "step":
                for place in places:
                    value[..., place] = 0

    def keep(self, members: Tensor, flat: Tensor) -> None:
        """Go on with some members of a stack only; ``members`` is a mask, and ``flat`` holds their parameters."""
        self.flat = flat
        self.state = {name: value[members] if value.dim() else value for name, value in self.state.items()}
        self._look_up()

    def take(self, places: Sequence[slice]) -> None:
        """Go on with gradients in other pieces; what is in none of them stands still, with its state."""
        self.places = places
        self._look_up()

    def _look_up(self) -> None:
        """Make the views that steps need: pieces of all, and in a stack each model by itself."""
        rows = [self.flat, *(value for value in self.state.values() if value.dim())]
        self._pieces = [[flat[..., place] for place in self.places] for flat in rows]
        self._each = [list(flat) for flat in rows] if self.flat.dim() > 1 else []

    def step(self, grads: Sequence[Tensor], groups: Groups, trained: Sequence[Tensor]) -> None:
        """Change the parameters by the pieces of the gradient.

        ``trained`` are views that hold the parameters that are not frozen.
        """
        if "step" in self.state:
            self.state["step"] += 1
        before = [self.flat[..., place].clone() for place, _ in self.paces]
        for rate, where in groups:
            if where is None:
                self._move(self._pieces, grads, rate, trained)
            else:
                rows = [[each[i] for i in where] for each in self._each]
                self._move(rows, [grads[0][i] for i in where], rate, rows[0])
        # Every rule's move is the rate times something that does not depend on it.
        for (place, pace), start in zip(self.paces, before, strict=True):
            self.flat[..., place] = start.lerp(self.flat[..., place], pace)

    @abstractmethod
    def _move(
        self, rows: Sequence[list[Tensor]], grads: Sequence[Tensor], rate: float, trained: Sequence[Tensor]
    ) -> None:
        """Take the step of some pieces: those of the parameters, then those of each entry of the state."""


class FlatAdam(FlatOptimizer):
    """Adam and AdamW through PyTorch's fused kernel, on contiguous memory (it ignores strides)."""

    def __init__(self, flat: Tensor, spec: Adam, places: Sequence[slice]) -> None:
        super().__init__(flat, places)
        self.spec = spec
        self.decay = spec.decay if isinstance(spec, AdamW) else 0.0
        self.state = {
            "mean": torch.zeros_like(flat),
            "square": torch.zeros_like(flat),
            "step": torch.zeros((), dtype=torch.float32, device=flat.device),
        }
        self._look_up()

    def _move(
        self, rows: Sequence[list[Tensor]], grads: Sequence[Tensor], rate: float, trained: Sequence[Tensor]
    ) -> None:
        if self.decay:
            torch._foreach_mul_(list(trained), 1 - rate * self.decay)
        parameters, means, squares = rows
        torch._fused_adam_(
            parameters,
            list(grads),
            means,
            squares,
            [],
            [self.state["step"]] * len(parameters),
            lr=rate,
            beta1=self.spec.betas[0],
            beta2=self.spec.betas[1],
            weight_decay=0.0,
            eps=self.spec.eps,
            amsgrad=False,
            maximize=False,
        )


class FlatSGD(FlatOptimizer):
    """Gradient descent with heavy-ball momentum."""

    def __init__(self, flat: Tensor, spec: SGD, places: Sequence[slice]) -> None:
        super().__init__(flat, places)
        self.spec = spec
        if spec.momentum:
            self.state = {"velocity": torch.zeros_like(flat)}
        self._look_up()

    def _move(
        self, rows: Sequence[list[Tensor]], grads: Sequence[Tensor], rate: float, trained: Sequence[Tensor]
    ) -> None:
        parameters, *velocities = rows
        if velocities:
            torch._foreach_mul_(velocities[0], self.spec.momentum)
            torch._foreach_add_(velocities[0], list(grads))
        for piece, move in zip(parameters, velocities[0] if velocities else grads, strict=True):
            piece.sub_(move, alpha=rate)


_ROWS: tuple[tuple[type[Optimizer], type[FlatAdam] | type[FlatSGD]], ...] = ((Adam, FlatAdam), (SGD, FlatSGD))


def make_optimizer(
    spec: Optimizer,
    flat: Tensor,
    places: Sequence[slice] = (slice(None),),
    paces: Sequence[tuple[slice, float]] = (),
) -> FlatOptimizer:
    """The optimiser that a specification describes, for flat parameters whose gradient comes in pieces."""
    for kind, cls in _ROWS:
        if isinstance(spec, kind):
            made = cls(flat, spec, places)  # type: ignore[arg-type]
            made.paces = paces
            return made
    raise UnknownNameError("optimizer", type(spec).__name__, [kind.__name__ for kind, _ in _ROWS])
