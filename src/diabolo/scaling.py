"""How data is scaled before a model sees it, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import gen_batches

from .errors import DataError, SettingError
from .reconstruction import Reconstruction

SCALINGS = ("auto", "minmax", "standard", None)
_ROWS = 8192


@dataclass(frozen=True)
class Scaler:
    """What a model sees is (x - offset) / scale, feature by feature.

    Attributes
    ----------
    kind : "none", "minmax" or "standard"
    offset, scale : array of shape (n_features,), float64
    """

    kind: str
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]

    def forward(self, X: NDArray[np.floating], dtype: np.dtype) -> NDArray[np.floating]:
        """Scaled rows, computed in float64 by blocks, as an array of a dtype; X itself if nothing changes."""
        if self.kind == "none" and X.dtype == dtype:
            return X
        scaled = np.empty(X.shape, dtype)
        for rows in gen_batches(len(X), _ROWS):
            block = X[rows].astype(np.float64)
            if self.kind != "none":
                block = (block - self.offset) / self.scale
            scaled[rows] = block
        return scaled

    def backward(self, X: NDArray[np.floating], dtype: np.dtype) -> NDArray[np.floating]:
        """Rows in the user's units."""
        if self.kind == "none":
            return X.astype(dtype, copy=False)
        return (X * self.scale + self.offset).astype(dtype)


def learn_scaling(X: NDArray[np.floating], scaling: str | None, loss: Reconstruction) -> Scaler:
    """The scaling of data for a reconstruction loss.

    "auto": data inside [0, 1], and counts for the Poisson loss, are left alone; other data is min-max
    scaled for a loss that wants [0, 1] and standardised for any other. A constant feature is shifted only.

    Parameters
    ----------
    X : array of shape (n, n_features)
    scaling : "auto", "minmax", "standard" or None
    loss : Reconstruction

    Raises
    ------
    SettingError
        If the scaling is unknown.
    DataError
        If the loss cannot take the data as it is scaled.
    """
    if scaling not in SCALINGS:
        raise SettingError(f"scaling must be one of {SCALINGS}, got {scaling!r}.")
    n_features = X.shape[1]
    none = Scaler("none", np.zeros(n_features), np.ones(n_features))
    low, high = float(X.min()), float(X.max())
    kind = scaling or "none"
    if scaling == "auto":
        inside = low >= 0 and high <= 1
        left_alone = inside or loss.support == "counts"
        kind = "none" if left_alone else {"unit": "minmax"}.get(loss.support, "standard")
    if kind == "none":
        _require_support(low, high, loss, scaling)
        return none
    if loss.support == "counts" or (loss.support == "unit" and kind == "standard"):
        raise SettingError(
            f"the {type(loss).__name__} loss cannot take data under scaling={kind!r}; use scaling='auto'."
        )
    scaler = MinMaxScaler() if kind == "minmax" else StandardScaler()
    for rows in gen_batches(len(X), _ROWS):
        scaler.partial_fit(np.asarray(X[rows], np.float64))
    if kind == "minmax":
        span = scaler.data_range_
        return Scaler(kind, scaler.data_min_, np.where(span > 0, span, 1.0))
    return Scaler(kind, scaler.mean_, scaler.scale_)


def _require_support(low: float, high: float, loss: Reconstruction, scaling: str | None) -> None:
    name = type(loss).__name__
    if loss.support == "unit" and (low < 0 or high > 1):
        raise DataError(
            f"the {name} loss needs data in [0, 1], got values from {low:g} to {high:g} with "
            f"scaling={scaling!r}; use scaling='auto' or 'minmax', or another loss."
        )
    if loss.support == "counts" and low < 0:
        raise DataError(
            f"the {name} loss needs counts (numbers >= 0), got values down to {low:g}; use another loss."
        )
