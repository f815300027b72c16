"""From checked rows to a trained model: what ``Autoencoder.fit`` and its relatives share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .. import slots
from ..data.batches import Finish, Rows, RowSet, StoredRows, TrainingData
from ..data.checks import check_companion, lent, to_tensor
from ..data.domain import Domain
from ..data.memmap import Stored, blocks_of
from ..data.rng import generator
from ..data.scaling import Scaler, needs_moments, require_range
from ..data.shuffle import StreamedRows, room_for
from ..data.streams import Stream
from ..data.summary import DataSummary, summarize
from ..errors import DataError, PoorFitWarning, WarmupWarning
from ..model import Architecture, resolve_decoder
from ..reconstruction import Reconstruction
from ..training.control import threads
from ..training.events import Callback
from ..training.fitted import Fitted
from ..training.job import TrainingJob
from ..training.loop import Trainer
from ..training.progress import Progress, reading
from ..training.settings import Training

Array = NDArray[np.floating]

# Rows of a file that tell it from others, beside the range of each column.
_TOLD_ROWS = 1024
# So many times the loss of the constant model above it is no fit.
_FAR = 10.0
# Fewer steps are a trial, whose loss may still be on its way down.
_MEANT = 100


def architecture(params: dict[str, Any]) -> Architecture:
    """The parts of an autoencoder, resolved from its parameters and checked against each other.

    Raises
    ------
    SettingError
        If a part cannot be understood or does not go with the others.
    """
    latent = slots.resolve("latent", params["latent"])
    encoder = slots.resolve("encoder", params["encoder"])
    parts = Architecture(
        encoder=encoder,
        decoder=resolve_decoder(encoder, slots.resolve("decoder", params["decoder"])),
        latent=latent,
        reconstruction=slots.resolve("reconstruction", params["reconstruction"]),
        penalties=slots.resolve("penalties", params["penalties"], latent),
        corruption=slots.resolve("corruption", params["corruption"]),
    )
    for penalty in parts.penalties:
        penalty.validate(latent)
    return parts


def domain_of(found: DataSummary, scaler: Scaler, image_shape: tuple[int, int, int] | None) -> Domain:
    """The domain of training rows, as the model will see them."""
    low = (found.low - scaler.offset) / scaler.scale
    high = (found.high - scaler.offset) / scaler.scale
    return Domain(len(low), image_shape, float(low.min()), float(high.max()))


@dataclass(frozen=True)
class SummarizedRows:
    """Rows, in memory or not, and what is known of all of them.

    Attributes
    ----------
    rows : array, Stored or Stream
    found : DataSummary
    """

    rows: Array | Stored | Stream
    found: DataSummary

    def __len__(self) -> int:
        return self.found.n

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return self.found.n, len(self.found.low)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows, in the user's units."""
        return self.rows.dtype

    def pick(self, numbers: Any) -> SummarizedRows:
        """Some of the rows, by their numbers; those of a file stay there."""
        if isinstance(self.rows, Stream):
            raise DataError(
                "training.validation cannot hold out samples of a stream, which have no index; leave it at 0 and give "
                "other samples to validate on: fit(X, validation=X_val)."
            )
        rows = self.rows.pick(numbers) if isinstance(self.rows, Stored) else self.rows[numbers]
        return SummarizedRows(rows, replace(self.found, n=len(numbers)))

    def shown(self, most: int) -> Array:
        """At most so many of the rows, spread over all."""
        if isinstance(self.rows, Stream):
            kept = self.found.sample
            rows: Array = np.empty((0, self.shape[1])) if kept is None else kept
        elif len(self) <= most:
            return self.rows[:]
        else:
            rows = self.rows  # type: ignore[assignment]
        if len(rows) <= most:
            return rows
        return rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def summarize_rows(
    rows: Array | Stored | Stream,
    name: str = "X",
    *,
    scaling: str | None = None,
    loss: Reconstruction | None = None,
    verbose: bool | None = False,
) -> SummarizedRows:
    """Look through all rows once.

    Parameters
    ----------
    rows : array, Stored or Stream
    name : str
        What they are called in messages.
    scaling : str or None
    loss : Reconstruction or None
        With the scaling, what decides whether a stream's means and deviations are found on the way.
    verbose : bool or None
        Show how far it is, where rows are not in memory.
    """
    if isinstance(rows, np.ndarray):
        return SummarizedRows(rows, summarize(blocks_of(rows), name))
    streamed = isinstance(rows, Stream)
    moments = streamed and loss is not None and needs_moments(scaling, loss)
    with reading(None if streamed else len(rows), verbose) as on_progress:  # type: ignore[arg-type]
        found = summarize(rows.blocks(), name, moments=moments, sample=streamed, on_progress=on_progress)
    if isinstance(rows, Stream) and rows.rows_per_epoch is not None and found.n < rows.rows_per_epoch:
        raise DataError(
            f"{name} ended after {found.n} rows, before rows_per_epoch={rows.rows_per_epoch}; leave rows_per_epoch out "
            "so that an epoch is all rows."
        )
    return SummarizedRows(rows, found)


