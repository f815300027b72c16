"""From checked rows to a trained model: what ``Autoencoder.fit`` and its relatives share."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from . import __version__, schema
from .domain import Domain
from .errors import DataError, SettingError, UnknownNameError, VersionWarning
from .inputs import check_companion, to_tensor
from .model import Architecture, Model, resolve_decoder
from .networks import Custom
from .reconstruction import Reconstruction
from .scaling import Scaler, require_range
from .training.checkpoint import Checkpoints, newest
from .training.control import threads
from .training.events import Callback
from .training.keyed import generator
from .training.loop import Run
from .training.member import Ended, Member
from .training.progress import Progress
from .training.resume import require_same, restore
from .training.row import Layout, under
from .training.settings import Training
from .training.source import Rows, TrainingData

Array = NDArray[np.floating]

# Rows are computed in padded chunks of this size, so that a row's bits do not depend on its neighbours.
CHUNK = 256


def architecture(params: dict[str, Any]) -> Architecture:
    """The parts of an autoencoder, resolved from its parameters and checked against each other.

    Raises
    ------
    SettingError
        If a part cannot be understood or does not go with the others.
    """
    latent = schema.resolve("latent", params["latent"])
    encoder = schema.resolve("encoder", params["encoder"])
    parts = Architecture(
        encoder=encoder,
        decoder=resolve_decoder(encoder, schema.resolve("decoder", params["decoder"])),
        latent=latent,
        reconstruction=schema.resolve("reconstruction", params["reconstruction"]),
        penalties=schema.resolve("penalties", params["penalties"], latent),
        corruption=schema.resolve("corruption", params["corruption"]),
    )
    for penalty in parts.penalties:
        penalty.validate(latent)
    return parts


def rebuild(
    parts: Architecture,
    domain: Domain,
    row: torch.Tensor,
    device: torch.device | str,
    statistics: Mapping[str, torch.Tensor] | None = None,
) -> Model:
    """A model from its parts, its row of parameters, and what its modules keep beside them (None: as built)."""
    model = Model(parts, domain, torch.Generator()).to(dtype=row.dtype)
    put_row(model, row, statistics)
    return model.to(device)


@dataclass(frozen=True)
class Kept:
    """All that a trained model is, to be built again from when it is needed.

    Attributes
    ----------
    parts : Architecture
    domain : Domain
    row : Tensor, shape (size,)
        Its parameters.
    statistics : mapping of str to Tensor
        What its modules keep beside parameters.
    """

    parts: Architecture
    domain: Domain
    row: torch.Tensor
    statistics: Mapping[str, torch.Tensor]

    def rebuild(self) -> Model:
        """The model, on the device of its row."""
        return rebuild(self.parts, self.domain, self.row, self.row.device, self.statistics)

    def to(self, device: str) -> Kept:
        """The same on another device."""
        statistics = {name: value.to(device) for name, value in self.statistics.items()}
        return Kept(self.parts, self.domain, self.row.to(device), statistics)

    def __getstate__(self) -> tuple[Any, ...]:
        statistics = {name: value.numpy() for name, value in self.statistics.items()}
        return self.parts, self.domain, self.row.numpy(), statistics

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        parts, domain, row, statistics = state
        tensors = {name: torch.from_numpy(value.copy()) for name, value in statistics.items()}
        values = (parts, domain, torch.from_numpy(row.copy()), tensors)
        for f, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, f.name, value)


@dataclass(frozen=True)
class Trained:
    """What a fit takes over of a model that was trained elsewhere.

    Attributes
    ----------
    ended : Ended
        With the row of parameters.
    codes : array of shape (rows kept, dim)
    n_threads : int
        Threads that it computes with.
    seconds : float
        Its share of the time that its stack took.
    """

    ended: Ended
    codes: Array
    n_threads: int
    seconds: float


def count_parameters(model: Model) -> int:
    """How many numbers a model learns."""
    return sum(p.numel() for p in model.parameters())


def put_row(model: Model, row: torch.Tensor, statistics: Mapping[str, torch.Tensor] | None = None) -> None:
    """Give a model the parameters that are views into a row, and what its modules keep; train them no more."""
    Layout.of(model).bind(model, row)
    for p in model.parameters():
        p.requires_grad_(False)
    if statistics is not None:
        for name, value in model.statistics().items():
            value.copy_(statistics[name])


def take_over(old: Model, parts: Architecture, fresh: torch.Generator, reset: Sequence[str]) -> Model:
    """A model of these parts with the weights that an old one has learnt, but for what starts anew.

    Raises
    ------
    SettingError
        If a parameter that does not start anew has no match in the old model.
    """
    like = next(old.parameters())
    model = Model(parts, old.domain, fresh).to(device=like.device, dtype=like.dtype)
    learnt, kept = dict(old.named_parameters()), old.statistics()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if under(name, reset) or (name.startswith("learnt.") and name not in learnt):
                continue
            if name not in learnt or learnt[name].shape != p.shape:
                found = tuple(learnt[name].shape) if name in learnt else "no such parameter"
                raise SettingError(
                    f"fine_tune: {name} of the parts as they are set now has shape {tuple(p.shape)}, the learnt "
                    f"model has {found}; reset that part, or set the parts as they were."
                )
            p.copy_(learnt[name])
        for name, value in model.statistics().items():
            if name in kept and not under(name, reset):
                value.copy_(kept[name])
    return model


def require_parameters(model: Model, what: str, prefixes: str | Sequence[str]) -> tuple[str, ...]:
    """Prefixes of names of parameters to "freeze" or "reset", each of which there is.

    Raises
    ------
    UnknownNameError
        If no parameter has such a name.
    SettingError
        If everything would be frozen.
    """
    prefixes = (prefixes,) if isinstance(prefixes, str) else tuple(prefixes)
    names = [name for name, _ in model.named_parameters()]
    for prefix in prefixes:
        if not any(under(name, (prefix,)) for name in names):
            raise UnknownNameError(f"parameter to {what}", prefix, {n.partition(".")[0] for n in names})
    if what == "freeze" and all(under(name, prefixes) for name in names):
        raise SettingError(f"freeze={list(prefixes)} freezes every parameter; leave one to train.")
    return prefixes


def domain_of(rows: Array, scaler: Scaler, image_shape: tuple[int, int, int] | None) -> Domain:
    """The domain of training rows, as the model will see them."""
    low = (rows.min(axis=0) - scaler.offset) / scaler.scale
    high = (rows.max(axis=0) - scaler.offset) / scaler.scale
    return Domain(rows.shape[1], image_shape, float(low.min()), float(high.max()))


@dataclass(frozen=True)
class Preparation:
    """How checked rows become rows of a run: their scaling, precision and device."""

    scaler: Scaler
    dtype: torch.dtype
    device: torch.device

    def __call__(self, rows: Array) -> Rows:
        return make_rows(rows, self.scaler, self.dtype, self.device)


def make_rows(rows: Array, scaler: Scaler, dtype: torch.dtype, device: torch.device) -> Rows:
    """Rows on the device. Rows of the model's own precision are scaled batch by batch, without a copy."""
    wanted = np.dtype(str(dtype).removeprefix("torch."))
    if rows.dtype != wanted:
        return Rows(to_tensor(scaler.forward(rows, wanted), device))
    if scaler.kind == "none":
        return Rows(to_tensor(rows, device))
    offset, scale = (torch.as_tensor(v, dtype=dtype, device=device) for v in (scaler.offset, scaler.scale))
    return Rows(to_tensor(rows, device), offset, scale)


