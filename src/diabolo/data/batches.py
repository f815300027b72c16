"""Rows for the training loop: gathered by index, a block of steps at a time, scaled on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .checks import numpy_dtype
from .memmap import Array, Stored
from .spread import spread


class Digest(Protocol):
    """What :mod:`hashlib` makes."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take in more."""


class RowSet(Protocol):
    """What a run asks of its rows, wherever they are."""

    def __len__(self) -> int:
        """Rows in an epoch."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the rows that are handed out."""

    @property
    def device(self) -> torch.device:
        """Where rows are handed out."""

    @property
    def in_memory(self) -> bool:
        """Whether rows cost nothing to get at."""

    def gather(self, index: Tensor) -> Tensor:
        """Scaled rows (*index.shape, features), a new tensor."""

    def slice(self, start: int, stop: int) -> Tensor:
        """Scaled rows start to stop."""

    def sample(self, most: int) -> Tensor:
        """At most so many scaled rows, spread over all."""

    def describe_to(self, digest: Digest) -> None:
        """Feed a digest with what tells these rows from others."""


@dataclass(frozen=True)
class Rows:
    """The rows of a data set on a device, with the scaling that turns them into what the model sees.

    Attributes
    ----------
    values : Tensor, shape (n, features)
        In the user's units, of the model's precision.
    offset, scale : Tensor or None, shape (features,)
        The model sees ``(values - offset) / scale``, computed in their precision, which is float64 wherever the device
        has it: rows that lie far from 0 would lose what tells them apart. None where data is left alone.
    """

    values: Tensor
    offset: Tensor | None = None
    scale: Tensor | None = None

    def __len__(self) -> int:
        return self.values.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return (self.values.shape[0], self.values.shape[1])

    @property
    def dtype(self) -> torch.dtype:
        """Of the rows that are handed out."""
        return self.values.dtype

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.values.device

    @property
    def in_memory(self) -> bool:
        """Always."""
        return True

    def describe_to(self, digest: Digest) -> None:
        """Feed a digest with all values, before scaling."""
        put(digest, self.values)

    def gather(self, index: Tensor) -> Tensor:
        """Scaled rows (*index.shape, features), a new tensor."""
        # Row by row in one go: several times as fast as indexing, which looks at every element.
        rows = self.values.index_select(0, index.reshape(-1)).view(*index.shape, -1)
        return self._scaled(rows)

    def slice(self, start: int, stop: int) -> Tensor:
        """Scaled rows start to stop."""
        return self._scaled(self.values[start:stop])

    def sample(self, most: int) -> Tensor:
        """At most so many scaled rows, spread over all."""
        return self.gather(torch.from_numpy(spread(len(self), most)).to(self.device))

    def _scaled(self, rows: Tensor) -> Tensor:
        if self.offset is None or self.scale is None:
            return rows
        return (rows - self.offset).div_(self.scale).to(self.dtype)


@dataclass(frozen=True)
class Finish:
    """How rows in the user's units become rows of a model: scaled as rows in memory are, to the bit.

    Attributes
    ----------
    dtype : torch.dtype
        The model's precision.
    device : torch.device
    offset, scale : array of shape (features,), float64, or None
        The model sees ``(rows - offset) / scale``; None where data is left alone.
    """

    dtype: torch.dtype
    device: torch.device
    offset: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None

    def __call__(self, rows: Array) -> Tensor:
        """Rows (..., features) that nobody else uses, as a tensor."""
        wanted = numpy_dtype(self.dtype)
        if self.offset is not None and self.scale is not None:
            # By NumPy: this may run in a thread beside the one that trains, and two teams of OpenMP threads stall.
            rows = rows - self.offset
            np.divide(rows, self.scale, out=rows)
        return torch.from_numpy(rows.astype(wanted, copy=False)).to(self.device)


