"""How well a score ranks anomalies above normal rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..moved import moved
from . import checks
from .checks import Float

__getattr__ = moved(
    __name__, dict.fromkeys(("OutlierDetector", "PyODView", "PCAResidual"), "diabolo.anomaly")
)


def roc_auc(y: npt.ArrayLike, anomaly_score: npt.ArrayLike) -> float:
    r"""Area under the ROC curve: the chance that an anomaly scores above a normal row.

    .. math:: P(s_{\text{anomaly}} > s_{\text{normal}}) + \tfrac12 P(s_{\text{anomaly}} = s_{\text{normal}})

    Parameters
    ----------
    y : array of shape (rows,)
        1 or True for an anomaly, 0 or False for a normal row.
    anomaly_score : array of shape (rows,)
        Higher is stranger, as ``OutlierDetector.anomaly_score`` gives it.

    Returns
    -------
    float
        In [0, 1]; 0.5 is chance.

    Raises
    ------
    DataError
        If a class is missing, or the labels are scikit-learn's +1 and -1.

    References
    ----------
    J. A. Hanley, B. J. McNeil, The meaning and use of the area under a ROC curve, Radiology 143, 1982,
    doi:10.1148/radiology.143.1.7063747.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(*_labelled(y, anomaly_score)))


def average_precision(y: npt.ArrayLike, anomaly_score: npt.ArrayLike) -> float:
    r"""Average precision: the area under the precision-recall curve as a step function.

    .. math:: \sum_t (R_t - R_{t-1}) P_t

    over the thresholds t, from the highest score down.

    Parameters
    ----------
    y : array of shape (rows,)
        1 or True for an anomaly, 0 or False for a normal row.
    anomaly_score : array of shape (rows,)
        Higher is stranger.

    Returns
    -------
    float
        In (0, 1]; the share of anomalies is chance.

    References
    ----------
    J. Davis, M. Goadrich, The relationship between precision-recall and ROC curves, ICML 2006,
    doi:10.1145/1143844.1143874.

    Examples
    --------
    >>> average_precision([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    1.0
    """
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(*_labelled(y, anomaly_score)))


def _labelled(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Float]:
    values = checks.numeric(score, "anomaly_score").ravel()
    truth = checks.labels(y, len(values))
    found = np.unique(truth)
    if not np.isin(found, (0, 1)).all():
        shown = ", ".join(map(str, found[:5].tolist()))
        raise DataError(
            f"y must be 1 for an anomaly and 0 for a normal sample, got the labels {shown}; "
            "for scikit-learn's +1 and -1 pass y == -1."
        )
    if len(found) < 2:
        raise DataError(f"y must hold both normal samples (0) and anomalies (1), got only {found[0]}.")
    return truth.astype(np.int64), values
