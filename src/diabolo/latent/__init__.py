"""Where codes live: the latent spaces.

A latent space makes a :mod:`posterior <diabolo.latent.posteriors>` of an encoder's output h, from which the code z
is drawn; where a space has a :mod:`prior <diabolo.latent.priors>`, new codes are drawn from that. What is asked about
the set that codes lie in, its :mod:`~diabolo.latent.geometry` answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..parts import Family
from .base import LatentSpace as LatentSpace
from .euclidean import Euclidean as Euclidean
from .gaussian import Gaussian as Gaussian
from .posteriors import Normal as Normal
from .posteriors import Point as Point
from .posteriors import Posterior as Posterior
from .priors import PRIORS as PRIORS
from .priors import MixturePrior as MixturePrior
from .priors import Prior as Prior
from .priors import StandardNormal as StandardNormal
from .priors import UniformSphere as UniformSphere
from .priors import VampPrior as VampPrior
from .sphere import Sphere as Sphere
from .top_k import TopK as TopK
from .von_mises_fisher import VonMisesFisher as VonMisesFisher


def _from_number(value: Any) -> LatentSpace | None:
    number = not isinstance(value, bool) and (isinstance(value, int) or type(value).__module__ == "numpy")
    return Euclidean(value) if number else None


LATENT_SPACES: Family[LatentSpace] = Family(
    "latent space",
    LatentSpace,
    {
        "euclidean": Euclidean,
        "sphere": Sphere,
        "gaussian": Gaussian,
        "von_mises_fisher": VonMisesFisher,
        "top_k": TopK,
    },
    shorthand=_from_number,
)

if not TYPE_CHECKING:
    __all__ = [
        "LATENT_SPACES",
        "PRIORS",
        "LatentSpace",
        "Normal",
        "Point",
        "Posterior",
        "Prior",
        *LATENT_SPACES.class_names,
        *PRIORS.class_names,
    ]
