"""Rows that stay in their files: those with numbers are shared among processes, streams are refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from diabolo import Autoencoder, Stream, Training, datasets
from diabolo.cli import main
from diabolo.errors import DataError
from diabolo.lightning import ArrayDataModule, AutoencoderModule
from diabolo.runs import large

pytestmark = pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning")
X = datasets.load_digits()[0][:120]


class Rows(IterableDataset[torch.Tensor]):
    """A data set without numbers, as PyTorch has them."""

    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter(torch.from_numpy(X))


def of_hugging_face(_: Path) -> Any:
    return pytest.importorskip("datasets").Dataset.from_dict({"pixels": X})


def parquet(place: Path) -> Any:
    path = place / "rows.parquet"
    pd.DataFrame(X, columns=[f"p{i}" for i in range(64)]).to_parquet(path)
    return datasets.stream(path)


STREAMS = {
    "a stream": lambda _: Stream(lambda: iter([X])),
    "a loader": lambda _: DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=10),
    "an iterable data set": lambda _: Rows(),
    "a map-style data set": lambda _: TensorDataset(torch.from_numpy(X)),
    "of Hugging Face": of_hugging_face,
    "a Parquet file": parquet,
}


def fit(data: ArrayDataModule) -> Autoencoder:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    module = AutoencoderModule(Autoencoder(random_state=0, training=Training(batch_size=40)))
    Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(module, data)
    return module.to_estimator()


@pytest.mark.parametrize("kind", list(STREAMS))
def test_a_stream_is_refused_in_a_sentence(kind: str, tmp_path: Path) -> None:
    rows = STREAMS[kind](tmp_path)
    with pytest.raises(DataError, match=r"cannot share a stream.*train with Autoencoder\.fit"):
        fit(ArrayDataModule(rows))


def test_a_generator_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="can be read only once"):
        fit(ArrayDataModule(row for row in X))


def test_rows_of_a_file_that_have_numbers_are_trained_on_as_in_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", X)
    stored = fit(ArrayDataModule(datasets.stream(tmp_path / "rows.npy"), validation=X[:20]))
    in_memory = fit(ArrayDataModule(X, validation=X[:20]))
    np.testing.assert_array_equal(stored.history_.steps["loss"], in_memory.history_.steps["loss"])
    np.testing.assert_array_equal(stored.transform(X), in_memory.transform(X))


def test_rows_of_a_large_file_are_trained_on_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "rows.npy", X)
    few = ["--recipe", "linear", "--epochs", "2", "--device", "cpu", "--quiet", "--trainer", "lightning"]
    runs = []
    for name, limit in (("loaded", large.LARGE), ("left", 1)):
        monkeypatch.setattr(large, "LARGE", limit)
        runs.append(tmp_path / name)
        assert main(["fit", str(tmp_path / "rows.npy"), *few, "--out", str(runs[-1])]) == 0
    losses = [pd.read_csv(run / "history.csv")["loss"] for run in runs]
    np.testing.assert_array_equal(losses[0], losses[1])
