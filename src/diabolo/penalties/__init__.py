"""What is added to the reconstruction loss, each term a pure function of the pass."""

from __future__ import annotations

from ..parts import Family
from .base import BatchPenalty, Learnt, NeedsInputGradient, Noisy, Penalty, SamplePenalty
from .kl import KL

__all__ = [
    "PENALTIES",
    "KL",
    "BatchPenalty",
    "Learnt",
    "NeedsInputGradient",
    "Noisy",
    "Penalty",
    "SamplePenalty",
]

PENALTIES: Family[Penalty] = Family("penalty", Penalty, {"kl": KL})
