"""Pure functions of tensors: the mathematics under every part.

Functions are written on trailing axes, ``*models batch event``: a leading axis, where there is one,
is models. Names are resolved when first used, so that the parts that call them import without PyTorch.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "sphere": (
        "normalize",
        "to_spherical",
        "from_spherical",
        "geodesic_distance",
        "slerp",
        "sphere_log_area",
    ),
    "clamping": ("clamp_inwards",),
    "divergences": ("gaussian_kl", "gaussian_kl_per_dimension"),
    "kernels": ("bandwidths", "squared_distances", "gaussian_kernel", "imq_kernel", "squared_mmd"),
    "sparsity": ("log_rates", "sparsity_kl"),
    "jacobians": ("squared_jacobian_norm",),
    "persistence": ("distance_matrix", "persistence_pairs", "edge_lengths", "topological_loss"),
    "warps": ("rotate_images", "rectangle_mask", "pixel_permutation"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
