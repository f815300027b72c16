"""Diabolo: build, train, evaluate, explore and apply autoencoders of every kind.

An autoencoder is a pass: corrupt the input, encode it, place the code in a latent space, decode it.
Names are loaded when they are first used, so that ``import diabolo`` and ``diabolo --help`` are quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .moved import left as _left

_ROOMS = {
    "errors": ("DataError", "DiaboloError", "DivergedError", "FileError", "SettingError"),
    "networks": ("MLP", "Convolutional", "Custom", "Mirror", "Residual"),
    "training": ("SGD", "Adam", "AdamW", "EarlyStopping", "Training"),
    "estimator": ("Autoencoder",),
    "data.streams": ("Stream",),
    "estimator.loading": ("load",),
}
#: Rooms whose names are the package's too: a part that enters its family's table is one by that.
_FAMILIES = ("bounds", "corruption", "latent", "likelihoods", "penalties")
_MODULES = (
    "anomaly",
    "datasets",
    "density",
    "explorer",
    "functional",
    "metrics",
    "plots",
    "recipes",
    "report",
)
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

if TYPE_CHECKING:
    # What type checkers see: they cannot follow the tables, and take only "X as X" and "*" as meant for users.
    from . import anomaly as anomaly
    from . import datasets as datasets
    from . import density as density
    from . import explorer as explorer
    from . import functional as functional
    from . import metrics as metrics
    from . import plots as plots
    from . import recipes as recipes
    from . import report as report
    from .bounds import *  # noqa: F403
    from .corruption import *  # noqa: F403
    from .data.streams import Stream as Stream
    from .errors import DataError as DataError
    from .errors import DiaboloError as DiaboloError
    from .errors import DivergedError as DivergedError
    from .errors import FileError as FileError
    from .errors import SettingError as SettingError
    from .estimator.autoencoder import Autoencoder as Autoencoder
    from .estimator.loading import load as load
    from .latent import *  # noqa: F403
    from .likelihoods import *  # noqa: F403
    from .networks import MLP as MLP
    from .networks import Convolutional as Convolutional
    from .networks import Custom as Custom
    from .networks import Mirror as Mirror
    from .networks import Residual as Residual
    from .penalties import *  # noqa: F403
    from .training import SGD as SGD
    from .training import Adam as Adam
    from .training import AdamW as AdamW
    from .training import EarlyStopping as EarlyStopping
    from .training import Training as Training

    __version__: str
else:

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            value = importlib.import_module(f".{name}", __name__)
        elif name == "__version__":
            value = _version()
        elif name == "__all__":
            value = ["__version__", *sorted({*_HOME, *_homes_of_parts()}), *_MODULES]
        else:
            home = _HOME.get(name) or (not name.startswith("_") and _homes_of_parts().get(name))
            if not home:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
            value = getattr(importlib.import_module(f".{home}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__getattr__("__all__"))


_left(
    __name__,
    {
        "aligned": {"aligned": "diabolo.text.tables"},
        # The cards of models that are on the hub name it.
        "hub": dict.fromkeys(("model_card", "pull", "push"), "diabolo.export.hub"),
        "plain": {
            "halves": "diabolo.export.torch_modules:to_torch_modules",
            "plain": "diabolo.export.torch_modules:to_torch_layers",
        },
        "reconstruction": {
            "Reconstruction": "diabolo.likelihoods:Likelihood",
            "RECONSTRUCTIONS": "diabolo.likelihoods:LIKELIHOODS",
            **dict.fromkeys(
                ("SquaredError", "AbsoluteError", "Bernoulli", "GaussianLikelihood", "Poisson"),
                "diabolo.likelihoods",
            ),
        },
    },
)


def _homes_of_parts() -> dict[str, str]:
    rooms = {room: importlib.import_module(f".{room}", __name__) for room in _FAMILIES}
    return {name: room for room, module in rooms.items() for name in module.__all__}


def _version() -> str:
    # Reading the metadata of what is installed takes longer than the rest of this import.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("diabolo")
    except PackageNotFoundError:  # a source tree on the path, not installed
        return "0.0.0"
