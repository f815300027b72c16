"""A plain report: the reconstruction error beside that of PCA and of the mean."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class PlainReport:
    """Mean squared errors per feature, in the user's units, of the model and of what it has to beat."""

    errors: dict[str, float]

    @classmethod
    def of(cls, autoencoder: Any, X: Any) -> PlainReport:
        """Judge an autoencoder on rows."""
        from sklearn.decomposition import PCA

        rows = np.asarray(X)
        k = min(autoencoder.module_.parts.latent.dim, *rows.shape)
        pca = PCA(k).fit(rows)
        made = {
            "autoencoder": autoencoder.reconstruct(X),
            f"PCA with {k} components": pca.inverse_transform(pca.transform(rows)),
            "the mean": np.broadcast_to(rows.mean(axis=0), rows.shape),
        }
        return cls({name: float(((rows - np.asarray(m)) ** 2).mean()) for name, m in made.items()})

    def __str__(self) -> str:
        width = max(map(len, self.errors))
        lines = [f"  {name:<{width}}  {error:.6g}" for name, error in self.errors.items()]
        return "\n".join(["mean squared error per feature", *lines])

    def to_dict(self) -> dict[str, Any]:
        """The errors as plain values."""
        return {"mse": self.errors}

    def to_html(self) -> str:
        """The text as a page."""
        return (
            f"<!doctype html><meta charset=utf-8><title>Report</title><pre>{html.escape(str(self))}</pre>\n"
        )
