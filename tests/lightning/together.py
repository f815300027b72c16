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

# Recipe, whether it gathers, and settings beside.
RECIPES: dict[str, tuple[str, bool, dict[str, Any]]] = {
    "deep": ("deep", False, {"training__lr": 1e-3}),
    "deep_float64": ("deep", False, {"training__precision": "float64"}),
    "beta_vae": ("beta_vae", False, {}),
    "mmd": ("mmd", True, {}),
    "mmd_apart": ("mmd", False, {}),
    "topological_float64": ("topological", True, {"training__precision": "float64"}),
}
PER_EPOCH = 5


def train(name: str, steps: int, devices: int) -> Any:
    """A module of a recipe after so many steps on digits."""
    from lightning.pytorch import Trainer

    from diabolo import datasets, recipes
    from diabolo.lightning import ArrayDataModule, AutoencoderModule, ddp

    recipe, gather, settings = RECIPES[name]
    X, _ = datasets.load_digits()
    # Four batches of 97, which cannot be halved, and one of a single row, of which one process has none.
    common = {"training__batch_size": 97, "training__validation": 0.2, "training__drop_last": False}
    estimator = recipes.RECIPES[recipe](random_state=0, **common).set_params(**settings)
    trainer = Trainer(
        max_epochs=steps // PER_EPOCH,
        devices=devices,
        accelerator="cpu",
        strategy=ddp(timeout=600, process_group_backend="gloo") if devices > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    module = AutoencoderModule(estimator, gather=gather)
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
