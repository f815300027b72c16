"""How an autoencoder is trained: the settings, as parts. No PyTorch here."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod

from ..errors import SettingError
from ..parts import Family, Part, part, setting


@part
class Optimizer(Part):
    """Base of the optimisers; the learning rate is a setting of :class:`Training`."""


@part
class Adam(Optimizer):
    """Adam.

    Parameters
    ----------
    betas : tuple of float, default (0.9, 0.999)
        Decay of the running means of the gradient and of its square.
    eps : float, default 1e-8
        Added to the denominator.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, arXiv:1412.6980.
    """

    betas: tuple[float, float] = setting(default=(0.9, 0.999), doc="Decay of the running means.", ge=0, lt=1)
    eps: float = setting(default=1e-8, doc="Added to the denominator.", gt=0)


@part
class AdamW(Adam):
    """Adam with decoupled weight decay: w is multiplied by 1 - lr * decay in each step.

    Parameters
    ----------
    betas, eps
        As for Adam.
    decay : float, default 0.01
        Of all parameters.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019, arXiv:1711.05101.
    """

    decay: float = setting(default=0.01, doc="Weight decay, multiplied by the learning rate.", ge=0)


@part
class SGD(Optimizer):
    """Stochastic gradient descent; with ``batch_size=None`` it is gradient descent.

    Parameters
    ----------
    momentum : float, default 0
        Share of the last step that is kept (heavy ball, as PyTorch writes it).
    """

    momentum: float = setting(default=0.0, doc="Share of the last step that is kept.", ge=0, lt=1)


OPTIMIZERS: Family[Optimizer] = Family("optimizer", Optimizer, {"adam": Adam, "adamw": AdamW, "sgd": SGD})


@part
class Schedule(Part, ABC):
    """Base of the schedules: the factor that the learning rate is multiplied by, step by step."""

    @abstractmethod
    def factor(self, step: int, steps_per_epoch: int, steps: int) -> float:
        """The factor at a step (from 0) of a training of ``steps`` steps.

        Parameters
        ----------
        step : int
            The step, from 0.
        steps_per_epoch : int
            Steps in an epoch.
        steps : int
            Steps of the whole training.
        """

    def factors(self, epoch: int, steps_per_epoch: int, epochs: int) -> list[float]:
        """The factors at the steps of an epoch (from 0).

        Parameters
        ----------
        epoch : int
            The epoch, from 0.
        steps_per_epoch : int
            Steps in an epoch.
        epochs : int
            Epochs of the whole training.
        """
        first, steps = epoch * steps_per_epoch, epochs * steps_per_epoch
        return [self.factor(first + s, steps_per_epoch, steps) for s in range(steps_per_epoch)]


@part
class Constant(Schedule):
    """The same rate throughout."""

    def factor(self, step: int, steps_per_epoch: int, steps: int) -> float:
        return 1.0


@part
class Step(Schedule):
    """The rate times ``gamma`` after every ``every`` epochs.

    Examples
    --------
    >>> [Step(every=2, gamma=0.5).factor(s, 1, 6) for s in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    every: int = setting(default=30, doc="Epochs between two drops.", ge=1)
    gamma: float = setting(default=0.1, doc="What the rate is multiplied by at a drop.", gt=0, le=1)

    def factor(self, step: int, steps_per_epoch: int, steps: int) -> float:
        return float(self.gamma ** (step // steps_per_epoch // self.every))


@part
class Linear(Schedule):
    """From the full rate down to ``floor`` times it, in a straight line.

    Examples
    --------
    >>> [Linear().factor(s, 1, 4) for s in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """

    floor: float = setting(default=0.0, doc="Share of the rate at the end.", ge=0, le=1)

    def factor(self, step: int, steps_per_epoch: int, steps: int) -> float:
        return self.floor + (1 - self.floor) * (1 - step / steps)


@part
class Cosine(Schedule):
    """From the full rate down to ``floor`` times it, along half a cosine.

    References
    ----------
    I. Loshchilov, F. Hutter, SGDR, ICLR 2017, arXiv:1608.03983.

    Examples
    --------
    >>> [round(Cosine().factor(s, 1, 4), 3) for s in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """

    floor: float = setting(default=0.0, doc="Share of the rate at the end.", ge=0, le=1)

    def factor(self, step: int, steps_per_epoch: int, steps: int) -> float:
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * step / steps))


@part
class OneCycle(Schedule):
    """Up to the full rate along half a cosine, then down to nearly nothing along another.

    Parameters
    ----------
    rise : float, default 0.3
        Share of the steps in which the rate rises.
    start : float, default 0.04
        Share of the rate at the first step.
    end : float, default 4e-6
        Share of the rate at the last step.

    References
    ----------
    L. N. Smith, N. Topin, Super-Convergence, 2018, arXiv:1708.07120.
    """

    rise: float = setting(default=0.3, doc="Share of the steps in which the rate rises.", gt=0, lt=1)
    start: float = setting(default=0.04, doc="Share of the rate at the first step.", gt=0, le=1)
    end: float = setting(default=4e-6, doc="Share of the rate at the last step.", ge=0, le=1)

    def factor(self, step: int, steps_per_epoch: int, steps: int) -> float:
        top, last = self.rise * steps - 1, steps - 1
        if step <= top:
            low, high, t = self.start, 1.0, step / top if top > 0 else 1.0
        else:
            low, high, t = 1.0, self.end, (step - top) / (last - top) if last > top else 1.0
        return high + (low - high) * 0.5 * (1 + math.cos(math.pi * t))


SCHEDULES: Family[Schedule] = Family(
    "schedule",
    Schedule,
    {"constant": Constant, "step": Step, "linear": Linear, "cosine": Cosine, "one_cycle": OneCycle},
)


@part
class EarlyStopping(Part):
    """Stop when the validation loss has not improved for some epochs, and go back to the best weights.

    Without validation data the training loss is watched. Either is taken at the full weights of the penalties
    (``watched`` in the history): while a warm-up lasts, the loss that is trained on is another one in each epoch.
    Patience starts to count when the last warm-up is over.

    Parameters
    ----------
    patience : int or None, default 10
        Epochs without improvement after which training stops. None: it goes on to the end, and then back to the best.
    min_delta : float, default 0
        What counts as an improvement, in units of the loss.
    """

    patience: int | None = setting(
        default=10, doc="Epochs without improvement before stopping; none: train to the end.", ge=1
    )
    min_delta: float = setting(default=0.0, doc="Least improvement that counts, in units of the loss.", ge=0)


def _patience(value: object) -> EarlyStopping | None:
    return EarlyStopping() if value is True else None


STOPPING: Family[EarlyStopping] = Family(
    "early stopping", EarlyStopping, {"patience": EarlyStopping}, shorthand=_patience
)


# The share of rows that is held out where nobody says, and of how many rows at least.
_HELD_OUT, _ENOUGH = 0.15, 4


@part
class Training(Part):
    """How an autoencoder is trained.

    Parameters
    ----------
    epochs : int or None, default None
        Passes over the data. None: as many as make 3,000 steps, at least 20 and at most 300.
    batch_size : int or None, default 128
        Rows in a step; None, or more than there are: all rows.
    lr : float, default 2e-3
        Learning rate, before the schedule.
    optimizer : Optimizer or str, default "adam"
        The optimiser.
    schedule : Schedule or str, default "cosine"
        How the rate changes over the steps.
    early_stopping : EarlyStopping, True or None, default None
        True is ``EarlyStopping()``.
    validation : float or None, default 0
        Share of the rows that are held out and never trained on; ignored when ``fit`` is given validation
        data. None: 15 % where there are 4 rows or more that have an index, else none.
    drop_last : bool, default False
        Leave out the last batch of an epoch when it is smaller than the others.
    clip_norm : float or None, default None
        Largest Euclidean norm of the gradient; a larger one is scaled down.
    snapshots : int, default 0
        Number of rows whose codes and reconstructions are kept after each epoch, in ``history_``.
    precision : "float32", "float64" or "bfloat16", default "float32"
        Numbers that the model computes with. With "bfloat16" a training step multiplies in bfloat16 and does
        everything else, as all after training, in float32: on devices that have units for it (``diabolo doctor``
        tells) large networks train in about half the time, with losses of some three digits; on others it is slow.
    compile : bool, default False
        Compile the pass and its losses with ``torch.compile``, which needs a C++ compiler on a CPU and takes seconds
        to a minute at the start. Without it steps are replayed, which on a CPU is as fast or faster for the networks
        of ``docs/performance.md``: measure before you use it. Losses equal those of plain training but for rounding.
        Stacks compile their first shape, and go on plainly once a model has left them.
    checkpoint : str, path or None, default None
        A folder that a training saves itself into every few seconds and at its end. Where it was stopped, the
        same ``fit`` goes on from there, to the bits that it would have had; where it was finished, it trains no
        more. It belongs to one training: other data or settings are refused. Models that are trained as a stack
        and ``partial_fit`` ignore it. Saved models do not remember it.

    Examples
    --------
    >>> Training(epochs=20, optimizer="sgd").replace(lr=0.1)
    Training(epochs=20, lr=0.1, optimizer=SGD())
    """

    epochs: int | None = setting(default=None, doc="Passes over the data; none: about 3,000 steps.", ge=1)
    batch_size: int | None = setting(default=128, doc="Rows in a step; none: all rows.", ge=1)
    lr: float = setting(default=2e-3, doc="Learning rate, before the schedule.", gt=0, varies=True)
    optimizer: Optimizer = setting(default=Adam(), doc="The optimiser.", family=OPTIMIZERS)
    schedule: Schedule = setting(
        default=Cosine(), doc="How the rate changes over the steps.", family=SCHEDULES, varies=True
    )
    early_stopping: EarlyStopping | None = setting(
        default=None, doc="When to stop early; none: never.", family=STOPPING, varies=True
    )
    validation: float | None = setting(
        default=0.0, doc="Share of the rows that is held out; none: 15 % where there are enough.", ge=0, lt=1
    )
    drop_last: bool = setting(default=False, doc="Leave out a last batch that is smaller.")
    clip_norm: float | None = setting(default=None, doc="Largest norm of the gradient.", gt=0)
    snapshots: int = setting(default=0, doc="Rows whose codes are kept after each epoch.", ge=0)
    precision: str = setting(
        default="float32",
        doc="Numbers that the model computes with; bfloat16: products only, in training.",
        choices=("float32", "float64", "bfloat16"),
    )
    compile: bool = setting(default=False, doc="Compile the pass; measure first.")
    checkpoint: str | None = setting(default=None, doc="Folder to go on from after a stop.", local=True)

    def __post_init__(self) -> None:
        given: object = self.checkpoint
        if isinstance(given, os.PathLike):
            object.__setattr__(self, "checkpoint", os.fspath(given))
        super().__post_init__()

    @property
    def stored(self) -> str:
        """The numbers that weights and rows are kept in: "float32" or "float64"."""
        return "float64" if self.precision == "float64" else "float32"

    def settled(self, n_rows: int) -> Training:
        """The training with numbers where a rule decides, given the number of training rows."""
        return self.replace(batch_size=self.batch_of(n_rows), epochs=self.epochs_for(n_rows))

    def share_held_out(self, n_rows: int, *, numbered: bool = True) -> float:
        """The share of so many rows that is held out, by the rule where none is given.

        Parameters
        ----------
        n_rows : int
            Rows that are given to train on.
        numbered : bool, default True
            Whether they have an index, as those of a stream have not.
        """
        if self.validation is not None:
            return self.validation
        return _HELD_OUT if numbered and n_rows >= _ENOUGH else 0.0

    def batch_of(self, n_rows: int) -> int:
        """Rows in a full step, given the number of training rows."""
        return n_rows if self.batch_size is None else min(self.batch_size, n_rows)

    def steps_per_epoch(self, n_rows: int) -> int:
        """Steps in an epoch, given the number of training rows."""
        full, rest = divmod(n_rows, self.batch_of(n_rows))
        return full + (1 if rest and not self.drop_last else 0)

    def epochs_for(self, n_rows: int) -> int:
        """The number of epochs, by the rule where none is given."""
        if self.epochs is not None:
            return self.epochs
        return min(300, max(20, math.ceil(3000 / self.steps_per_epoch(n_rows))))


#: How an autoencoder is trained where nobody says: rows are held out, and the best epoch is kept. docs/quality.md has
#: what it was chosen on.
GENERAL = Training(
    lr=5e-3, optimizer=AdamW(decay=0.1), early_stopping=EarlyStopping(patience=None), validation=None
)


def _no_number(value: object) -> Training | None:
    raise SettingError(f"training must be Training(...) or a dict of its settings, got {value!r}.")


TRAININGS: Family[Training] = Family("training", Training, {"training": Training}, shorthand=_no_number)
