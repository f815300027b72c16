"""What a run writes into the history of each of its models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..objective import RECONSTRUCTION

if TYPE_CHECKING:
    from .job import TrainingJob
    from .loop import Trainer


def record_steps(trainer: Trainer, trace: Tensor) -> None:
    """Append the terms of an epoch's steps to the history of each running model, up to the first that broke."""
    values = trace.float().cpu().view(len(trace), -1, len(trainer.names)).numpy()
    for i, member in enumerate(trainer.running):
        finite = np.isfinite(values[:, i]).all(-1)
        n = len(finite) if finite.all() else int(finite.argmin())
        member.history.extend_steps({name: values[:n, i, j] for j, name in enumerate(trainer.names)})


def epoch_lines(
    trainer: Trainer, started: Sequence[TrainingJob], trace: Tensor, sizes: Sequence[int]
) -> list[dict[str, float]]:
    """The epoch's line in the history of each model that is still running.

    Parameters
    ----------
    trainer : Trainer
    started : sequence of TrainingJob
        Those that the trace holds terms of, in its order.
    trace : Tensor, shape (steps, *models, terms)
    sizes : sequence of int
        Rows of each step.
    """
    values = trace.double().cpu().view(len(sizes), -1, len(trainer.names)).numpy()
    lines = []
    for i, member in enumerate(started):
        if member.status != "running":
            continue
        means = np.average(values[:, i], axis=0, weights=sizes).tolist()
        line: dict[str, float] = {"epoch": trainer.epoch + 1}
        line |= dict(zip(trainer.names, means, strict=True))
        weights = member.loss_weights(trainer.epoch)
        line |= {f"weight_{name}": w for name, w in weights.items() if name != RECONSTRUCTION}
        line["lr"] = trainer.last_rates[i]
        lines.append(line)
    return lines


def take_snapshot(trainer: Trainer) -> None:
    """Keep codes and reconstructions of the first rows, where a single model is asked for them."""
    member = trainer.members[0]
    if trainer.stacked or not member.training.snapshots:
        return
    rows = member.data.inputs.slice(0, member.training.snapshots)
    with torch.no_grad():
        z = trainer.model.encode(rows)
        shot = {"codes": z.cpu().numpy(), "reconstructions": trainer.model.decode(z).cpu().numpy()}
    member.history.snapshots.append(shot)
