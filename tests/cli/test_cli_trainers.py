"""``diabolo fit --trainer lightning``: what is typed, what is recorded, what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import diabolo
from diabolo.cli import main
from diabolo.errors import FileError, SettingError
from diabolo.runs import folder as runs
from diabolo.runs.trainers import chosen, is_worker

FEW = ["--recipe", "vae", "--epochs", "2", "--batch-size", "256", "--device", "cpu"]


def test_a_run_under_lightning_is_that_of_the_estimator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, under = tmp_path / "plain", tmp_path / "under"
    assert main(["fit", "digits", *FEW, "--quiet", "--out", str(plain)]) == 0
    assert main(["fit", "digits", *FEW, "--trainer", "lightning", "--out", str(under)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(under)
    a, b = (pd.read_csv(folder / "history.csv") for folder in (plain, under))
    assert list(a.columns) == list(b.columns)
    np.testing.assert_allclose(a.drop(columns="seconds"), b.drop(columns="seconds"), rtol=1e-5, atol=1e-7)
    X, _ = diabolo.datasets.load_digits()
    np.testing.assert_allclose(
        diabolo.load(plain).transform(X), diabolo.load(under).transform(X), rtol=1e-3, atol=1e-4
    )
    assert sorted(p.name for p in plain.iterdir()) == sorted(p.name for p in under.iterdir())
    recorded = yaml.safe_load((under / "config.yaml").read_text())
    assert recorded["trainer"]["name"] == "lightning"
    assert "trainer" not in yaml.safe_load((plain / "config.yaml").read_text())


@pytest.mark.slow
def test_a_precision_of_lightnings(tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ["--trainer", "lightning", "--precision", "bf16-mixed", "--quiet", "--out", str(out)]
    assert main(["fit", "digits", *FEW, *options]) == 0
    assert yaml.safe_load((out / "config.yaml").read_text())["trainer"]["precision"] == "bf16-mixed"
    # What made a run makes it again.
    again = tmp_path / "again"
    assert main(["fit", "--config", str(out / "config.yaml"), "--quiet", "--out", str(again)]) == 0
    a, b = (pd.read_csv(folder / "history.csv")["loss"] for folder in (out, again))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--devices", "2"], "--devices 2 goes with --trainer lightning, the trainer is diabolo."),
        (["--precision", "bf16-mixed"], "--precision bf16-mixed goes with --trainer lightning"),
        (["--trainer", "lightening"], "Did you mean 'lightning'?"),
        (["--trainer", "lightning", "--devices", "0"], "--devices must be an integer >= 1, got 0."),
        (["--trainer", "lightning", "--num-nodes", "2"], "--num-nodes needs --out"),
        (
            ["--trainer", "lightning", "--precision", "bf17"],
            "must be one of 'float32', 'float64', 'bfloat16', got 'bf17'",
        ),
    ],
)
def test_what_does_not_go_together_is_said(
    typed: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "digits", *typed]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_says_of_the_trainer_is_checked() -> None:
    for wrong in (3, {"names": "lightning"}, {"name": "lightning", "devices": "two"}):
        with pytest.raises(SettingError):
            chosen({}, wrong)
    assert chosen({"devices": 2}, {"name": "lightning", "gather": True})["gather"] is True
    assert chosen({"trainer": "diabolo"}, {"name": "lightning"}) == {}


def test_only_the_first_process_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    under: dict[str, Any] = {"name": "lightning"}
    assert not is_worker(under)
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert not is_worker(under)
    monkeypatch.setenv("NODE_RANK", "1")
    assert is_worker(under)
    assert not is_worker({})


def test_processes_that_start_together_do_not_mistake_each_other_for_a_stranger(tmp_path: Path) -> None:
    # While one tries whether it can write, another looks at what is in the folder.
    (tmp_path / f"{runs._TRYING}another").mkdir()
    runs.check_place(tmp_path)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(FileError, match="exists and is no run"):
        runs.check_place(tmp_path)
