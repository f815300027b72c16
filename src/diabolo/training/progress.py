"""A progress bar that shows rate, loss and time left, on terminals only."""

from __future__ import annotations

import multiprocessing
import sys
import time
from types import TracebackType
from typing import Any

from .events import Event

_PATIENCE = 0.7


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
