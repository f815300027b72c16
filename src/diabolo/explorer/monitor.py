"""What a page knows of a training, and what it asks of it.

Two threads meet in a :class:`TrainingMonitor`. That of the training calls it after each epoch and hands over a copy
of the weights, if the page waits for one; that of the page computes with its own copy of the model, so that nothing
it does changes what is learnt.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DataError, UnknownNameError

if TYPE_CHECKING:
    from torch import Tensor

    from ..datasets import Dataset
    from ..model import Model
    from ..training.events import Event
    from .model import ExplorerModel

#: Rows on the map of a training.
ROWS = 2000
# The share of the time that may go into new maps.
_SHARE = 0.05
# Seconds between two looks of a training that pauses; and at most until the page has heard that all is over.
_LOOK, _LAST_WORDS = 0.1, 2.0
# What the page may ask for, and what is the case until it is so.
_WISHES = {"go on": "training", "pause": "pausing", "stop": "stopping"}


@dataclass(frozen=True)
class Best:
    """The best epoch so far, by the loss of the validation rows, or of the training rows where there are none.

    Attributes
    ----------
    epoch : int
    name : str
        The column of the history that was compared.
    value : float
    weights : mapping of str to Tensor
    """

    epoch: int
    name: str
    value: float
    weights: Mapping[str, Tensor]


class TrainingMonitor:
    """What a page knows of a training, and what it asks of it; a callback of ``fit``.

    Attributes
    ----------
    shown : int
        The epoch whose weights the page has.
    best : Best or None
        The epoch that training ends with when it is stopped on the page.
    """

    def __init__(self) -> None:
        self.shown = 0
        self.best: Best | None = None
        self._changed, self._heard = threading.Condition(), threading.Event()
        self._rows: list[dict[str, float]] = []
        self._epoch, self._epochs, self._wish, self._resting = 0, 0, "go on", False
        self._ended, self._over = False, ""
        self._wanted, self._due, self._last_handed = True, 0.0, 0
        self._handed: tuple[int, Mapping[str, Tensor]] | None = None
        self._subject: ExplorerModel | None = None
        self._estimator: Any = None
        self._copy: Any = None

    # -- the side of the training ----------------------------------------------------------------------------------

    def watch(self, estimator: Any, data: Dataset, announced: bool = False) -> None:
        """What is trained and the rows it is shown with; ``announced``: the end is told by :meth:`finish` only."""
        from .model import some_of

        self._estimator, self._data, self._some = estimator, data, some_of(data, ROWS)
        self._before, self._announced, self._copy = vars(estimator).get("history_"), announced, None

    def __call__(self, event: Event) -> None:
        """Note an epoch; stay here while the page wants a pause."""
        with self._changed:
            self._rows.append(dict(event.row))
            self._epoch, self._epochs = event.epoch, event.epochs
            self._note_best(event)
            self._hand_over(event)
            while self._wish == "pause" and not event.interrupted() and not self._over:
                self._resting = True
                self._changed.wait(_LOOK)
                self._hand_over(event)
            self._resting = False
            if self._wish == "stop" and self.best is not None:
                event.stop(None if self.best.epoch == event.epoch else self.best.weights)
            self._changed.notify_all()

    def finish(self) -> None:
        """The fit has ended: from now on the page is the explorer of what came of it."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def leave(self, words: str) -> None:
        """All has ended, and Python is about to leave."""
        with self._changed:
            self._over = self._over or words
            self._changed.notify_all()

    def last_words(self) -> None:
        """Wait until the page has heard that all has ended, or does not listen."""
        if self._heard.wait(_LAST_WORDS):
            # The answer is on its way.
            time.sleep(_LOOK)

    def _note_best(self, event: Event) -> None:
        name = "val_loss" if "val_loss" in event.row else "loss"
        if self.best is None or event.row[name] < self.best.value:
            self.best = Best(event.epoch, name, event.row[name], _weights(event.model))

    def _hand_over(self, event: Event) -> None:
        """Give the page the weights as they are, if it waits for them."""
        if not self._wanted or self._last_handed == event.epoch:
            return
        if self._copy is None:
            self._copy = _copy_of(self._estimator, event.model)
        assert self.best is not None
        weights = self.best.weights if self.best.epoch == event.epoch else _weights(event.model)
        self._handed, self._wanted, self._last_handed = (event.epoch, weights), False, event.epoch
        self._changed.notify_all()

    # -- the side of the page --------------------------------------------------------------------------------------

    def load(self) -> Sequence[ExplorerModel]:
        """The model in training as the only subject, once there is one.

        Raises
        ------
        DataError
            If all ended before.
        """
        with self._changed:
            while self._handed is None and not self._ended and not self._over:
                self._changed.wait(_LOOK)
        if self._over:
            self._heard.set()
            raise DataError(self._over)
        self._refresh()
        return Watched(self)

    @property
    def subject(self) -> ExplorerModel:
        """The model as the page has it: in training, or trained with all the rows."""
        if self._subject is None or (self._ended and self._subject.in_training):
            from .model import make_subjects

            self._subject = make_subjects(self._estimator, self._data)[0]
        return self._subject

    def steer(self, to: str) -> None:
        """Let the training pause, go on or stop after the running epoch.

        Raises
        ------
        UnknownNameError
            If it is asked for something else.
        """
        if to not in _WISHES:
            raise UnknownNameError("command", to[:40], _WISHES)
        with self._changed:
            if self._wish != "stop":
                self._wish = to
            self._changed.notify_all()

    def news(self, since: int) -> dict[str, Any]:
        """How things stand, with the epochs after the first ``since``."""
        from .describe import losses

        self._refresh()
        with self._changed:
            rows, best = self._rows[since:], self.best
            return {
                "state": self._state,
                "words": self._over,
                "epoch": self._epoch,
                "epochs": self._epochs,
                "rows": [losses(row) for row in rows],
                "best": best and {"epoch": best.epoch, "name": best.name, "value": best.value},
            }

    @property
    def _state(self) -> str:
        if self._over:
            self._heard.set()
            return "over"
        if self._ended:
            return "ended"
        if self._fit_is_left:
            return "judging"
        return "paused" if self._resting else _WISHES[self._wish]

    @property
    def _fit_is_left(self) -> bool:
        """Whether the estimator has taken in what came of its training."""
        now = vars(self._estimator)
        return now.get("history_") is not self._before and "status_" in now

    def _refresh(self) -> None:
        """Take the weights that were handed over, and ask for newer ones if the last map is old enough."""
        if not self._announced and self._fit_is_left:
            self.finish()
        with self._changed:
            handed, self._handed, rows = self._handed, None, list(self._rows)
            self._wanted = self._wanted or time.monotonic() >= self._due
        if handed is None or self._ended:
            return
        from .model import ExplorerModel

        start = time.perf_counter()
        self._copy.module_.load_state_dict(handed[1])
        self._copy.history_.epochs = rows
        self._subject = ExplorerModel(self._copy, self._some, in_training=True)
        self.shown = handed[0]
        self._due = time.monotonic() + (time.perf_counter() - start) / _SHARE


class Watched(Sequence["ExplorerModel"]):
    """The subject that a monitor has, whichever it is at the moment.

    Attributes
    ----------
    monitor : TrainingMonitor
    """

    def __init__(self, monitor: TrainingMonitor) -> None:
        self.monitor = monitor

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: Any) -> Any:
        return [self.monitor.subject][place]


def _weights(model: Model) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _copy_of(estimator: Any, model: Model) -> Any:
    """An estimator that is computed with beside the one in training."""
    from ..objective import RECONSTRUCTION
    from ..training.history import History

    other = copy.copy(estimator)
    other.module_ = copy.deepcopy(model).requires_grad_(False)
    other.history_ = History(units={RECONSTRUCTION: f"{model.parts.reconstruction.unit} a sample"})
    return other
