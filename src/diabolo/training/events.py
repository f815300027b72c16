"""What a training tells those who watch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model import Model


@dataclass
class Event:
    """What a callback gets after each epoch. Call :meth:`stop` to end training after it."""

    epoch: int
    epochs: int
    row: dict[str, float]
    model: Model
    stopped: bool = False

    def stop(self) -> None:
        """End training after this epoch."""
        self.stopped = True


Callback = Callable[[Event], Any]
