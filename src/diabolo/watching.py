"""Who is shown progress, and what is computed now for what takes a while in stages."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stages", "wanted"]


def wanted(verbose: bool | None) -> bool:
    """Whether to show progress: as told, else if a person is watching this process's terminal."""
    if verbose is not None:
        return verbose
    return sys.stderr.isatty() and multiprocessing.parent_process() is None


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
