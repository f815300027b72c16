"""The learning rates of the steps of an epoch."""

from __future__ import annotations

import numpy as np

from .optimizers import Groups, rate_groups
from .state import TrainingState


def step_rates(state: TrainingState) -> list[Groups]:
    """The learning rates at each step of the running epoch, with the models that have them; notes the last ones."""
    epoch, epochs = state.epoch - state.first_epoch, state.epochs - state.first_epoch
    # Members mostly share a schedule: its factors are worked out once.
    schedules = dict.fromkeys(m.training.schedule for m in state.running)
    factors = {s: np.array(s.factors(epoch, state.per_epoch, epochs)) for s in schedules}
    each = np.stack([m.training.lr * factors[m.training.schedule] for m in state.running])
    state.last_rates = each[:, -1].tolist()
    return [rate_groups(rates) for rates in each.T.tolist()]
