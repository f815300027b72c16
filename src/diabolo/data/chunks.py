"""Where the rows of a stream come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

import numpy as np

from ..errors import DataError
from .memmap import Array


class Chunks(ABC):
    """Where a stream's rows come from: pieces that can be read again and again.

    Attributes
    ----------
    name : str
        What it is called in messages.
    n_chunks : int or None
        How many pieces there are, where each can be read by its number, in any order; None: all can only be
        read from the start.
    mixed : bool
        Whether shuffled pieces are shuffled rows, since a piece is one row.
    feature_names : tuple of str or None
    """

    name: str = "X"
    n_chunks: int | None = None
    mixed: ClassVar[bool] = False
    feature_names: tuple[str, ...] | None = None

    @abstractmethod
    def read(self, numbers: Iterable[int] | None) -> Iterator[Array]:
        """Rows (k, ...) of the pieces of these numbers, in this order, in blocks; None: of everything.

        Rows of more than one axis are pictures (H, W) or (C, H, W).
        """


def read_checked(
    chunks: Chunks, order: list[int] | None, width: int | None = None, *, missing: bool = False
) -> Iterator[Array]:
    """Flat rows of pieces as float32 or float64, all of one width and finite.

    Raises
    ------
    DataError
        If rows are no numbers, or of different widths; once the width is known, if a number is not finite,
        unless values may be missing.
    """
    known, n, shape = width is not None, 0, None
    for given in chunks.read(order):
        block = given if given.dtype in (np.float32, np.float64) else given.astype(np.float64)
        if shape is not None and block.shape[1:] != shape:
            raise _changed(chunks.name, n, shape, block.shape[1:])
        shape = block.shape[1:]
        rows: Array = block.reshape(len(block), -1)
        if width is not None and rows.shape[1] != width:
            raise _changed(chunks.name, n, (width,), shape)
        if known and not missing and not np.isfinite(rows.sum()) and not np.isfinite(rows).all():
            raise DataError(
                f"{chunks.name} contains NaN or infinity in the samples {n} to {n + len(rows) - 1}; drop "
                "or fill those values before they are streamed."
            )
        width, n = rows.shape[1], n + len(rows)
        yield rows


def _changed(name: str, n: int, before: tuple[int, ...], now: tuple[int, ...]) -> DataError:
    shapes = [" x ".join(map(str, shape)) for shape in (before, now)]
    return DataError(
        f"{name}: sample {n} has {shapes[1]} numbers, those before it have {shapes[0]}; give samples of one shape."
    )
