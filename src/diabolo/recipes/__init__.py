"""The bestiary: one short function for each published model. Each returns an ``Autoencoder`` and nothing else.

Every recipe takes, beside its own arguments, any parameter of :class:`~diabolo.Autoencoder` and any path into
its parts: ``recipes.vae(8, training__epochs=50, random_state=0)``. A parameter given replaces the recipe's.
"""

from .networks import *  # noqa: F403
from .regularised import *  # noqa: F403
from .spaces import *  # noqa: F403
from .table import RECIPES, make

__all__ = ["RECIPES", "make", *RECIPES]
