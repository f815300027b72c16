"""From checked rows to a trained model: what ``Autoencoder.fit`` and its relatives share."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from .. import slots
from ..corruption import Masking
from ..data.batches import RowSet, TrainingData
from ..data.checks import check_companion, check_image_shape, check_rows, find_device, lent
from ..data.domain import Domain
from ..data.rng import generator
from ..data.scaling import Scaler, learn_scaling, require_range
from ..data.schema import Schema
from ..data.spread import spread
from ..data.streams import Stream
from ..data.summary import DataSummary
from ..errors import DataError, PoorFitWarning, SettingError, WarmupWarning
from ..likelihoods import Likelihood
from ..model import Architecture, Model, resolve_decoder
from ..objective import RECONSTRUCTION
from ..training.control import threads
from ..training.events import Callback
from ..training.fitted import Fitted
from ..training.history import History
from ..training.job import TrainingJob
from ..training.loop import Trainer
from ..training.progress import Progress
from ..training.settings import Training
from .beside import (
    Known,
    as_tensors,
    drop_weightless,
    known_of,
    pick_known,
    require_weighable,
    validation_parts,
)
from .resuming import seed_of_checkpoint
from .rows import KEPT_CODES, Preparation, SummarizedRows, summarize_rows

Array = NDArray[np.floating]

#: What is done about missing values: rows that have some are refused, or are learnt from by what is there.
MISSING = (None, "mask")
#: What a model of rows that miss values is trained with, unless told otherwise, so that it learns to fill them in.
HIDING = Masking(0.25, fill=None)

# So many times the loss of the constant model above it is no fit.
_FAR = 10.0
# In fewer steps a loss may still be on its way down.
_MEANT = 100


def architecture(params: dict[str, Any]) -> Architecture:
    """The parts of an autoencoder, resolved from its parameters and checked against each other.

    Raises
    ------
    SettingError
        If a part cannot be understood or does not go with the others.
    """
    missing = params.get("missing")
    if missing not in MISSING:
        raise SettingError(f"missing must be one of {MISSING}, got {missing!r}.")
    corruption = slots.resolve("corruption", params["corruption"])
    if missing is not None and params["corruption"] is None:
        corruption = (HIDING,)
    latent = slots.resolve("latent", params["latent"])
    encoder = slots.resolve("encoder", params["encoder"])
    parts = Architecture(
        encoder=encoder,
        decoder=resolve_decoder(encoder, slots.resolve("decoder", params["decoder"])),
        latent=latent,
        reconstruction=slots.resolve("reconstruction", params["reconstruction"]),
        penalties=slots.resolve("penalties", params["penalties"], latent),
        corruption=corruption,
        bound=slots.resolve("bound", params["bound"]),
        missing=missing is not None,
    )
    hiding = next((c for c in corruption if c.hides), None)
    if hiding is not None and not parts.missing:
        raise SettingError(
            f"{hiding!r} leaves values missing, which only a model of rows that miss values can take: missing='mask'."
        )
    parts.bound.validate(latent, parts.penalties)
    for penalty in parts.penalties:
        penalty.validate(latent)
    return parts


def domain_of(found: DataSummary, scaler: Scaler, image_shape: tuple[int, int, int] | None) -> Domain:
    """The domain of training rows, as the model will see them."""
    low = (found.low - scaler.offset) / scaler.scale
    high = (found.high - scaler.offset) / scaler.scale
    return Domain(len(low), image_shape, float(low.min()), float(high.max()))


def training_data(
    rows: SummarizedRows,
    target: Any,
    validation: Mapping[str, Any],
    known: Known,
    training: Training,
    seed: int,
    loss: Likelihood,
    prepare: Preparation,
) -> TrainingData:
    """What a run trains on and is judged on; a share of the rows is held out if the training says so.

    Parameters
    ----------
    rows, target : SummarizedRows, array or None
    validation : mapping
        As :func:`~diabolo.estimator.beside.validation_parts` gives.
    known : mapping
        What is known of the rows.
    training, seed, loss, prepare
        How rows are held out, what takes them, and how they become rows of a run.

    Raises
    ------
    DataError
        If target or validation do not fit the rows, or too few rows are left to train on.
    """
    missing = prepare.missing
    targets = None if target is None else _companion(target, rows, "target", missing, same_rows=True)
    answers = rows if targets is None else targets
    require_range(answers.found, prepare.scaler, loss, "X" if targets is None else "target")
    if targets is not None and isinstance(rows.rows, Stream):
        raise DataError(
            "a target cannot be matched to the samples of a stream, which have no index; give X and target as "
            "arrays, which may be memory-mapped."
        )
    tensors = partial(as_tensors, dtype=prepare.dtype, device=prepare.device)
    data = partial(TrainingData, known=tensors(known))
    if validation:
        judged, judged_known = _judged(validation, rows, prepare)
        own = tensors(judged_known)
        return data(
            prepare(rows, seed),
            None if targets is None else prepare(targets),
            judged,
            validation_known=own,
        )
    n = len(rows)
    share = training.share_held_out(n, numbered=not isinstance(rows.rows, Stream))
    n_held = round(share * n)
    if share == 0:
        return data(prepare(rows, seed), None if targets is None else prepare(targets))
    if n_held == 0 or n_held == n:
        raise DataError(
            f"training.validation={share:g} of {n} samples leaves {n - n_held} to train on and "
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
        held_out=True,
        known=tensors(pick_known(known, kept)),
        validation_known=tensors(pick_known(known, held_out)),
    )


def _judged(
    validation: Mapping[str, Any], rows: SummarizedRows, prepare: Preparation
) -> tuple[tuple[RowSet, RowSet], Known]:
    """Validation inputs and targets on the device, and what is known of them."""
    missing = prepare.missing
    checked = check_companion(
        validation["X"], rows.shape, _named("X", validation), same_rows=False, missing=missing
    )
    target, name = validation.get("target"), _named("sample_weight", validation)
    known = known_of(checked, validation.get("sample_weight"), name)
    checked, target, known = drop_weightless(checked, target, known, rows.shape[1])
    inputs = summarize_rows(checked, _named("X", validation), missing=missing)
    judged = prepare(inputs)
    if target is None:
        return (judged, judged), known
    answers = _companion(target, inputs, _named("target", validation), missing, same_rows=True)
    return (judged, prepare(answers)), known


def _named(name: str, validation: Mapping[str, Any]) -> str:
    """What a part of the validation rows is called in messages."""
    if len(validation) == 1:
        return "validation"
    pair = [*validation] == ["X", "target"]
    return f"validation[{int(name == 'target')}]" if pair else f"validation[{name!r}]"


def _companion(X: Any, like: SummarizedRows, name: str, missing: bool, *, same_rows: bool) -> SummarizedRows:
    checked = check_companion(X, like.shape, name, same_rows=same_rows, missing=missing)
    return summarize_rows(checked, name, missing=missing)


def _by_schema(
    schema: Schema | None, target: Any, validation: Mapping[str, Any], missing: bool
) -> tuple[Any, Mapping[str, Any]]:
    """Target and validation rows as numbers, where they are frames that a schema reads."""
    if schema is None:
        return target, validation
    judged = {
        part: schema.rows(value, _named(part, validation), missing=missing)
        if part in ("X", "target")
        else value
        for part, value in validation.items()
    }
    return None if target is None else schema.rows(target, "target", missing=missing), judged


def prepare(
    estimator: Any, X: Any, target: Any = None, validation: Any = None, sample_weight: Any = None
) -> tuple[SummarizedRows, TrainingJob]:
    """All of ``fit`` but the training: the checked rows, and the model that is due to train on them.

    The estimator learns its number of features, its scaling and its seed.
    """
    validation = validation_parts(validation)
    parts = architecture(estimator.get_params(deep=False))
    training: Training = slots.resolve("training", estimator.training)
    missing = parts.missing
    checked, shape = check_rows(estimator, X, reset=True, missing=missing)
    schema = getattr(estimator, "schema_", None)
    target, validation = _by_schema(schema, target, validation, missing)
    width = estimator.n_features_in_ if schema is None else schema.width
    shape = check_image_shape(estimator.image_shape, width, shape)
    device = find_device(estimator.device)
    # Without a random_state, a training that goes on keeps the seed that it began with.
    seed = seed_of_checkpoint(training) if estimator.random_state is None else None
    if seed is None:
        seed = int(check_random_state(estimator.random_state).randint(2**31 - 1))
    loss = parts.reconstruction
    known = known_of(checked, sample_weight)
    require_weighable(parts.named_penalties, known)
    checked, target, known = drop_weightless(checked, target, known, width)
    rows = summarize_rows(
        checked, scaling=estimator.scaling, loss=loss, verbose=estimator.verbose, missing=missing
    )
    scaler = learn_scaling(
        None if isinstance(checked, Stream) else checked,
        estimator.scaling,
        loss,
        rows.found,
        None if schema is None else schema.blocks.values(),
        known.get("weight"),
    )
    domain = domain_of(rows.found, scaler, shape)
    for corruption in parts.corruption:
        corruption.validate(domain)
    preparation = Preparation(scaler, getattr(torch, training.stored), device, missing)
    data = training_data(rows, target, validation, known, training, seed, loss, preparation)
    estimator.scaler_, estimator.seed_ = scaler, seed
    member = TrainingJob(parts, domain, training, data, seed, scaler)
    warn_of_warmups(member)
    return rows, member


def prepare_further(
    estimator: Any,
    X: Any,
    target: Any = None,
    validation: Any = None,
    sample_weight: Any = None,
    *,
    changes: Mapping[str, Any] | None = None,
    history: History | None = None,
    warmed: Sequence[str] = (),
) -> tuple[SummarizedRows, TrainingJob]:
    """The rows, and what is due to train on them, for an estimator that goes on from what it has learnt.

    ``changes`` are settings of its training that differ this time; the others are as for a :class:`TrainingJob`.
    """
    model: Model = estimator.module_
    training: Training = slots.resolve("training", estimator.training).replace(**changes or {})
    missing, shape = model.parts.missing, model.domain.image_shape
    checked = check_rows(estimator, X, reset=False, image_shape=shape, missing=missing)[0]
    target, validation = _by_schema(
        getattr(estimator, "schema_", None), target, validation_parts(validation), missing
    )
    known = known_of(checked, sample_weight)
    require_weighable(model.parts.named_penalties, known)
    checked, target, known = drop_weightless(checked, target, known, model.domain.n_features)
    rows = summarize_rows(checked, verbose=estimator.verbose, missing=missing)
    preparation = Preparation(estimator.scaler_, model.dtype, model.device, missing)
    loss, seed = model.parts.reconstruction, estimator.seed_
    data = training_data(rows, target, validation, known, training, seed, loss, preparation)
    history = History() if history is None else history
    scaler = estimator.scaler_
    return rows, TrainingJob(model.parts, model.domain, training, data, seed, scaler, history, tuple(warmed))


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
        Gives the loss of that model on the training rows; asked only where the loss is not still falling.
    """
    steps = learnt.history.steps.get(RECONSTRUCTION)
    if steps is None or learnt.status not in ("finished", "early_stopped"):
        return
    losses = learnt.history[RECONSTRUCTION]
    # Early stopping goes back to the best weights, those before the first step among them.
    reached = float(min(*losses, steps[0]) if "watched" in learnt.history.epochs[-1] else losses[-1])
    if len(steps) < _MEANT and reached < steps[0]:
        return
    loss, least = learnt.parts.reconstruction, constant()
    # Losses in nats may be near 0.
    if reached > least + _FAR * max(abs(least), learnt.domain.n_features):
        warnings.warn(
            f"the reconstruction loss ended at {reached:.4g} {loss.unit} per sample, and predicting the mean of "
            f"each feature has {least:.4g}: nothing useful was learnt. Lower training.lr, scale the data "
            "(scaling='standard'), or take a loss that suits them.",
            PoorFitWarning,
            stacklevel=5,
        )


def constant_loss(member: TrainingJob, shown: Array) -> float:
    """The loss of the model that gives each row the means of the features of its target.

    Parameters
    ----------
    member : TrainingJob
    shown : array of shape (k, n_features)
        Some of its inputs, as the model sees them, which are the target where there is no other.
    """
    targets = member.data.targets
    if targets is None:
        rows = lent(shown)
    else:
        rows = targets.gather(torch.from_numpy(spread(len(targets), KEPT_CODES)).to(targets.device)).cpu()
    return member.parts.reconstruction.of_constant(rows.double()) if len(rows) else math.inf


def execute(trainer: Trainer, n_threads: int, verbose: bool | None, callbacks: Sequence[Callback]) -> None:
    """Train, with progress, on a number of threads."""
    shown = Progress(trainer.epochs, trainer.n_rows, verbose)
    trainer.on_progress = shown.within
    with threads(n_threads), shown:
        trainer.run([shown, *callbacks])
    if trainer.captured.unknown:
        shown.say(f"training goes on without recorded steps, which is slower: {trainer.captured.unknown}.")
