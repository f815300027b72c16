"""The loss on rows that are never trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..objective import terms, total
from .member import combine_draws

if TYPE_CHECKING:
    from .loop import Run


def evaluate(run: Run) -> list[dict[str, float]]:
    """Mean terms of each running model over its validation rows, with noise that never changes.

    Terms of a whole batch are means over batches of 1024 rows.
    """
    weights = run.weights()
    sums = torch.zeros(*run.row.shape[:-1], len(run.names), dtype=torch.float64)
    starts, n = run.running[0].judged_starts, 0
    for number, start in enumerate(starts):
        each = [m.judged(start, number) for m in run.running]
        if run.stacked:
            x, target = (torch.stack([e[k] for e in each]) for k in (0, 1))  # type: ignore[misc]
            noise = combine_draws([e[2] for e in each], 0)
        else:
            x, target, noise = each[0]
        with torch.set_grad_enabled(run.model.needs_input_gradient):
            values = terms(run.model.parts, run.model(target, noise, corrupted=x))
        loss = total(values, weights)
        rows = target.shape[-2]
        sums += torch.stack([v.detach() for v in (loss, *values.values())], -1).double().cpu() * rows
        n += rows
    means = (sums / n).view(-1, len(run.names)).tolist()
    return [dict(zip(run.names, m, strict=True)) for m in means]
