"""What a run writes into the history of each of its models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..objective import RECONSTRUCTION
from .job import TrainingJob
from .state import TrainingState


def record_steps(state: TrainingState, trace: Tensor) -> None:
    """Append the terms of an epoch's steps to the history of each running model, up to the first that broke."""
    values = trace.float().cpu().view(len(trace), -1, len(state.names)).numpy()
    for i, member in enumerate(state.running):
        finite = np.isfinite(values[:, i]).all(-1)
        n = len(finite) if finite.all() else int(finite.argmin())
        member.history.extend_steps({name: values[:n, i, j] for j, name in enumerate(state.names)})


def epoch_lines(
    state: TrainingState, started: Sequence[TrainingJob], trace: Tensor, sizes: Sequence[int]
) -> list[dict[str, float]]:
    """The epoch's line in the history of each model that is still running.

    Parameters
    ----------
    state : TrainingState
    started : sequence of TrainingJob
        Those that the trace holds terms of, in its order.
    trace : Tensor, shape (steps, *models, terms)
    sizes : sequence of int
        Rows of each step.
    """
    values = trace.double().cpu().view(len(sizes), -1, len(state.names)).numpy()
    lines = []
    for i, member in enumerate(started):
        if member.status != "running":
            continue
        counts = member.rows_counted(state.epoch, sizes)
        means = np.average(values[:, i], axis=0, weights=counts).tolist()
        line: dict[str, float] = {"epoch": state.epoch + 1}
        line |= dict(zip(state.names, means, strict=True))
        weights = member.loss_weights(state.epoch)
        line |= {f"weight_{name}": w for name, w in weights.items() if name != RECONSTRUCTION}
        line["lr"] = state.last_rates[i]
        lines.append(line)
    return lines


def take_snapshot(state: TrainingState) -> None:
    """Keep codes and reconstructions of the first rows, where a single model is asked for them."""
    member = state.members[0]
    if state.stacked or not member.training.snapshots:
        return
    rows = member.data.inputs.slice(0, member.training.snapshots)
    with torch.no_grad():
        z = state.model.encode(rows)
        shot = {"codes": z.cpu().numpy(), "reconstructions": state.model.decode(z).cpu().numpy()}
    member.history.snapshots.append(shot)
