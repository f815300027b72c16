"""The run folder: what ``diabolo fit`` leaves, whole or unfinished.

What a run consists of is written into a hidden folder within its place, and renamed when all of it is there.
"""

from __future__ import annotations

import json
import math
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .. import __version__, slots
from ..errors import FileError, SettingError
from ..report.files import METRICS
from ..storage.lock import LOCK_NAME
from ..storage.text import as_file_error, parse_yaml, read_text
from .large import few_rows
from .paths import existing

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..estimator.autoencoder import Autoencoder
    from ..report import Report
    from .split import Split

CONFIG, REPORT = "config.yaml", "report.html"
#: In a run that is not finished: what it needs to go on.
CHECKPOINT = "checkpoint"
WRITING = ".writing."
# A process that tries whether it can write must not be in the way of one that looks.
_TRYING = ".diabolo."
_WRITTEN = ("figures", "history.csv", REPORT, CONFIG, "model", METRICS)


def named_rows(dataset: Dataset) -> Any:
    """The rows of a data set; a data frame where features have names, so that the model learns the names."""
    if dataset.feature_names is None:
        return dataset.X
    import pandas as pd

    return pd.DataFrame(dataset.X, columns=list(dataset.feature_names))


def named_labels(dataset: Dataset) -> Any:
    """The labels as text where they have names, for legends."""
    import numpy as np

    if dataset.y is None or dataset.label_names is None:
        return dataset.y
    return np.asarray(dataset.label_names)[dataset.y.astype(int)]


def training_rows(split: Split) -> dict[str, Any]:
    """What a report is told of the rows that a model was trained on; nothing where it is judged on them."""
    if split.held is None:
        return {}
    learnt = few_rows(split.train)
    return {"X_train": named_rows(learnt), "y_train": named_labels(learnt)}


def is_finished(folder: Path) -> bool:
    """Whether a folder holds a whole run."""
    return (folder / "model").is_dir() and (folder / CONFIG).is_file() and (folder / METRICS).is_file()


def check_model(folder: Path) -> None:
    """Raise a FileError where there is no model in a folder."""
    existing(folder, "run folder")
    if not any((folder / name).is_file() for name in ("model/model.json", "model.json")):
        raise FileError(f"{folder} holds no model.json; give the folder that `diabolo fit` or save() wrote.")


def place_for(data: str, recipe: str) -> Path:
    """The folder of a new run: ``runs/<data>-<recipe>``, with a number where that exists already."""
    first = Path("runs", f"{data}-{recipe}")
    place, number = first, 1
    while place.exists():
        number += 1
        place = first.with_name(f"{first.name}-{number}")
    return place


def check_place(place: Path) -> None:
    """Raise a FileError where a run cannot be written, before anything is trained."""
    if place.exists() and (not place.is_dir() or not all(map(_is_own, place.iterdir()))):
        raise FileError(f"{place} exists and is no run; give --out a new or an empty folder.")
    ancestor = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    if not ancestor.is_dir():
        raise FileError(f"{ancestor} is a file, so that {place} cannot be a folder; give another --out.")
    with (
        as_file_error(f"{ancestor} cannot be written to"),
        tempfile.TemporaryDirectory(dir=ancestor, prefix=_TRYING),
    ):
        pass


def _is_own(path: Path) -> bool:
    """Whether something in a folder is of a run that was not finished."""
    return (
        path.name in (CHECKPOINT, LOCK_NAME)
        or path.name.startswith((WRITING, _TRYING))
        or (path.name in _WRITTEN and (path.parent / CHECKPOINT / CONFIG).is_file())
    )


def write_run(
    place: Path,
    config: Mapping[str, Any],
    autoencoder: Autoencoder,
    split: Split,
    to_page: Callable[[Report], str] | None = None,
) -> Report:
    """Judge a trained autoencoder and write its run folder, which is a finished run from then on.

    Parameters
    ----------
    place : Path
        A folder.
    config : mapping
        What made the run; see :func:`describe`.
    autoencoder : Autoencoder
    split : Split
        What it was trained on, and what it is judged on.
    to_page : callable or None, default None
        Makes the page of the report; None: the report's own.

    Returns
    -------
    Report

    Raises
    ------
    FileError
        If the folder cannot be written; it is not a finished run then.
    """
    judged = split.judged
    report = autoencoder.report(named_rows(judged), named_labels(judged), **training_rows(split))
    with _moved_into(place) as folder:
        autoencoder.save(folder / "model")
        (folder / CONFIG).write_text(HEAD + dump(config), encoding="utf-8")
        (folder / METRICS).write_text(as_json(report.to_dict()) + "\n", encoding="utf-8")
        (folder / REPORT).write_text(to_page(report) if to_page else report.to_html(), encoding="utf-8")
        autoencoder.history_.to_frame().to_csv(folder / "history.csv", index=False)
        (folder / "figures").mkdir()
        for picture in report.pictures:
            (folder / "figures" / f"{picture.name}.png").write_bytes(picture.png)
    return report


