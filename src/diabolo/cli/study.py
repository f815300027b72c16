"""``diabolo study``: many models over axes and repeats, a table and a page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import few
from ..runs.paths import existing
from .fit import open_page

if TYPE_CHECKING:
    import pandas as pd


def study(file: Path, given: dict[str, Any]) -> None:
    """Run the study of a file and leave its folder, whose name is the last line.

    Parameters
    ----------
    file : path
        As :func:`diabolo.studies.from_yaml` takes it.
    given : dict
        The options of the command by name.
    """
    existing(file, "study")
    from ..studies import from_yaml

    own = from_yaml(file)
    out: Path = given["out"] or Path("runs") / file.stem
    typer.echo(f"{len(own.settings)} models on {own.study_data.name}", err=True)
    table = own.run(out, resume=given["resume"], n_jobs=given["jobs"], progress=_Progress())
    page = own.page(out / "report.html")
    for status, count in table["status"].value_counts().items():
        typer.echo(f"{count} {status}", err=True)
    _say_reasons(table)
    best = own.best(n=1).iloc[0]
    settings = ", ".join(f"{path} = {best[path]}" for path in own.axes if path in best)
    metric = next(iter(own.metrics))
    if best[metric] == best[metric]:
        typer.echo(f"best {metric}: {best[metric]:.4g} (model {best['model']}: {settings})", err=True)
    else:
        typer.echo(f"diabolo: no model has a {metric}: none of them could be judged", err=True)
    if given["open"]:
        open_page(page)
    typer.echo(out)
    if set(table["status"]) <= _IN_VAIN:
        raise typer.Exit(2)


#: What became of models that nothing can be asked of.
_IN_VAIN = {"failed", "diverged"}


def _say_reasons(table: pd.DataFrame) -> None:
    """Why models failed, each reason once."""
    lost = table[table["status"].isin(_IN_VAIN)]
    for message, rows in lost.groupby("message"):
        models = few(rows["model"])
        typer.echo(f"diabolo: model{'s' if len(rows) > 1 else ''} {models}: {message}", err=True)


class _Progress:
    """Says how far a study is, now and then."""

    every = 10.0

    def __init__(self) -> None:
        self.start = self.said = time.perf_counter()

    def __call__(self, done: int, due: int, known: int) -> None:
        """``done`` of ``due`` models trained, beside ``known`` that the folder held."""
        now = time.perf_counter()
        if now - self.said < self.every and done < due:
            return
        self.said, left = now, (now - self.start) / done * (due - done)
        rest = f", {left:,.0f} s left" if done < due else ""
        typer.echo(f"{known + done} of {known + due} models{rest}", err=True)
