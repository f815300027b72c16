"""A plain report: the reconstruction error beside that of PCA and of the mean."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class PlainReport:
    """Squared errors, in the user's units, of the model and of what it has to beat."""

    errors: dict[str, dict[str, float]]
    pca_components: int

    @classmethod
    def of(cls, autoencoder: Any, X: Any) -> PlainReport:
        """Judge an autoencoder on rows."""
        from sklearn.decomposition import PCA

        rows = np.asarray(X)
        k = min(autoencoder.module_.parts.latent.dim, *rows.shape)
        pca = PCA(k).fit(rows)
        made = {
            "model": autoencoder.reconstruct(X),
            "pca": pca.inverse_transform(pca.transform(rows)),
            "mean": np.broadcast_to(rows.mean(axis=0), rows.shape),
        }
        squares = {name: (rows - np.asarray(m)) ** 2 for name, m in made.items()}
        errors = {
            name: {"squared_error": float(s.sum(axis=1).mean()), "mse": float(s.mean())}
            for name, s in squares.items()
        }
        return cls(errors, k)

    def __str__(self) -> str:
        return "\n".join(f"{name:<6}  MSE {error['mse']:.6g}" for name, error in self.errors.items())

    def to_dict(self) -> dict[str, Any]:
        """The errors as plain values."""
        return {"figures": {"errors": self.errors, "pca_components": self.pca_components}, "findings": []}

    def to_html(self) -> str:
        """The text as a page."""
        return (
            f"<!doctype html><meta charset=utf-8><title>Report</title><pre>{html.escape(str(self))}</pre>\n"
        )
