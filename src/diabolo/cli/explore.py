"""The command that opens a run in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..explorer import from_run, from_sklearn, open_page
from ..runs.source import Source


def explore(run: Path, given: Mapping[str, Any]) -> None:
    """Serve the explorer for a run, or for a transformer of scikit-learn, until Ctrl-C."""
    if given["sklearn"]:
        load = from_sklearn(given["sklearn"], str(run), given["latent_dim"])
    else:
        source = Source.of(run)
        data = given["data"] or source.path
        # Read when the page is already there.
        load = from_run(run, (lambda: source.read(data, given)) if data else None, given["compare"])
    open_page(load, port=given["port"], open_browser=given["browser"] is not False)
