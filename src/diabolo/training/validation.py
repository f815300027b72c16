"""The loss on rows that are never trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..objective import terms, total
from .job import combine_draws

if TYPE_CHECKING:
    from .loop import Trainer


def evaluate(trainer: Trainer) -> list[dict[str, float]]:
    """Mean terms of each running model over its validation rows, with noise that never changes.

    Terms of a whole batch are means over batches of 1024 rows.
    """
    weights = trainer.loss_weights()
    sums = torch.zeros(*trainer.flat.shape[:-1], len(trainer.names), dtype=torch.float64)
    starts, n = trainer.running[0].validation_starts, 0
    for number, start in enumerate(starts):
        each = [m.validation_batch(start, number) for m in trainer.running]
        if trainer.stacked:
            x, target = (torch.stack([e[k] for e in each]) for k in (0, 1))  # type: ignore[misc]
            noise = combine_draws([e[2] for e in each], 0)
        else:
            x, target, noise = each[0]
        with torch.set_grad_enabled(trainer.model.needs_input_gradient):
            values = terms(trainer.model.parts, trainer.model(target, noise, corrupted=x))
        loss = total(values, weights)
        rows = target.shape[-2]
        sums += torch.stack([v.detach() for v in (loss, *values.values())], -1).double().cpu() * rows
        n += rows
    means = (sums / n).view(-1, len(trainer.names)).tolist()
    return [dict(zip(trainer.names, m, strict=True)) for m in means]
