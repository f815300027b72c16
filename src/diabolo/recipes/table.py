"""The table of recipes, and what is the same for all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import UnknownNameError
from ..networks import MLP
from ..text.docstrings import complete
from ..training.settings import Training

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

__all__ = ["RECIPES", "build", "make", "recipe"]

Recipe = Callable[..., "Autoencoder"]
R = TypeVar("R", bound=Callable[..., Any])

#: The recipes by name.
RECIPES: dict[str, Recipe] = {}


def recipe(make: R) -> R:
    """Put a recipe in the table, and say in its docstring what is the same for all: code, settings, result."""
    default = inspect.signature(make).parameters["latent_dim"].default
    same = {
        "latent_dim": f"latent_dim : int, default {default}\n"
        "    Dimension of the code; ignored if ``latent`` is given.",
        "settings": "**settings\n    Parameters of the autoencoder, and paths into its parts.",
    }
    make.__doc__ = complete(make, same, "Autoencoder")
    RECIPES[make.__name__] = make
    return make


def build(settings: dict[str, Any], **parts: Any) -> Autoencoder:
    """The autoencoder of a recipe's parts, with what its user has set.

    A part that a recipe does not name is a plain network, all of whose first weights are drawn, or a training on all
    rows to the end.
    """
    from ..estimator.autoencoder import Autoencoder

    plain = {"encoder": MLP(), "training": Training()}
    return Autoencoder(**(plain | parts)).set_params(**settings)


def make(name: str, **settings: Any) -> Autoencoder:
    """A recipe by its name.

    Parameters
    ----------
    name : str
        Its name in ``RECIPES``.
    **settings : object
        Its settings, by name.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.

    Examples
    --------
    >>> from diabolo import recipes
    >>> recipes.make("vae", latent_dim=3).latent
    Gaussian(dim=3)
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name](**settings)
