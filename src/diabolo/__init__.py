"""Diabolo: build, train, judge, explore and apply autoencoders of every kind.

An autoencoder is a pass: corrupt the input, encode it, place the code in a latent space, decode it.
Names are loaded when they are first used, so that ``import diabolo`` and ``diabolo --help`` are quick.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

try:
    __version__ = version("diabolo")
except PackageNotFoundError:  # a source tree on the path, not installed
    __version__ = "0.0.0"

_ROOMS = {
    "errors": ("DataError", "DiaboloError", "DivergedError", "FileError", "SettingError"),
    "latent": ("Euclidean", "Gaussian", "Sphere"),
    "reconstruction": ("AbsoluteError", "Bernoulli", "GaussianLikelihood", "Poisson", "SquaredError"),
    "penalties": ("KL", "L1", "L2", "MMD", "Contractive", "KLSparsity", "Topological", "WeightDecay"),
    "corruption": ("GaussianNoise", "Masking", "Occlusion", "PixelShuffle", "Rotation", "SaltAndPepper"),
    "networks": ("MLP", "Convolutional", "Custom", "Mirror", "Residual"),
    "training": ("SGD", "Adam", "AdamW", "EarlyStopping", "Training"),
    "estimator": ("Autoencoder",),
    "io": ("load",),
}
_MODULES = ("datasets", "density", "functional", "metrics", "plots", "recipes", "report")
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

if TYPE_CHECKING:
    pass

__all__ = ["__version__", *sorted(_HOME), *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
