"""What loggers get of a training: every term, at its epoch and at its steps, and the settings."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from diabolo import datasets, recipes
from diabolo.lightning import ArrayDataModule, AutoencoderModule

pytestmark = [
    pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory"),
]
# Five steps an epoch, of which every second is logged.
STEPS, EVERY = 5, 2


class Recording(Logger):
    """Takes down what Lightning's interface of loggers hands over, as any logger gets it."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics: dict[str, list[tuple[int, float]]] = {}
        self.settings: dict[str, Any] = {}
        self.status = ""

    @property
    def name(self) -> str:
        return "recording"

    @property
    def version(self) -> int:
        return 0

    def log_hyperparams(self, params: Any, *args: Any, **options: Any) -> None:
        self.settings |= params if isinstance(params, Mapping) else vars(params)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        assert step is not None
        for name, value in metrics.items():
            self.metrics.setdefault(name, []).append((step, value))

    def finalize(self, status: str) -> None:
        self.status = status


def read_events(folder: str) -> dict[str, list[tuple[int, float]]]:
    """The curves in a folder of TensorBoard's."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder)
    events.Reload()
    return {name: [(e.step, e.value) for e in events.Scalars(name)] for name in events.Tags()["scalars"]}


def read_table(path: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves in a table of the CSVLogger's."""
    import pandas as pd

    table = pd.read_csv(path)
    return {
        str(name): [
            (int(s), float(v)) for s, v in zip(table["step"], table[name], strict=True) if not math.isnan(v)
        ]
        for name in table.columns
        if name != "step"
    }


@pytest.mark.filterwarnings("ignore:.*distutils.*:DeprecationWarning")
def test_every_logger_gets_every_term(tmp_path: Path) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    X = datasets.load_digits()[0][:200]
    recording, table = Recording(), CSVLogger(tmp_path / "csv")
    board = TensorBoardLogger(tmp_path / "board")
    module = AutoencoderModule(
        recipes.beta_vae(4, random_state=0, encoder__hidden=(8,), training__batch_size=40)
    )
    Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=[recording, table, board],
        log_every_n_steps=EVERY,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(module, ArrayDataModule(X, validation=X[:50]))
    table.save()
    history = module.to_estimator().history_
    kept = {
        "recording": recording.metrics,
        "csv": read_table(Path(table.log_dir) / "metrics.csv"),
        "tensorboard": read_events(board.log_dir),
    }
    terms = {"loss", "reconstruction", "kl"}
    expected = {*terms, "weight_kl", "lr", *(f"val_{name}" for name in terms)}
    assert expected == set(history.epochs[0]) - {"epoch", "seconds"}
    for logger, curves in kept.items():
        assert set(curves) - {"epoch", "hp_metric"} == expected | {f"{name}_step" for name in terms}, logger
        for name in expected:
            assert [step for step, _ in curves[name]] == [STEPS - 1, 2 * STEPS - 1], (logger, name)
            # Lightning keeps what it logs in float32.
            np.testing.assert_allclose([v for _, v in curves[name]], history[name], rtol=1e-6, err_msg=logger)
        for name in terms:
            at = [step for step, _ in curves[f"{name}_step"]]
            assert at == list(range(EVERY - 1, 2 * STEPS, EVERY)), (logger, name)
            values = [value for _, value in curves[f"{name}_step"]]
            np.testing.assert_allclose(values, history.steps[name][at], rtol=1e-6, err_msg=logger)
    assert recording.status == "success"
    assert recording.settings["latent"] == "Gaussian(dim=4)"
    assert recording.settings["gather"] is False
