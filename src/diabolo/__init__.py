"""Diabolo: build, train, evaluate, explore and apply autoencoders of every kind.

An autoencoder is a pass: corrupt the input, encode it, place the code in a latent space, decode it.
Names are loaded when they are first used, so that ``import diabolo`` and ``diabolo --help`` are quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_ROOMS = {
    "errors": ("DataError", "DiaboloError", "DivergedError", "FileError", "SettingError"),
    "latent": ("Euclidean", "Gaussian", "Sphere"),
    "reconstruction": ("AbsoluteError", "Bernoulli", "GaussianLikelihood", "Poisson", "SquaredError"),
    "penalties": ("KL", "L1", "L2", "MMD", "Contractive", "KLSparsity", "Topological", "WeightDecay"),
    "corruption": ("GaussianNoise", "Masking", "Occlusion", "PixelShuffle", "Rotation", "SaltAndPepper"),
    "networks": ("MLP", "Convolutional", "Custom", "Mirror", "Residual"),
    "training": ("SGD", "Adam", "AdamW", "EarlyStopping", "Training"),
    "estimator": ("Autoencoder",),
    "data.streams": ("Stream",),
    "estimator.loading": ("load",),
}
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
    # What type checkers see: they cannot follow the table above, and take only "X as X" as meant for users.
    from . import anomaly as anomaly
    from . import datasets as datasets
    from . import density as density
    from . import explorer as explorer
    from . import functional as functional
    from . import metrics as metrics
    from . import plots as plots
    from . import recipes as recipes
    from . import report as report
    from .corruption import GaussianNoise as GaussianNoise
    from .corruption import Masking as Masking
    from .corruption import Occlusion as Occlusion
    from .corruption import PixelShuffle as PixelShuffle
    from .corruption import Rotation as Rotation
    from .corruption import SaltAndPepper as SaltAndPepper
    from .data.streams import Stream as Stream
    from .errors import DataError as DataError
    from .errors import DiaboloError as DiaboloError
    from .errors import DivergedError as DivergedError
    from .errors import FileError as FileError
    from .errors import SettingError as SettingError
    from .estimator.autoencoder import Autoencoder as Autoencoder
    from .estimator.loading import load as load
    from .latent import Euclidean as Euclidean
    from .latent import Gaussian as Gaussian
    from .latent import Sphere as Sphere
    from .networks import MLP as MLP
    from .networks import Convolutional as Convolutional
    from .networks import Custom as Custom
    from .networks import Mirror as Mirror
    from .networks import Residual as Residual
    from .penalties import KL as KL
    from .penalties import L1 as L1
    from .penalties import L2 as L2
    from .penalties import MMD as MMD
    from .penalties import Contractive as Contractive
    from .penalties import KLSparsity as KLSparsity
    from .penalties import Topological as Topological
    from .penalties import WeightDecay as WeightDecay
    from .reconstruction import AbsoluteError as AbsoluteError
    from .reconstruction import Bernoulli as Bernoulli
    from .reconstruction import GaussianLikelihood as GaussianLikelihood
    from .reconstruction import Poisson as Poisson
    from .reconstruction import SquaredError as SquaredError
    from .training import SGD as SGD
    from .training import Adam as Adam
    from .training import AdamW as AdamW
    from .training import EarlyStopping as EarlyStopping
    from .training import Training as Training

    __version__: str
else:
    __all__ = ["__version__", *sorted(_HOME), *_MODULES]

    def __getattr__(name: str) -> Any:
        if name in _HOME:
            value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        elif name in _MODULES:
            value = importlib.import_module(f".{name}", __name__)
        elif name == "__version__":
            value = _version()
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)


def _version() -> str:
    # Reading the metadata of what is installed takes longer than the rest of this import.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("diabolo")
    except PackageNotFoundError:  # a source tree on the path, not installed
        return "0.0.0"
