"""Where a training stands: what the trainer holds, and what feeds, validates, records and resumes it reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from ..model import Model
from .buffers import BufferKeeper
from .flat import Layout
from .job import TrainingJob
from .optimizers import FlatOptimizer


class TrainingState(ABC):
    """Models in training, of one stack or a single one.

    Attributes
    ----------
    model : Model
        Its parameters are views into :attr:`flat`.
    members, running : list of TrainingJob
        All that were begun with, and those that have not ended.
    stacked : bool
        Whether there is an axis of models.
    flat : Tensor, shape (*models, size)
        The parameters of those that run.
    good, pending : Tensor, shape (*models, size)
        Parameters that have given a finite loss, and those that are still to be proved.
    trained_names : list of str
        The parameters that are not frozen.
    names : tuple of str
        The terms of the loss, the total first.
    first_epoch, epoch, epochs, per_epoch : int
        The epoch that this training began with, the one that runs, where it ends; steps in an epoch.
    step, looked : int
        Steps taken in the running epoch, and steps whose losses have been checked.
    before : float
        Seconds of the running epoch in an earlier process.
    trace : Tensor or None, shape (steps, *models, terms)
        Terms of the running epoch that an earlier process took.
    last_rates : list of float
        The learning rate of each model at the last step of the running epoch.
    """

    model: Model
    members: list[TrainingJob]
    running: list[TrainingJob]
    stacked: bool
    layout: Layout
    flat: Tensor
    good: Tensor
    pending: Tensor
    float_buffers: BufferKeeper
    optimizer: FlatOptimizer
    trained_names: list[str]
    names: tuple[str, ...]
    first_epoch: int
    epoch: int
    epochs: int
    per_epoch: int
    step: int
    looked: int
    before: float
    trace: Tensor | None
    last_rates: list[float]

    def loss_weights(self) -> dict[str, Tensor]:
        """The weight of each term in this epoch, of shape (*models,)."""
        each = [m.loss_weights(self.epoch) for m in self.running]
        return {
            name: self.flat.new_tensor([w[name] for w in each] if self.stacked else each[0][name])
            for name in each[0]
        }

    @abstractmethod
    def restrict(self, names: Sequence[str]) -> None:
        """Train only these of the parameters from now on."""

    @abstractmethod
    def spent(self) -> float:
        """Seconds of the running epoch."""

    @abstractmethod
    def end(self, status: str) -> None:
        """Let every member go with a status, the weights that it has, and no further training."""
