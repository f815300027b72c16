"""What is done to the input before it is encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parts import Family
from .base import Corruption as Corruption
from .noise import GaussianNoise as GaussianNoise
from .noise import Masking as Masking
from .noise import SaltAndPepper as SaltAndPepper
from .pictures import Occlusion as Occlusion
from .pictures import PixelShuffle as PixelShuffle
from .pictures import Rotation as Rotation

CORRUPTIONS: Family[Corruption] = Family(
    "corruption",
    Corruption,
    {
        "gaussian_noise": GaussianNoise,
        "salt_and_pepper": SaltAndPepper,
        "masking": Masking,
        "occlusion": Occlusion,
        "rotation": Rotation,
        "pixel_shuffle": PixelShuffle,
    },
)

if not TYPE_CHECKING:
    __all__ = ["CORRUPTIONS", "Corruption", *CORRUPTIONS.class_names]