@dataclass(frozen=True)
class Preparation:
    """How checked rows become rows of a run: their scaling, precision and device."""

    scaler: Scaler
    dtype: torch.dtype
    device: torch.device

    def __call__(self, given: SummarizedRows | Array, seed: int = 0) -> RowSet:
        rows = given.rows if isinstance(given, SummarizedRows) else given
        if isinstance(rows, np.ndarray):
            return make_rows(rows, self.scaler, self.dtype, self.device)
        looked = given if isinstance(given, SummarizedRows) else summarize_rows(rows)
        found = looked.found
        finish = self._finish(found)
        if isinstance(rows, Stored):
            sample = looked.shown(_TOLD_ROWS)
            return StoredRows(rows, finish, replace(found, sample=sample).fingerprint)
        room = rows.buffer_rows or room_for(looked.shape[1], rows.dtype.itemsize)
        endless = rows.rows_per_epoch is not None
        first = looked.shown(_TOLD_ROWS)
        return StreamedRows(
            rows.chunks, finish, looked.shape, seed, min(room, found.n), endless, first, found.fingerprint
        )

    def _finish(self, found: DataSummary) -> Finish:
        """What scales rows as they are read; refuses those that would overflow."""
        kept = self.scaler.kind == "none"
        offset, scale = (None, None) if kept else (self.scaler.offset, self.scaler.scale)
        finish = Finish(self.dtype, self.device, offset, scale)
        ends = np.stack([found.low, found.high])
        with np.errstate(over="ignore"):
            if not bool(torch.isfinite(finish(ends.copy())).all()):
                raise DataError(
                    f"values up to {np.abs(ends).max():g} are too large for {self.dtype} numbers; scale the data."
                )
        return finish


def make_rows(rows: Array, scaler: Scaler, dtype: torch.dtype, device: torch.device) -> Rows:
    """Rows on the device. Rows of the model's own precision are scaled batch by batch, without a copy."""
    wanted = np.dtype(str(dtype).removeprefix("torch."))
    if rows.dtype != wanted:
        return Rows(to_tensor(scaler.forward(rows, wanted), device))
    if scaler.kind == "none":
        return Rows(to_tensor(rows, device))
    exact = dtype if device.type == "mps" else torch.float64
    offset, scale = (torch.as_tensor(v, dtype=exact, device=device) for v in (scaler.offset, scaler.scale))
    return Rows(to_tensor(rows, device), offset, scale)


def training_data(
    rows: SummarizedRows,
    target: Any,
    validation: Any,
    training: Training,
    seed: int,
    loss: Reconstruction,
    prepare: Preparation,
) -> TrainingData:
    """What a run trains on and is judged on; a share of the rows is held out if the training says so.

    Raises
    ------
    DataError
        If target or validation do not fit the rows, or too few rows are left to train on.
    """
    targets = None if target is None else _companion(target, rows, "target", same_rows=True)
    answers = rows if targets is None else targets
    require_range(answers.found, prepare.scaler, loss, "X" if targets is None else "target")
    if targets is not None and isinstance(rows.rows, Stream):
        raise DataError(
            "a target cannot be matched to the samples of a stream, which have no index; give X and target as "
            "arrays, which may be memory-mapped."
        )
    if validation is not None:
        judged = _judged(validation, rows, prepare)
        return TrainingData(prepare(rows, seed), None if targets is None else prepare(targets), judged)
    n, n_held = len(rows), round(training.validation * len(rows))
    if training.validation == 0:
        return TrainingData(prepare(rows, seed), None if targets is None else prepare(targets))
    if n_held == 0 or n_held == n:
        raise DataError(
            f"training.validation={training.validation:g} of {n} samples leaves {n - n_held} to train on and "
            f"{n_held} to validate on; give more samples or another share."
        )
    if isinstance(rows.rows, Stream):
        rows.pick(())  # says why not
    order = torch.randperm(n, generator=generator(seed, "validation")).numpy()
    held_out, kept = np.sort(order[:n_held]), np.sort(order[n_held:])
    return TrainingData(
        prepare(rows.pick(kept)),
        None if targets is None else prepare(targets.pick(kept)),
        (prepare(rows.pick(held_out)), prepare(answers.pick(held_out))),
    )


