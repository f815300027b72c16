"""From a pass to named terms and their weighted total.

Every term is kept apart: history shows each, unweighted, beside the total. Sums over features and means over
the batch are taken here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor

from .model import Architecture
from .passes import Pass, repeat_rows
from .penalties import SamplePenalty

RECONSTRUCTION = "reconstruction"
TOTAL = "loss"
TIGHTENING = "tightening"


def term_names(parts: Architecture) -> tuple[str, ...]:
    """The names of the terms, the reconstruction loss first."""
    tightening = (TIGHTENING,) if parts.bound.tightens else ()
    return (RECONSTRUCTION, *parts.named_penalties, *tightening, *map(critic_of, parts.critics))


def critic_of(name: str) -> str:
    """The name of the loss that a penalty's critic is trained by, beside the model.

    Examples
    --------
    >>> critic_of("adversarial_tc")
    'adversarial_tc_critic'
    """
    return f"{name}_critic"


def terms(
    parts: Architecture,
    p: Pass,
    whole: Pass | None = None,
    weights: Mapping[str, Tensor] | Mapping[str, float] | None = None,
) -> dict[str, Tensor]:
    """The unweighted terms of a pass, each a mean over the batch of shape (*models,).

    Parameters
    ----------
    parts : Architecture
    p : Pass
    whole : Pass or None
        What penalties of a whole batch look at, where the pass holds only some of its rows; None: the pass.
    weights : mapping of str to Tensor or float, or None, default None
        The weight of each term, of which a bound may depend on that of the divergence; None: those after warm-ups.

    Returns
    -------
    dict of str to Tensor
        The reconstruction loss, summed over features, then the penalties, then by how much the bound is tighter than
        their sum, where it is.
    """
    loss = row_losses(parts, p)
    of_each = loss if p.weight is None else p.by_draw(loss).mean(-2)
    values = {RECONSTRUCTION: p.average(of_each)}
    first = p.first()
    for name, penalty in parts.named_penalties.items():
        seen = first if whole is None or isinstance(penalty, SamplePenalty) else whole
        value = penalty.value(seen.seen_by(name))
        values[name] = seen.average(value) if isinstance(penalty, SamplePenalty) else value
    if parts.bound.tightens:
        values[TIGHTENING] = _tightening(parts, p, loss, values, weights or term_weights(parts))
    if parts.critics:
        still = (first if whole is None else whole).detached()
        for name, adversary in parts.critics.items():
            values[critic_of(name)] = adversary.critic_loss(still.seen_by(name))
    return values


def row_losses(parts: Architecture, p: Pass) -> Tensor:
    """The reconstruction loss of each row at each draw, over what was observed of it: (*models, draws * batch)."""
    loss, own = parts.reconstruction, p.modules.get(RECONSTRUCTION)
    target = repeat_rows(p.target, p.draws)
    if p.mask is None:
        return loss.loss(p.output, target, own)
    # Selected, never multiplied: what is missing may be NaN, and NaN times 0 is NaN, in a gradient too.
    mask = repeat_rows(p.mask, p.draws)
    each = loss.per_feature(p.output, target.where(mask, target.new_zeros(())), own)
    return each.where(mask, each.new_zeros(())).sum(-1)


def _tightening(
    parts: Architecture,
    p: Pass,
    loss: Tensor,
    values: Mapping[str, Tensor],
    weights: Mapping[str, Tensor] | Mapping[str, float],
) -> Tensor:
    """The bound's loss less the terms that it holds, (*models,)."""
    held = [name for name, penalty in parts.named_penalties.items() if penalty.divergence]
    weight = sum(weights[name] for name in held)
    of_each = weight[..., None, None] if isinstance(weight, Tensor) else weight
    bound = parts.bound.loss(-p.by_draw(loss), of_each * p.by_draw(p.log_ratio))
    return p.average(bound) - values[RECONSTRUCTION] - sum(weights[name] * values[name] for name in held)


def term_weights(parts: Architecture) -> dict[str, float]:
    """The weight of each term once every warm-up is over."""
    weights = {RECONSTRUCTION: 1.0} | {name: p.weight for name, p in parts.named_penalties.items()}
    weights |= {TIGHTENING: 1.0} if parts.bound.tightens else {}
    return weights | dict.fromkeys(map(critic_of, parts.critics), 0.0)


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


def total(
    parts: Architecture, values: Mapping[str, Tensor], weights: Mapping[str, float] | Mapping[str, Tensor]
) -> Tensor:
    """The weighted sum of terms, of shape (*models,); its gradient trains critics, whose losses are left out."""
    beside = {critic_of(name) for name in parts.critics}
    result = values[RECONSTRUCTION]
    for name, value in values.items():
        if name in beside:
            result = result + (value - value.detach())
        elif name != RECONSTRUCTION:
            result = result + weights[name] * value
    return result
