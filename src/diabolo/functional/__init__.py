"""Pure functions of tensors: the mathematics under every part.

Functions are written on trailing axes, ``*models batch event``: a leading axis, where there is one,
is models. Names are resolved when first used, so that the parts that call them import without PyTorch.
"""

from __future__ import annotations

from ..moved import lazy

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
    "means": ("weighted_mean",),
    "total_correlation": ("aggregate_log_densities",),
    "von_mises_fisher": ("vmf_angle", "vmf_log_normaliser", "vmf_mean_cosine"),
    "warps": ("rotate_images", "rectangle_mask", "pixel_permutation"),
}

__getattr__, __dir__ = lazy(__name__, _HOME)
__all__ = __dir__()
