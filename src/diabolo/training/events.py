"""What a training tells those who watch it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..model import Model


def _never() -> bool:
    return False


@dataclass
class Event:
    """What a callback gets after each epoch. Call :meth:`stop` to end training after it.

    Attributes
    ----------
    epoch, epochs : int
        The epoch that has ended, from 1, and how many there will be.
    row : dict of str to float
        The epoch's line in the history.
    model : Model
        In evaluation mode; its weights change in place once the callback returns.
    interrupted : callable
        Whether the process was asked to end meanwhile (Ctrl-C); a callback that waits must look.
    """

    epoch: int
    epochs: int
    row: dict[str, float]
    model: Model
    stopped: bool = False
    weights: Mapping[str, Tensor] | None = None
    interrupted: Callable[[], bool] = _never

    def stop(self, weights: Mapping[str, Tensor] | None = None) -> None:
        """End training after this epoch.

        Parameters
        ----------
        weights : mapping of str to Tensor or None, default None
            A ``state_dict`` of the model that it ends with, such as that of its best epoch; None: as it is now. Early
            stopping goes back to its own best in any case.
        """
        self.stopped, self.weights = True, weights


Callback = Callable[[Event], Any]
