"""What the page is told about a model and its data before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..estimator.autoencoder import Autoencoder
from .corrupting import amounts
from .model import ExplorerModel


def describe(subject: ExplorerModel) -> dict[str, Any]:
    """The model, the data and what can be done with them, as values that JSON holds."""
    data = subject.data
    X = data.X
    low, high = X.min(axis=0), X.max(axis=0)
    whole = data.y is not None and data.y.dtype.kind == "i"
    picture = data.image_shape is not None
    return {
        "model": subject.name,
        "settings": str(subject.model)[:2000],
        "dataset": data.name,
        "n": len(X),
        "n_features": subject.n_features,
        "dim": subject.dim,
        "image_shape": list(data.image_shape) if data.image_shape is not None else None,
        "feature_names": [str(name) for name in data.feature_names or ()]
        or [f"x{i}" for i in range(subject.n_features)],
        "low": [float(v) for v in (low.min()[None] if picture else low)],
        "high": [float(v) for v in (high.max()[None] if picture else high)],
        "mean": [float(v) for v in X.mean(axis=0)],
        "labels": {"kind": "class" if whole else "number"} if data.y is not None else None,
        "label_names": _label_names(subject) if whole else None,
        "id_name": data.id_name or "row",
        "named_rows": data.ids is not None,
        "can_decode": subject.can_decode,
        "can_encode": True,
        "sphere": subject.on_sphere,
        "variance": [float(v) for v in subject.finite_codes.var(axis=0)],
        "kl": None if subject.kl_per_dimension is None else [float(v) for v in subject.kl_per_dimension],
        "epochs": len(subject.snapshots),
        "snapshot_rows": len(subject.snapshots[0]) if subject.snapshots else 0,
        "history": _history(subject),
        "live": subject.in_training,
        "corruptions": list(amounts(picture)),
    }


def _label_names(subject: ExplorerModel) -> dict[str, str]:
    """The text of every class that occurs."""
    assert subject.data.y is not None
    names = subject.data.label_names
    return {
        str(value): names[value] if names is not None and 0 <= value < len(names) else str(value)
        for value in np.unique(subject.data.y).tolist()
    }


def _history(subject: ExplorerModel) -> dict[str, list[float | None]]:
    """Loss and terms by epoch."""
    if not isinstance(subject.model, Autoencoder):
        return {}
    epochs = [losses(epoch) for epoch in subject.model.history_.epochs]
    return {name: [epoch.get(name) for epoch in epochs] for name in (epochs[0] if epochs else {})}


def losses(row: Mapping[str, float]) -> dict[str, float | None]:
    """The losses of an epoch by name, without weights and rates; None for what is not finite."""
    kept = {n: v for n, v in row.items() if n not in ("epoch", "seconds", "lr") and "weight" not in n}
    return {name: float(value) if np.isfinite(value) else None for name, value in kept.items()}
