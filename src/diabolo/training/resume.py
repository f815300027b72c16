"""From a run to a checkpoint and back: a run that goes on gives the bits of one that was never stopped.

Order and noise are keyed by (seed, epoch, block), so that the number of a step stands for them. What is kept
are the rows of parameters (today's and the safe copies), the optimiser's state, what modules keep, early
stopping, the history, and the terms of the epoch that is running.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import FileError, SettingError
from ..networks import Custom
from .buffers import BufferKeeper
from .history import History
from .job import EarlyStopper
from .state import TrainingState

#: Ends that leave nothing to go on with.
ENDS = ("finished", "early_stopped")
_REMEDY = "remove its folder to train from the start"


@dataclass(frozen=True)
class Checkpoint:
    """All that a training needs to go on.

    Attributes
    ----------
    tensors : dict of str to Tensor
    metadata : dict
        Plain values: where the training stood, its settings, its history.
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]


class CheckpointStore(Protocol):
    """Where a training leaves checkpoints, such as :class:`diabolo.storage.checkpoints.Checkpoints`."""

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        ...

    def save(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bool:
        """Write a checkpoint; True if it is written."""
        ...

    def clear(self) -> None:
        """Remove every checkpoint."""
        ...


def take_checkpoint(trainer: TrainingState, trace: Tensor | None = None) -> Checkpoint:
    """All that a run of one model needs to go on from here.

    Parameters
    ----------
    trainer : TrainingState
    trace : Tensor or None, shape (steps, terms)
        The terms of the running epoch's steps; None between epochs.
    """
    member = trainer.members[0]
    ended = member.status in ENDS and member.flat is not None
    tensors = _ended(trainer) if ended else _running(trainer, trace)
    tensors |= {f"steps.{name}": torch.from_numpy(values) for name, values in member.history.steps.items()}
    shots = member.history.snapshots
    for name in shots[0] if shots else ():
        tensors[f"snapshots.{name}"] = torch.from_numpy(np.stack([shot[name] for shot in shots]))
    watch = member.watch
    metadata = {
        "status": member.status if ended else "running",
        "epoch": trainer.epoch,
        "step": trainer.step,
        "looked": trainer.looked,
        "spent": trainer.spent(),
        "watch": None if watch is None else {n: getattr(watch, n) for n in ("best", "epoch", "waited")},
        "epochs": member.history.epochs,
        "trained": trainer.trained_names,
    }
    return Checkpoint(tensors, metadata)


def _ended(trainer: TrainingState) -> dict[str, Tensor]:
    member = trainer.members[0]
    tensors = {} if member.flat is None else {"row": member.flat}
    tensors |= {f"optimizer.{name}": value for name, value in member.state.items()}
    return tensors | {f"statistics.now.{name}": value for name, value in member.float_buffers.items()}


def _running(trainer: TrainingState, trace: Tensor | None) -> dict[str, Tensor]:
    watch = trainer.members[0].watch
    tensors = {"row": trainer.flat, "good": trainer.good}
    if trainer.looked < trainer.step:  # else they are today's
        tensors["pending"] = trainer.pending
    if trace is not None:
        tensors["trace"] = trace
    if watch is not None and watch.flat is not None:
        tensors["best"] = watch.flat
    tensors |= {f"optimizer.{name}": value for name, value in trainer.optimizer.state.items()}
    kept = [(str(which), values) for which, values in trainer.float_buffers.kept.items()]
    for which, values in [("now", trainer.float_buffers.now), *kept]:
        # Kept copies may be one and the same.
        tensors |= {f"statistics.{which}.{name}": value.clone() for name, value in values.items()}
    if _draws_by_itself(trainer):
        tensors["generator"] = torch.get_rng_state()
    return tensors


def _draws_by_itself(trainer: TrainingState) -> bool:
    """Whether modules of the user's own may draw from PyTorch's generator, as dropout does."""
    parts = trainer.model.parts
    return isinstance(parts.encoder, Custom) or isinstance(parts.decoder, Custom)


def restore(trainer: TrainingState, saved: Checkpoint) -> int:
    """Bring a fresh run of one model to where a checkpoint was made; the number of threads it was computed with.

    Raises
    ------
    FileError
        If the checkpoint lacks something, or has it in another shape than the run.
    """
    try:
        _restore(trainer, saved.tensors, saved.metadata)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise FileError(f"the checkpoint does not fit this training ({error}); {_REMEDY}.") from error
    return int(saved.metadata["n_threads"])


def _restore(trainer: TrainingState, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    member = trainer.members[0]
    trainer.epoch = _number(metadata, "epoch", trainer.first_epoch, trainer.epochs)
    trainer.step = _number(metadata, "step", 0, trainer.per_epoch)
    trainer.looked = _number(metadata, "looked", 0, trainer.step)
    trainer.before = float(metadata["spent"])
    _put(trainer.flat, tensors["row"], "row")
    with torch.no_grad():
        for name, value in trainer.float_buffers.now.items():
            _put(value, tensors[f"statistics.now.{name}"], f"statistics.now.{name}")
    trainer.optimizer.load(_under(tensors, "optimizer"))
    member.history = _history(tensors, metadata["epochs"], member.history.units)
    _check_history(trainer, member.history)
    if metadata["status"] in ENDS:
        trainer.end(metadata["status"])
        return
    _restrict(trainer, metadata.get("trained", trainer.trained_names))
    _put(trainer.good, tensors["good"], "good")
    _put(trainer.pending, tensors.get("pending", tensors["row"]), "pending")
    for which in trainer.float_buffers.kept:
        _restore_buffers(trainer.float_buffers, which, _under(tensors, f"statistics.{which}"))
    if member.watch is not None:
        _restore_watch(trainer, member.watch, metadata["watch"], tensors.get("best"))
    trainer.trace = tensors["trace"].to(trainer.flat.device) if "trace" in tensors else None
    found = (0, len(trainer.names)) if trainer.trace is None else tuple(trainer.trace.shape)
    if found != (trainer.step, len(trainer.names)):
        raise ValueError(
            f"it has terms of shape {found} of its epoch, not {(trainer.step, len(trainer.names))}"
        )
    if "generator" in tensors:
        torch.set_rng_state(tensors["generator"])


def _history(tensors: Mapping[str, Tensor], epochs: Sequence[Mapping[str, Any]], units: Any) -> History:
    shots = _under(tensors, "snapshots")
    heads = {name: tuple(value.shape[:2]) for name, value in shots.items() if value.dim() == 3}
    if len(heads) < len(shots) or len(set(heads.values())) > 1:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in shots.items())
        raise ValueError(f"its snapshots are not of the same samples: {shapes}")
    n_shots = len(next(iter(shots.values()))) if shots else 0
    return History(
        [dict(epoch) for epoch in epochs],
        {name: value.numpy() for name, value in _under(tensors, "steps").items()},
        [{name: value[i].numpy() for name, value in shots.items()} for i in range(n_shots)],
        units,
    )


def _restore_buffers(
    buffers: BufferKeeper, which: Literal["good", "pending", "best"], kept: Mapping[str, Tensor]
) -> None:
    if kept.keys() != buffers.now.keys():
        raise ValueError(f"statistics.{which} are of {sorted(kept)}, not of {sorted(buffers.now)}")
    buffers.kept[which] = {name: value.clone() for name, value in buffers.now.items()}
    for name, place in buffers.kept[which].items():
        _put(place, kept[name], f"statistics.{which}.{name}")


def _restore_watch(
    trainer: TrainingState, watch: EarlyStopper, stood: Mapping[str, Any] | None, best: Tensor | None
) -> None:
    if stood is None:
        raise ValueError("it does not say where early stopping stood")
    watch.best = float(stood["best"])
    watch.epoch = _number(stood, "epoch", 0, trainer.epoch)
    watch.waited = _number(stood, "waited", 0, trainer.epoch)
    watch.flat = None
    if best is not None:
        watch.flat = trainer.flat.detach().clone()
        _put(watch.flat, best, "best")


def _check_history(trainer: TrainingState, history: History) -> None:
    """Raise a ValueError if a history is not that of the epochs that were trained."""
    done = trainer.epoch - trainer.first_epoch
    if len(history) != done:
        raise ValueError(f"its history has {len(history)} epochs, not {done}")
    for name in trainer.names:
        steps = history.steps.get(name, np.empty(0))
        if steps.shape != (done * trainer.per_epoch,):
            raise ValueError(f"it has {name} of {steps.shape} steps, not of {done * trainer.per_epoch}")
    if unknown := history.steps.keys() - set(trainer.names):
        raise ValueError(f"it has steps of {', '.join(sorted(unknown))}, which this training has not")
    rows = trainer.members[0].training.snapshots
    if history.snapshots and (
        len(history.snapshots) != done + 1 or len(history.snapshots[0]["codes"]) > rows
    ):
        raise ValueError(f"it has {len(history.snapshots)} snapshots, not {done + 1} of at most {rows} rows")


def _restrict(trainer: TrainingState, names: list[str]) -> None:
    """Train the parameters that a callback had left to be trained."""
    known = [segment.name for segment in trainer.layout.segments]
    if any(name not in known for name in names):
        raise ValueError(f"it trains {names!r:.80}, the model has {', '.join(known)}")
    if names != trainer.trained_names:
        trainer.restrict(names)


def _number(metadata: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = metadata[name]
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is {value!r:.80}, a number from {least} to {most} was expected")
    return value


def _put(place: Tensor, value: Tensor, name: str) -> None:
    if value.shape != place.shape or value.dtype != place.dtype:
        raise ValueError(
            f"{name}: numbers of shape {tuple(place.shape)} and type {place.dtype} were expected, got "
            f"{tuple(value.shape)} and {value.dtype}"
        )
    place.detach().copy_(value)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}


def require_same(saved: Any, now: Mapping[str, Any], folder: object) -> None:
    """Refuse to go on with the checkpoint of another training.

    Raises
    ------
    SettingError
        The message names every setting that differs, with both values.
    """
    found = differences(saved if isinstance(saved, Mapping) else {}, now)
    if found:
        raise SettingError(
            f"{folder} holds the checkpoint of another training: {'; '.join(found)}. Use the settings that it was "
            "started with, or give another folder."
        )


_WORDS = {
    "data": "the training data differ from those that the training started with",
    "weights": "the first weights differ from those that the training started with",
}


def differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between the settings of two trainings, in words.

    Examples
    --------
    >>> differences({"seed": 1, "training": {"lr": 0.1}}, {"seed": 1, "training": {"lr": 0.2}})
    ['training.lr was 0.1 and is 0.2 now']
    """
    before, after = dict(_flat(saved)), dict(_flat(now))
    return [
        _WORDS.get(path) or f"{path} was {before.get(path)!r} and is {after.get(path)!r} now"
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]


def _flat(plain: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(plain, Mapping):
        for name, value in plain.items():
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(plain, list) and any(isinstance(item, Mapping) for item in plain):
        for number, item in enumerate(plain):
            name = item.get("kind", number) if isinstance(item, Mapping) else number
            yield from _flat(item, f"{prefix}.{name}")
    else:
        yield prefix, list(plain) if isinstance(plain, tuple) else plain
