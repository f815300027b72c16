"""A run to use, trained once, and a folder to work in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from diabolo.cli import main
from diabolo.report.pictures import Picture

QUICK = ("--recipe", "linear", "--epochs", "3")


class Outcome(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command in this process."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run


def people() -> pd.DataFrame:
    """A small table with names, a label, and features of very different sizes."""
    r = np.random.default_rng(0)
    table = pd.DataFrame(
        r.normal(size=(60, 3)) * [1, 10, 1000] + [0, 50, 5000], columns=["age", "height", "pay"]
    )
    table.insert(0, "name", [f"p{i}" for i in range(len(table))])
    table["kind"] = np.where(table["age"] > 0, "old", "young")
    return table


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds people.csv and the finished run ``run`` on it."""
    folder = tmp_path_factory.mktemp("trained")
    people().to_csv(folder / "people.csv", index=False)
    arguments = ["fit", str(folder / "people.csv"), *QUICK, "--id", "name", "--label", "kind", "--quiet"]
    assert main([*arguments, "--out", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def room(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a copy of ``trained``."""
    place = tmp_path / "room"
    shutil.copytree(trained, place)
    monkeypatch.chdir(place)
    return place


class QuickReport:
    """Stands for the report where a test is not about it."""

    def to_dict(self) -> dict[str, object]:
        figures = {
            "errors": {"model": {"squared_error": 1.0, "mse": 0.5, "explained": 0.5}},
            "pca_components": 2,
        }
        return {"figures": figures, "findings": []}

    pictures = (Picture("map", "Codes", "Codes.", b"\x89PNG"),)

    def to_html(self) -> str:
        return "<!doctype html>"


def report_quickly(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("diabolo.Autoencoder.report", lambda *_args, **_options: QuickReport())
    patch.setattr("diabolo.cli.fit._page", lambda report, **_facts: report.to_html())


@pytest.fixture
def quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """No report is computed."""
    report_quickly(monkeypatch)


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on pictures, without its report."""
    place = tmp_path_factory.mktemp("digits") / "run"
    with pytest.MonkeyPatch.context() as patch:
        report_quickly(patch)
        assert main(["fit", "digits", "--recipe", "linear", "--epochs", "2", "-q", "--out", str(place)]) == 0
    return place
