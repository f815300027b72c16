"""A user's module as a network."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..errors import SettingError

if TYPE_CHECKING:
    from .base import BuildContext


class Wrapped(nn.Module):
    """A module that returns an output, or an output and hidden activations, as one that returns both."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        output = self.module(x)
        return output if isinstance(output, tuple) else (output, ())


def wrap(module: nn.Module, io: BuildContext) -> Wrapped:
    """A float32 copy of a module on the CPU, tried on two rows.

    Raises
    ------
    SettingError
        If the module fails on rows of ``io.n_in`` numbers or does not give rows of ``io.n_out``.
    """
    who = f"Custom: the {io.role} ({type(module).__name__})"
    if any(isinstance(p, nn.UninitializedParameter) for p in module.parameters()):
        raise SettingError(
            f"{who} has lazy layers with no size yet; call it once on a batch before you give it."
        )
    wrapped = Wrapped(copy.deepcopy(module).to("cpu", torch.float32))
    expected = (2, io.n_out)
    # What user code raises can be anything, and all of it means that the module does not fit.
    try:
        # The weights are on the CPU, whatever device the model around is being made on.
        with torch.device("cpu"):
            output = _try(wrapped, torch.zeros(2, io.n_in))
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(". ")
        raise SettingError(
            f"{who} failed on a batch of shape (2, {io.n_in}): {reason}. It gets flat samples (batch, "
            f"{io.n_in}) and gives (batch, {io.n_out}); let it begin with nn.Unflatten for pictures."
        ) from error
    what = _shape_of(output)
    if what != expected:
        raise SettingError(
            f"{who} maps a batch of shape (2, {io.n_in}) to {what}, expected {expected}; "
            f"let its last layer give {io.n_out} numbers per sample."
        )
    return wrapped


def _try(module: nn.Module, rows: Tensor) -> Any:
    """The output for rows in evaluation mode; modes and batch statistics stay as they are."""
    modes = [(m, m.training) for m in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            output, hidden = module(rows)
    finally:
        for m, mode in modes:
            m.training = mode
    if not isinstance(hidden, tuple) or not all(isinstance(h, Tensor) for h in hidden):
        raise TypeError("beside the output it returns something that is no tuple of tensors.")
    return output


def _shape_of(output: object) -> object:
    return tuple(output.shape) if isinstance(output, Tensor) else f"a {type(output).__name__}"
