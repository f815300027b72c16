"""What Lightning's checkpoints hold of an autoencoder: plain values and tensors, so that reading runs no code."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ..errors import FileError, SettingError
from ..estimator.autoencoder import Autoencoder
from ..storage.model import describe, tensors_of
from ..storage.restoring import restore, understood
from ..training.history import History
from ..training.job import TrainingJob
from ..training.resume import differences

#: Where in a checkpoint of Lightning's it is.
KEY = "diabolo"
_FORMAT = 1


def pack(made: Autoencoder, member: TrainingJob, position: Mapping[str, Any]) -> dict[str, Any]:
    """The estimator as it is now, and where the training stands: what its module adds is ``position``."""
    fitted, params = made.fitted(), made.get_params(deep=False)
    watch = member.watch
    return {
        "format": _FORMAT,
        "described": json.dumps(describe(fitted, params)),
        "tensors": tensors_of(fitted),
        "domain": json.dumps(asdict(member.domain)),
        "watch": None
        if watch is None
        else {"best": watch.best, "epoch": watch.epoch, "waited": watch.waited, "row": watch.flat},
    } | dict(position)


def read(path: str | Path) -> dict[str, Any]:
    """What a checkpoint holds, read without running code of the file's.

    Raises
    ------
    FileError
        If it is missing, damaged, holds objects, or is not of an AutoencoderModule.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"there is no checkpoint {path}.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise FileError(
            f"{path} is no checkpoint that can be read without running code of its own; it is damaged, or something "
            f"beside the module (a callback, a logger) keeps objects in it: {str(error).splitlines()[0]}"
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise FileError(f"{path} is damaged: {error}.") from error
    return unpack(content, str(path))


def unpack(checkpoint: Any, name: str = "the checkpoint") -> dict[str, Any]:
    """Our part of a checkpoint of Lightning's."""
    kept = checkpoint.get(KEY) if isinstance(checkpoint, Mapping) else None
    if not isinstance(kept, dict) or not isinstance(kept.get("format"), int):
        raise FileError(f"{name} is no checkpoint of an AutoencoderModule.")
    if kept["format"] > _FORMAT:
        raise FileError(f"{name} was written by a newer version of diabolo; upgrade it.")
    return kept


def estimator_of(kept: Mapping[str, Any], modules: tuple[Any, Any] | None = None) -> Autoencoder:
    """The fitted estimator of a checkpoint, on the CPU."""
    with understood("the checkpoint"):
        described = json.loads(kept["described"])
        params, fitted = restore(described, kept["tensors"], torch.device("cpu"), modules or (None, None))
        return Autoencoder.from_fitted(fitted, **params)


def go_on(made: Autoencoder, member: TrainingJob, kept: Mapping[str, Any]) -> None:
    """Let the training of an estimator take over where that of a checkpoint stood.

    Raises
    ------
    SettingError
        If the checkpoint is of other parts, other data or another seed; the message says what differs.
    """
    described = json.loads(kept["described"])
    now = {"domain": json.loads(json.dumps(asdict(member.domain))), "seed": member.seed}
    then = {"domain": json.loads(kept["domain"]), "seed": described["fitted"]["seed_"]}
    described_now = describe(made.fitted(), made.get_params(deep=False))
    parts = json.loads(json.dumps(described_now["fitted"]["parts"]))
    other = differences({**then, **described["fitted"]["parts"]}, {**now, **parts})
    if other:
        raise SettingError(
            f"the checkpoint is of another training: {'; '.join(other)}. Use the settings that it was started with."
        )
    tensors, history = kept["tensors"], described["history"]
    steps = {name[6:]: t.numpy() for name, t in tensors.items() if name.startswith("steps.")}
    member.history = History(list(history["epochs"]), steps, [], dict(history["units"]))
    watch = kept["watch"]
    if member.watch is not None and watch is not None:
        member.watch.best, member.watch.epoch = float(watch["best"]), int(watch["epoch"])
        member.watch.waited, member.watch.flat = int(watch["waited"]), watch["row"]
