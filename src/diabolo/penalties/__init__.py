"""What is added to the reconstruction loss, each term a pure function of the pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..moved import Learnt, MatchesPrior, NeedsInputGradient, Noisy  # noqa: F401
from ..parts import Family
from .adversary import AdversarialPrior as AdversarialPrior
from .adversary import AdversarialTC as AdversarialTC
from .adversary import Adversary as Adversary
from .base import BatchPenalty as BatchPenalty
from .base import Penalty as Penalty
from .base import SamplePenalty as SamplePenalty
from .contractive import Contractive as Contractive
from .kl import KL as KL
from .mmd import MMD as MMD
from .sparsity import L1 as L1
from .sparsity import L2 as L2
from .sparsity import KLSparsity as KLSparsity
from .topological import Topological as Topological
from .total_correlation import TotalCorrelation as TotalCorrelation
from .weight_decay import WeightDecay as WeightDecay
from .weight_decay import WeightL1 as WeightL1

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
        "total_correlation": TotalCorrelation,
        "adversarial_tc": AdversarialTC,
        "adversarial_prior": AdversarialPrior,
        "weight_decay": WeightDecay,
        "weight_l1": WeightL1,
    },
)

if not TYPE_CHECKING:
    __all__ = ["PENALTIES", "Adversary", "BatchPenalty", "Penalty", "SamplePenalty", *PENALTIES.class_names]
