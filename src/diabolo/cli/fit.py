"""``diabolo fit``: read, train, judge, write."""

from __future__ import annotations

import shlex
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .. import schema
from ..errors import SettingError
from . import INTERRUPTED, runs
from .holdout import Split, split
from .settings import Plan, build, read_plan

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..estimator import Autoencoder
    from ..training.settings import Training

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
    parted = split(dataset, plan.hold_out, autoencoder.random_state)
    _train(autoencoder, parted, given["quiet"])
    place = out or runs.place_for(dataset.name, plan.recipe)
    config = runs.describe(autoencoder, parted, plan.data, plan.recipe)
    report = runs.write_run(place, config, autoencoder, parted)
    if not given["quiet"]:
        typer.echo(_summary(place, autoencoder, parted, report))
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


def _train(autoencoder: Autoencoder, parted: Split, quiet: bool) -> None:
    if autoencoder.image_shape is None and parted.train.image_shape is not None:
        autoencoder.set_params(image_shape=parted.train.image_shape)
    training = schema.resolve("training", autoencoder.training)
    watched = parted.held if training.validation == 0 else None
    if not quiet:
        typer.echo(f"training on {parted.train!r}", err=True)
        typer.echo(f"judging on {parted.describe()}{_remark(parted, training)}", err=True)
    # Told to the estimator for this training only: a saved model does not remember who was watching.
    autoencoder.set_params(verbose=False if quiet else None).fit(
        runs.named_rows(parted.train), validation=None if watched is None else runs.named_rows(watched)
    )
    autoencoder.set_params(verbose=None)


def _remark(parted: Split, training: Training) -> str:
    """What a person should know who set how training is watched."""
    if training.validation > 0:
        return (
            f"; training.validation={training.validation:g} watches that share of the training rows instead"
        )
    if training.early_stopping is not None and parted.held is not None:
        return "; early stopping looks at them too, which favours them: --validation 0.1 gives it rows of its own"
    return ""


_SHOWN = {
    "model": "this model",
    "pca": "PCA, {k} components",
    "untrained": "untrained network",
    "mean": "mean of rows",
}


def _summary(place: Path, autoencoder: Autoencoder, parted: Split, report: Any) -> str:
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
    run, data = shlex.quote(str(place)), shlex.quote(parted.train.source)
    lines = [
        f"{autoencoder.status_.replace('_', ' ')} after {autoencoder.n_iter_} epochs, {seconds:.1f} s",
        f"judged on {parted.describe()}:",
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
