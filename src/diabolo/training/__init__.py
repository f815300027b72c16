"""Training: the settings, as parts; the loop is in ``loop`` and is imported when it is needed."""

from __future__ import annotations

from .settings import (
    OPTIMIZERS,
    SCHEDULES,
    SGD,
    STOPPING,
    TRAININGS,
    Adam,
    AdamW,
    Constant,
    Cosine,
    EarlyStopping,
    Linear,
    OneCycle,
    Optimizer,
    Schedule,
    Step,
    Training,
)

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "STOPPING",
    "TRAININGS",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "EarlyStopping",
    "Linear",
    "OneCycle",
    "Optimizer",
    "Schedule",
    "Step",
    "Training",
]
