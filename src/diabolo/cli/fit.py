"""``diabolo fit``: read, train, test, write."""

from __future__ import annotations

import shlex
import warnings
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .. import slots
from ..data.domain import SMALLEST_GUESS, square_picture
from ..errors import FileError, InterruptedWarning, LostProcessError, SettingError
from ..runs import folder as runs
from ..runs import large, trainers
from ..runs import resume as unfinished
from ..runs.split import Split, split
from ..runs.trainers import INTERRUPTED
from .live import stay, watched
from .settings import FitSettings, build, read_plan

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..estimator.autoencoder import Autoencoder
    from ..report import Report
    from ..training.events import Callback
    from ..training.settings import Training


def fit(data: str | None, given: dict[str, Any]) -> None:
    """Train on data and leave a run folder.

    Parameters
    ----------
    data : str or None
        A name or a path; None takes it from the configuration file.
    given : dict
        The options of the command by name.
    """
    place = unfinished.resumable(given["out"]) if given["resume"] else given["out"]
    if place is not None and runs.is_finished(place):
        unfinished.tidy(place)
        typer.echo(
            f"{place} holds a finished run; nothing was changed. Give another --out to train anew.", err=True
        )
        typer.echo(place)
        return
    config = given["config"]
    if given["resume"] and not data and config is None:
        config = unfinished.recorded(place)
    plan = read_plan(data, config, given, given["set"] or ())
    if not plan.source:
        raise SettingError(
            "no data: give a name (`diabolo datasets`), a file, or a folder of pictures; see `diabolo fit --help`."
        )
    runs.check_place(place or Path("runs", "new"))
    if given["live"] and plan.trainer:
        raise SettingError("--live shows what the estimator itself trains; leave out --live, or --trainer.")
    with watched(given) as live:
        autoencoder = build(plan)
        dataset = _read(plan)
        _require_neighbours(autoencoder, dataset, given)
        parted = split(dataset, plan.hold_out, autoencoder.random_state)
        if autoencoder.image_shape is None and dataset.image_shape is not None:
            autoencoder.set_params(image_shape=dataset.image_shape)
        if dataset.schema is not None:
            autoencoder.set_params(schema=dataset.schema)
        trainers.check(plan.trainer, place)
        place = place or trainers.place_of_first() or runs.place_for(dataset.name, plan.recipe)
        if live is not None:
            live.watch(autoencoder, dataset, announced=True)
        code = _run(_Job(place, plan, autoencoder, parted, () if live is None else (live,)), given)
        if live is not None and not code:
            stay(live, autoencoder, given)
        if code:
            raise typer.Exit(code)


@dataclass(frozen=True)
class _Job:
    """What is trained, on what, and where it goes."""

    place: Path
    plan: FitSettings
    autoencoder: Autoencoder
    split: Split
    callbacks: tuple[Callback, ...] = ()

    def planned(self) -> dict[str, Any]:
        """What decides the run."""
        planned = runs.planned(self.autoencoder, self.split, self.plan.data, self.plan.recipe)
        return planned | self._trainer()

    def config(self) -> dict[str, Any]:
        """What made the run."""
        described = runs.describe(self.autoencoder, self.split, self.plan.data, self.plan.recipe)
        return described | self._trainer()

    def _trainer(self) -> dict[str, Any]:
        return {"trainer": self.plan.trainer} if self.plan.trainer else {}


def _page(report: Report, place: Path, source: str) -> str:
    """The page of a run: findings, the living map, tables."""
    from ..explorer.offline.within import report_with_explorer

    rows = report.figures.rows
    about = {
        "data": f"{source}, {rows['given']} samples judged, {report.figures.n_features} features",
        "run": place.name,
        "date": datetime.now().strftime("%d %B %Y, %H:%M"),
        "command": f"diabolo fit --config {place / runs.CONFIG}",
        "explore": f"diabolo explore {place}",
    }
    return report_with_explorer(report, "Health report", about)


def _run(job: _Job, given: dict[str, Any]) -> int:
    """Train, test and write; the exit code."""
    if trainers.is_worker(job.plan.trainer):
        _train(job, unfinished.folder_of(job.place), quiet=True)
        return 0
    place, planned = job.place, job.planned()
    unfinished.check(place, planned, given["resume"])
    with unfinished.opened(place, planned) as folder:
        try:
            trained, code = _train(job, folder, given["quiet"])
            job = replace(job, autoencoder=trained)
            if code:
                runs.write_interrupted(place, job.config(), job.autoencoder)
                typer.echo(_how_to_go_on(job), err=True)
                typer.echo(place)
                return code
            to_page = partial(_page, place=place, source=job.split.train.name)
            report = runs.write_run(place, job.config(), job.autoencoder, job.split, to_page)
        except (KeyboardInterrupt, FileError, LostProcessError):
            if unfinished.holds_work(folder):
                words = f"what was trained is kept; go on with `{unfinished.how_to_go_on(place)}`"
                typer.echo(f"diabolo: {words}", err=True)
            raise
        unfinished.clear(place)
    if not given["quiet"]:
        typer.echo(_summary(place, job.autoencoder, job.split, report))
    if given["open"]:
        open_page(place / runs.REPORT)
    typer.echo(place)
    return 0


def _how_to_go_on(job: _Job) -> str:
    return (
        f"diabolo: training was interrupted in epoch {job.autoencoder.n_iter_ + 1}; go on with "
        f"`{unfinished.how_to_go_on(job.place)}`. The model as it is now can be used already."
    )


