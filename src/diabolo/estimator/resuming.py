"""Fits that leave checkpoints and go on from them: what a checkpoint must match, and what is warned of."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from .. import __version__, slots
from ..data.batches import RowSet, put
from ..data.scaling import Scaler
from ..errors import VersionWarning
from ..networks import Custom
from ..storage.checkpoints import Checkpoints, newest, require_known
from ..training.loop import Trainer
from ..training.resume import require_same, restore
from ..training.settings import Training


@contextmanager
def resumable(trainer: Trainer, n_threads: int, scaler: Scaler) -> Iterator[int]:
    """Within it a run leaves checkpoints, where its training names a folder; gives the threads to compute with.

    What the folder holds is taken over first, with the number of threads that it was computed with.

    Raises
    ------
    SettingError
        If the folder holds the checkpoint of another training.
    FileError
        If it cannot be written, is in use, or is damaged.
    """
    member = trainer.members[0]
    folder = member.training.checkpoint
    if folder is None:
        yield n_threads
        return
    settings, makers = identity(trainer, scaler), _makers(trainer)
    metadata = {"n_threads": n_threads, "seed": member.seed, "made_by": makers, "settings": settings}
    with Checkpoints(folder, metadata) as checkpoints:
        saved = newest(folder, repair=True)
        if saved is not None:
            require_known(saved, folder)
            require_same(saved.metadata.get("settings"), settings, folder)
            _warn_of_other_makers(saved.metadata.get("made_by"), makers, folder)
            n_threads = checkpoints.metadata["n_threads"] = restore(trainer, saved)
        checkpoints.expect(6 * trainer.flat.numel() * trainer.flat.element_size())
        trainer.checkpoints = checkpoints
        yield n_threads


def identity(trainer: Trainer, scaler: Scaler) -> dict[str, Any]:
    """All that decides what a training comes to, as plain values; data and first weights as their digests."""
    member = trainer.members[0]
    parts: dict[str, Any] = {
        name: value.marked() if isinstance(value, Custom) else slots.to_json(name, value)
        for name in ("encoder", "decoder", "latent", "reconstruction", "penalties", "corruption")
        for value in (getattr(member.parts, name),)
    }
    data = member.data
    rows = [r for r in (data.inputs, data.targets, *(data.validation or ())) if r is not None]
    scaling = [torch.from_numpy(np.ascontiguousarray(v)) for v in (scaler.offset, scaler.scale)]
    return parts | {
        "training": slots.to_json("training", member.training),
        "random_state": member.seed,
        "scaling": scaler.kind,
        "rows": list(data.inputs.shape),
        "first_epoch": trainer.first_epoch,
        "freeze": list(trainer.frozen),
        **({"warmed": sorted(member.warmed)} if member.warmed else {}),
        "data": digest([*rows, *scaling, *data.known.values(), *data.validation_known.values()]),
        "weights": digest(
            [trainer.flat, *trainer.float_buffers.now.values(), *trainer.optimizer.state.values()]
        ),
    }


def digest(items: Sequence[torch.Tensor | RowSet]) -> str:
    """The SHA-256 of numbers, with their types and shapes; of rows that are not in memory, of what tells them."""
    found = hashlib.sha256()
    for item in items:
        if isinstance(item, torch.Tensor):
            put(found, item)
        else:
            item.describe_to(found)
    return found.hexdigest()


def _makers(trainer: Trainer) -> dict[str, str]:
    return {"diabolo": __version__, "torch": torch.__version__, "device": trainer.flat.device.type}


def _warn_of_other_makers(metadata: Any, now: Mapping[str, str], folder: str) -> None:
    before = metadata if isinstance(metadata, Mapping) else {}
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
    seed = None if saved is None else saved.metadata.get("seed")
    return seed if type(seed) is int and 0 <= seed < 2**31 else None
