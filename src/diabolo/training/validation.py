"""The loss on rows that are never trained on."""

from __future__ import annotations

import torch

from ..objective import terms, total
from .job import combine_draws
from .state import TrainingState


def evaluate(state: TrainingState) -> list[dict[str, float]]:
    """Mean terms of each running model over its validation rows, with noise that never changes.

    Terms of a whole batch are means over batches of 1024 rows.
    """
    weights = state.loss_weights()
    sums = torch.zeros(*state.flat.shape[:-1], len(state.names), dtype=torch.float64)
    starts, n = state.running[0].validation_starts, 0
    for number, start in enumerate(starts):
        each = [m.validation_batch(start, number) for m in state.running]
        if state.stacked:
            x, target = (torch.stack([e[k] for e in each]) for k in (0, 1))  # type: ignore[misc]
            noise = combine_draws([e[2] for e in each], 0)
        else:
            x, target, noise = each[0]
        with torch.set_grad_enabled(state.model.needs_input_gradient):
            values = terms(state.model.parts, state.model(target, noise, corrupted=x))
        loss = total(values, weights)
        rows = target.shape[-2]
        sums += torch.stack([v.detach() for v in (loss, *values.values())], -1).double().cpu() * rows
        n += rows
    means = (sums / n).view(-1, len(state.names)).tolist()
    return [dict(zip(state.names, m, strict=True)) for m in means]