def training_data(
    rows: Array,
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
    targets = None if target is None else check_companion(target, rows, "target", same_rows=True)
    answers = rows if targets is None else targets
    require_range(answers, prepare.scaler, loss, "X" if targets is None else "target")
    if validation is not None:
        judged = _judged(validation, rows, prepare)
        return TrainingData(prepare(rows), None if targets is None else prepare(targets), judged)
    n, n_held = len(rows), round(training.validation * len(rows))
    if training.validation == 0:
        return TrainingData(prepare(rows), None if targets is None else prepare(targets))
    if n_held == 0 or n_held == n:
        raise DataError(
            f"training.validation={training.validation:g} of {n} rows leaves {n - n_held} to train on and "
            f"{n_held} to judge; give more rows or another share."
        )
    order = torch.randperm(n, generator=generator(seed, "validation")).numpy()
    held_out, kept = np.sort(order[:n_held]), np.sort(order[n_held:])
    return TrainingData(
        prepare(rows[kept]),
        None if targets is None else prepare(targets[kept]),
        (prepare(rows[held_out]), prepare(answers[held_out])),
    )


def _judged(validation: Any, rows: Array, prepare: Preparation) -> tuple[Rows, Rows]:
    """Validation inputs and targets on the device, from an array or a pair of arrays."""
    if isinstance(validation, tuple) and len(validation) == 2:
        inputs = check_companion(validation[0], rows, "validation[0]", same_rows=False)
        answers = check_companion(validation[1], inputs, "validation[1]", same_rows=True)
        return prepare(inputs), prepare(answers)
    judged = prepare(check_companion(validation, rows, "validation", same_rows=False))
    return judged, judged


_AHEAD: ContextVar[Callable[[Any, Array, Member], Trained | None]] = ContextVar(
    "diabolo_trained_ahead", default=lambda *_: None
)


@contextmanager
def trained_ahead(find: Callable[[Any, Array, Member], Trained | None]) -> Iterator[None]:
    """Within it a fit takes over what ``find(estimator, rows, member)`` gives; where that is None, it trains."""
    token = _AHEAD.set(find)
    try:
        yield
    finally:
        _AHEAD.reset(token)


def find_trained(estimator: Any, rows: Array, member: Member) -> Trained | None:
    """What became of an estimator's member that has been trained ahead of its fit, else None."""
    return _AHEAD.get()(estimator, rows, member)


@contextmanager
def resumable(run: Run, n_threads: int, scaler: Scaler) -> Iterator[int]:
    """Within it a run leaves checkpoints, where its training names a folder; gives the threads to compute with.

    What the folder holds is taken over first, with the number of threads that it was computed with.

    Raises
    ------
    SettingError
        If the folder holds the checkpoint of another training.
    FileError
        If it cannot be written, is in use, or is damaged.
    """
    member = run.members[0]
    folder = member.training.checkpoint
    if folder is None:
        yield n_threads
        return
    settings, makers = identity(run, scaler), _makers(run)
    told = {"n_threads": n_threads, "seed": member.seed, "made_by": makers, "settings": settings}
    with Checkpoints(folder, told) as checkpoints:
        saved = newest(folder, repair=True)
        if saved is not None:
            require_same(saved.told.get("settings"), settings, folder)
            _warn_of_other_makers(saved.told.get("made_by"), makers, folder)
            n_threads = checkpoints.told["n_threads"] = restore(run, saved)
        checkpoints.expect(6 * run.row.numel() * run.row.element_size())
        run.checkpoints = checkpoints
        yield n_threads


def identity(run: Run, scaler: Scaler) -> dict[str, Any]:
    """All that decides what a training comes to, as plain values; data and first weights as their digests."""
    member = run.members[0]
    parts: dict[str, Any] = {
        name: value.marked() if isinstance(value, Custom) else schema.to_plain(name, value)
        for name in ("encoder", "decoder", "latent", "reconstruction", "penalties", "corruption")
        for value in (getattr(member.parts, name),)
    }
    data = member.data
    rows = [data.inputs, data.targets, *(data.validation or ())]
    tensors = [r.values for r in rows if r is not None]
    scaling = [torch.from_numpy(np.ascontiguousarray(v)) for v in (scaler.offset, scaler.scale)]
    return parts | {
        "training": schema.to_plain("training", member.training),
        "random_state": member.seed,
        "scaling": scaler.kind,
        "rows": list(data.inputs.values.shape),
        "first_epoch": run.first_epoch,
        "freeze": list(run.frozen),
        "data": digest([*tensors, *scaling]),
        "weights": digest([run.row, *run.statistics.now.values(), *run.optimizer.state.values()]),
    }


def digest(tensors: Sequence[torch.Tensor]) -> str:
    """The SHA-256 of numbers, with their types and shapes."""
    found = hashlib.sha256()
    for t in tensors:
        found.update(f"{t.dtype}{tuple(t.shape)}".encode())
        found.update(np.ascontiguousarray(t.detach().cpu().numpy()).data.cast("B") if t.numel() else b"")
    return found.hexdigest()


def _makers(run: Run) -> dict[str, str]:
    return {"diabolo": __version__, "torch": torch.__version__, "device": run.row.device.type}


def _warn_of_other_makers(told: Any, now: Mapping[str, str], folder: str) -> None:
    before = told if isinstance(told, Mapping) else {}
    other = [f"{name} {before.get(name)} (now {now[name]})" for name in now if before.get(name) != now[name]]
    if other:
        warnings.warn(
            f"the checkpoint in {folder} was written with {', '.join(other)}: training goes on from it, but its "
            "numbers may differ from those of a training that was never stopped.",
            VersionWarning,
            stacklevel=2,
        )


def seed_of_checkpoint(training: Training) -> int | None:
    """The seed of the training that a folder holds a checkpoint of; None if there is none."""
    saved = None if training.checkpoint is None else newest(training.checkpoint)
    seed = None if saved is None else saved.told.get("seed")
    return seed if isinstance(seed, int) and 0 <= seed < 2**31 else None


def execute(run: Run, n_threads: int, verbose: bool | None, callbacks: Sequence[Callback]) -> None:
    """Train, with progress, on a number of threads."""
    shown = Progress(run.epochs, run.n_rows, verbose)
    with threads(n_threads), shown:
        run.run([shown, *callbacks])


def in_chunks(
    function: Callable[[torch.Tensor], torch.Tensor],
    rows: Array,
    dtype: torch.dtype,
    device: torch.device,
    n_threads: int,
    models: tuple[int, ...] = (),
) -> torch.Tensor:
    """Apply a function of rows to chunks of exactly 256 rows, the last one padded with zeros.

    Matrix products round differently for different numbers of rows; with this every row's result depends on
    that row alone. For a stack of models, ``models`` is their number as a tuple; rows are of shape (n, features), for
    all of them, or (models, n, features).
    """
    pieces = []
    with threads(n_threads), torch.no_grad():
        for start in range(0, rows.shape[-2], CHUNK):
            block = to_tensor(rows[..., start : start + CHUNK, :], device)
            n = block.shape[-2]
            # A fresh tensor, however the rows lie in memory: products round by alignment too.
            padded = torch.zeros(
                *(models or block.shape[:-2]), CHUNK, block.shape[-1], dtype=dtype, device=device
            )
            padded[..., :n, :] = block
            pieces.append(function(padded)[..., :n, :].cpu())
    return torch.cat(pieces, -2)
