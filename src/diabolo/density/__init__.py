"""Distributions on codes: fit one to codes, draw new codes from it, score codes under it.

Every density is a scikit-learn estimator of arrays: ``fit(codes)``, ``sample(n, random_state)`` and
``log_prob(codes)`` in nats. ``DENSITIES`` maps a name to its class; a class is imported when it is
first looked up, so that listing the names costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..moved import lazy
from .table import DENSITIES as DENSITIES
from .table import FILES
from .table import require_geometry as require_geometry
from .table import resolve as resolve

if TYPE_CHECKING:
    from .base import Density as Density
    from .classes import per_class as per_class
    from .gaussian import Gaussian as Gaussian
    from .gaussian import StandardNormal as StandardNormal
    from .mixture import GaussianMixture as GaussianMixture
    from .samples import Empirical as Empirical
    from .samples import KernelDensity as KernelDensity
    from .samples import SphereKernelDensity as SphereKernelDensity
    from .sphere import UniformSphere as UniformSphere
    from .sphere import VonMisesFisherMixture as VonMisesFisherMixture
else:
    __getattr__, __dir__ = lazy(__name__, {**FILES, "base": ["Density"], "classes": ["per_class"]})
    __all__ = ["DENSITIES", "require_geometry", "resolve", *__dir__()]
