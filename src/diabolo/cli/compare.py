"""``diabolo compare``: runs side by side, printed and written as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from ..errors import FileError
from ..runs import compare as runs_compare
from ..runs.folder import as_json
from ..runs.paths import fresh
from .fit import open_page


def compare(folders: Sequence[Path], given: Mapping[str, Any]) -> None:
    """Print runs side by side and write a page of them.

    Raises
    ------
    FileError
        If there are fewer than two, one is no finished run, or the page cannot be written.
    """
    out: Path = given["out"] or Path("compare.html")
    if out.suffix.lower() != ".html":
        raise FileError(f"{out} has the suffix {out.suffix!r}, expected .html.")
    fresh(out, given["force"])
    made = runs_compare.compare(folders)
    typer.echo(as_json(made.to_dict()) if given["json"] else made)
    out.write_text(made.to_html(), encoding="utf-8")
    typer.echo(out, err=given["json"])
    if given["open"]:
        open_page(out)
