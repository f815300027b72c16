"""What is done to the input before it is encoded."""

from __future__ import annotations

from ..parts import Family
from .base import Corruption
from .noise import GaussianNoise

__all__ = ["CORRUPTIONS", "Corruption", "GaussianNoise"]

CORRUPTIONS: Family[Corruption] = Family("corruption", Corruption, {"gaussian_noise": GaussianNoise})
