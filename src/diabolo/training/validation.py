"""The loss on rows that are never trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..model import Model
from ..objective import TOTAL, term_names, terms, total
from .job import TrainingJob, combine_draws
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
    starts, n = members[0].validation_starts, 0
    for number, start in enumerate(starts):
        each = [m.validation_batch(start, number) for m in members]
        if stacked:
            x, target = (torch.stack([e[k] for e in each]) for k in (0, 1))  # type: ignore[misc]
            noise = combine_draws([e[2] for e in each], 0)
        else:
            x, target, noise = each[0]
        with torch.set_grad_enabled(model.needs_input_gradient):
            values = terms(model.parts, model(target, noise, corrupted=x), weights=weights)
        loss = total(model.parts, values, weights)
        rows = target.shape[-2]
        sums += torch.stack([v.detach() for v in (loss, *values.values())], -1).double().cpu() * rows
        n += rows
    means = (sums / n).view(-1, len(names)).tolist()
    return [dict(zip(names, m, strict=True)) for m in means]


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