def open_page(path: Path) -> None:
    """Show a page in the person's browser."""
    webbrowser.open(path.absolute().as_uri())


def _read(plan: FitSettings) -> Dataset:
    dataset = large.load(plan.source, plan.data)
    say(remarks(dataset), plan.source)
    return dataset


def _require_neighbours(autoencoder: Autoencoder, dataset: Dataset, given: dict[str, Any]) -> None:
    """Refuse convolutions along the columns of a table, which are neighbours only in a picture or a signal."""
    from ..networks import Convolutional

    d, shape = dataset.X.shape[1], autoencoder.image_shape or dataset.image_shape
    table = dataset.feature_names is not None or dataset.n_columns is not None
    if not isinstance(slots.resolve("encoder", autoencoder.encoder), Convolutional) or shape or not table:
        return
    if dataset.schema is not None or not (given["signal"] or given["resume"]):
        raise SettingError(
            f"{dataset.source} is a table, and convolutions are for rows in which neighbours belong together: take "
            "another recipe (`diabolo recipes`), or say what a row is: --signal, or --image-shape HEIGHTxWIDTH."
        )
    if square_picture(d) is not None:
        autoencoder.set_params(image_shape=(1, 1, d))


def remarks(dataset: Dataset) -> tuple[str, ...]:
    """What was found while reading, and what rows are taken for."""
    from ..datasets.describe import hints

    guess = square_picture(dataset.X.shape[1], SMALLEST_GUESS)
    if dataset.image_shape is not None or dataset.feature_names is not None or guess is None:
        return (*dataset.notes, *hints(dataset))
    words = f"rows are shown as pictures of {guess[1]} x {guess[2]}; --image-shape says otherwise"
    return (*dataset.notes, words)


def say(notes: Sequence[str], source: str) -> None:
    """Tell on the terminal what was found while reading."""
    for note in notes:
        typer.echo(f"diabolo: {source}: {note}", err=True)


def _train(job: _Job, checkpoints: Path, quiet: bool) -> tuple[Autoencoder, int]:
    """Train, or go on; the estimator, and 0 or the exit code of what interrupted it."""
    autoencoder, parted = job.autoencoder, job.split
    training = slots.resolve("training", autoencoder.training)
    watched = parted.held if training.share_held_out(len(parted.train)) == 0 else None
    if not quiet:
        typer.echo(f"training on {parted.train!r}", err=True)
        typer.echo(f"will be tested on {parted.describe()}{_remark(parted, training)}", err=True)
    if job.plan.trainer:
        rows = None if watched is None else runs.named_rows(watched)
        return trainers.train(
            job.plan.trainer, autoencoder, (runs.named_rows(parted.train), rows), checkpoints, quiet
        )
    # Told to the estimator for this training only: a saved model does not remember who was watching, or where.
    before = autoencoder.training
    autoencoder.set_params(
        verbose=False if quiet else None, training=training.replace(checkpoint=checkpoints)
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InterruptedWarning)
            rows = None if watched is None else runs.named_rows(watched)
            autoencoder.fit(runs.named_rows(parted.train), validation=rows, callbacks=job.callbacks)
    except SystemExit as left:
        # A second signal leaves in the middle of something.
        if getattr(autoencoder, "status_", "") != "interrupted":
            raise
        return autoencoder, int(left.code or 0)
    finally:
        autoencoder.set_params(verbose=None, training=before)
    return autoencoder, INTERRUPTED if autoencoder.status_ == "interrupted" else 0


def _remark(parted: Split, training: Training) -> str:
    """What a person should know who set how training is watched."""
    if training.validation:
        return f"; training.validation={training.validation:g} validates on that share of the training rows instead"
    if training.early_stopping is not None and training.validation == 0 and parted.held is not None:
        return (
            "; early stopping looks at them too, so that their error is too low: --validation 0.1 avoids it"
        )
    return ""


_SHOWN = {
    "model": "this model",
    "pca": "PCA, {k} components",
    "untrained": "untrained network",
    "mean": "mean of rows",
}


def _summary(place: Path, autoencoder: Autoencoder, parted: Split, report: Any) -> str:
    """What came of a training, in a few lines, and what to type next."""
    from ..report.tables import share

    written = report.to_dict()
    errors, k = written["figures"]["errors"], written["figures"]["pca_components"]
    table = [
        f"  {words.format(k=k):<20} {share(errors[name]['explained']):>18} {errors[name]['squared_error']:>14.6g}"
        for name, words in _SHOWN.items()
        if name in errors
    ]
    findings = [f"{finding['severity']}: {finding['sentence']}" for finding in written["findings"]]
    seconds = sum(row["seconds"] for row in autoencoder.history_.epochs)
    run, data = shlex.quote(str(place)), shlex.quote(parted.train.source)
    lines = [
        f"{autoencoder.status_.replace('_', ' ')} after {autoencoder.n_iter_} epochs, {seconds:.1f} s",
        f"tested on {parted.describe()}:",
        f"  {'':<20} {'variance explained':>18} {'squared error':>14}",
        *table,
        *(["", *findings] if findings else []),
        "",
        f"The whole report: {place / runs.REPORT}",
        "What to type next:",
        *(f"  diabolo {command} {run} {data}" for command in ("encode", "reconstruct", "score")),
        "",
    ]
    return "\n".join(lines)