def write_interrupted(place: Path, config: Mapping[str, Any], autoencoder: Autoencoder) -> None:
    """Write the model of a run that was interrupted, so that it can be used; the run stays unfinished.

    Raises
    ------
    FileError
        If the folder cannot be written.
    """
    with _moved_into(place) as folder:
        autoencoder.save(folder / "model")
        (folder / CONFIG).write_text(HEAD + dump(config), encoding="utf-8")


@contextmanager
def _moved_into(place: Path) -> Iterator[Path]:
    """A hidden folder whose content is renamed into a place when it is whole, the figures of merit last.

    They tell a finished run from an unfinished one, so whatever a reader or a kill finds is one of the two.
    """
    with as_file_error(f"the run could not be written to {place}"):
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place, prefix=WRITING) as hidden:
            folder, old = Path(hidden, "new"), Path(hidden, "old")
            folder.mkdir()
            old.mkdir()
            yield folder
            for name in _WRITTEN:
                if (folder / name).exists():
                    if (place / name).is_dir():
                        (place / name).rename(old / name)
                    (folder / name).replace(place / name)


HEAD = "# What made this run; `diabolo fit --config config.yaml` trains it again.\n"


def dump(config: Mapping[str, Any]) -> str:
    """Plain values as YAML."""
    return yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False, allow_unicode=True)


def read_config(path: Path) -> dict[str, Any]:
    """What a file that :func:`dump` filled says of a run.

    Raises
    ------
    FileError
        If it cannot be read, or holds no keys and values.
    """
    try:
        found = parse_yaml(read_text(path), "it")
    except SettingError as error:
        raise FileError(f"{path} is damaged: {error}") from None
    if not isinstance(found, Mapping):
        raise FileError(f"{path} is damaged: it holds no keys and values.")
    return dict(found)


def describe(
    autoencoder: Autoencoder, split: Split, options: Mapping[str, Any], recipe: str
) -> dict[str, Any]:
    """All that made a run, as plain values: data, recipe, every setting, versions."""
    dataset = split.train
    return planned(autoencoder, split, options, recipe) | {
        "trained": {
            "status": autoencoder.status_,
            "epochs": autoencoder.n_iter_,
            "rows": len(dataset),
            "rows_held_out": 0 if split.held is None else len(split.held),
            "features": _features(dataset),
            "id": dataset.id_name,
            "columns": dataset.n_columns,
            "left_out": list(dataset.left_out),
        },
        "versions": {
            "diabolo": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        },
    }


def _features(dataset: Dataset) -> list[str] | int:
    """The columns that were learnt from, by name; how many, where they have none."""
    if dataset.schema is not None:
        return list(dataset.schema.names)
    return dataset.X.shape[1] if dataset.feature_names is None else list(dataset.feature_names)


def planned(
    autoencoder: Autoencoder, split: Split, options: Mapping[str, Any], recipe: str
) -> dict[str, Any]:
    """All that decides a run, as plain values: data, recipe, every setting."""
    params, dataset = autoencoder.get_params(deep=False), split.train
    source = Path(dataset.source)
    shape = params["image_shape"]
    return {
        "data": {"source": str(source.absolute()) if source.exists() else dataset.source, **options},
        "hold_out": split.hold_out,
        "recipe": recipe,
        **{name: _resolved(name, params) for name in slots.SLOTS},
        "scaling": params["scaling"],
        **({} if params["missing"] is None else {"missing": params["missing"]}),
        "image_shape": None if shape is None else list(shape),
        "random_state": params["random_state"],
        "device": params["device"],
    }


def _resolved(name: str, params: Mapping[str, Any]) -> Any:
    """A parameter with its defaults written out; a decoder that mirrors stays null, so that it goes on to."""
    if name == "decoder" and params[name] is None:
        return None
    latent = slots.resolve("latent", params["latent"])
    return slots.to_json(name, slots.resolve(name, params[name], latent))


def as_json(value: Any) -> str:
    """JSON that every reader takes: what is not finite becomes null."""
    return json.dumps(_finite(value), indent=1, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
