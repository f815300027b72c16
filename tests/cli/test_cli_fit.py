"""``diabolo fit``: the run folder, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

import diabolo
from diabolo.runs import folder as runs
from diabolo.runs.split import split

Command = Callable[..., tuple[int, str, str]]
_QUICK = ("--recipe", "linear", "--epochs", "2")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_leaves_a_whole_run(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = command("fit", "digits", *_QUICK)
    run = tmp_path / "runs" / "digits-linear"
    lines = out.splitlines()
    assert code == 0
    assert lines[-1] == "runs/digits-linear"
    assert "  diabolo encode runs/digits-linear digits" in lines
    assert any("PCA, 2 components" in line for line in lines)
    names = {"model", "config.yaml", "metrics.json", "history.csv", "figures", "report.html"}
    assert {p.name for p in run.iterdir()} == names
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {"digits-linear"}
    drawn = {"map", "rows", "samples", "training", "errors", "histogram"}
    assert {p.stem for p in (run / "figures").iterdir()} == drawn
    for path in (run / "figures").iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 150
    assert list(pd.read_csv(run / "history.csv")["epoch"]) == [1, 2]
    errors = json.loads((run / "metrics.json").read_text())["figures"]["errors"]
    ae, X = diabolo.load(run), split(diabolo.datasets.load("digits"), None, 0).judged.X
    assert errors["model"]["mse"] == pytest.approx(((ae.reconstruct(X) - X) ** 2).mean(), rel=1e-5)
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["training"]["epochs"] == 2
    assert config["data"] == {"source": "digits"}
    assert (config["hold_out"], config["trained"]["rows"], config["trained"]["rows_held_out"]) == (
        0.1,
        1617,
        180,
    )
    assert "tested on 180 held-out rows:" in lines


@pytest.mark.usefixtures("quick_report")
def test_config_of_a_run_makes_the_same_model(command: Command, room: Path) -> None:
    code, out, _ = command("fit", "--config", "run/config.yaml", "--quiet")
    assert (code, out) == (0, "runs/people-linear\n")
    made = room / "runs" / "people-linear"
    weights = "model/model.safetensors"
    assert (made / weights).read_bytes() == (room / "run" / weights).read_bytes()
    assert yaml.safe_load((made / "config.yaml").read_text()) == yaml.safe_load(
        Path("run/config.yaml").read_text()
    )


@pytest.mark.usefixtures("quick_report")
def test_a_second_run_gets_a_folder_of_its_own(command: Command, room: Path) -> None:
    (room / "runs/people-linear").mkdir(parents=True)
    (room / "runs/people-linear-2").mkdir()
    read = ("people.csv", "--id", "name", "--label", "kind")
    assert command("fit", *read, *_QUICK, "-q").out == "runs/people-linear-3\n"


def test_a_finished_run_is_left_as_it_is(command: Command, room: Path) -> None:
    before = _files(room)
    code, out, err = command("fit", "digits", *_QUICK, "--out", "run")
    assert (code, out) == (0, "run\n")
    assert "finished run; nothing was changed" in err
    assert _files(room) == before


def _bad_files(folder: Path) -> None:
    Path("text.csv").write_text("a,b\n1,x\n2,y\n")
    Path("gap.csv").write_text("a,b\n1,2\n3,\n")
    Path("inf.csv").write_text("a,b\n1,2\n3,inf\n")
    Path("empty.csv").write_text("")
    Path("damaged.npy").write_bytes(b"\x93NUMPY garbage")
    np.save("one.npy", np.ones((1, 3)))
    np.save("negative.npy", -np.ones((20, 3)))
    Path("data.xyz").write_text("1")
    Path("busy").mkdir()
    Path("busy/thing").write_text("x")
    for size, name in ((8, "a"), (9, "b")):
        Path("ragged").mkdir(exist_ok=True)
        Image.fromarray(np.zeros((size, size), np.uint8)).save(f"ragged/{name}.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("text.csv",), "the column 'b' is not numeric"),
        (("gap.csv",), "--missing drop"),
        (("inf.csv",), "infinite"),
        (("empty.csv",), "empty"),
        (("damaged.npy",), "damaged.npy"),
        (("data.xyz",), "suffix"),
        (("ragged",), "--resize"),
        (("nowhere.csv",), "there is no file"),
        (("digts",), "Did you mean 'digits'?"),
        ((), "no data"),
        (("people.csv",), "--drop name, keep apart"),
        (("people.csv", "--drop", "naem"), "Did you mean 'name'?"),
        (("negative.npy", "--reconstruction", "poisson", "--set", "scaling=null"), "poisson"),
        (("digits", "--device", "tpu"), "device must be one of"),
        (("digits", "--seed", "-1"), "Seed must be"),
        (("digits", "--lr", "0"), "lr must be a number > 0"),
        (("digits", "--out", "busy"), "is no run"),
        (("digits", "--out", "text.csv"), "is no run"),
        (("digits", "--out", "text.csv/run"), "is a file"),
        (("digits", "--validation", "0.9999"), "leaves"),
        (("digits", "--batch-size", "2.5"), "batch_size must be an integer"),
    ],
)
def test_bad_input_is_one_sentence(
    command: Command, room: Path, arguments: tuple[str, ...], words: str
) -> None:
    _bad_files(room)
    before = _files(room)
    code, out, err = command("fit", *arguments, *_QUICK, "--quiet")
    assert code == 2
    assert out == ""
    assert err.startswith("diabolo: ")
    assert err.count("\n") == 1
    assert words.lower() in err.lower()
    assert "Traceback" not in err
    assert _files(room) == before
    assert not (room / "runs").exists()


def test_a_traceback_on_request(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_TRACEBACK", "1")
    with pytest.raises(diabolo.SettingError, match="lr must be"):
        command("fit", "digits", "--lr", "0")


@pytest.mark.usefixtures("quick_report")
def test_open_shows_the_report(command: Command, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    assert command("fit", "moons", *_QUICK, "-q", "--open", "--out", "made").code == 0
    assert shown == [(room / "made" / "report.html").as_uri()]


def test_names_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("runs/a-b", "runs/a-b-2", "runs/a-b-3"):
        place = runs.place_for("a", "b")
        assert place == Path(expected)
        place.mkdir(parents=True)
