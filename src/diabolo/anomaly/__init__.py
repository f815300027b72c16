"""Which rows are strange: a detector over any model, and what it must beat.

They are estimators of scikit-learn's kind. How well their scores rank is measured by
:func:`diabolo.metrics.roc_auc` and :func:`diabolo.metrics.average_precision`.

Examples
--------
>>> from diabolo import anomaly
>>> anomaly.norm_score([[3.0, 4.0]])
array([25.])
"""

from .baselines import (
    MahalanobisBaseline,
    NormBaseline,
    PCAResidual,
    mahalanobis_score,
    norm_score,
    pca_residual_score,
)
from .detector import OutlierDetector, PyODView
from .ensemble import AnomalyEnsemble
from .signal import score_points, windows

__all__ = [
    "AnomalyEnsemble",
    "MahalanobisBaseline",
    "NormBaseline",
    "OutlierDetector",
    "PCAResidual",
    "PyODView",
    "mahalanobis_score",
    "norm_score",
    "pca_residual_score",
    "score_points",
    "windows",
]
