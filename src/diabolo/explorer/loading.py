"""A run folder as subjects: its model, and the data it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError

if TYPE_CHECKING:
    from .subject import Subject

__all__ = ["check_run", "load_run", "recorded_data"]

_OPTIONS = ("columns", "drop", "id", "label", "missing", "resize")


def check_run(path: Path, data: Any = None) -> None:
    """Raise a FileError where there is no model in a folder, or no data to show; nothing slow is imported."""
    if not any((path / name).is_file() for name in ("model/model.json", "model.json")):
        what = "holds no model.json" if path.is_dir() else "is not there"
        raise FileError(f"{path} {what}; give the folder that `diabolo fit` or save() wrote.")
    if data is None:
        recorded_data(path)


def recorded_data(path: Path) -> tuple[str, dict[str, Any]]:
    """What a run was trained on, and how it was read.

    Raises
    ------
    FileError
        If the folder does not say it, or its ``config.yaml`` is damaged.
    """
    import yaml

    config = path / "config.yaml"
    if not config.is_file():
        raise FileError(f"{path} does not say what it was trained on; give the data (--data).")
    try:
        data = dict(yaml.safe_load(config.read_text(encoding="utf-8"))["data"])
        options = {name: data[name] for name in _OPTIONS if data.get(name)}
        return str(data["source"]), options
    except (yaml.YAMLError, OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise FileError(f"{config} is damaged: {error!r}.") from None


def load_run(path: Path, data: Any = None, compare: Path | None = None) -> list[Subject]:
    """The subjects of a run.

    Parameters
    ----------
    path : Path
    data : Dataset, callable, str, path or None
        A callable gives a Dataset; None reads what the run was trained on.
    compare : Path or None
        A second run, shown with the same rows.

    Returns
    -------
    list of Subject
    """
    from .. import datasets
    from ..io import load
    from .serving import make_subjects

    if data is None:
        source, options = recorded_data(path)
        data = datasets.load(source, **options)
    elif callable(data):
        data = data()
    elif isinstance(data, str | Path):
        data = datasets.load(data)
    other = None if compare is None else load(compare)
    return make_subjects(load(path), data, None, other)
