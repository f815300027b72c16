"""Rows on their way into a training: looked through once, then scaled, in a precision, on a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.batches import Finish, Rows, RowSet, StoredRows
from ..data.checks import numpy_dtype, to_tensor
from ..data.memmap import Stored, blocks_of
from ..data.scaling import Scaler, needs_moments
from ..data.shuffle import StreamedRows, room_for
from ..data.spread import spread
from ..data.streams import Stream
from ..data.summary import DataSummary, summarize
from ..errors import DataError
from ..likelihoods import Likelihood
from ..training.progress import reading

Array = NDArray[np.floating]

#: Codes of so many training rows are kept with a model.
KEPT_CODES = 5000
# Rows of a file that tell it from others, beside the range of each column.
_TOLD_ROWS = 1024


@dataclass(frozen=True)
class SummarizedRows:
    """Rows, in memory or not, and what is known of all of them.

    Attributes
    ----------
    rows : array, Stored or Stream
    found : DataSummary
    """

    rows: Array | Stored | Stream
    found: DataSummary

    def __len__(self) -> int:
        return self.found.n

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return self.found.n, len(self.found.low)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows, in the user's units."""
        return self.rows.dtype

    def pick(self, numbers: Any) -> SummarizedRows:
        """Some of the rows, by their numbers; those of a file stay there."""
        if isinstance(self.rows, Stream):
            raise DataError(
                "training.validation cannot hold out samples of a stream, which have no index; leave it at 0 and give "
                "other samples to validate on: fit(X, validation=X_val)."
            )
        rows = self.rows.pick(numbers) if isinstance(self.rows, Stored) else self.rows[numbers]
        return SummarizedRows(rows, replace(self.found, n=len(numbers)))

    def shown(self, most: int = KEPT_CODES) -> Array:
        """At most so many of the rows, spread over all."""
        if isinstance(self.rows, Stream):
            kept = self.found.sample
            rows: Array = np.empty((0, self.shape[1])) if kept is None else kept
        elif len(self) <= most:
            return self.rows[:]
        else:
            rows = self.rows  # type: ignore[assignment]
        return rows[spread(len(rows), most)]


def summarize_rows(
    rows: Array | Stored | Stream,
    name: str = "X",
    *,
    scaling: str | None = None,
    loss: Likelihood | None = None,
    verbose: bool | None = False,
    missing: bool = False,
) -> SummarizedRows:
    """Look through all rows once.

    Parameters
    ----------
    rows : array, Stored or Stream
    name : str
        What they are called in messages.
    scaling : str or None
    loss : Likelihood or None
        With the scaling, what decides whether a stream's means and deviations are found on the way.
    verbose : bool or None
        Show how far it is, where rows are not in memory.
    missing : bool
        Whether values may be missing (NaN).
    """
    if isinstance(rows, np.ndarray):
        return SummarizedRows(rows, summarize(blocks_of(rows), name, missing=missing))
    streamed = isinstance(rows, Stream)
    moments = streamed and loss is not None and needs_moments(scaling, loss)
    with reading(None if streamed else len(rows), verbose) as on_progress:  # type: ignore[arg-type]
        found = summarize(
            rows.blocks(), name, moments=moments, sample=streamed, missing=missing, on_progress=on_progress
        )
    if isinstance(rows, Stream) and rows.rows_per_epoch is not None and found.n < rows.rows_per_epoch:
        raise DataError(
            f"{name} ended after {found.n} rows, before rows_per_epoch={rows.rows_per_epoch}; leave rows_per_epoch out "
            "so that an epoch is all rows."
        )
    return SummarizedRows(rows, found)


@dataclass(frozen=True)
class Preparation:
    """How checked rows become rows of a run: their scaling, precision and device, and whether they may miss values."""

    scaler: Scaler
    dtype: torch.dtype
    device: torch.device
    missing: bool = False

    def __call__(self, given: SummarizedRows | Array, seed: int = 0) -> RowSet:
        rows = given.rows if isinstance(given, SummarizedRows) else given
        if isinstance(rows, np.ndarray):
            return make_rows(rows, self.scaler, self.dtype, self.device)
        looked = given if isinstance(given, SummarizedRows) else summarize_rows(rows)
        found = looked.found
        finish = self._finish(found)
        if isinstance(rows, Stored):
            sample = looked.shown(_TOLD_ROWS)
            return StoredRows(rows, finish, replace(found, sample=sample).fingerprint)
        room = rows.buffer_rows or room_for(looked.shape[1], rows.dtype.itemsize)
        endless = rows.rows_per_epoch is not None
        first = looked.shown()
        return StreamedRows(
            rows.chunks,
            finish,
            looked.shape,
            seed,
            min(room, found.n),
            endless,
            first,
            found.fingerprint,
            self.missing,
        )

    def _finish(self, found: DataSummary) -> Finish:
        """What scales rows as they are read; refuses those that would overflow."""
        kept = self.scaler.kind == "none"
        offset, scale = (None, None) if kept else (self.scaler.offset, self.scaler.scale)
        finish = Finish(self.dtype, self.device, offset, scale)
        ends = np.stack([found.low, found.high])
        with np.errstate(over="ignore"):
            if not bool(torch.isfinite(finish(ends.copy())).all()):
                raise DataError(
                    f"values up to {np.abs(ends).max():g} are too large for {self.dtype} numbers; scale the data."
                )
        return finish


def make_rows(rows: Array, scaler: Scaler, dtype: torch.dtype, device: torch.device) -> Rows:
    """Rows on the device. Rows of the model's own precision are scaled batch by batch, without a copy."""
    wanted = numpy_dtype(dtype)
    if rows.dtype != wanted:
        return Rows(to_tensor(scaler.forward(rows, wanted), device))
    if scaler.kind == "none":
        return Rows(to_tensor(rows, device))
    exact = dtype if device.type == "mps" else torch.float64
    offset, scale = (torch.as_tensor(v, dtype=exact, device=device) for v in (scaler.offset, scaler.scale))
    return Rows(to_tensor(rows, device), offset, scale)
