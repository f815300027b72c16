"""A program for the tests: one of two processes that train together, or the one that trains alone.

Started as ``together.py FOLDER STEPS NAME...`` with LOCAL_RANK, MASTER_PORT and WORLD_SIZE in its environment, as a
cluster's launcher would. It leaves the loss and the weights of each training in FOLDER.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

warnings.filterwarnings("ignore", ".*LeafSpec.*", FutureWarning)

RECIPES: dict[str, tuple[str, bool]] = {
    "deep": ("deep", False),
    "beta_vae": ("beta_vae", False),
    "mmd": ("mmd", True),
    "mmd_alone": ("mmd", False),
    "topological": ("topological", True),
    "denoising": ("denoising", False),
}


def train(name: str, steps: int, devices: int) -> Any:
    """A module of a recipe after so many steps on digits; batches of 97 cannot be halved, and 5 rows are left over."""
    from lightning.pytorch import Trainer

    from diabolo import datasets, recipes
    from diabolo.lightning import ArrayDataModule, AutoencoderModule, ddp

    recipe, gather = RECIPES[name]
    X, _ = datasets.load_digits()
    estimator = recipes.RECIPES[recipe](random_state=0, training__batch_size=97, training__validation=0.2)
    module = AutoencoderModule(estimator, gather=gather)
    per_epoch = 5
    trainer = Trainer(
        max_epochs=steps // per_epoch,
        devices=devices,
        accelerator="cpu",
        strategy=ddp(timeout=600, process_group_backend="gloo") if devices > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    # 97 * 4 + 1 rows are trained on: the last batch of an epoch is one row, and one process has none.
    trainer.fit(module, ArrayDataModule(X[:486]))
    return module


def main(folder: Path, steps: int, names: list[str]) -> None:
    """Train each, and write what came of it from the first process."""
    rank, world = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    for name in names:
        made = train(name, steps, world).to_estimator()
        weights = np.concatenate([p.detach().numpy().ravel() for p in made.module_.parameters()])
        found = {"loss": made.history_.steps["loss"], "val": made.history_["val_loss"], "weights": weights}
        np.savez(folder / f"{name}-{world}-{rank}.npz", **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
