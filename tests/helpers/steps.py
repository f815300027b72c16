"""Where a test steps in between two steps of a training: the one place that reaches into how it is run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from diabolo.storage.checkpoints import Checkpoints
from diabolo.training import captured_step
from diabolo.training.captured_step import CapturedStep
from diabolo.training.loop import Trainer


def after_each_step(patch: pytest.MonkeyPatch, then: Callable[[Any], object]) -> None:
    """Call a function with the number of the step, from 1, whenever one is done."""
    step, numbers = Trainer._step, count(1)

    def followed(self: Trainer, *arguments: Any) -> None:
        step(self, *arguments)
        then(next(numbers))

    patch.setattr(Trainer, "_step", followed)


def refuse_steps(patch: pytest.MonkeyPatch) -> None:
    """Fail where a step of training is done."""
    after_each_step(patch, lambda number: pytest.fail(f"step {number} was trained"))


def save_at_every_step(patch: pytest.MonkeyPatch) -> None:
    """Let a checkpoint be due whenever it is asked."""
    patch.setattr(Checkpoints, "due", lambda _: True)


def capture_from(patch: pytest.MonkeyPatch, steps: int) -> None:
    """Let steps be captured in trainings of at least so many."""
    patch.setattr(captured_step, "_WORTH", steps)


def note_captures(patch: pytest.MonkeyPatch) -> list[CapturedStep]:
    """Capture steps however short a training is; what is captured from then on."""
    made: list[CapturedStep] = []

    class Noted(CapturedStep):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    capture_from(patch, 2)
    patch.setattr("diabolo.training.loop.CapturedStep", Noted)
    return made
