"""Training steps that repeat the tensor operations of the first one.

For a small model autograd, modules and views cost several times what the arithmetic costs. They lead to the same
operations at every step; so these are recorded while one step is taken, and later steps run them again: the same
kernels on the same shapes, and so the same bits, without what led to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..model import Model
from .capture import Capture, Program
from .fingerprint import UnknownStateError, fingerprint, hooked

# Recording and checking cost about as much as twenty steps.
_WORTH = 100
# A model that is changed in every epoch is recorded so often, unless its epochs are worth it.
_MOST_OFTEN = 3


class CapturedStep:
    """A step that is recorded when it is first taken, checked when it is taken again, and replayed from then on.

    Parameters
    ----------
    step : callable
        Takes tensors, the first of shape (..., rows, features), and gives a list of tensors; it has no other effect.
    model : Model
        Whose parameters the step may read, besides what it takes.
    steps : int
        How many more there will be.
    rows : int
        How many rows most of them have; those of another number are taken as they are.

    Attributes
    ----------
    replayed : int
        How many steps were.
    refused : str
        Why none will be; empty while they are, or may yet be.
    unknown : str
        What the user made, of which only they know what it depends on, so that no step is recorded; empty if nothing.
    """

    def __init__(self, step: Callable[..., list[Tensor]], model: Model, steps: int, rows: int) -> None:
        self._step, self._model, self._rows = step, model, rows
        self._program: Program | None = None
        self._seen: tuple[Any, ...] = ()
        self._recorded, self._since = 0, 0
        self.replayed = 0
        self.refused, self.unknown = "the training is too short", ""
        self._short = steps < _WORTH
        self.look_again()

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """The step's results."""
        if self.refused or inputs[0].shape[-2] != self._rows:
            return self._step(*inputs)
        if self._program is None:
            with Capture(inputs, (*self._model.parameters(), *self._model.buffers())) as tape:
                results = self._step(*inputs)
            self._program, self.refused = tape.program(results), tape.refused
            self._recorded, self._since = self._recorded + 1, 0
            return results
        with torch.no_grad():
            results = self._program(*inputs)
        if not self._since:
            expected = self._step(*inputs)
            if not all(torch.equal(a, b) for a, b in zip(results, expected, strict=True)):
                self.refused = "the operations of one step gave other numbers at the next"
                return expected
        self._since += 1
        self.replayed += 1
        return results

    def look_again(self) -> None:
        """Record the step anew if the model was changed since it was recorded, or refuse to if it cannot be."""
        if self._short:
            return
        try:
            now = fingerprint(self._model)
        except UnknownStateError as error:
            self.refused = self.unknown = str(error)
            return
        if now == self._seen:
            return
        self._seen, self._program = now, None
        self.refused, self.unknown = _why_not(self._model), ""
        if self._recorded >= _MOST_OFTEN and self._since < _WORTH:
            self.refused = "the model is changed so often that recording it does not pay"


def _why_not(model: Model) -> str:
    """Why a model's steps are not recorded; empty if they can be."""
    for module in model.modules():
        if hooked(module):
            return f"{type(module).__name__} has a hook"
    if any(p._backward_hooks for p in model.parameters()):
        return "a parameter has a hook"
    if model.float_buffers():
        return "modules keep running statistics"
    if any(p.device.type != "cpu" for p in model.parameters()):
        return "it was tried on processors only"
    return "autograd looks for anomalies" if torch.is_anomaly_enabled() else ""
