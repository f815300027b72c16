"""From checked rows to a trained model: what ``Autoencoder.fit`` and its relatives share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from . import schema
from .domain import Domain
from .errors import DataError
from .inputs import check_companion, to_tensor
from .model import Architecture, resolve_decoder
from .reconstruction import Reconstruction
from .scaling import Scaler, require_range
from .training.control import threads
from .training.events import Callback
from .training.keyed import generator
from .training.loop import Run
from .training.member import Member
from .training.progress import Progress
from .training.settings import Training
from .training.source import Rows, TrainingData
from .weights import Trained

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
