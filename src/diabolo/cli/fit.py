"""``diabolo fit``: read, train, judge, write."""

from __future__ import annotations

import shlex
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import SettingError
from . import INTERRUPTED, runs
from .settings import Plan, build, read_plan

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..estimator import Autoencoder

__all__ = ["fit", "open_page"]


def fit(data: str | None, given: dict[str, Any]) -> None:
    """Train on data and leave a run folder.

    Parameters
    ----------
    data : str or None
        A name or a path; None takes it from the configuration file.
    given : dict
        The options of the command by name.
    """
    out: Path | None = given["out"]
    if out is not None and runs.is_finished(out):
        typer.echo(
            f"{out} holds a finished run; nothing was changed. Give another --out to train anew.", err=True
        )
        typer.echo(out)
        return
    plan = read_plan(data, given["config"], given, given["set"] or ())
    if not plan.source:
        raise SettingError(
            "no data: give a name (`diabolo datasets`), a file, or a folder of pictures; see `diabolo fit --help`."
        )
    runs.check_place(out or Path("runs", "new"))
    autoencoder = build(plan)
    dataset = _read(plan)
    _train(autoencoder, dataset, given["quiet"])
    place = out or runs.place_for(dataset.name, plan.recipe)
    config = runs.describe(autoencoder, dataset, plan.data, plan.recipe)
    report = runs.write_run(place, config, autoencoder, dataset)
    if not given["quiet"]:
        typer.echo(_summary(place, autoencoder, dataset, report))
    if given["open"]:
        open_page(place / runs.REPORT)
    typer.echo(place)
    if autoencoder.status_ == "interrupted":
        raise typer.Exit(INTERRUPTED)


def open_page(path: Path) -> None:
    """Show a page in the person's browser."""
    webbrowser.open(path.absolute().as_uri())


def _read(plan: Plan) -> Dataset:
    from .. import datasets

    return datasets.load(plan.source, **plan.data)


def _train(autoencoder: Autoencoder, dataset: Dataset, quiet: bool) -> None:
    if autoencoder.image_shape is None and dataset.image_shape is not None:
        autoencoder.set_params(image_shape=dataset.image_shape)
    if not quiet:
        typer.echo(f"training on {dataset!r}", err=True)
    # Told to the estimator for this training only: a saved model does not remember who was watching.
    autoencoder.set_params(verbose=False if quiet else None).fit(runs.named_rows(dataset))
    autoencoder.set_params(verbose=None)


_SHOWN = {
    "model": "this model",
    "pca": "PCA, {k} components",
    "untrained": "untrained network",
    "mean": "mean of rows",
}


def _summary(place: Path, autoencoder: Autoencoder, dataset: Dataset, report: Any) -> str:
    """What came of a training, in a few lines, and what to type next."""
    told = report.to_dict()
    errors, k = told["figures"]["errors"], told["figures"]["pca_components"]
    table = [
        f"  {words.format(k=k):<20} {errors[name]['squared_error']:>14.6g} {errors[name]['mse']:>12.6g}"
        for name, words in _SHOWN.items()
        if name in errors
    ]
    findings = [f"{finding['severity']}: {finding['sentence']}" for finding in told["findings"]]
    seconds = sum(row["seconds"] for row in autoencoder.history_.epochs)
    run, data = shlex.quote(str(place)), shlex.quote(dataset.source)
    lines = [
        f"{autoencoder.status_.replace('_', ' ')} after {autoencoder.n_iter_} epochs, {seconds:.1f} s",
        "",
        f"  {'':<20} {'squared error':>14} {'MSE':>12}",
        *table,
        *(["", *findings] if findings else []),
        "",
        f"The whole report: {place / runs.REPORT}",
        "What to type next:",
        *(f"  diabolo {command} {run} {data}" for command in ("encode", "reconstruct", "score")),
        "",
    ]
    return "\n".join(lines)
