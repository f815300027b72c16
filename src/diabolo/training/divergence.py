"""Setting aside members of a run whose loss or weights are no longer finite, with their last good weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..objective import TOTAL

if TYPE_CHECKING:
    from .loop import Run


def note_diverged(run: Run, trace: Tensor, finite: Tensor, start: int) -> None:
    """Set aside every member whose terms are no longer finite, with its last good weights."""
    for i, member in enumerate(run.running):
        own = finite[:, i] if run.stacked else finite
        if member.status == "diverged" or bool(own.all()):
            continue
        bad = start + int((~own).nonzero()[0])
        values = trace[bad, i] if run.stacked else trace[bad]
        names = [n for n, v in zip(run.names, values.tolist(), strict=True) if not math.isfinite(v)]
        term = next((n for n in names if n != TOTAL), TOTAL)
        kept = run.pending if bad > start else run.good
        member.row = (kept[i] if run.stacked else kept).clone()
        run.statistics.restore("pending" if bad > start else "good")
        member.status = "diverged"
        member.message = (
            f"the term {term!r} became {float(values[run.names.index(term)])} in epoch {run.epoch + 1} of "
            f"{run.epochs}, step {bad + 1} of {run.per_epoch}. Training stopped with the last good weights. "
            f"Lower the learning rate (training.lr is {member.training.lr:g}), set training.clip_norm, or look "
            "for extreme values in the data."
        )


def note_broken(run: Run) -> None:
    """Set aside members whose last step left weights that are not finite: no loss was computed with them."""
    # A sum is finite only where all its numbers are, and is there in a tenth of the time.
    if bool(torch.isfinite(run.row.sum(-1)).all()):
        return
    finite = torch.isfinite(run.row).all(-1)
    for i, member in enumerate(run.running):
        if member.status == "diverged" or bool(finite[i] if run.stacked else finite):
            continue
        member.row = (run.good[i] if run.stacked else run.good).clone()
        run.statistics.restore("good")
        member.status = "diverged"
        member.message = (
            f"the weights became NaN or infinite in epoch {run.epoch + 1} of {run.epochs}, step "
            f"{run.per_epoch} of {run.per_epoch}. Training stopped with the last good weights. Lower the "
            f"learning rate (training.lr is {member.training.lr:g}) or set training.clip_norm."
        )
