"""From a model and rows to the figures of a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.checks import require_finite
from ..data.foreign import as_arrays
from ..errors import DataError
from .comparison import Array, Comparison, Float, Options, Rows, apply, choose
from .figures import Errors, Figures
from .model import ReportModel, describe_course, look_inside


@dataclass(frozen=True)
class Computed:
    """The figures, and the arrays that pictures are drawn from (rows that are finite, subsampled)."""

    figures: Figures
    X: Float
    X_hat: Float
    Z: Float
    y: NDArray[Any] | None
    drawn: Float | None
    samples: Float | None
    outside: NDArray[np.intp]


def flat_rows(X: Any, name: str, width: int | None = None) -> Array:
    """Rows as a matrix of finite numbers; pictures (n, H, W) or (n, C, H, W) are flattened.

    Raises
    ------
    DataError
        If they are not rows of numbers, fewer than two, or of another width than expected.
    """
    array = np.asarray(as_arrays(X, name))
    array = array.reshape(len(array), -1) if array.ndim in (3, 4) else array
    if array.ndim != 2 or len(array) < 2 or array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must be two or more samples of numbers, got shape {np.shape(X)} of {array.dtype}."
        )
    if width is not None and array.shape[1] != width:
        raise DataError(f"{name} must have {width} features as X has, got shape {np.shape(X)}.")
    array = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    require_finite(array, name)
    return array


def compute(
    subject: ReportModel,
    X: Array,
    y: NDArray[Any] | None,
    train: tuple[Array, NDArray[Any] | None] | None,
    untrained: ReportModel | None,
    options: Options,
    feature_names: tuple[str, ...] = (),
    on_progress: Callable[[str], None] = lambda _stage: None,
) -> Computed:
    """All figures of a model on rows; see :func:`diabolo.report.health_report`.

    ``on_progress`` is called with the name of each stage as it begins.
    """
    seed = options.random_state
    evaluated, labels = _drawn(X, y, options.rows, seed)
    on_progress("codes and reconstructions")
    rows = apply(subject, evaluated)
    learnt, learnt_labels = _drawn(*(train or (evaluated, None)), options.fit_rows, seed)
    figures = Figures(
        subject.description,
        rows.Z.shape[1],
        X.shape[1],
        {"given": len(X), "judged": len(evaluated), "baselines fitted": len(learnt)},
        errors={},
        course=describe_course(subject),
        is_network=subject.network is not None,
        units=subject.units,
        not_finite=len(evaluated) - len(rows.kept),
    )
    labels = None if labels is None else labels[rows.kept]
    if len(rows.kept) < 2:
        return _without_rows(figures, rows, labels)
    on_progress("PCA beside the model")
    beside = Comparison(subject, rows, learnt, options)
    beside.notes += _watched(figures)
    on_progress("latent space and neighbourhoods")
    probe = look_inside(subject, evaluated[rows.kept], seed)
    figures = beside.fill(figures, probe, feature_names)
    if train is None:
        beside.notes.append(_NO_TRAINING_ROWS)
    else:
        on_progress("training rows")
        own, _ = _drawn(learnt, None, options.rows, seed)
        figures = beside.fill_training(figures, own, probe, look_inside(subject, own, seed))
    figures, samples = beside.finish(figures, untrained, labels, learnt_labels, on_progress)
    drawn = None if probe is None else probe.drawn
    return Computed(figures, rows.X, rows.X_hat, rows.Z, labels, drawn, samples, beside.outside)


def _drawn(X: Array, y: NDArray[Any] | None, most: int, seed: int) -> tuple[Array, NDArray[Any] | None]:
    """Rows with their labels, at most so many."""
    at = choose(len(X), most, seed)
    return X[at], None if y is None else y[at]


def _watched(figures: Figures) -> list[str]:
    """What early stopping watched, where it did."""
    watched = figures.course.watched
    if not watched:
        return []
    where = "held-out samples" if figures.course.val_reconstruction else "training samples"
    return [
        f"early stopping watched the loss at full weights on {where}: the weights are those of epoch "
        f"{int(np.argmin(watched)) + 1} of {len(watched)}."
    ]


_NO_TRAINING_ROWS = (
    "no training samples were given: PCA and the mean are fitted to the samples they are evaluated on, which "
    "favours them where the model has not seen these samples."
)


def _without_rows(figures: Figures, rows: Rows, labels: NDArray[Any] | None) -> Computed:
    """What is left to say where (almost) nothing is finite."""
    notes = ("too few samples have a finite code and reconstruction to compute anything else.",)
    errors = {"model": Errors(float("nan"), float("nan"), float("nan"))}
    figures = dataclasses.replace(figures, errors=errors, notes=notes)
    return Computed(figures, rows.X, rows.X_hat, rows.Z, labels, None, None, np.zeros(0, np.intp))
