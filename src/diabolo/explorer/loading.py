"""What `diabolo explore` shows: a run folder with its data, or a transformer of scikit-learn, as subjects.

Everything is checked at once; what is slow waits until the page is there.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError, UnknownNameError
from ..text_files import read_yaml
from .page import Load

if TYPE_CHECKING:
    from .subject import Subject

__all__ = ["SKLEARN", "from_run", "from_sklearn", "recorded_data"]

_OPTIONS = ("columns", "drop", "id", "label", "missing", "resize")
#: Transformers of scikit-learn that the command line knows by name: the module and the class.
SKLEARN = {
    "pca": ("sklearn.decomposition", "PCA"),
    "nmf": ("sklearn.decomposition", "NMF"),
    "fast_ica": ("sklearn.decomposition", "FastICA"),
    "factor_analysis": ("sklearn.decomposition", "FactorAnalysis"),
    "truncated_svd": ("sklearn.decomposition", "TruncatedSVD"),
    "kernel_pca": ("sklearn.decomposition", "KernelPCA"),
}
_SETTINGS: dict[str, dict[str, Any]] = {
    "kernel_pca": {"fit_inverse_transform": True, "kernel": "rbf"},
    "nmf": {"max_iter": 1000},
}
_KERNEL_ROWS = 3000


def from_run(path: str | Path, data: Any = None, compare: str | Path | None = None) -> Load:
    """What :func:`open_page` needs for a run folder.

    Parameters
    ----------
    path : path
        A run folder, or the folder of a saved model.
    data : Dataset, callable, str, path or None
        What to show: a data set, its name, a file, or a callable that gives a data set. None: what the run was
        trained on.
    compare : path or None
        A second run, shown beside the first with the same rows.

    Returns
    -------
    callable

    Raises
    ------
    FileError
        If there is no model in a folder, or the first does not say what it was trained on.
    """
    first, second = Path(path), None if compare is None else Path(compare)
    for folder in filter(None, (first, second)):
        _require_model(folder)
    if data is None:
        source, options = recorded_data(first)
        return lambda: _load_run(first, source, options, second)
    return lambda: _load_run(first, data, {}, second)


def from_sklearn(name: str, data: str, n_components: int = 2) -> Load:
    """What :func:`open_page` needs for a transformer of scikit-learn, which is fitted on the spot.

    Parameters
    ----------
    name : str
        One of :data:`SKLEARN`.
    data : str
        A named data set, or a file.
    n_components : int, default 2
        Width of a code.

    Returns
    -------
    callable

    Raises
    ------
    UnknownNameError
        If the transformer is not in the table.
    """
    if name not in SKLEARN:
        raise UnknownNameError("transformer of scikit-learn", name, SKLEARN)
    return lambda: _fit_sklearn(name, data, n_components)


def recorded_data(path: Path) -> tuple[str, dict[str, Any]]:
    """What a run was trained on, and how it was read.

    Raises
    ------
    FileError
        If the folder does not say it, or its ``config.yaml`` is damaged.
    """
    config = path / "config.yaml"
    if not config.is_file():
        raise FileError(f"{path} does not say what it was trained on; give the data (--data).")
    told = read_yaml(config)
    try:
        data = dict(told["data"])
        options = {name: data[name] for name in _OPTIONS if data.get(name)}
        return str(data["source"]), options
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{config} is damaged: {error!r}.") from None


def _require_model(path: Path) -> None:
    if not any((path / name).is_file() for name in ("model/model.json", "model.json")):
        what = "holds no model.json" if path.is_dir() else "is not there"
        raise FileError(f"{path} {what}; give the folder that `diabolo fit` or save() wrote.")


def _load_run(path: Path, data: Any, options: dict[str, Any], compare: Path | None) -> Sequence[Subject]:
    from .. import datasets
    from ..io import load
    from .subject import make_subjects

    if callable(data):
        data = data()
    elif isinstance(data, str | Path):
        data = datasets.load(data, **options)
    return make_subjects(load(path), data, None, None if compare is None else load(compare))


def _fit_sklearn(name: str, data: str, n_components: int) -> Sequence[Subject]:
    from .. import datasets
    from .subject import make_subjects

    dataset = datasets.load(data)
    module, cls = SKLEARN[name]
    made = getattr(importlib.import_module(module), cls)(n_components, **_SETTINGS.get(name, {}))
    rows = dataset.X[:_KERNEL_ROWS] if name == "kernel_pca" else dataset.X
    return make_subjects(made.fit(rows), dataset)
