"""What is added to the reconstruction loss, each term a pure function of the pass."""

from __future__ import annotations

from ..parts import Family
from .base import BatchPenalty, Learnt, MatchesPrior, NeedsInputGradient, Noisy, Penalty, SamplePenalty
from .contractive import Contractive
from .kl import KL
from .mmd import MMD
from .sparsity import L1, L2, KLSparsity
from .topological import Topological
from .weight_decay import WeightDecay, WeightL1

__all__ = [
    "PENALTIES",
    "KL",
    "L1",
    "L2",
    "MMD",
    "BatchPenalty",
    "Contractive",
    "KLSparsity",
    "Learnt",
    "MatchesPrior",
    "NeedsInputGradient",
    "Noisy",
    "Penalty",
    "SamplePenalty",
    "Topological",
    "WeightDecay",
    "WeightL1",
]

PENALTIES: Family[Penalty] = Family(
    "penalty",
    Penalty,
    {
        "kl": KL,
        "mmd": MMD,
        "l1": L1,
        "l2": L2,
        "kl_sparsity": KLSparsity,
        "contractive": Contractive,
        "topological": Topological,
        "weight_decay": WeightDecay,
        "weight_l1": WeightL1,
    },
)
