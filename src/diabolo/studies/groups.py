"""Which models can share a stack, and how many of them fit into memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ..data.batches import Rows, RowSet, block_steps
from ..training.job import TrainingJob

T = TypeVar("T")

# Fewer models than this waste the batched products; many more fall out of the caches.
STACK_SIZE = 128
# Rows of a model in training: parameters, gradients, direction, two moments, three safe copies.
_ROWS_A_MODEL = 8
# Tensors of the size of an activation that a step holds: forward, backward, and their temporaries.
_ACTIVATIONS = 6


def stackable(member: TrainingJob) -> bool:
    """Whether a model can be trained in a stack: none of its parts says no, nothing looks into its steps, and its
    rows are in memory.
    """
    parts = member.parts
    if not member.data.in_memory:
        return False
    every = (parts.encoder, parts.decoder, parts.latent, parts.reconstruction, *parts.penalties)
    return member.training.snapshots == 0 and all(part.stackable for part in every)


def stack_key(member: TrainingJob) -> Hashable:
    """What members of one stack have in common.

    Seeds, data, corruption and every setting that may vary in a stack (``setting(..., varies=True)``) may differ.
    """
    n = member.n_rows
    training = member.training.settled(n).shared()
    known = tuple((name, value.shape) for name, value in member.data.known.items())
    return (*shape_key(member), n, *training, member.validation_starts, str(member.data.inputs.device), known)


def shape_key(member: TrainingJob) -> tuple[Hashable, ...]:
    """What models that start by the same rule, and have the same parameters, have in common."""
    parts, domain = member.parts, member.domain
    every = (parts.encoder, parts.decoder, parts.latent, parts.reconstruction, *parts.penalties)
    return (*(part.shared() for part in every), parts.missing, domain.n_features, domain.image_shape)


def bytes_per_model(member: TrainingJob, n_parameters: int, widths: int) -> int:
    """Memory that one more model of a stack takes while it trains, in bytes; an estimate from shapes.

    Parameters
    ----------
    member : TrainingJob
    n_parameters : int
        Numbers in its row.
    widths : int
        Sum of the widths of its layers, input and output included.
    """
    number = 8 if member.training.stored == "float64" else 4
    n, batch = member.n_rows, member.training.batch_of(member.n_rows)
    n_features = member.domain.n_features
    judged = 1024 if member.data.validation is not None else 0
    blocks = 4 * min(block_steps(batch, n_features) * batch, n) * n_features
    steps = member.training.steps_per_epoch(n) * (2 + len(member.parts.penalties))
    activations = _ACTIVATIONS * max(batch, judged) * widths
    return number * (_ROWS_A_MODEL * n_parameters + blocks + activations + steps) + 8 * n


def memory_budget() -> int:
    """A quarter of the memory that is free, in bytes; 1 GB where the system does not tell."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024 // 4
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 8
    except (AttributeError, ValueError, OSError):
        return 2**30


def chunks(items: Sequence[T], most: int, workers: int = 1) -> Iterator[Sequence[T]]:
    """Items in groups as equal as can be, none larger than ``most``, as many as workers can share evenly.

    Examples
    --------
    >>> [len(c) for c in chunks(range(130), 128)], [len(c) for c in chunks(range(100), 128, workers=2)]
    ([65, 65], [50, 50])
    """
    count = -(-len(items) // max(1, most))
    count = min(len(items), -(-count // workers) * workers) if len(items) >= 32 * workers else count
    for i in range(count):
        yield items[len(items) * i // count : len(items) * (i + 1) // count]


def member_key(member: TrainingJob, *, any_seed: bool = False) -> Hashable:
    """What decides a model's bits: its parts, its settings, its seed and the content of its data."""
    data, (low, high) = member.data, (member.domain.low, member.domain.high)
    validation = data.validation or (None, None)
    known = tuple(
        (name, value.shape, value.cpu().numpy().tobytes())
        for beside in (data.known, data.validation_known)
        for name, value in beside.items()
    )
    content = (*(_content(rows) for rows in (data.inputs, data.targets, *validation)), known)
    seed = None if any_seed else member.seed
    return (member.parts, member.domain.image_shape, low, high, member.training, seed, content)


def _content(rows: RowSet | None) -> Hashable:
    if rows is None:
        return None
    digest = hashlib.blake2b(digest_size=16)
    if isinstance(rows, Rows):
        for tensor in (rows.values, rows.offset, rows.scale):
            if tensor is not None:
                digest.update(np.ascontiguousarray(tensor.cpu().numpy()).data)
    else:
        rows.describe_to(digest)
    return (rows.shape, str(rows.dtype), digest.digest())


class SharedData:
    """Keeps one object for training rows of equal content, so that they are stored and gathered once."""

    def __init__(self) -> None:
        self._by_memory: dict[Hashable, Rows] = {}
        self._by_content: dict[Hashable, Rows] = {}

    def share(self, member: TrainingJob) -> None:
        """Let a member use rows that another one brought, if they are the same."""
        rows = member.data.inputs
        if not isinstance(rows, Rows):
            return
        scaling = tuple(None if t is None else tuple(t.tolist()) for t in (rows.offset, rows.scale))
        place = (rows.values.data_ptr(), tuple(rows.values.shape), str(rows.values.dtype), scaling)
        known = self._by_memory.get(place)
        if known is None:
            known = self._by_content.setdefault(_content(rows), rows)
            if known is rows:
                self._by_memory[place] = rows
        if known is not rows:
            member.data = replace(member.data, inputs=known)
