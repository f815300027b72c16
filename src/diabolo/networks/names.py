"""Names of activations and initialisations; the functions behind them are in ``layers``."""

from __future__ import annotations

ACTIVATIONS = (
    "relu",
    "prelu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "sigmoid",
    "tanh",
    "none",
)
#: What runs beside a network: nothing (None), or an affine map that starts as PCA.
SKIPS = ("pca",)
INITIALISERS = ("torch", "kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal")