def _judged(validation: Any, rows: SummarizedRows, prepare: Preparation) -> tuple[RowSet, RowSet]:
    """Validation inputs and targets on the device, from an array or a pair of arrays."""
    if isinstance(validation, tuple) and len(validation) == 2:
        inputs = _companion(validation[0], rows, "validation[0]", same_rows=False)
        answers = _companion(validation[1], inputs, "validation[1]", same_rows=True)
        return prepare(inputs), prepare(answers)
    judged = prepare(_companion(validation, rows, "validation", same_rows=False))
    return judged, judged


def _companion(X: Any, like: SummarizedRows, name: str, *, same_rows: bool) -> SummarizedRows:
    return summarize_rows(check_companion(X, like.shape, name, same_rows=same_rows), name)


_AHEAD: ContextVar[Callable[[Any, SummarizedRows, TrainingJob], Fitted | None]] = ContextVar(
    "diabolo_trained_ahead", default=lambda *_: None
)


@contextmanager
def trained_ahead(find: Callable[[Any, SummarizedRows, TrainingJob], Fitted | None]) -> Iterator[None]:
    """Within it a fit takes over what ``find(estimator, rows, member)`` gives; where that is None, it trains."""
    token = _AHEAD.set(find)
    try:
        yield
    finally:
        _AHEAD.reset(token)


def find_trained(estimator: Any, rows: SummarizedRows, member: TrainingJob) -> Fitted | None:
    """What became of an estimator's member that has been trained ahead of its fit, else None."""
    return _AHEAD.get()(estimator, rows, member)


def warn_of_warmups(member: TrainingJob) -> None:
    """Warn of penalties whose weight does not reach its value within the training."""
    for name, penalty in member.parts.named_penalties.items():
        rise, epochs = penalty.warmup_epochs(member.epochs), member.epochs
        if name not in member.warmed and penalty.weight > 0 and rise >= epochs:
            warnings.warn(
                f"the warm-up of {name} takes {rise} epochs and the training has {epochs}: it ends at "
                f"{max(0, epochs - 1) / rise:.0%} of the weight {penalty.weight:g}. Train longer, or give the share of "
                f"the training that it takes, such as penalties__{name}__warmup=0.1.",
                WarmupWarning,
                stacklevel=5,
            )


def warn_of_poor_fit(learnt: TrainingJob | Fitted, constant: Callable[[], float]) -> None:
    """Warn of a training that ended as nobody would have it: far above the model that knows the means alone.

    Parameters
    ----------
    learnt : TrainingJob or Fitted
        It has ended.
    constant : callable
        Gives the loss of that model on the training rows; asked only where the training was meant seriously.
    """
    steps = len(next(iter(learnt.history.steps.values()), ()))
    if steps < _MEANT or learnt.status not in ("finished", "early_stopped"):
        return
    loss, reached, least = (
        learnt.parts.reconstruction,
        float(learnt.history["reconstruction"][-1]),
        constant(),
    )
    # Losses in nats may be near 0.
    if reached > least + _FAR * max(abs(least), learnt.domain.n_features):
        warnings.warn(
            f"the reconstruction loss ended at {reached:.4g} {loss.unit} per sample, and predicting the mean of "
            f"each feature has {least:.4g}: nothing useful was learnt. Lower training.lr, scale the data "
            "(scaling='standard'), or take a loss that suits them.",
            PoorFitWarning,
            stacklevel=5,
        )


def constant_loss(loss: Reconstruction, shown: Array) -> float:
    """The loss of the model that gives each row (k, n_features) the means of the features."""
    return loss.of_constant(lent(shown).double()) if len(shown) else math.inf


def execute(trainer: Trainer, n_threads: int, verbose: bool | None, callbacks: Sequence[Callback]) -> None:
    """Train, with progress, on a number of threads."""
    shown = Progress(trainer.epochs, trainer.n_rows, verbose)
    trainer.on_progress = shown.within
    with threads(n_threads), shown:
        trainer.run([shown, *callbacks])
    if trainer.captured.unknown:
        shown.say(f"training goes on without recorded steps, which is slower: {trainer.captured.unknown}.")
