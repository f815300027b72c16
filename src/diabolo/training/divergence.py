"""Setting aside members of a run whose loss or weights are no longer finite, with their last good weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..objective import TOTAL
from .state import TrainingState


def note_diverged(state: TrainingState, trace: Tensor, finite: Tensor, start: int) -> None:
    """Set aside every member whose terms are no longer finite, with its last good weights."""
    for i, member in enumerate(state.running):
        own = finite[:, i] if state.stacked else finite
        if member.status == "diverged" or bool(own.all()):
            continue
        bad = start + int((~own).nonzero()[0])
        values = trace[bad, i] if state.stacked else trace[bad]
        names = [n for n, v in zip(state.names, values.tolist(), strict=True) if not math.isfinite(v)]
        term = next((n for n in names if n != TOTAL), TOTAL)
        kept = state.pending if bad > start else state.good
        member.flat = (kept[i] if state.stacked else kept).clone()
        state.float_buffers.restore("pending" if bad > start else "good")
        member.status = "diverged"
        member.message = (
            f"the term {term!r} became {float(values[state.names.index(term)])} in epoch {state.epoch + 1} of "
            f"{state.epochs}, step {bad + 1} of {state.per_epoch}. Training stopped with the last good weights. "
            f"Lower the learning rate (training.lr is {member.training.lr:g}), set training.clip_norm, or look "
            "for extreme values in the data."
        )


def note_broken(state: TrainingState) -> None:
    """Set aside members whose last step left weights that are not finite: no loss was computed with them."""
    # A sum is finite only where all its numbers are, and is there in a tenth of the time.
    if bool(torch.isfinite(state.flat.sum(-1)).all()):
        return
    finite = torch.isfinite(state.flat).all(-1)
    for i, member in enumerate(state.running):
        if member.status == "diverged" or bool(finite[i] if state.stacked else finite):
            continue
        member.flat = (state.good[i] if state.stacked else state.good).clone()
        state.float_buffers.restore("good")
        member.status = "diverged"
        member.message = (
            f"the weights became NaN or infinite in epoch {state.epoch + 1} of {state.epochs}, step "
            f"{state.per_epoch} of {state.per_epoch}. Training stopped with the last good weights. Lower the "
            f"learning rate (training.lr is {member.training.lr:g}) or set training.clip_norm."
        )
