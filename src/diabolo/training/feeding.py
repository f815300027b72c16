"""What an epoch trains on, block after block: by numbers of rows in memory, or as rows that a thread has fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.prefetch import prefetch
from ..data.shuffle import StreamedRows
from ..passes import Batch
from .job import Draws, TrainingJob, combine_batches, combine_draws
from .state import TrainingState

Blocks = Sequence[tuple[int, int, int]]


@dataclass(frozen=True)
class Fed:
    """A block of steps.

    Attributes
    ----------
    index : Tensor or None, shape (steps, *models, batch)
        The numbers of its rows, where they are in memory.
    fetched : tuple or None
        Else its inputs, clean, and its targets, each (steps, batch, features), and what is known beside, by name.
    """

    index: Tensor | None = None
    fetched: tuple[Tensor, Tensor, dict[str, Tensor]] | None = None

    @property
    def rows(self) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """The rows that were fetched."""
        if self.fetched is None:
            raise ValueError("the rows of this block are given by their indices, not fetched.")
        return self.fetched


@contextmanager
def feeding(state: TrainingState, blocks: Blocks) -> Iterator[Iterator[Fed]]:
    """Within it the blocks of the running epoch come one by one, from the first that is not all taken."""
    data = state.running[0].data
    done, skip = 0, 0
    for _, steps, _ in blocks:
        done += steps
        skip += state.step >= done
    if state.stacked or data.in_memory:
        yield (Fed(index) for index in _indices(state, blocks[skip:]))
    elif isinstance(data.inputs, StreamedRows):
        with prefetch(_streamed(state, data.inputs, blocks, skip)) as rows:
            yield rows
    else:
        indices = _indices(state, blocks[skip:])
        with prefetch(Fed(fetched=data.fetch(index)) for index in indices) as rows:
            yield rows


def _indices(state: TrainingState, blocks: Blocks) -> Iterator[Tensor]:
    """The numbers of the rows of each block, in the epoch's order."""
    models = state.flat.shape[:-1]
    orders = [member.order(state.epoch) for member in state.running]
    order = torch.stack(orders, 1 if state.stacked else 0).to(state.flat.device).view(-1, *models)
    for first, steps, size in blocks:
        yield order[first : first + steps * size].view(steps, size, *models).movedim(1, -1)


def _streamed(state: TrainingState, rows: StreamedRows, blocks: Blocks, skip: int) -> Iterator[Fed]:
    numbers = [steps * size for _, steps, size in blocks]
    passed = state.epoch - state.first_epoch
    fetched = rows.epoch(state.epoch, passed, numbers, skip)
    for (_, steps, size), got in zip(blocks[skip:], fetched, strict=True):
        clean = got.view(steps, size, -1)
        yield Fed(fetched=(clean, clean, {}))


def batches(state: TrainingState, fed: Fed, number: int) -> tuple[Batch, Draws]:
    """A block of steps as one batch, corrupted already, and its noise, by its number in the epoch.

    Indices have shape (steps, *models, batch), as have the leading axes of what is returned.
    """
    first, index = state.running[0], fed.index
    if index is None:
        clean, target, known = fed.rows
        draws = first.noise(tuple(clean.shape[:-1]), state.epoch, number, state.flat)
        return first.batch(clean, target, known, draws), _kept(first, draws)
    same = all(m.uses_rows_as_they_are and m.data.inputs is first.data.inputs for m in state.running)
    each, made = [], []
    for i, member in enumerate(state.running):
        own = index[:, i] if state.stacked else index
        draws = member.noise(tuple(own.shape), state.epoch, number, state.flat)
        if not same:
            made.append(member.rows(own, draws))
        each.append(_kept(member, draws))
    noise = combine_draws(each, 1) if state.stacked else each[0]
    if same:
        return Batch(first.data.inputs.gather(index), n_samples=first.n_rows), noise
    return combine_batches(made, 1) if state.stacked else made[0], noise


def _kept(member: TrainingJob, draws: Draws) -> Draws:
    """What was drawn for the steps: inputs are corrupted by now, and what corruptions drew is not needed again."""
    return {name: draw for name, draw in draws.items() if name not in member.parts.named_corruption}
