"""The commands that use a run: encode, decode, reconstruct, sample, score, evaluate."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from ..errors import DataError, FileError, SettingError, UnknownNameError, few
from ..runs import folder as runs
from ..runs.large import few_rows, is_large, refuse_large
from ..runs.paths import check_output, fresh
from ..runs.source import Source
from ..storage.columns import read_schema
from .fit import open_page, say

if TYPE_CHECKING:
    from ..data.schema import Schema
    from ..datasets import Dataset
    from ..estimator.autoencoder import Autoencoder

Given = Mapping[str, Any]
_MOST_SHOWN = 5
ANNOTATED = ".h5ad"


def encode(run: Path, data: str, given: Given) -> None:
    """Write the codes of rows."""
    out = check_output(given["out"] or Path("codes.csv"), data, force=given["force"], also=(ANNOTATED,))
    dataset, autoencoder = _open(run, data, given)
    codes = autoencoder.transform(_rows(dataset, autoencoder))
    if out.suffix.lower() == ANNOTATED:
        from ..datasets.annotated import annotate

        typer.echo(annotate(Path(data), out, np.asarray(codes)))
        return
    _write(out, np.asarray(codes), _code_names(autoencoder), dataset)


def decode(run: Path, codes: str, given: Given) -> None:
    """Write the rows that codes stand for."""
    out = check_output(given["out"] or Path("decoded.csv"), codes, force=given["force"])
    source = Source.of(run)
    autoencoder = _load(run, given)
    dataset = source.read_codes(codes, _code_names(autoencoder), given)
    made = autoencoder.inverse_transform(dataset.X)
    _write(out, made, _feature_names(autoencoder), dataset, autoencoder, schema=source.schema)


def reconstruct(run: Path, data: str, given: Given) -> None:
    """Write rows as the model gives them back."""
    out = check_output(given["out"], data, force=given["force"]) if given["out"] else None
    dataset, autoencoder = _open(run, data, given)
    plain = dataset.image_shape is None and not is_large(dataset)
    suffix = ".csv" if plain else ".png" if len(dataset) == 1 else ".npy"
    out = out or check_output(Path(f"reconstructed{suffix}"), data, force=given["force"])
    refuse_large(dataset, out)
    if is_large(dataset):
        autoencoder.reconstruct(_rows(dataset, autoencoder), out=out)
        typer.echo(out)
        return
    made = autoencoder.reconstruct(_rows(dataset, autoencoder))
    _write(out, made, dataset.feature_names, dataset, autoencoder, schema=dataset.schema)


def sample(run: Path, given: Given) -> None:
    """Write new rows."""
    out = check_output(given["out"], force=given["force"]) if given["out"] else None
    if given["n"] < 1:
        raise SettingError(f"-n must be an integer >= 1, got {given['n']}.")
    autoencoder = _load(run, given)
    picture = autoencoder.module_.domain.image_shape is not None
    out = out or fresh(Path(f"samples{'.png' if picture else '.csv'}"), given["force"])
    how = {"density": given["density"], "noise": given["noise"], "random_state": given["seed"]}
    made = autoencoder.sample(given["n"], **how)
    _write(out, made, _feature_names(autoencoder), None, autoencoder, schema=read_schema(run))


def score(run: Path, data: str, given: Given) -> None:
    """Write the reconstruction error of each row, and show the strangest."""
    out = check_output(given["out"] or Path("scores.csv"), data, force=given["force"])
    dataset, autoencoder = _open(run, data, given)
    if given["per_feature"]:
        refuse_large(dataset, out, "--per-feature")
    rows = _rows(dataset, autoencoder)
    errors = -autoencoder.score_samples(rows)
    columns, names = [errors], ["reconstruction_error"]
    if given["draws"]:
        columns, names = (
            [*columns, autoencoder.log_likelihood(rows, draws=given["draws"])],
            [*names, "log_likelihood"],
        )
    if given["per_feature"]:
        squared = (dataset.X - autoencoder.reconstruct(rows)) ** 2
        features = dataset.feature_names or [f"x{i}" for i in range(squared.shape[1])]
        columns, names = [*columns, *squared.T], [*names, *(f"squared_error_{name}" for name in features)]
    unit = autoencoder.history_.units.get("reconstruction", "")
    order = np.argsort(errors)[::-1][:_MOST_SHOWN]
    keys = np.arange(len(errors)) if dataset.ids is None else dataset.ids
    strangest = [{"row": keys[i], "reconstruction_error": errors[i]} for i in order]
    summary = {"rows": len(errors), "unit": unit, "mean": errors.mean(), "median": np.median(errors)}
    if given["json"]:
        typer.echo(runs.as_json({**summary, "strangest": strangest, "file": str(out)}))
    else:
        shown = [f"  {entry['row']}: {entry['reconstruction_error']:.6g}" for entry in strangest]
        head = f"{len(errors)} rows, mean {summary['mean']:.6g}, median {summary['median']:.6g} ({unit})"
        typer.echo("\n".join([head, "the strangest:", *shown]))
    _write(out, np.column_stack(columns), names, dataset, quiet=given["json"])


def evaluate(run: Path, data: str | None, given: Given) -> None:
    """Print the report of a run on data, and write it where asked."""
    out: Path | None = given["out"]
    if out is not None and out.suffix.lower() not in _PAGES:
        raise FileError(f"{out} has the suffix {out.suffix!r}, expected one of {', '.join(_PAGES)}.")
    out = None if out is None else fresh(out, given["force"])
    source = Source.of(run)
    if data is None and not source.path:
        raise FileError(f"{run} does not say what it was trained on; give the data.")
    autoencoder = _load(run, given)
    if data is None:
        parted = source.split(given)
        dataset, train = parted.judged, runs.training_rows(parted)
    else:
        dataset, train = few_rows(source.read(data, given, large=True)), _training_rows(source)
    _check_fit(dataset.source, dataset, autoencoder)
    report = autoencoder.report(_rows(dataset, autoencoder), runs.named_labels(dataset), **train)
    if out is not None:
        out.write_text(_PAGES[out.suffix.lower()](report), encoding="utf-8")
    typer.echo(runs.as_json(report.to_dict()) if given["json"] else str(report))
    if given["open"]:
        page = out if out is not None and out.suffix.lower() == ".html" else None
        if page is None:
            page = Path(tempfile.mkdtemp(prefix="diabolo-"), runs.REPORT)
            page.write_text(report.to_html(), encoding="utf-8")
        open_page(page)


def _training_rows(source: Source) -> dict[str, Any]:
    """What a run was trained on, for the baselines; nothing where it is not there any more."""
    try:
        learnt = few_rows(source.split({}).train) if source.path else None
    except (DataError, FileError, UnknownNameError):
        learnt = None
    return (
        {} if learnt is None else {"X_train": runs.named_rows(learnt), "y_train": runs.named_labels(learnt)}
    )


_PAGES: dict[str, Callable[[Any], str]] = {
    ".html": lambda report: report.to_html(),
    ".json": lambda report: runs.as_json(report.to_dict()) + "\n",
    ".txt": lambda report: f"{report}\n",
}


def _load(run: Path, given: Given) -> Autoencoder:
    from ..estimator.loading import load

    return load(run, device=given["device"] or "auto").in_numbers()


def _open(run: Path, data: str, given: Given) -> tuple[Dataset, Autoencoder]:
    """The data, read as the run's own was read, and the model."""
    dataset = Source.of(run).read(data, given, large=True)
    say(dataset.notes, data)
    autoencoder = _load(run, given)
    _check_fit(data, dataset, autoencoder)
    names = _feature_names(autoencoder)
    if names is not None and dataset.feature_names is None and dataset.image_shape is None:
        say([f"its columns have no names; they are taken for {few(names)}, in this order"], data)
    return dataset, autoencoder


