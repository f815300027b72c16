"""What a model learnt, as functions of arrays: nothing here knows which model made them.

Every metric works on the reconstructions, codes or samples of any estimator. Their names and what they
take are listed in :data:`METRICS`; modules are loaded when a name is first used.

Examples
--------
>>> from diabolo import metrics
>>> metrics.mse([[0.0, 1.0]], [[0.0, 0.5]])
0.125
>>> metrics.METRICS["mse"].units
'data units squared'
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError
from ..moved import lazy, left, moved

if TYPE_CHECKING:
    from .anomaly import average_precision as average_precision
    from .anomaly import roc_auc as roc_auc
    from .classifier_agreement import Certainty as Certainty
    from .classifier_agreement import agreement as agreement
    from .classifier_agreement import certainty as certainty
    from .classifier_agreement import label_accuracy as label_accuracy
    from .classifier_agreement import label_agreement as label_agreement
    from .classifier_agreement import train_classifier as train_classifier
    from .features import Score as Score
    from .generation import c2st as c2st
    from .generation import density_coverage as density_coverage
    from .generation import mmd as mmd
    from .generation import precision_recall as precision_recall
    from .generation import wasserstein as wasserstein
    from .latent import CodeHistogram as CodeHistogram
    from .latent import active_units as active_units
    from .latent import cluster_agreement as cluster_agreement
    from .latent import code_histogram as code_histogram
    from .latent import dead_units as dead_units
    from .latent import effective_rank as effective_rank
    from .latent import kl_per_dimension as kl_per_dimension
    from .latent import participation_ratio as participation_ratio
    from .neighbours import continuity as continuity
    from .neighbours import density_kl as density_kl
    from .neighbours import distance_rmse as distance_rmse
    from .neighbours import mrre as mrre
    from .neighbours import neighbourhood as neighbourhood
    from .neighbours import trustworthiness as trustworthiness
    from .reconstruction import attribution as attribution
    from .reconstruction import bce as bce
    from .reconstruction import feature_error as feature_error
    from .reconstruction import mae as mae
    from .reconstruction import mse as mse
    from .reconstruction import psnr as psnr
    from .reconstruction import squared_error as squared_error
    from .reconstruction import ssim as ssim
    from .sphere import Rayleigh as Rayleigh
    from .sphere import rayleigh_test as rayleigh_test
    from .sphere import uniformity as uniformity
    from .structure import distance_spearman as distance_spearman
    from .structure import knn_accuracy as knn_accuracy


@dataclass(frozen=True)
class Metric:
    """One line of the table of metrics.

    Attributes
    ----------
    name : str
        The function's name in this module.
    module : str
        Where it is defined.
    takes : tuple of str
        Its arrays, in order: ``"x"`` data, ``"x_hat"`` reconstructions, ``"z"`` codes, ``"y"`` labels,
        ``"synthetic"`` samples, ``"log_variance"`` of the posterior, ``"score"`` of anomaly,
        ``"classifier"`` a classifier.
    gives : str
        ``"number"``, ``"rows"`` (one number a row), ``"features"`` (one a feature or latent dimension),
        ``"entries"`` (one a row and feature), or ``"several"`` (a dictionary or a small record).
    units : str
        Units of the figure.
    better : str
        ``"lower"``, ``"higher"``, or ``""`` where neither is better by itself.
    """

    name: str
    module: str
    takes: tuple[str, ...]
    gives: str
    units: str
    better: str

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself; its module is loaded now."""
        found: Callable[..., Any] = getattr(importlib.import_module(f".{self.module}", __name__), self.name)
        return found


_X, _XZ, _XS, _Z = ("x", "x_hat"), ("x", "z"), ("x", "synthetic"), ("z",)

