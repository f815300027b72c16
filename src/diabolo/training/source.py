"""Rows for the training loop: gathered by index, a block of steps at a time, scaled on the way."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """The rows of a data set on a device, with the scaling that turns them into what the model sees.

    Attributes
    ----------
    values : Tensor, shape (n, features)
        In the user's units, of the model's precision.
    offset, scale : Tensor or None, shape (features,)
        The model sees ``(values - offset) / scale``; None where data is left alone.
    """

    values: Tensor
    offset: Tensor | None = None
    scale: Tensor | None = None

    def __len__(self) -> int:
        return self.values.shape[0]

    def gather(self, index: Tensor) -> Tensor:
        """Scaled rows (*index.shape, features), a new tensor."""
        rows = self.values[index]
        if self.offset is not None and self.scale is not None:
            rows.sub_(self.offset).div_(self.scale)
        return rows

    def slice(self, start: int, stop: int) -> Tensor:
        """Scaled rows start to stop."""
        rows = self.values[start:stop]
        if self.offset is not None and self.scale is not None:
            rows = (rows - self.offset).div_(self.scale)
        return rows


@dataclass(frozen=True)
class TrainingData:
    """What a run is trained and judged on.

    Attributes
    ----------
    inputs : Rows
        What is corrupted and encoded.
    targets : Rows or None
        What is to be reconstructed, row by row; None: the inputs.
    validation : tuple of Rows or None
        Inputs and targets that are never trained on.
    """

    inputs: Rows
    targets: Rows | None = None
    validation: tuple[Rows, Rows] | None = None


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
