"""The loss on rows that are never trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..model import Model
from ..objective import TOTAL, term_names, terms, total
from ..passes import Batch
from .job import TrainingJob, combine_batches, combine_draws
from .state import TrainingState


def evaluate(
    model: Model, members: Sequence[TrainingJob], weights: Mapping[str, Tensor], *, stacked: bool
) -> list[dict[str, float]]:
    """Mean terms of models over their validation rows, with noise that never changes.

    Terms of a whole batch are means over batches of 1024 rows.

    Parameters
    ----------
    model : Model
        In evaluation mode; with an axis of models if they are stacked.
    members : sequence of TrainingJob
        One for each model.
    weights : mapping of str to Tensor, shape (*models,)
        Weight of each term.
    stacked : bool
        Whether there is an axis of models.
    """
    names = (TOTAL, *term_names(model.parts))
    sums = torch.zeros(*((len(members),) if stacked else ()), len(names), dtype=torch.float64)
    starts, n = members[0].validation_starts, torch.zeros(1, dtype=torch.float64)
    for number, start in enumerate(starts):
        each = [m.validation_batch(start, number) for m in members]
        batch, noise = each[0]
        if stacked:
            batch, noise = combine_batches([b for b, _ in each], 0), combine_draws([e for _, e in each], 0)
        with torch.set_grad_enabled(model.needs_input_gradient):
            values = terms(model.parts, model(batch, noise), weights=weights)
        loss = total(model.parts, values, weights)
        found = torch.stack([v.detach() for v in (loss, *values.values())], -1).double().cpu()
        rows = rows_counted(batch).double().cpu().unsqueeze(-1)
        sums += found * rows
        n = n + rows
    means = (sums / n).view(-1, len(names)).tolist()
    return [dict(zip(names, m, strict=True)) for m in means]


def rows_counted(batch: Batch) -> Tensor:
    """How many rows a batch counts for, (*models,): the sum of their weights."""
    return torch.tensor(batch.target.shape[-2]) if batch.weight is None else batch.weight.sum(-1)


def evaluate_running(state: TrainingState) -> list[dict[str, float]]:
    """What :func:`evaluate` says of each model that trains."""
    return evaluate(state.model, state.running, state.loss_weights(), stacked=state.stacked)


def see_start(state: TrainingState) -> None:
    """Let the weights before the first step be candidates for the best, where rows are held out to say so."""
    begun = state.epoch > state.first_epoch or state.step > 0
    if begun or not state.running[0].validation_starts or all(m.watch is None for m in state.running):
        return
    for i, (member, found) in enumerate(zip(state.running, evaluate_running(state), strict=True)):
        member.see_start(found, state.flat[i] if state.stacked else state.flat, state.epoch)
    state.float_buffers.mark_best()
