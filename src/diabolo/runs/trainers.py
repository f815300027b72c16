"""Who takes the steps of ``diabolo fit``: the estimator itself, or Lightning's Trainer on one or more devices."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import slots
from ..errors import LostProcessError, SettingError, UnknownNameError

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

TRAINERS = ("diabolo", "lightning")
#: Precisions that are Lightning's to arrange; those of ``Training`` go to the estimator.
PRECISIONS = ("32-true", "64-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true")
LAST = "last.ckpt"
_DEFAULTS: dict[str, Any] = {
    "devices": 1,
    "strategy": "ddp",
    "num_nodes": 1,
    "precision": "32-true",
    "gather": False,
}
# Tells the processes that Lightning starts which folder the first one has chosen.
_PLACE = "DIABOLO_RUN_FOLDER"
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
_ACCELERATORS = {"cuda": "gpu"}
#: Exit codes of a process: Ctrl-C, and a request to end.
INTERRUPTED, _TERMINATED = 130, 143


def take_precision(typed: dict[str, Any]) -> dict[str, Any]:
    """What was typed about the trainer; a precision of Lightning's is taken from what the estimator is told.

    Examples
    --------
    >>> typed = {"precision": "bf16-mixed", "trainer": "lightning", "lr": "0.1"}
    >>> take_precision(typed), typed
    ({'trainer': 'lightning', 'precision': 'bf16-mixed'}, {'trainer': 'lightning', 'lr': '0.1'})
    """
    found = {name: typed[name] for name in ("trainer", *_DEFAULTS) if name in typed and name != "precision"}
    if typed.get("precision") in PRECISIONS:
        found["precision"] = typed.pop("precision")
    return found


def chosen(typed: Mapping[str, Any], recorded: Any) -> dict[str, Any]:
    """The trainer of a run as plain values, empty for the estimator itself; what is typed overrules what is recorded.

    Raises
    ------
    UnknownNameError, SettingError
        If there is no such trainer, or an option goes with another one.

    Examples
    --------
    >>> chosen({"trainer": "lightning", "devices": 2}, None)
    {'name': 'lightning', 'devices': 2, 'strategy': 'ddp', 'num_nodes': 1, 'precision': '32-true', 'gather': False}
    """
    before = {} if recorded is None else recorded
    if not isinstance(before, Mapping) or not set(before) <= {"name", *_DEFAULTS}:
        raise SettingError(f"trainer must be a mapping of {', '.join(('name', *_DEFAULTS))}, got {before!r}.")
    name = typed.get("trainer", before.get("name", TRAINERS[0]))
    if name not in TRAINERS:
        raise UnknownNameError("trainer", name, TRAINERS)
    options = {key: typed[key] for key in _DEFAULTS if key in typed}
    if name != "lightning":
        for key, value in options.items():
            if value != _DEFAULTS[key]:
                flag = f"--{key.replace('_', '-')}"
                raise SettingError(f"{flag} {value} goes with --trainer lightning, the trainer is {name}.")
        return {}
    kept = {key: value for key, value in before.items() if key != "name"}
    made = {"name": name, **_DEFAULTS, **kept, **options}
    for key in ("devices", "num_nodes"):
        if isinstance(made[key], bool) or not isinstance(made[key], int) or made[key] < 1:
            raise SettingError(f"--{key.replace('_', '-')} must be an integer >= 1, got {made[key]!r}.")
    if made["precision"] not in PRECISIONS:
        raise UnknownNameError("precision", made["precision"], PRECISIONS)
    return made


def check(trainer: Mapping[str, Any], out: Path | None) -> None:
    """Raise a SettingError if machines that train together would not find each other's folder."""
    if trainer and trainer["num_nodes"] > 1 and out is None:
        raise SettingError("--num-nodes needs --out, a folder that all of the machines see.")


def is_worker(trainer: Mapping[str, Any]) -> bool:
    """Whether this process only helps the first one, which alone writes the run folder."""
    ranks = [os.environ.get(name, "") for name in _RANKS]
    return bool(trainer) and any(rank.isdigit() and int(rank) > 0 for rank in ranks)


def place_of_first() -> Path | None:
    """The folder that the first process of this run has chosen; None in the first process."""
    told = os.environ.get(_PLACE)
    return None if told is None else Path(told)


def train(
    trainer: Mapping[str, Any], autoencoder: Autoencoder, rows: tuple[Any, Any], folder: Path, quiet: bool
) -> tuple[Autoencoder, int]:
    """Train under Lightning, or go on from the last checkpoint in a folder.

    Parameters
    ----------
    trainer : mapping
        As :func:`chosen` gives.
    autoencoder : Autoencoder
    rows : tuple
        Rows to train on, and rows to watch or None.
    folder : Path
        Where checkpoints are, one after each epoch.
    quiet : bool

    Returns
    -------
    autoencoder : Autoencoder
        Fitted.
    code : int
        0, or the exit code of what interrupted the training.

    Raises
    ------
    MissingExtraError
        If Lightning is not installed.
    LostProcessError
        If another process of the training is gone.
    """
    from ..lightning import ArrayDataModule, AutoencoderModule
    from ..lightning.checkpoints import read
    from ..lightning.strategy import lost_process

    module = AutoencoderModule(autoencoder, gather=trainer["gather"])
    data = ArrayDataModule(rows[0], validation=rows[1])
    last = folder / LAST
    if last.is_file():
        read(last)  # what this takes holds no code, however Lightning reads it
    os.environ[_PLACE] = str(folder.parent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = _trainer(trainer, autoencoder, len(rows[0]), folder, quiet)
            made.fit(module, data, ckpt_path=str(last) if last.is_file() else None)
    except SystemExit:
        if not made.interrupted:
            raise
        return module.to_estimator(), _TERMINATED if made.received_sigterm else INTERRUPTED
    except RuntimeError as error:
        if not lost_process(error):
            raise
        raise LostProcessError(made.global_rank) from error
    finally:
        os.environ.pop(_PLACE, None)
    return module.to_estimator(), 0


def _trainer(
    trainer: Mapping[str, Any], autoencoder: Autoencoder, n_rows: int, folder: Path, quiet: bool
) -> Any:
    """Lightning's Trainer for an estimator: as many epochs as its ``fit`` would take, and a checkpoint after each."""
    from lightning.pytorch import Trainer
    from lightning.pytorch.callbacks import ModelCheckpoint

    from ..lightning import ddp

    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    training = slots.resolve("training", autoencoder.training)
    together = trainer["devices"] * trainer["num_nodes"] > 1
    strategy: Any = trainer["strategy"] if together else "auto"
    if strategy == "ddp":
        strategy = ddp()
    saved = ModelCheckpoint(folder, filename=Path(LAST).stem, enable_version_counter=False)
    held_out = round(training.share_held_out(n_rows) * n_rows)
    return Trainer(
        max_epochs=training.epochs_for(n_rows - held_out),
        accelerator=_ACCELERATORS.get(autoencoder.device, autoencoder.device),
        devices=trainer["devices"],
        num_nodes=trainer["num_nodes"],
        strategy=strategy,
        precision=trainer["precision"],
        callbacks=[saved],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=not quiet and sys.stderr.isatty(),
    )
