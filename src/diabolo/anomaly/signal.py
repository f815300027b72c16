"""Where a signal is strange: its windows are scored, and what overlapping windows say of a point is averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..metrics import checks
from ..metrics.checks import Float


def windows(signal: npt.ArrayLike, width: int, step: int = 1) -> Float:
    """All windows of a signal as rows, for the ``fit`` of a detector.

    Parameters
    ----------
    signal : array of shape (points,)
        Values at equal distances in time.
    width : int
        Points in a window; a little more than a period sees that a beat is missing.
    step : int, default 1
        Points from the beginning of a window to that of the next.

    Returns
    -------
    ndarray of shape (windows, width)

    Raises
    ------
    DataError
        If the signal is no row of finite numbers, or shorter than a window.

    Examples
    --------
    >>> windows([1.0, 2.0, 3.0, 4.0], 3)
    array([[1., 2., 3.],
           [2., 3., 4.]])
    """
    width, step = checks.count(width, "width", low=1), checks.count(step, "step", low=1)
    values = np.asarray(signal, dtype=np.float64)
    if values.ndim != 1 or len(values) < width or not np.isfinite(values).all():
        raise DataError(
            f"signal must be one row of {width} (the width) or more finite numbers, got shape {values.shape}."
        )
    return np.array(np.lib.stride_tricks.sliding_window_view(values, width)[::step])


def score_points(detector: Any, signal: npt.ArrayLike) -> Float:
    """Anomaly score of each point of a signal: its mean part in the scores of the windows that hold it.

    Parameters
    ----------
    detector : OutlierDetector or AnomalyEnsemble
        Fitted to windows of a normal signal, see :func:`windows`.
    signal : array of shape (points,)
        At least as long as a window.

    Returns
    -------
    ndarray of shape (points,)
        Higher is stranger.

    Raises
    ------
    DataError
        If the signal is no row of finite numbers, or shorter than a window.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from diabolo.anomaly import OutlierDetector
    >>> wave = np.sin(np.arange(200) / 3)
    >>> detector = OutlierDetector(PCA(2)).fit(windows(wave + 0.01 * np.cos(np.arange(200)), 20))
    >>> spoilt = wave[:100].copy()
    >>> spoilt[40] += 1
    >>> int(score_points(detector, spoilt).argmax())
    40
    """
    rows = windows(signal, detector.n_features_in_)
    parts = detector.attribution(rows)
    n, width = parts.shape
    total, count = (np.zeros(n + width - 1) for _ in range(2))
    for j in range(width):
        total[j : j + n] += parts[:, j]
        count[j : j + n] += 1
    return np.asarray(total / count)
