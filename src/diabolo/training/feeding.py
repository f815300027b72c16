"""What an epoch trains on, block after block: by numbers of rows in memory, or as rows that a thread has fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..data.prefetch import prefetch
from ..data.shuffle import StreamedRows
from ..model import corrupt
from .job import Draws, TrainingJob, combine_draws

if TYPE_CHECKING:
    from .loop import Trainer

Blocks = Sequence[tuple[int, int, int]]


@dataclass(frozen=True)
class Fed:
    """A block of steps.

    Attributes
    ----------
    index : Tensor or None, shape (steps, *models, batch)
        The numbers of its rows, where they are in memory.
    fetched : tuple of Tensor or None, each (steps, batch, features)
        Else its inputs, clean, and its targets.
    """

    index: Tensor | None = None
    fetched: tuple[Tensor, Tensor] | None = None

    @property
    def rows(self) -> tuple[Tensor, Tensor]:
        """The rows that were fetched."""
        if self.fetched is None:
            raise ValueError("the rows of this block are known by their numbers.")
        return self.fetched


@contextmanager
def feeding(trainer: Trainer, blocks: Blocks) -> Iterator[Iterator[Fed]]:
    """Within it the blocks of the running epoch come one by one, from the first that is not all taken."""
    data = trainer.running[0].data
    done, skip = 0, 0
    for _, steps, _ in blocks:
        done += steps
        skip += trainer.step >= done
    if trainer.stacked or data.in_memory:
        yield (Fed(index) for index in _indices(trainer, blocks[skip:]))
    elif isinstance(data.inputs, StreamedRows):
        with prefetch(_streamed(trainer, data.inputs, blocks, skip)) as rows:
            yield rows
    else:
        pairs = data.pairs(_indices(trainer, blocks[skip:]))
        with prefetch(Fed(fetched=pair) for pair in pairs) as rows:
            yield rows


def _indices(trainer: Trainer, blocks: Blocks) -> Iterator[Tensor]:
    """The numbers of the rows of each block, in the epoch's order."""
    models = trainer.flat.shape[:-1]
    orders = [member.order(trainer.epoch) for member in trainer.running]
    order = torch.stack(orders, 1 if trainer.stacked else 0).to(trainer.flat.device).view(-1, *models)
    for first, steps, size in blocks:
        yield order[first : first + steps * size].view(steps, size, *models).movedim(1, -1)


def _streamed(trainer: Trainer, rows: StreamedRows, blocks: Blocks, skip: int) -> Iterator[Fed]:
    numbers = [steps * size for _, steps, size in blocks]
    passed = trainer.epoch - trainer.first_epoch
    fetched = rows.epoch(trainer.epoch, passed, numbers, skip)
    for (_, steps, size), got in zip(blocks[skip:], fetched, strict=True):
        clean = got.view(steps, size, -1)
        yield Fed(fetched=(clean, clean))


def batches(trainer: Trainer, fed: Fed, number: int) -> tuple[Tensor, Tensor, Draws]:
    """Inputs, targets and noise of a block of steps, by its number in the epoch; inputs are corrupted already.

    Indices have shape (steps, *models, batch), as have the leading axes of what is returned.
    """
    first, index = trainer.running[0], fed.index
    if index is None:
        clean, target = fed.rows
        draws = first.noise(tuple(clean.shape[:-1]), trainer.epoch, number, trainer.flat)
        return corrupt(first.parts, first.domain, clean, draws), target, _kept(first, draws)
    same = all(m.uses_rows_as_they_are and m.data.inputs is first.data.inputs for m in trainer.running)
    each, xs, targets = [], [], []
    for i, member in enumerate(trainer.running):
        own = index[:, i] if trainer.stacked else index
        draws = member.noise(tuple(own.shape), trainer.epoch, number, trainer.flat)
        if not same:
            x, target = member.rows(own, draws)
            xs.append(x)
            targets.append(target)
        each.append(_kept(member, draws))
    noise = combine_draws(each, 1) if trainer.stacked else each[0]
    if same:
        rows = first.data.inputs.gather(index)
        return rows, rows, noise
    if not trainer.stacked:
        return xs[0], targets[0], noise
    return torch.stack(xs, 1), torch.stack(targets, 1), noise


def _kept(member: TrainingJob, draws: Draws) -> Draws:
    """What was drawn for the steps: inputs are corrupted by now, and what corruptions drew is not needed again."""
    return {name: draw for name, draw in draws.items() if name not in member.parts.named_corruption}
