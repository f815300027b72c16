"""What the models of a study are trained and judged on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import metrics
from ..datasets import DATASETS, Dataset
from ..errors import DataError, SettingError, UnknownNameError
from ..estimator.autoencoder import Autoencoder

Array = NDArray[Any]
Metric = Callable[[Any, Array], float]


def _loss(model: Autoencoder, X: Array) -> float:
    return -model.score(X)


def _of_rows(measure: Callable[[Any, Any], float], model: Autoencoder, X: Array) -> float:
    return float(measure(X, model.reconstruct(X)))


def _of_codes(measure: Callable[[Any, Any], float], model: Autoencoder, X: Array) -> float:
    return float(measure(X, model.transform(X)))


# Each is measured on rows that were held out; smaller is better unless it is in HIGHER.
METRICS: dict[str, Metric] = {
    "loss": _loss,
    "mse": partial(_of_rows, metrics.mse),
    "mae": partial(_of_rows, metrics.mae),
    "bce": partial(_of_rows, metrics.bce),
    "trustworthiness": partial(_of_codes, metrics.trustworthiness),
    "continuity": partial(_of_codes, metrics.continuity),
    "distance_rmse": partial(_of_codes, metrics.distance_rmse),
}
HIGHER = ("trustworthiness", "continuity")


def resolve_metrics(given: Any) -> dict[str, Metric]:
    """Metrics by name, from names, or a mapping of names to functions of (estimator, rows)."""
    if isinstance(given, Mapping):
        return dict(given)
    names = (given,) if isinstance(given, str) else given
    for name in names:
        if name not in METRICS:
            raise UnknownNameError("metric", name, METRICS)
    return {name: METRICS[name] for name in names}


@dataclass
class StudyData:
    """Rows of a study: loaded or generated, and split into those to train on and those to judge by.

    Parameters
    ----------
    source : str, array, Dataset or callable
        The name of a data set, rows, a data set that was read, or a function that gives rows or (rows, labels).
    options : dict
        Arguments of the data set or function.
    held_out : int or float
        Rows, or share of the rows, that models are judged by and never trained on. Where the source has an argument
        ``n_samples``, as many training rows as it says are left.
    """

    source: Any
    options: dict[str, Any] = field(default_factory=dict)
    held_out: int | float = 0.2

    def __post_init__(self) -> None:
        if isinstance(self.source, str) and self.source not in DATASETS:
            raise UnknownNameError("data set", self.source, DATASETS)
        share = isinstance(self.held_out, float) and 0 < self.held_out < 1
        if not share and (not isinstance(self.held_out, int) or self.held_out < 1):
            raise SettingError(
                f"held_out must be a share between 0 and 1 or a number of rows, got {self.held_out!r}."
            )
        self._kept: dict[str, tuple[Array, Array]] = {}

    @property
    def name(self) -> str:
        """What the data is called."""
        if isinstance(self.source, str):
            return self.source
        if isinstance(self.source, Dataset):
            return self.source.name
        return getattr(self.source, "__name__", f"rows of shape {np.shape(self.source)}")

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments that the source takes."""
        from inspect import signature

        if isinstance(self.source, str):
            return tuple(DATASETS[self.source].options)
        return tuple(signature(self.source).parameters) if callable(self.source) else ()

    def rows(self, options: Mapping[str, Any], seed: int) -> tuple[Array, Array]:
        """Training rows and held-out rows of a draw; the same arrays for the same draw.

        Raises
        ------
        DataError
            If too few rows are left.
        """
        wanted = self.options | dict(options)
        key = repr((sorted(wanted.items()), seed))
        if key not in self._kept:
            self._kept[key] = self._draw(wanted, seed)
        return self._kept[key]

    def _draw(self, options: dict[str, Any], seed: int) -> tuple[Array, Array]:
        held = self.held_out
        if "random_state" in self.arguments:
            options = {"random_state": seed} | options
        if isinstance(held, int) and "n_samples" in options and "n_samples" in self.arguments:
            options = options | {"n_samples": options["n_samples"] + held}
        if isinstance(self.source, str):
            found = DATASETS[self.source].load(**options)
        else:
            found = self.source(**options) if callable(self.source) else self.source
        found = found.X if isinstance(found, Dataset) else found
        X = np.asarray(found[0] if isinstance(found, tuple) else found)
        count = held if isinstance(held, int) else round(held * len(X))
        if not 0 < count < len(X):
            raise DataError(f"held_out={held} of {len(X)} rows leaves {len(X) - count} to train on.")
        order = np.random.default_rng(seed).permutation(len(X))
        # In float32, as models compute: every model of a stack then shares these rows.
        X = X.astype(np.float32, copy=False)
        return X[np.sort(order[count:])], X[np.sort(order[:count])]
