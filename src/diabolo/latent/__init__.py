"""Where codes live: the latent spaces.

An encoder's output h is placed in a latent space, which gives the code z. What a space can do is a type:
:class:`Stochastic` spaces draw z and have a KL divergence; new codes are drawn from those that are
:class:`HasPrior`. What is asked about the set that codes lie in, its :mod:`~diabolo.latent.geometry` answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..parts import Family
from .base import HasPrior as HasPrior
from .base import LatentSpace as LatentSpace
from .base import Stochastic as Stochastic
from .euclidean import Euclidean as Euclidean
from .gaussian import Gaussian as Gaussian
from .sphere import Sphere as Sphere


def _from_number(value: Any) -> LatentSpace | None:
    number = not isinstance(value, bool) and (isinstance(value, int) or type(value).__module__ == "numpy")
    return Euclidean(value) if number else None


LATENT_SPACES: Family[LatentSpace] = Family(
    "latent space",
    LatentSpace,
    {"euclidean": Euclidean, "sphere": Sphere, "gaussian": Gaussian},
    shorthand=_from_number,
)

if not TYPE_CHECKING:
    __all__ = ["LATENT_SPACES", "HasPrior", "LatentSpace", "Stochastic", *LATENT_SPACES.class_names]
