"""What the common tests try: the families of parts, the examples of its members, and recipes made small."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from diabolo import Autoencoder
from diabolo.errors import SettingError
from diabolo.latent import PRIORS, LatentSpace
from diabolo.parts import Family, settings
from diabolo.penalties import Penalty
from diabolo.slots import SLOTS, resolve

#: The families of the parts of an autoencoder; how it is trained is none of them.
FAMILIES = (*{s.family.kind: s.family for name, s in SLOTS.items() if name != "training"}.values(), PRIORS)


def examples(family: Family[Any]) -> list[Any]:
    """The examples of all members, in order."""
    return [example for cls in family.values() for example in cls.examples()]


def takes(penalty: Penalty, latent: LatentSpace) -> bool:
    """Whether a penalty makes sense on a latent space."""
    with suppress(SettingError):
        penalty.validate(latent)
        return True
    return False


def narrowed(estimator: Autoencoder, most: int) -> Autoencoder:
    """The estimator with no size above a number: what is compared is arithmetic and contracts, not what is learnt."""
    given = estimator.get_params(deep=False)
    single = {name: resolve(name, given[name]) for name, slot in SLOTS.items() if not slot.many}
    for name, part in single.items():
        for setting, spec in settings(type(part)).items():
            value = getattr(part, setting)
            if spec.size and isinstance(value, int | tuple):
                small = min(value, most) if isinstance(value, int) else tuple(min(v, most) for v in value)
                estimator.set_params(**{f"{name}__{setting}": small})
    return estimator
