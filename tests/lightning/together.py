"""A program for the tests: one of several processes that train together, or the one that trains alone.

Started as ``together.py FOLDER STEPS NAME...`` with LOCAL_RANK, MASTER_PORT and WORLD_SIZE in its environment, as a
cluster's launcher would. It leaves the loss and the weights of each training in FOLDER.
"""

from __future__ import annotations

import argparse
import os
import signal
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

warnings.filterwarnings("ignore", ".*LeafSpec.*", FutureWarning)

from lightning.pytorch import Callback, Trainer  # noqa: E402 - after the filter, which its import needs
from lightning.pytorch.callbacks import ModelCheckpoint  # noqa: E402
from torch import Tensor  # noqa: E402

from diabolo import datasets, recipes  # noqa: E402
from diabolo.lightning import ArrayDataModule, AutoencoderModule, ddp  # noqa: E402
from diabolo.lightning.batches import Batch, rows_of  # noqa: E402
from diabolo.passes import Batch as Rows  # noqa: E402


@dataclass(frozen=True)
class Case:
    """A recipe, whether it gathers, settings beside, and whether one process takes a batch in two parts."""

    recipe: str
    gather: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    in_parts: bool = False


CASES: dict[str, Case] = {
    "deep": Case("deep", settings={"training__lr": 1e-3}),
    "deep_float64": Case("deep", settings={"training__precision": "float64"}),
    "deep_in_parts": Case("deep", in_parts=True),
    "beta_vae": Case("beta_vae"),
    "mmd": Case("mmd", gather=True),
    "mmd_apart": Case("mmd"),
    "topological_float64": Case("topological", gather=True, settings={"training__precision": "float64"}),
}
PER_EPOCH = 5
KEPT = "last.ckpt"


class InParts(AutoencoderModule):
    """One process that adds up the gradients of the parts which two processes would take of each batch."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        if self.trainer.world_size > 1:
            return super().training_step(batch, batch_idx)
        whole: Any = None
        for rank in (0, 1):
            own = rows_of(batch.own.size, 2, rank)
            rows = batch.rows(0).tensors().items()
            few = Rows(**{name: value[own.first : own.stop] for name, value in rows}, n_samples=0)
            part = Batch.of_process(few, batch.noise, own, batch.known.get("weight"))
            loss, values = self._terms(part)
            found = [part.share * value for value in (loss, *values.values())]
            whole = found if whole is None else [a + b for a, b in zip(whole, found, strict=True)]
        self._record.add(whole[0], dict(zip(values, whole[1:], strict=True)), 1.0, batch.of)
        return whole[0]  # type: ignore[no-any-return]


class Die(Callback):
    """Ends the second process after a step, as a machine that loses its power would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == self.step and trainer.global_rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def train(name: str, told: argparse.Namespace, devices: int) -> AutoencoderModule:
    """A module of a recipe after so many steps on digits."""
    case = CASES[name]
    X, _ = datasets.load_digits()
    # Four batches of 97, which cannot be halved, and one of a single row, of which one process has none.
    common = {"training__batch_size": 97, "training__validation": 0.2, "training__drop_last": False}
    estimator = recipes.RECIPES[case.recipe](random_state=0, **common).set_params(**case.settings)
    callbacks: list[Callback] = [] if told.dies_at is None else [Die(told.dies_at)]
    if told.keep is not None:
        saver = ModelCheckpoint(
            told.folder, filename="last", every_n_train_steps=told.keep, enable_version_counter=False
        )
        callbacks.append(saver)
    trainer = Trainer(
        max_epochs=told.steps // PER_EPOCH,
        devices=devices,
        accelerator="cpu",
        strategy=ddp(timeout=600, process_group_backend="gloo") if devices > 1 else "auto",
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=told.keep is not None,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    module = (InParts if case.in_parts else AutoencoderModule)(estimator, gather=case.gather)
    trainer.fit(module, ArrayDataModule(X[:486]), ckpt_path=str(told.folder / KEPT) if told.resume else None)
    return module


def main() -> None:
    """Train each, and write what came of it from the first process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--keep", type=int, help="keep a checkpoint after so many steps")
    parser.add_argument("--dies-at", type=int, help="the step after which the second process dies")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    told = parser.parse_args()
    rank, world = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    for name in told.names:
        made = train(name, told, world).to_estimator()
        weights = np.concatenate([p.detach().numpy().ravel() for p in made.module_.parameters()])
        found: dict[str, Any] = {
            "loss": made.history_.steps["loss"],
            "val": made.history_["val_loss"],
            "weights": weights,
        }
        np.savez(told.folder / f"{name}-{world}-{rank}.npz", **found)


if __name__ == "__main__":
    main()
