"""From a pass to named terms and their weighted total.

Every term is kept apart: history shows each, unweighted, beside the total. Sums over features and means over
the batch are taken here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor

from .model import Architecture
from .passes import Pass
from .penalties import SamplePenalty

RECONSTRUCTION = "reconstruction"
TOTAL = "loss"


def term_names(parts: Architecture) -> tuple[str, ...]:
    """The names of the terms, the reconstruction loss first."""
    return (RECONSTRUCTION, *parts.named_penalties)


def terms(parts: Architecture, p: Pass, whole: Pass | None = None) -> dict[str, Tensor]:
    """The unweighted terms of a pass, each a mean over the batch of shape (*models,).

    Parameters
    ----------
    parts : Architecture
    p : Pass
    whole : Pass or None
        What penalties of a whole batch look at, where the pass holds only some of its rows; None: the pass.

    Returns
    -------
    dict of str to Tensor
        The reconstruction loss, summed over features, then the penalties.
    """
    loss = parts.reconstruction.loss(p.output, p.target, p.modules.get(RECONSTRUCTION))
    values = {RECONSTRUCTION: loss.mean(-1)}
    for name, penalty in parts.named_penalties.items():
        seen = p if whole is None or isinstance(penalty, SamplePenalty) else whole
        value = penalty.value(seen.seen_by(name))
        values[name] = value.mean(-1) if isinstance(penalty, SamplePenalty) else value
    return values


def term_weights(parts: Architecture) -> dict[str, float]:
    """The weight of each term once every warm-up is over."""
    return {RECONSTRUCTION: 1.0} | {name: p.weight for name, p in parts.named_penalties.items()}


def rising_weights(
    parts: Architecture, epoch: int, epochs: int, over: Collection[str] = ()
) -> dict[str, float]:
    """The weight of each term in an epoch (counted from 0) of a training, warm-ups included.

    Parameters
    ----------
    parts : Architecture
    epoch, epochs : int
        Which of how many.
    over : collection of str
        Names of penalties whose warm-up was over before this training began.
    """
    weights = term_weights(parts)
    for name, penalty in parts.named_penalties.items():
        rise = 0 if name in over else penalty.warmup_epochs(epochs)
        if epoch < rise:
            weights[name] *= epoch / rise
    return weights


def total(values: Mapping[str, Tensor], weights: Mapping[str, float] | Mapping[str, Tensor]) -> Tensor:
    """The weighted sum of terms, of shape (*models,)."""
    result = values[RECONSTRUCTION]
    for name, value in values.items():
        if name != RECONSTRUCTION:
            result = result + weights[name] * value
    return result
