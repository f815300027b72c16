"""Rows that come in pieces: an epoch is a walk through shuffled pieces and a buffer that mixes their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from .batches import Digest, Finish, Finished
from .chunks import Chunks, read_checked
from .memmap import Array
from .rng import generator
from .spread import spread

_BUFFER_BYTES = 128 << 20


def order_of_chunks(chunks: Chunks, seed: int, epoch: int) -> list[int] | None:
    """The order that pieces are read in in an epoch; None where there is only one."""
    if chunks.n_chunks is None:
        return None
    key = generator(seed, "pieces", epoch)
    return torch.randperm(chunks.n_chunks, generator=key).tolist()


class Mixer:
    """A buffer that rows wait in, to leave it in a random order while others take their places.

    Parameters
    ----------
    blocks : iterator of arrays (k, n_features)
    room : int
        Rows that wait; 0 keeps the order of the stream.

    Examples
    --------
    >>> mixer = Mixer(iter([np.arange(8.0).reshape(8, 1)]), room=4)
    >>> sorted(
    ...     mixer.take(6, np.random.default_rng(0))[:, 0].tolist()
    ...     + mixer.take(9, np.random.default_rng(1))[:, 0].tolist()
    ... )
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """

    def __init__(self, blocks: Iterator[Array], room: int) -> None:
        self.blocks, self.room, self.count = blocks, room, 0
        self.left: Array | None = None
        self.buffer: Array | None = None

    def take(self, number: int, rng: np.random.Generator) -> Array:
        """The next rows, fewer where the stream ends."""
        parts: list[Array] = []
        while number and (rows := self._some(number, rng)) is not None:
            parts.append(rows)
            number -= len(rows)
        if not parts:
            return np.empty((0, 0), np.float32)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _some(self, most: int, rng: np.random.Generator) -> Array | None:
        if self.room == 0:
            rows = self._next(most)
            return None if rows is None else rows.copy()
        self._fill()
        if self.buffer is None or self.count == 0:
            return None
        chosen = rng.choice(self.count, min(most, self.count), replace=False)
        rows = self.buffer[chosen]
        self._replace(self.buffer, chosen)
        return rows

    def _fill(self) -> None:
        while self.count < self.room and (block := self._next(self.room - self.count)) is not None:
            if self.buffer is None:
                self.buffer = np.empty((self.room, block.shape[1]), block.dtype)
            self.buffer[self.count : self.count + len(block)] = block
            self.count += len(block)

    def _replace(self, buffer: Array, places: NDArray[np.int64]) -> None:
        """Let the next rows of the stream take the places of those that left; close ranks where there is none."""
        done = 0
        while done < len(places) and (block := self._next(len(places) - done)) is not None:
            buffer[places[done : done + len(block)]] = block
            done += len(block)
        empty = places[done:]
        if len(empty):
            stay = np.ones(self.count, bool)
            stay[empty] = False
            last = self.count - len(empty)
            buffer[np.sort(empty[empty < last])] = buffer[last : self.count][stay[last:]]
            self.count = last

    def _next(self, most: int) -> Array | None:
        """Up to so many rows of the stream."""
        while self.left is None or len(self.left) == 0:
            self.left = next(self.blocks, None)
            if self.left is None:
                return None
        block, self.left = self.left[:most], self.left[most:]
        return block


@dataclass
class StreamedRows(Finished):
    """The rows of a stream, epoch by epoch.

    Attributes
    ----------
    chunks : Chunks
    finish : Finish
    shape : (int, int)
        Rows of an epoch, and features.
    seed : int
    room : int
        Rows of the buffer.
    endless : bool
        Whether an epoch begins where the last one ended, instead of at the start.
    first : array of shape (k, n_features)
        Some rows, for those who want to see always the same.
    fingerprint : bytes
        What tells the rows from others.
    missing : bool
        Whether values may be missing (NaN).
    """

    chunks: Chunks
    finish: Finish
    shape: tuple[int, int]
    seed: int
    room: int
    endless: bool
    first: Array
    fingerprint: bytes
    missing: bool = False
    _mixer: Mixer | None = field(default=None, repr=False)
    _passed: int = field(default=-1, repr=False)

    def __len__(self) -> int:
        return self.shape[0]

    def gather(self, index: Tensor) -> Tensor:
        """No row of a stream has a number."""
        raise DataError("samples of a stream have no index; give a memory-mapped array to pick some.")

    def slice(self, start: int, stop: int) -> Tensor:
        """Of the rows that were kept, those from start to stop."""
        return self.finish(self.first[start:stop].copy())

    def sample(self, most: int) -> Tensor:
        """At most so many of the rows that were kept."""
        return self.finish(self.first[spread(len(self.first), most)])

    def describe_to(self, digest: Digest) -> None:
        """Feed a digest with the shape, the buffer, and what was found in all rows."""
        digest.update(f"{self.shape}{self.room}{self.endless}".encode() + self.fingerprint)

    def epoch(self, epoch: int, passed: int, numbers: Sequence[int], skip: int) -> Iterator[Tensor]:
        """The rows of an epoch, so many at a time.

        Parameters
        ----------
        epoch : int
            What the order is drawn from, with the seed.
        passed : int
            Epochs of this training that came before: an endless stream has gone so much further.
        numbers : sequence of int
            How many rows are wanted, block after block.
        skip : int
            Blocks that were used already; they are read, and not given.
        """
        mixer = self._at(epoch, passed, numbers)
        rng = self._rng(epoch)
        for i, number in enumerate(numbers):
            rows = mixer.take(number, rng)
            if len(rows) < number:
                raise DataError(
                    f"{self.chunks.name} gave fewer than {len(self)} rows in epoch {epoch + 1}, as many as it had "
                    "when it "
                    "was first read (or rows_per_epoch says). Make it give the same rows whenever it is read from its "
                    "start."
                )
            if i == len(numbers) - 1:
                self._passed = passed + 1
            if i >= skip:
                yield self.finish(rows)

    def _at(self, epoch: int, passed: int, numbers: Sequence[int]) -> Mixer:
        """Where an epoch begins."""
        if not self.endless:
            order = order_of_chunks(self.chunks, self.seed, epoch)
            return Mixer(
                read_checked(self.chunks, order, self.shape[1], missing=self.missing),
                0 if self.chunks.mixed else self.room,
            )
        if self._mixer is None or self._passed != passed:
            self._mixer = Mixer(self._again_and_again(), self.room)
            for before in range(passed):
                rng = self._rng(epoch - passed + before)
                for number in numbers:
                    self._mixer.take(number, rng)
        self._passed = -1  # until this epoch is over
        return self._mixer

    def _again_and_again(self) -> Iterator[Array]:
        """All rows, and then all again, for a stream that ends sooner than the training."""
        turn, some = 0, True
        while some:
            some = False
            order = order_of_chunks(self.chunks, self.seed, turn)
            for rows in read_checked(self.chunks, order, self.shape[1], missing=self.missing):
                some = some or len(rows) > 0
                yield rows
            turn += 1

    def _rng(self, epoch: int) -> np.random.Generator:
        key = int(torch.randint(2**31 - 1, (), generator=generator(self.seed, "order", epoch)))
        return np.random.Generator(np.random.PCG64(key))


def room_for(n_features: int, itemsize: int) -> int:
    """Rows of the buffer where nobody says how many: those that take 128 MiB, at least 1024.

    Examples
    --------
    >>> room_for(784, 4)
    42799
    """
    return max(1024, _BUFFER_BYTES // max(1, n_features * itemsize))
