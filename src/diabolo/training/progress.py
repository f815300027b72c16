"""What who watches a terminal is shown: a bar with rate, loss and time left, or the stage of what takes a while."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from .events import Event

_PATIENCE = 0.7
# An epoch that lasts longer than this is worth a bar that moves within it.
_LASTS = 2.0


def wanted(verbose: bool | None) -> bool:
    """Whether to show progress: as told, else if a person is watching this process's terminal."""
    if verbose is not None:
        return verbose
    return sys.stderr.isatty() and multiprocessing.parent_process() is None


class Progress:
    """A callback that draws a bar on the standard error stream; it appears after a moment, and only if wanted.

    Parameters
    ----------
    epochs : int
    rows : int
        Rows in an epoch, for the rate.
    verbose : bool or None
    """

    def __init__(self, epochs: int, rows: int, verbose: bool | None) -> None:
        self.epochs, self.rows = epochs, rows
        self.show = wanted(verbose)
        self.patience = 0.0 if verbose else _PATIENCE
        self.start = time.perf_counter()
        self.bar: Any = None

    def __enter__(self) -> Progress:
        if self.show and self.patience == 0:
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, event: Event) -> None:
        elapsed = time.perf_counter() - self.start
        if not self.show or (self.bar is None and elapsed < self.patience):
            return
        if self.bar is None:
            self._open()
        losses = f"loss {event.row['loss']:.4g}"
        if "val_loss" in event.row:
            losses += f", held out {event.row['val_loss']:.4g}"
        rate = self.rows * event.epoch / max(elapsed, 1e-9)
        self.bar.update(self.task, completed=event.epoch, losses=losses, rate=f"{rate:,.0f} rows/s")

    def within(self, epochs: float) -> None:
        """Move the bar within an epoch, for epochs that last."""
        elapsed = time.perf_counter() - self.start
        if not self.show or elapsed < max(self.patience, _LASTS):
            return
        if self.bar is None:
            self._open()
        rate = self.rows * epochs / max(elapsed, 1e-9)
        self.bar.update(self.task, completed=epochs, rate=f"{rate:,.0f} rows/s")

    def say(self, sentence: str) -> None:
        """Write a sentence under the bar, for who watches."""
        if self.show:
            sys.stderr.write(f"{sentence}\n")

    def _open(self) -> None:
        from rich import progress
        from rich.console import Console

        self.bar = progress.Progress(
            progress.TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[losses]}"),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            refresh_per_second=8,
        )
        self.task = self.bar.add_task("", total=self.epochs, losses="starting", rate="")
        self.bar.start()


@contextmanager
def reading(rows: int | None, verbose: bool | None) -> Iterator[Callable[[int], None]]:
    """Within it a function takes the number of rows that were read so far, and shows it to who wants to see it.

    Parameters
    ----------
    rows : int or None
        How many there are, if that is known.
    verbose : bool or None
    """
    if not wanted(verbose):
        yield lambda _n: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("looking through all rows once"),
        progress.BarColumn(),
        progress.TextColumn("{task.completed:,.0f} rows"),
        progress.TimeElapsedColumn(),
    )
    bar = progress.Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8)
    with bar:
        task = bar.add_task("", total=rows)
        yield lambda n: bar.update(task, completed=n)


@contextmanager
def stages(what: str, verbose: bool | None) -> Iterator[Callable[[str], None]]:
    """Within it a function takes the name of what is computed now, and shows it to who wants to see it.

    Parameters
    ----------
    what : str
        What all of it comes to.
    verbose : bool or None
    """
    if not wanted(verbose):
        yield lambda _stage: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn(f"{what}: {{task.description}}"),
        progress.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    bar = progress.Progress(*columns, console=console, transient=console.is_terminal, refresh_per_second=8)
    with bar:
        task = bar.add_task("reading the rows")
        yield lambda stage: bar.update(task, description=stage, refresh=True)
