"""The numbers of a report, as plain frozen values: what findings judge and what text, JSON and page show."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Errors:
    """How far reconstructions are from their originals.

    Attributes
    ----------
    squared_error : float
        Summed over features, mean over rows; squared units of the data.
    mse, mae : float
        Means over rows and features; squared units and units of the data.
    bce : float or None
        Binary cross-entropy, mean over rows and features, in nats; None unless the data lie in [0, 1].
        Reconstructions of a model that leaves [0, 1] are held within [0.001, 0.999].
    trained : float or None
        The squared error with each feature in the units that the model was trained in: what models are compared by,
        so that no column counts for more because its numbers are larger.
    explained : float or None
        One minus that error's share of what predicting the training rows' mean leaves (R squared); NaN where that
        leaves nothing.
    """

    squared_error: float
    mse: float
    mae: float
    bce: float | None = None
    trained: float | None = None
    explained: float | None = None


class FeatureError(NamedTuple):
    """How well one feature comes back: its mean squared error, and its share of variance that is explained."""

    name: str
    mse: float
    explained: float


@dataclass(frozen=True)
class Term:
    """One term of the training loss, on rows of the report.

    Attributes
    ----------
    name : str
    value : float
        Unweighted mean over rows, with corruption and noise as in training.
    weight : float
        Factor in the total.
    unit : str
    train : float or None
        The same on training rows.
    """

    name: str
    value: float
    weight: float
    unit: str
    train: float | None = None


@dataclass(frozen=True)
class Layer:
    """A hidden layer: its name, how many units it has, and how many are zero on more than 99 % of rows."""

    name: str
    width: int
    dead: int


@dataclass(frozen=True)
class Latent:
    """Whether the latent space is used.

    Attributes
    ----------
    variance : tuple of float
        Variance of each dimension of the codes (posterior means), in squared units of the code.
    active : int
        Dimensions whose variance exceeds 0.01 (Burda et al. 2016, arXiv:1509.00519).
    effective_rank, participation_ratio : float
        From 1 to the dimension; 0 where all codes are equal.
    dead : tuple of int
        Dimensions that are exactly zero on more than 99 % of rows.
    kl : tuple of float or None
        KL divergence of each dimension to the prior, in nats; None for codes that are not drawn.
    prior_distance : tuple of float or None
        Kolmogorov-Smirnov distance of each dimension's codes (drawn, for a stochastic code) to the prior, in
        [0, 1]; None where there is no prior.
    layers : tuple of Layer
    """

    variance: tuple[float, ...]
    active: int
    effective_rank: float
    participation_ratio: float
    dead: tuple[int, ...]
    kl: tuple[float, ...] | None = None
    prior_distance: tuple[float, ...] | None = None
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Generation:
    """Whether samples have the distribution of the data.

    Attributes
    ----------
    source : str
        What codes were drawn from.
    features : str
        What was compared; "raw" for the data themselves.
    c2st : float
        Accuracy of a classifier that tells samples from data: 0.5 is best, 1 is worst.
    mmd, mmd_p : float
        Squared maximum mean discrepancy, unbiased, and its permutation p-value.
    precision, recall, density, coverage : float
    """

    source: str
    features: str
    c2st: float
    mmd: float
    mmd_p: float
    precision: float
    recall: float
    density: float
    coverage: float


@dataclass(frozen=True)
class TrainingFigures:
    """The course of training by epoch; empty for a model that tells nothing of it.

    Attributes
    ----------
    loss, reconstruction, val_reconstruction : tuple of float
        One value an epoch; ``val_reconstruction`` is empty without validation data.
    status : str
    best_kept : bool
        Early stopping watched, so that the weights are those of the best epoch.
    watched : tuple of float
        What early stopping compared in each epoch: the loss at full weights, on validation rows where there were any.
    weights : mapping of str to float
        The weight of each penalty in the epoch whose model was kept.
    """

    loss: tuple[float, ...] = ()
    reconstruction: tuple[float, ...] = ()
    val_reconstruction: tuple[float, ...] = ()
    status: str = ""
    best_kept: bool = False
    watched: tuple[float, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """All numbers of a report.

    Attributes
    ----------
    model : str
        What the model is, in one line.
    dim, n_features : int
    rows : mapping of str to int
        How many rows were given, and how many each part was computed on.
    errors : mapping of str to Errors
        On the rows of the report: "model", "pca", "mean" and, for a network, "untrained".
    train_errors : mapping of str to Errors
        "model" and "pca" on training rows, where they were given.
    pca_components : int
        Components of the PCA beside it; below ``dim`` only where there are fewer features or rows.
    is_network : bool
        It has layers that could be non-linear.
    not_finite : int
        Rows whose code or reconstruction is NaN or infinite; they are left out of everything else.
    terms : tuple of Term
    course : TrainingFigures
    latent : Latent or None
    generation : Generation or None
    neighbourhood : mapping of str to mapping of str to float
        "model" and "pca" to their measures.
    labels : mapping of str to float
        Figures that need labels; those of PCA begin with "pca_".
    feature_errors : tuple of FeatureError
        The features with the largest error in the units that were trained, worst first.
    units : str
        The units that the model was trained in, in words.
    outside : int or None
        Judged samples that lie outside the training range in a column by more than half of its width; None without
        training rows. Columns that are not standardised share one width.
    spread : float or None
        The standard deviation of the judged rows over that of the training rows, in the median column.
    dominant : (str, float) or None
        The column with the largest share of the variance, in the units trained, and that share.
    notes : tuple of str
        What was left out and why, and what to know when reading the figures.
    """

    model: str
    dim: int
    n_features: int
    rows: Mapping[str, int]
    errors: Mapping[str, Errors]
    train_errors: Mapping[str, Errors] = field(default_factory=dict)
    pca_components: int = 0
    is_network: bool = False
    not_finite: int = 0
    terms: tuple[Term, ...] = ()
    course: TrainingFigures = TrainingFigures()
    latent: Latent | None = None
    generation: Generation | None = None
    neighbourhood: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)
    feature_errors: tuple[FeatureError, ...] = ()
    units: str = "as they are"
    outside: int | None = None
    spread: float | None = None
    dominant: tuple[str, float] | None = None
    notes: tuple[str, ...] = ()


def to_json(value: Any) -> Any:
    """A value as JSON can hold it: dataclasses as dicts, NaN and infinity as None, NumPy numbers as Python's.

    >>> to_json(Layer("encoder 1", np.int64(8), 0)), to_json((1.5, float("nan")))
    ({'name': 'encoder 1', 'width': 8, 'dead': 0}, [1.5, None])
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [to_json(item) for item in value]
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
