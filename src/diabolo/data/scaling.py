"""How data is scaled before a model sees it, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from ..errors import DataError, SettingError
from ..likelihoods import Likelihood
from .memmap import Stored, blocks_of
from .summary import MOMENT_ROWS, DataSummary, summarize

SCALINGS = ("auto", "minmax", "standard", None)
SCALER_KINDS = ("none", "minmax", "standard")
_ROWS = MOMENT_ROWS
# The square of a larger number may overflow: in float64 for any data, in float32 for data that is left alone.
_LARGEST, _LARGEST_ALONE = 1e150, 1e18
# Targets that were scaled in float32 may leave [0, 1] by this much.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Scaler:
    """What a model sees is (x - offset) / scale, feature by feature.

    Attributes
    ----------
    kind : "none", "minmax" or "standard"
    offset, scale : array of shape (n_features,), float64
    low, high : array of shape (n_features,), or None
        Smallest and largest value of each feature in the training rows, in the user's units; None where they are not
        known.
    """

    kind: str
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]
    low: NDArray[np.floating] | None = None
    high: NDArray[np.floating] | None = None

    def forward(self, X: NDArray[np.floating], dtype: np.dtype) -> NDArray[np.floating]:
        """Scaled rows, computed in float64 by blocks, as an array of a dtype; X itself if nothing changes."""
        if self.kind == "none" and X.dtype == dtype:
            return X
        scaled = np.empty(X.shape, dtype)
        for rows in gen_batches(len(X), _ROWS):
            block = X[rows].astype(np.float64)
            if self.kind != "none":
                block = (block - self.offset) / self.scale
            with np.errstate(over="ignore"):
                scaled[rows] = block
            if np.isinf(scaled[rows]).any():
                raise DataError(
                    f"values up to {np.abs(X[rows]).max():g} are too large for {dtype} numbers; scale the data."
                )
        return scaled

    def backward(self, X: NDArray[np.floating], dtype: np.dtype) -> NDArray[np.floating]:
        """Rows in the user's units."""
        if self.kind == "none":
            return X.astype(dtype, copy=False)
        return (X * self.scale + self.offset).astype(dtype)


def learn_scaling(
    X: NDArray[np.floating] | Stored | None,
    scaling: str | None,
    loss: Likelihood,
    found: DataSummary | None = None,
    blocks: Iterable[slice] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> Scaler:
    """The scaling of data for a reconstruction loss.

    "auto": data inside [0, 1], and counts for the Poisson loss, are left alone; other data is min-max
    scaled for a loss that wants [0, 1] and standardised for any other. A constant feature is shifted only.

    Parameters
    ----------
    X : array of shape (n, n_features) or None
        None: ``found`` says all that is needed.
    scaling : "auto", "minmax", "standard" or None
    loss : Likelihood
    found : DataSummary or None
        What is known of all rows; None: they are looked through.
    blocks : iterable of slice, or None
        Columns of a table: the features that each has become. "auto" then standardises for any loss that does not want
        [0, 1] or counts. Features that are standardised share one scale within a block, the square root of their summed
        variances, so that the squared errors of a category weigh as much as those of one standardised number.
    weight : array of shape (n,), or None
        How much each row counts in means and variances.

    Raises
    ------
    SettingError
        If the scaling is unknown.
    DataError
        If the loss cannot take the data as it is scaled.
    """
    if scaling not in SCALINGS:
        raise SettingError(f"scaling must be one of {SCALINGS}, got {scaling!r}.")
    if found is None:
        if X is None:
            raise ValueError("learn_scaling needs X, or a summary of it.")
        found = summarize(blocks_of(X))
    n_features = len(found.low)
    known = found.low, found.high
    none = Scaler("none", np.zeros(n_features), np.ones(n_features), *known)
    low, high = float(found.low.min()), float(found.high.max())
    largest = max(-low, high)
    if largest > _LARGEST:
        raise DataError(
            f"values up to {largest:g} are too large to compute with; divide the data by a constant."
        )
    kind = scaling or "none"
    if scaling == "auto":
        inside = low >= 0 and high <= 1 and (blocks is None or loss.support != "real")
        left_alone = inside or loss.support == "counts"
        kind = "none" if left_alone else {"unit": "minmax"}.get(loss.support, "standard")
    if kind == "none":
        if largest > _LARGEST_ALONE:
            raise DataError(
                f"values up to {largest:g} are too large to train on unscaled; use scaling='standard' or 'minmax'."
            )
        _require_support(low, high, loss, scaling)
        return none
    if loss.support == "counts" or (loss.support == "unit" and kind == "standard"):
        raise SettingError(
            f"the {type(loss).__name__} loss cannot take data scaled by scaling={kind!r}, which is not in its "
            "range; use scaling='auto'."
        )
    if kind == "minmax":
        least = found.low.astype(np.float64)
        span = found.high.astype(np.float64) - least
        return Scaler(kind, least, np.where(span > 0, span, 1.0), *known)
    if found.mean is not None and found.deviation is not None:
        return Scaler(kind, found.mean, found.deviation, *known)
    if X is None:
        raise ValueError("learn_scaling needs X, or a summary with mean and deviation.")
    scaler = StandardScaler()
    for rows in gen_batches(len(X), _ROWS):
        scaler.partial_fit(
            np.asarray(X[rows], np.float64), sample_weight=None if weight is None else weight[rows]
        )
    scale = scaler.scale_.copy()
    for block in blocks or ():
        together = float(scaler.var_[block].sum())
        if block.stop - block.start > 1 and together > 0:
            scale[block] = np.sqrt(together)
    return Scaler(kind, scaler.mean_, scale, *known)


def needs_moments(scaling: str | None, loss: Likelihood) -> bool:
    """Whether means and deviations may be wanted, for rows that are read once."""
    return scaling == "standard" or (scaling == "auto" and loss.support == "real")


def require_range(X: NDArray[np.floating] | DataSummary, scaler: Scaler, loss: Likelihood, name: str) -> None:
    """Raise a DataError if a loss cannot take rows, under a scaling that was learnt from others, as targets."""
    if loss.support == "real" or (name == "X" and scaler.kind != "none"):
        return
    found = X if isinstance(X, DataSummary) else summarize(blocks_of(X), name)
    low = float(((found.low - scaler.offset) / scaler.scale).min())
    high = float(((found.high - scaler.offset) / scaler.scale).max())
    if low < -_ROUNDING or (loss.support == "unit" and high > 1 + _ROUNDING):
        wanted = "[0, 1]" if loss.support == "unit" else "numbers >= 0"
        raise DataError(
            f"the {type(loss).__name__} loss needs targets in {wanted}, got {name} with values from {low:g} to "
            f"{high:g} under the scaling learnt in fit ({scaler.kind}); scale the data yourself with "
            "scaling=None, or take another loss."
        )


def _require_support(low: float, high: float, loss: Likelihood, scaling: str | None) -> None:
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
