"""The command that opens a run in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..explorer import open_run, open_sklearn
from .runs import Source

__all__ = ["explore"]


def explore(run: Path, given: Mapping[str, Any]) -> None:
    """Serve the explorer for a run, or for a transformer of scikit-learn, until Ctrl-C."""
    shown = {"port": given["port"], "open_browser": given["browser"] is not False}
    if given["sklearn"]:
        open_sklearn(given["sklearn"], str(run), n_components=given["latent_dim"], **shown)
        return
    source = Source.of(run)
    data = given["data"] or source.path
    # Read when the page is already there.
    open_run(run, (lambda: source.read(data, given)) if data else None, compare=given["compare"], **shown)
