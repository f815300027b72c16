"""The baselines of anomaly scores, which are in :mod:`diabolo.anomaly` now."""

from __future__ import annotations

from ..moved import moved

__getattr__ = moved(
    __name__,
    dict.fromkeys(
        (
            "MahalanobisBaseline",
            "NormBaseline",
            "PCAResidual",
            "mahalanobis_score",
            "norm_score",
            "pca_residual_score",
        ),
        "diabolo.anomaly",
    ),
)
