"""What has to be known of all rows before a training, found in one pass over them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, few
from .memmap import Array

#: Rows of a block that moments are added up by: they decide how sums round.
MOMENT_ROWS = 8192
#: What to do about values that are not finite.
WAY_OUT = (
    "drop those rows, fill the values in, for example with sklearn.impute.SimpleImputer, or let a model learn from "
    "what is there: Autoencoder(missing='mask')"
)
_SAMPLE_ROWS, _SAMPLE_BYTES = 5000, 64 << 20


@dataclass(frozen=True)
class DataSummary:
    """What one pass over rows has found.

    Attributes
    ----------
    n : int
        Rows.
    low, high : array of shape (n_features,)
        Smallest and largest value of each column.
    mean, deviation : array of shape (n_features,) or None
        Mean and standard deviation (1 for a constant column), where they were asked for.
    sample : array of shape (at most 5000, n_features), or None
        Rows spread evenly over all, where they were asked for.
    """

    n: int
    low: Array
    high: Array
    mean: NDArray[np.float64] | None = None
    deviation: NDArray[np.float64] | None = None
    sample: Array | None = None

    @property
    def fingerprint(self) -> bytes:
        """A digest of all of this: rows that differ in any column's range, or in the sample, differ in it."""
        digest = hashlib.sha256(f"{self.n}".encode())
        for values in (self.low, self.high, self.mean, self.deviation, self.sample):
            if values is not None:
                digest.update(np.ascontiguousarray(values).data.cast("B"))
        return digest.digest()


def summarize(
    blocks: Iterable[Array],
    name: str = "X",
    *,
    moments: bool = False,
    sample: bool = False,
    missing: bool = False,
    on_progress: Callable[[int], object] = lambda _rows: None,
) -> DataSummary:
    """Look through all rows once.

    Parameters
    ----------
    blocks : iterable of arrays (k, n_features)
    name : str
        What the rows are called in messages.
    moments, sample : bool
        Whether to find means and deviations, and to keep some rows.
    missing : bool
        Whether values may be missing (NaN), of which nothing is counted.
    on_progress : callable
        Is called with the number of rows so far.

    Raises
    ------
    DataError
        If there is no row, or a value is NaN or infinite; the message says where the first one is.

    Examples
    --------
    >>> found = summarize([np.array([[1.0, 5.0]]), np.array([[3.0, 4.0]])], moments=True)
    >>> found.n, found.low.tolist(), found.mean.tolist(), found.deviation.tolist()
    (2, [1.0, 4.0], [2.0, 4.5], [1.0, 0.5])
    """
    ranges, faults, spread = _Ranges(missing), _Faults(name, missing), _Spread() if sample else None
    adding = _Moments() if moments else None
    n = 0
    for block in blocks:
        ranges.add(block)
        if not ranges.finite:
            faults.add(block, n)
        elif not faults.rows:
            if adding is not None:
                adding.add(block)
            if spread is not None:
                spread.add(block, n)
        n += len(block)
        on_progress(n)
    if ranges.low is None or ranges.high is None:
        raise DataError(f"{name} has no samples: it ended before the first one.")
    faults.complain(n)
    empty = np.flatnonzero(np.isnan(ranges.low)).tolist()
    if empty:
        raise DataError(
            f"{name} has no value at all in column {few(map(str, empty))}, so that nothing can be learnt of it; leave "
            "it out."
        )
    mean, deviation = (None, None) if adding is None else adding.result()
    return DataSummary(
        n, ranges.low, ranges.high, mean, deviation, None if spread is None else spread.result()
    )


class _Ranges:
    """Smallest and largest values; of a number that is not finite they become not finite themselves."""

    def __init__(self, missing: bool) -> None:
        self.low: Array | None = None
        self.high: Array | None = None
        self.finite, self.missing = True, missing

    def add(self, block: Array) -> None:
        if len(block) == 0:
            return
        least, most = (np.fmin, np.fmax) if self.missing else (np.minimum, np.maximum)
        low, high = least.reduce(block, axis=0), most.reduce(block, axis=0)
        self.finite = (
            not np.isinf([low, high]).any() if self.missing else bool(np.isfinite([low, high]).all())
        )
        self.low = low if self.low is None else least(self.low, low)
        self.high = high if self.high is None else most(self.high, high)


class _Faults:
    """Where the numbers are that are not finite."""

    def __init__(self, name: str, missing: bool) -> None:
        self.name, self.missing, self.rows, self.kinds = name, missing, 0, set[str]()
        self.first = (0, 0)

    def add(self, block: Array, start: int) -> None:
        bad = np.isinf(block) if self.missing else ~np.isfinite(block)
        if not self.rows:
            row, column = (int(i) for i in np.argwhere(bad)[0])
            self.first = (start + row, column)
        self.rows += int(bad.any(axis=1).sum())
        self.kinds |= {"NaN"} if not self.missing and np.isnan(block).any() else set()
        self.kinds |= {"infinity"} if np.isinf(block).any() else set()

    def complain(self, n: int) -> None:
        if self.rows:
            raise DataError(
                f"{self.name} contains {' and '.join(sorted(self.kinds))} in {self.rows} of {n} rows (first: row "
                f"{self.first[0]}, column {self.first[1]}); {WAY_OUT}."
            )


class _Moments:
    """Means and deviations, by blocks of one size whatever the size of those that come in."""

    def __init__(self) -> None:
        from sklearn.preprocessing import StandardScaler

        self.scaler, self.waiting, self.n = StandardScaler(), list[Array](), 0

    def add(self, block: Array) -> None:
        self.waiting.append(np.asarray(block, np.float64))
        self.n += len(block)
        while self.n >= MOMENT_ROWS:
            rows = np.concatenate(self.waiting)
            self.scaler.partial_fit(rows[:MOMENT_ROWS])
            self.waiting, self.n = [rows[MOMENT_ROWS:].copy()], self.n - MOMENT_ROWS

    def result(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.n:
            self.scaler.partial_fit(np.concatenate(self.waiting))
        return self.scaler.mean_, self.scaler.scale_


class _Spread:
    """Every row whose number is a multiple of a step, which doubles whenever too many are kept."""

    def __init__(self) -> None:
        self.step, self.kept, self.n = 1, list[Array](), 0

    def add(self, block: Array, start: int) -> None:
        if len(block) == 0:
            return
        rows = block[-start % self.step :: self.step].copy()
        self.kept.append(rows)
        self.n += len(rows)
        most = max(2, min(_SAMPLE_ROWS, _SAMPLE_BYTES // max(1, block[0].nbytes)))
        while self.n > most:
            thinned = np.concatenate(self.kept)[::2].copy()
            self.kept, self.n, self.step = [thinned], len(thinned), 2 * self.step

    def result(self) -> Array:
        return np.concatenate(self.kept)


def rebatch(blocks: Iterable[Array], size: int) -> Iterator[Array]:
    """The same rows in blocks of one size; the last one may be smaller.

    Examples
    --------
    >>> [len(block) for block in rebatch([np.zeros((3, 1)), np.zeros((4, 1))], 5)]
    [5, 2]
    """
    waiting: list[Array] = []
    n = 0
    for block in blocks:
        waiting.append(block)
        n += len(block)
        if n < size:
            continue
        rows = np.concatenate(waiting) if len(waiting) > 1 else waiting[0]
        for start in range(0, n - size + 1, size):
            yield rows[start : start + size]
        waiting, n = [rows[n - n % size :]], n % size
    if n:
        yield np.concatenate(waiting)
