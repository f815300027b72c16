"""What is done to the input before it is encoded."""

from __future__ import annotations

from ..parts import Family
from .base import Corruption
from .noise import GaussianNoise, Masking, SaltAndPepper
from .pictures import Occlusion, PixelShuffle, Rotation

__all__ = [
    "CORRUPTIONS",
    "Corruption",
    "GaussianNoise",
    "Masking",
    "Occlusion",
    "PixelShuffle",
    "Rotation",
    "SaltAndPepper",
]

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
