"""Functions of rows, applied to a part of them at a time, so that a row's bits do not depend on its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.checks import lent, require_finite, to_tensor
from ..data.memmap import Stored, blocks_of
from ..data.prefetch import prefetch
from ..data.streams import Stream
from ..data.summary import rebatch
from ..errors import DataError
from ..storage.sinks import open_sink
from ..training.control import threads

Array = NDArray[np.floating]

# Numbers that are computed between reading and writing, where not all are in memory: PyTorch's threads fall asleep in
# between, so that many small slabs take a third longer. Of a stream a few slabs wait in memory.
_SLAB_NUMBERS, _SLAB_OF_STREAM = 1 << 24, 1 << 22
# Rows are computed in padded chunks of this size, so that a row's bits do not depend on its neighbours.
CHUNK = 256


def in_chunks(
    function: Callable[[torch.Tensor], torch.Tensor],
    rows: Array,
    dtype: torch.dtype,
    device: torch.device,
    n_threads: int,
    models: tuple[int, ...] = (),
) -> torch.Tensor:
    """Apply a function of rows to chunks of exactly 256 rows, the last one padded with zeros.

    Matrix products round differently for different numbers of rows; with this every row's result depends on
    that row alone. For a stack of models, ``models`` is their number as a tuple; rows are of shape (n, features), for
    all of them, or (models, n, features).
    """
    count, found = rows.shape[-2], torch.empty(0)
    with threads(n_threads), torch.no_grad():
        # A tensor of our own, however the rows lie in memory: products round by alignment too.
        padded = torch.zeros(*(models or rows.shape[:-2]), CHUNK, rows.shape[-1], dtype=dtype, device=device)
        for start in range(0, count, CHUNK):
            given = rows[..., start : start + CHUNK, :]
            n = given.shape[-2]
            padded[..., :n, :] = lent(given) if device.type == "cpu" else to_tensor(given, device)
            padded[..., n:, :] = 0
            made = function(padded)[..., :n, :]
            if not start:
                found = torch.empty(*made.shape[:-2], count, made.shape[-1], dtype=made.dtype)
            found[..., start : start + n, :] = made
    return found


def by_blocks(
    function: Callable[[Array], NDArray[Any]],
    rows: Array | Stored | Stream,
    out: Any,
    width: int,
    names: Sequence[str] | None = None,
    *,
    missing: bool = False,
) -> Any:
    """Apply a function of rows block by block, so that neither the rows nor what is written need be in memory.

    Parameters
    ----------
    function : callable
        From rows (k, n_features) to rows (k, width); each from its own row alone.
    rows : array, Stored or Stream
    out : array, path or None
        See :func:`diabolo.storage.sinks.open_sink`; None gives an array in memory.
    width : int
    names : sequence of str or None
        The names of columns, for Parquet.
    missing : bool
        Whether values may be missing (NaN).
    """
    made = _made(function, rows, missing)
    if out is None:
        return np.concatenate(list(made)) if isinstance(rows, Stream) else _filled(made, len(rows))
    with open_sink(out, (None if isinstance(rows, Stream) else len(rows), width), names) as sink:
        for block in made:
            sink.write(block)
    return sink.result()


def _filled(made: Iterator[NDArray[Any]], count: int) -> NDArray[Any]:
    """Blocks of a known number of rows as one array, which is all that they are copied to."""
    first = next(made)
    if len(first) == count:
        return first
    whole, start = np.empty((count, *first.shape[1:]), first.dtype), 0
    for block in chain([first], made):
        whole[start : start + len(block)] = block
        start += len(block)
    return whole


def _made(
    function: Callable[[Array], NDArray[Any]], rows: Array | Stored | Stream, missing: bool
) -> Iterator[NDArray[Any]]:
    width = rows.n_features if isinstance(rows, Stream) else rows.shape[1]
    numbers = _SLAB_OF_STREAM if isinstance(rows, Stream) else _SLAB_NUMBERS
    slab = CHUNK * max(1, numbers // CHUNK // max(1, width))
    if not isinstance(rows, Stream):
        # The system reads ahead in a file that is read from its start.
        blocks = rows.blocks(slab) if isinstance(rows, Stored) else blocks_of(rows, slab)
        yield from _each(function, blocks, missing)
        return
    with prefetch(rebatch(rows.blocks(), slab)) as fetched:
        yield from _each(function, fetched, missing)


def _each(
    function: Callable[[Array], NDArray[Any]], blocks: Iterator[Array], missing: bool
) -> Iterator[NDArray[Any]]:
    start = 0
    for block in blocks:
        # Pages of a file are slow to come by for one core alone.
        if not bool(torch.isfinite(lent(block).sum())):
            require_finite(block, "X", start, missing=missing)
        yield function(block)
        start += len(block)
    if not start:
        raise DataError("X has no samples: it ended before the first one.")
