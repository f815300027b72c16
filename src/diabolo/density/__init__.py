"""Distributions on codes: fit one to codes, draw new codes from it, score codes under it.

Every density is a scikit-learn estimator of arrays: ``fit(codes)``, ``sample(n, random_state)`` and
``log_prob(codes)`` in nats. ``DENSITIES`` maps a name to its class; a class is imported when it is
first looked up, so that listing the names costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .table import DENSITIES, require_geometry, resolve

if TYPE_CHECKING:
    from .base import Density
    from .classes import per_class
    from .gaussian import Gaussian, StandardNormal
    from .mixture import GaussianMixture
    from .samples import Empirical, KernelDensity, SphereKernelDensity
    from .sphere import UniformSphere, VonMisesFisherMixture

__all__ = [
    "DENSITIES",
    "Density",
    "Empirical",
    "Gaussian",
    "GaussianMixture",
    "KernelDensity",
    "SphereKernelDensity",
    "StandardNormal",
    "UniformSphere",
    "VonMisesFisherMixture",
    "per_class",
    "require_geometry",
    "resolve",
]

_HOME = {
    "Density": "base",
    "Gaussian": "gaussian",
    "StandardNormal": "gaussian",
    "GaussianMixture": "mixture",
    "Empirical": "samples",
    "KernelDensity": "samples",
    "SphereKernelDensity": "samples",
    "UniformSphere": "sphere",
    "VonMisesFisherMixture": "sphere",
    "per_class": "classes",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
