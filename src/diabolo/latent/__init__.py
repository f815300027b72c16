"""Where codes live: the latent spaces.

An encoder's output h is placed in a latent space, which gives the code z. What a space can do is a type:
:class:`Stochastic` spaces draw z and have a KL divergence; new codes are drawn from those that are
:class:`HasPrior`.
"""

from __future__ import annotations

from typing import Any

from ..parts import Family
from .base import HasPrior, LatentSpace, Stochastic
from .euclidean import Euclidean
from .gaussian import Gaussian
from .sphere import Sphere

__all__ = ["LATENT_SPACES", "Euclidean", "Gaussian", "HasPrior", "LatentSpace", "Sphere", "Stochastic"]


def _from_number(value: Any) -> LatentSpace | None:
    number = not isinstance(value, bool) and (isinstance(value, int) or type(value).__module__ == "numpy")
    return Euclidean(value) if number else None


LATENT_SPACES: Family[LatentSpace] = Family(
    "latent space",
    LatentSpace,
    {"euclidean": Euclidean, "sphere": Sphere, "gaussian": Gaussian},
    shorthand=_from_number,
)
