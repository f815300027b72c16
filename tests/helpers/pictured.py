"""Codes and images that plots are tried on, and what stands in an axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.decomposition import NMF, PCA

X, LABELS = load_digits(n_class=10, return_X_y=True)
X, LABELS = X[:300] / 16, LABELS[:300]
PCA2 = PCA(2, random_state=0).fit(X)
NMF2 = NMF(2, init="nndsvda", max_iter=500).fit(X)
MOONS = make_moons(60, noise=0.05, random_state=0)[0]


def texts(legend: Any) -> list[str]:
    return [t.get_text() for t in legend.get_texts()]


def offsets(ax: Any) -> np.ndarray:
    return np.concatenate([c.get_offsets() for c in ax.collections])


def named(ax: Any) -> bool:
    """Whether an axes says what it shows."""
    return bool(ax.get_title() and ax.get_xlabel() and ax.get_ylabel())
