"""What `diabolo explore` shows: a run folder with its data, or a transformer of scikit-learn, as subjects.

Everything is checked at once; what is slow waits until the page is there.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError, UnknownNameError
from .page import Load

if TYPE_CHECKING:
    from .model import ExplorerModel

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
    from ..runs.folder import check_model
    from ..runs.source import Source

    first, second = Path(path), None if compare is None else Path(compare)
    for folder in filter(None, (first, second)):
        check_model(folder)
    if data is None:
        source = Source.of(first)
        if not source.path:
            raise FileError(f"{first} does not say what it was trained on; give the data (--data).")
        return lambda: _load_run(first, source.read(source.path, {}), second)
    return lambda: _load_run(first, data, second)


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


def _load_run(path: Path, data: Any, compare: Path | None) -> Sequence[ExplorerModel]:
    from .. import datasets
    from ..estimator.loading import load
    from .model import make_subjects

    if callable(data):
        data = data()
    elif isinstance(data, str | Path):
        data = datasets.load(data)
    return make_subjects(load(path), data, None, None if compare is None else load(compare))


def _fit_sklearn(name: str, data: str, n_components: int) -> Sequence[ExplorerModel]:
    from .. import datasets
    from .model import make_subjects

    dataset = datasets.load(data)
    module, cls = SKLEARN[name]
    made = getattr(importlib.import_module(module), cls)(n_components, **_SETTINGS.get(name, {}))
    rows = dataset.X[:_KERNEL_ROWS] if name == "kernel_pca" else dataset.X
    return make_subjects(made.fit(rows), dataset)
