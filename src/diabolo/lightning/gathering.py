"""Passes made fit for the objective: in full precision, and over the rows of all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..model import Architecture
from ..passes import Noise, Pass
from ..penalties import BatchPenalty
from .batches import Slice, rows_of


def gathered_fields(parts: Architecture) -> tuple[str, ...]:
    """What of a pass the penalties of a whole batch look at, row by row; empty if there is no such penalty.

    Examples
    --------
    >>> from diabolo import recipes
    >>> from diabolo.estimator.preparation import architecture
    >>> gathered_fields(architecture(recipes.topological().get_params(deep=False)))
    ('target', 'z')
    """
    names = (name for p in parts.penalties if isinstance(p, BatchPenalty) for name in p.looks_at)
    return tuple(dict.fromkeys(names))


def whole_pass(
    p: Pass, noise: Noise, own: Slice, world: int, fields: Iterable[str], gather: Callable[[Tensor], Tensor]
) -> Pass:
    """A pass over the rows of all processes, out of the pass over a process's own rows.

    Parameters
    ----------
    p : Pass
    noise : mapping
        The random numbers of the rows of all processes.
    own : Slice
    world : int
        How many processes there are.
    fields : iterable of str
        What is gathered; everything else stays that of the own rows.
    gather : callable
        From a tensor of this process to those of all, on a new first axis; its backward pass adds up what all
        processes ask of this one's.

    Returns
    -------
    Pass
    """
    counts = [rows_of(own.size, world, rank).own for rank in range(world)]
    longest = max(1, *counts)

    def whole(rows: Tensor) -> Tensor:
        missing = longest - rows.shape[0]
        if missing:
            rows = torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])])
        parts = gather(rows.contiguous())
        return torch.cat([part[:n] for part, n in zip(parts, counts, strict=True)])

    found: dict[str, Any] = {}
    for name in fields:
        value = getattr(p, name)
        found[name] = tuple(map(whole, value)) if isinstance(value, tuple) else whole(value)
    if p.weight is not None:
        found["weight"] = whole(p.weight)
    return replace(p, noise=noise, **found)
