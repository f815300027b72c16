"""Setting aside members of a run whose loss or weights are no longer finite, with their last good weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..objective import TOTAL

if TYPE_CHECKING:
    from .loop import Trainer


def note_diverged(trainer: Trainer, trace: Tensor, finite: Tensor, start: int) -> None:
    """Set aside every member whose terms are no longer finite, with its last good weights."""
    for i, member in enumerate(trainer.running):
        own = finite[:, i] if trainer.stacked else finite
        if member.status == "diverged" or bool(own.all()):
            continue
        bad = start + int((~own).nonzero()[0])
        values = trace[bad, i] if trainer.stacked else trace[bad]
        names = [n for n, v in zip(trainer.names, values.tolist(), strict=True) if not math.isfinite(v)]
        term = next((n for n in names if n != TOTAL), TOTAL)
        kept = trainer.pending if bad > start else trainer.good
        member.flat = (kept[i] if trainer.stacked else kept).clone()
        trainer.float_buffers.restore("pending" if bad > start else "good")
        member.status = "diverged"
        member.message = (
            f"the term {term!r} became {float(values[trainer.names.index(term)])} in epoch {trainer.epoch + 1} of "
            f"{trainer.epochs}, step {bad + 1} of {trainer.per_epoch}. Training stopped with the last good weights. "
            f"Lower the learning rate (training.lr is {member.training.lr:g}), set training.clip_norm, or look "
            "for extreme values in the data."
        )


def note_broken(trainer: Trainer) -> None:
    """Set aside members whose last step left weights that are not finite: no loss was computed with them."""
    # A sum is finite only where all its numbers are, and is there in a tenth of the time.
    if bool(torch.isfinite(trainer.flat.sum(-1)).all()):
        return
    finite = torch.isfinite(trainer.flat).all(-1)
    for i, member in enumerate(trainer.running):
        if member.status == "diverged" or bool(finite[i] if trainer.stacked else finite):
            continue
        member.flat = (trainer.good[i] if trainer.stacked else trainer.good).clone()
        trainer.float_buffers.restore("good")
        member.status = "diverged"
        member.message = (
            f"the weights became NaN or infinite in epoch {trainer.epoch + 1} of {trainer.epochs}, step "
            f"{trainer.per_epoch} of {trainer.per_epoch}. Training stopped with the last good weights. Lower the "
            f"learning rate (training.lr is {member.training.lr:g}) or set training.clip_norm."
        )