class Finished:
    """Base of rows that are not in memory, and are finished as they are read."""

    finish: Finish

    @property
    def dtype(self) -> torch.dtype:
        """Of the rows that are handed out."""
        return self.finish.dtype

    @property
    def device(self) -> torch.device:
        """Where rows are handed out."""
        return self.finish.device

    @property
    def in_memory(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class StoredRows(Finished):
    """Rows of a file, read as they are needed; they come out with the bits of the same rows in memory.

    Attributes
    ----------
    table : Stored
    finish : Finish
    fingerprint : bytes
        What tells the rows from others; a digest of all numbers would take longer than an epoch.
    """

    table: Stored
    finish: Finish
    fingerprint: bytes = b""

    def __len__(self) -> int:
        return len(self.table)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return self.table.shape

    def gather(self, index: Tensor) -> Tensor:
        """Scaled rows (*index.shape, features), a new tensor."""
        return self.finish(self.table[index.cpu().numpy()])

    def slice(self, start: int, stop: int) -> Tensor:
        """Scaled rows start to stop."""
        return self.finish(self.table[start:stop])

    def sample(self, most: int) -> Tensor:
        """At most so many scaled rows, spread over all."""
        return self.gather(torch.from_numpy(spread(len(self), most)))

    def describe_to(self, digest: Digest) -> None:
        """Feed a digest with the shape and a sample of the rows, and with what was found in all of them."""
        digest.update(f"{self.table.dtype}{self.shape}".encode() + self.fingerprint)


@dataclass(frozen=True)
class TrainingData:
    """What a run is trained and judged on.

    Attributes
    ----------
    inputs : RowSet
        What is corrupted and encoded.
    targets : RowSet or None
        What is to be reconstructed, row by row; None: the inputs.
    validation : tuple of RowSet or None
        Inputs and targets that are never trained on.
    held_out : bool
        Whether these are a share of the rows that were given to train on, from which first values may be taken too.
    known, validation_known : mapping of str to Tensor, shapes (n, ...)
        What is known of each row, and of each validation row, beside its numbers: "weight" and "context", where there
        are some.
    """

    inputs: RowSet
    targets: RowSet | None = None
    validation: tuple[RowSet, RowSet] | None = None
    held_out: bool = False
    known: Mapping[str, Tensor] = field(default_factory=dict)
    validation_known: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def in_memory(self) -> bool:
        """Whether all that is trained on costs nothing to get at."""
        return self.inputs.in_memory and (self.targets is None or self.targets.in_memory)

    def fetch(self, index: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Inputs, targets, and what is known beside, of rows by index."""
        clean = self.inputs.gather(index)
        target = clean if self.targets is None else self.targets.gather(index)
        return clean, target, {name: value[index] for name, value in self.known.items()}


def put(digest: Digest, tensor: Tensor) -> None:
    """Feed a digest with numbers, with their type and shape."""
    digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
    if tensor.numel():
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data.cast("B"))


def block_steps(batch_size: int, n_features: int) -> int:
    """Steps whose rows and noise are made at once: as many as fit in about two megabytes, at most 64.

    Noise is drawn by block, so this rule is part of what decides a model's bits.

    Examples
    --------
    >>> block_steps(128, 784), block_steps(32, 2)
    (5, 64)
    """
    return max(1, min(64, 524_288 // max(1, batch_size * n_features)))


def split_blocks(n_rows: int, batch_size: int, steps: int, drop_last: bool) -> list[tuple[int, int, int]]:
    """The blocks of an epoch as (first row, steps, rows a step); a smaller last batch is a block of its own.

    Examples
    --------
    >>> split_blocks(100, 8, 5, drop_last=False)
    [(0, 5, 8), (40, 5, 8), (80, 2, 8), (96, 1, 4)]
    """
    full, rest = divmod(n_rows, batch_size)
    blocks = [(s * batch_size, min(steps, full - s), batch_size) for s in range(0, full, steps)]
    if rest and not drop_last:
        blocks.append((full * batch_size, 1, rest))
    return blocks
