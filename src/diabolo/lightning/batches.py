"""The steps of an epoch as batches, of which every process gets its own rows.

Order and noise are those of ``Autoencoder.fit``: keyed by seed, epoch and block of steps, and drawn for the rows of all
processes. A process takes its slice, so that what is trained on does not depend on how many processes there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.batches import block_steps, split_blocks
from ..passes import Batch as Rows
from ..training.job import Draws, TrainingJob


class Slice(NamedTuple):
    """The rows of a step that a process computes with.

    Attributes
    ----------
    first, stop : int
        Where they lie in the step.
    own : int
        How many of them count: all, but for a process that is left without rows. It takes one row that counts for
        nothing, since every process has to take part in every step.
    size : int
        Rows of the step, over all processes.
    """

    first: int
    stop: int
    own: int
    size: int


def rows_of(size: int, world: int, rank: int) -> Slice:
    """The slice of a step's rows for one of several processes; the first ones take what is left over.

    Examples
    --------
    >>> [tuple(rows_of(5, 2, rank)) for rank in (0, 1)]
    [(0, 3, 3, 5), (3, 5, 2, 5)]
    >>> [tuple(rows_of(1, 2, rank)) for rank in (0, 1)]
    [(0, 1, 1, 1), (0, 1, 0, 1)]
    """
    each, rest = divmod(size, world)
    own = each + (rank < rest)
    if own == 0:
        return Slice(0, 1, 0, size)
    first = rank * each + min(rank, rest)
    return Slice(first, first + own, own, size)


class Batch(NamedTuple):
    """What a process gets for one step.

    Attributes
    ----------
    x : Tensor, shape (rows, features)
        What is encoded: scaled, and corrupted already.
    target : Tensor, shape (rows, features)
        What is to be reconstructed.
    noise : dict of str to dict of str to Tensor
        The random numbers of latent space and penalties, for the rows of all processes.
    own : Slice
        Which of them are those of this process.
    known : dict of str to Tensor
        What is known of the rows beside: "mask", "weight", "context", where there are some.
    counted, of : float
        How many rows count, of this process and of all: by their weights, where they have some.
    """

    x: Tensor
    target: Tensor
    noise: Draws
    own: Slice
    known: dict[str, Tensor]
    counted: float
    of: float

    @property
    def share(self) -> float:
        """The share of the step that this process computes."""
        return self.counted / self.of

    def rows(self, n_samples: int) -> Rows:
        """The rows of this process, as a model takes them."""
        return Rows(self.x, self.target, **self.known, n_samples=n_samples)

    @classmethod
    def of_process(cls, rows: Rows, noise: Draws, own: Slice, weight: Tensor | None) -> Batch:
        """The batch of a process's own rows; the noise, and the weights, are those of all rows of the step."""
        tensors = rows.tensors()
        x, target = tensors.pop("x"), tensors.pop("target")
        counted, of = float(own.own), float(own.size)
        if weight is not None:
            counted, of = float(weight[own.first : own.first + own.own].sum()), float(weight.sum())
        return cls(x, target, noise, own, tensors, counted, of)


class Batches:
    """The training steps of an epoch, which go on where a checkpoint was made.

    Parameters
    ----------
    member : TrainingJob
    world, rank : int
        How many processes there are, and which this is.
    epoch : callable
        Gives the epoch, from 0, when a pass over the data begins.
    """

    def __init__(self, member: TrainingJob, world: int, rank: int, epoch: Callable[[], int]) -> None:
        self.member, self.world, self.rank, self.epoch = member, world, rank, epoch
        self.batch = member.training.batch_of(member.n_rows)
        steps = block_steps(self.batch, member.domain.n_features)
        self.blocks = split_blocks(member.n_rows, self.batch, steps, member.training.drop_last)
        self.position = {"epoch": -1, "step": 0}

    def __len__(self) -> int:
        return sum(steps for _, steps, _ in self.blocks)

    def __iter__(self) -> Iterator[Batch]:
        # A generator: the epoch is asked for when the first batch is, and not when a trainer prepares for it.
        epoch = self.epoch()
        start = self.position["step"] if self.position["epoch"] == epoch else 0
        self.position = {"epoch": epoch, "step": start}
        before = 0
        order = self.member.order(epoch)
        for number, (first, steps, size) in enumerate(self.blocks):
            before += steps
            if start >= before:
                continue
            index = order[first : first + steps * size].view(steps, size)
            own = rows_of(size, self.world, self.rank)
            inputs = self.member.data.inputs
            like = torch.empty(0, dtype=inputs.dtype, device=inputs.device)
            draws = self.member.noise((steps, size), epoch, number, like)
            for s in range(max(0, start - before + steps), steps):
                now = {p: {k: v[s] for k, v in d.items()} for p, d in draws.items()}
                self.position["step"] += 1
                yield self._batch(index[s], now, own)

    def _batch(self, index: Tensor, draws: Draws, own: Slice) -> Batch:
        rows = self.member.rows(index[own.first : own.stop], sliced(draws, own))
        corruptions, weights = self.member.parts.named_corruption, self.member.data.known.get("weight")
        noise = {p: d for p, d in draws.items() if p not in corruptions}
        return Batch.of_process(rows, noise, own, None if weights is None else weights[index])

    def state_dict(self) -> dict[str, int]:
        """Where in the data a trainer is, for its checkpoint."""
        return dict(self.position)

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from there."""
        self.position = {name: int(state[name]) for name in self.position}


class ValidationBatches:
    """The validation rows, in chunks under the noise that ``Autoencoder.fit`` judges them with."""

    def __init__(self, member: TrainingJob, world: int, rank: int) -> None:
        self.member, self.world, self.rank = member, world, rank

    def __len__(self) -> int:
        return len(self.member.validation_starts)

    def __iter__(self) -> Iterator[Batch]:
        for number, start in enumerate(self.member.validation_starts):
            whole, noise = self.member.validation_batch(start, number)
            own = rows_of(len(whole.x), self.world, self.rank)
            tensors = {name: value[own.first : own.stop] for name, value in whole.tensors().items()}
            yield Batch.of_process(Rows(**tensors, n_samples=whole.n_samples), noise, own, whole.weight)


def sliced(draws: Draws, own: Slice) -> Draws:
    """The random numbers of a process's own rows."""
    return {p: {k: v[own.first : own.stop] for k, v in d.items()} for p, d in draws.items()}
