"""The page beside a training of ``diabolo fit --live``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ..errors import in_words
from ..runs.trainers import INTERRUPTED

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder
    from ..explorer import Live

# Seconds that a browser may take to show the page.
_BROWSER_STARTS = 30.0


@contextmanager
def watched(given: Mapping[str, Any]) -> Iterator[Live | None]:
    """The page, where it was asked for: there before anything slow, told of whatever ends the training."""
    if not given["live"]:
        yield None
        return
    from ..explorer import Live
    from ..explorer.page import announce

    with Live(given["port"]) as live:
        announce(live.page, given["browser"] is not False, sys.stderr)
        try:
            yield live
        except BaseException as error:
            live.leave(_words(error))
            raise


def stay(live: Live, autoencoder: Autoencoder, given: Mapping[str, Any]) -> None:
    """The page as the explorer of the run that it has seen trained, for as long as somebody looks at it."""
    best = live.monitor.best
    opened = given["browser"] is not False
    if autoencoder.status_ == "stopped" and best is not None and not given["quiet"]:
        typer.echo(f"stopped on the page; the weights of epoch {best.epoch} are kept", err=True)
    live.finish()
    if (opened or live.page.is_open) and not given["quiet"]:
        typer.echo("the page explores the run until it is closed, or Ctrl-C", err=True)
    live.page.wait_until_left(*([_BROWSER_STARTS] if opened else []))


def _words(error: BaseException) -> str:
    """What ended a training, for who looks at the page."""
    if isinstance(error, KeyboardInterrupt) or getattr(error, "exit_code", None) == INTERRUPTED:
        return "training was interrupted."
    return in_words(error, 500)