def _check_fit(data: str, dataset: Dataset, autoencoder: Autoencoder) -> None:
    """Raise a DataError where the rows are not of the kind that the model takes."""
    found, expected = dataset.image_shape, autoencoder.module_.domain.image_shape
    if found is not None and expected is not None and found != expected:
        shapes = [" x ".join(map(str, shape)) for shape in (found, expected)]
        remedy = f"use --resize {expected[1]}x{expected[2]}" if found[0] == expected[0] else "convert them"
        raise DataError(
            f"{data} holds pictures of {shapes[0]} (channels, height, width), the model takes {shapes[1]}; {remedy}."
        )
    if dataset.X.shape[1] != autoencoder.n_features_in_:
        raise DataError(
            f"{data} has {dataset.X.shape[1]} features, the model takes {autoencoder.n_features_in_}; choose them "
            "with --columns or --drop, or give other data."
        )


def _rows(dataset: Dataset, autoencoder: Autoencoder) -> Any:
    """The rows with the names of their features, where the model knows names; without any, with those it knows."""
    names = _feature_names(autoencoder)
    if is_large(dataset) or names is None:
        return dataset.X
    return runs.named_rows(replace(dataset, feature_names=dataset.feature_names or tuple(names)))


def _code_names(autoencoder: Autoencoder) -> list[str]:
    return [f"z{i}" for i in range(autoencoder.module_.parts.latent.dim)]


def _feature_names(autoencoder: Autoencoder) -> Sequence[str] | None:
    names = getattr(autoencoder, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _write(
    out: Path,
    rows: np.ndarray,
    columns: Sequence[str] | None,
    dataset: Dataset | None,
    autoencoder: Autoencoder | None = None,
    quiet: bool = False,
    schema: Schema | None = None,
) -> None:
    """Write rows with the ids of the data they came from, and say where they are."""
    from ..datasets import write

    shape = None if autoencoder is None else autoencoder.module_.domain.image_shape
    ids = None if dataset is None else dataset.ids
    id_name = (dataset.id_name if dataset is not None else None) or "id"
    write(out, rows, columns=columns, ids=ids, id_name=id_name, image_shape=shape, schema=schema)
    if not quiet:
        typer.echo(out)