_ROWS = (
    Metric("mse", "reconstruction", _X, "number", "data units squared", "lower"),
    Metric("mae", "reconstruction", _X, "number", "data units", "lower"),
    Metric("bce", "reconstruction", _X, "number", "nats", "lower"),
    Metric("squared_error", "reconstruction", _X, "rows", "data units squared", "lower"),
    Metric("psnr", "reconstruction", _X, "rows", "decibels", "higher"),
    Metric("ssim", "reconstruction", _X, "rows", "", "higher"),
    Metric("feature_error", "reconstruction", _X, "features", "data units squared", "lower"),
    Metric("attribution", "reconstruction", _X, "entries", "data units squared", "lower"),
    Metric("neighbourhood", "neighbours", _XZ, "several", "", ""),
    Metric("density_kl", "neighbours", _XZ, "number", "nats", "lower"),
    Metric("mrre", "neighbours", _XZ, "number", "", "lower"),
    Metric("continuity", "neighbours", _XZ, "number", "", "higher"),
    Metric("trustworthiness", "neighbours", _XZ, "number", "", "higher"),
    Metric("distance_rmse", "neighbours", _XZ, "number", "data units", "lower"),
    Metric("distance_spearman", "structure", _XZ, "number", "", "higher"),
    Metric("knn_accuracy", "structure", ("z", "y"), "number", "share of rows", "higher"),
    Metric("agreement", "classifier_agreement", ("classifier", "x", "x_hat"), "several", "", ""),
    Metric(
        "label_agreement",
        "classifier_agreement",
        ("classifier", "x", "x_hat"),
        "number",
        "share of rows",
        "higher",
    ),
    Metric(
        "label_accuracy",
        "classifier_agreement",
        ("classifier", "x", "y"),
        "number",
        "share of rows",
        "higher",
    ),
    Metric("certainty", "classifier_agreement", ("classifier", "x"), "several", "", ""),
    Metric("mmd", "generation", _XS, "several", "", "lower"),
    Metric("c2st", "generation", _XS, "several", "share of rows", "lower"),
    Metric("precision_recall", "generation", _XS, "several", "share of rows", "higher"),
    Metric("density_coverage", "generation", _XS, "several", "", "higher"),
    Metric("wasserstein", "generation", _XS, "several", "feature units", "lower"),
    Metric("active_units", "latent", _Z, "features", "", ""),
    Metric("kl_per_dimension", "latent", ("z", "log_variance"), "features", "nats", ""),
    Metric("effective_rank", "latent", _Z, "number", "dimensions", ""),
    Metric("participation_ratio", "latent", _Z, "number", "dimensions", ""),
    Metric("dead_units", "latent", _Z, "features", "", ""),
    Metric("code_histogram", "latent", _Z, "several", "", ""),
    Metric("cluster_agreement", "latent", ("z", "y"), "several", "", "higher"),
    Metric("uniformity", "sphere", _Z, "number", "", "lower"),
    Metric("rayleigh_test", "sphere", _Z, "several", "", ""),
    Metric("roc_auc", "anomaly", ("y", "score"), "number", "", "higher"),
    Metric("average_precision", "anomaly", ("y", "score"), "number", "", "higher"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ROWS}
"""The metrics by name."""

_OTHER = {
    "classifier_agreement": ("Certainty", "train_classifier"),
    "features": ("Score",),
    "latent": ("CodeHistogram",),
    "sphere": ("Rayleigh",),
}
# No file has the name of a metric: loading it would put the module in the function's place.
_FILES = {
    file: (*_OTHER.get(file, ()), *(metric.name for metric in _ROWS if metric.module == file))
    for file in {metric.module for metric in _ROWS} | set(_OTHER)
}
_load, _lazy_names = lazy(__name__, _FILES)

__all__ = ["METRICS", "Metric", "get", *_lazy_names()]


def get(name: str) -> Metric:
    """A metric by its name.

    Parameters
    ----------
    name : str
        Its name in ``METRICS``.

    Returns
    -------
    Metric

    Raises
    ------
    UnknownNameError
        With the nearest match and the whole list.

    Examples
    --------
    >>> get("mse").function([[0.0]], [[2.0]])
    4.0
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]


_ANOMALY = dict.fromkeys(
    (
        "MahalanobisBaseline",
        "NormBaseline",
        "OutlierDetector",
        "PCAResidual",
        "PyODView",
        "mahalanobis_score",
        "norm_score",
        "pca_residual_score",
    ),
    "diabolo.anomaly",
)
__getattr__ = moved(__name__, _ANOMALY | {"train_judge": "diabolo.metrics:train_classifier"}, _load)
left(__name__, {"baselines": _ANOMALY})


def __dir__() -> list[str]:
    return sorted(__all__)
