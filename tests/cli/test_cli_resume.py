"""``diabolo fit`` that is stopped, and goes on; and what it says to a second one at the same folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from steps import after_each_step, refuse_steps

import diabolo
from diabolo.cli import main
from diabolo.storage.checkpoints import Checkpoints
from diabolo.storage.lock import Lock

Command = Callable[..., tuple[int, str, str]]
_FIT = ("fit", "people.csv", "--id", "name", "--label", "kind", "--recipe", "linear", "--epochs", "6")
_RESUME = ("fit", "--resume", "--out", "new")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _stop_at(monkeypatch: pytest.MonkeyPatch, step: int, number: int) -> None:
    """Send this process a signal in a step of training."""
    after_each_step(monkeypatch, lambda done: os.kill(os.getpid(), number) if done == step else None)


@pytest.fixture
def whole(command: Command, room: Path, quick_report: None) -> dict[str, bytes]:
    """The files of the run that is never stopped."""
    assert command(*_FIT, "-q", "--out", "whole")[0] == 0
    return _files(room / "whole")


def _same_run(files: dict[str, bytes], run: Path) -> None:
    now = _files(run)
    assert now.keys() == files.keys()
    for name in ("model/model.safetensors", "config.yaml"):
        assert now[name] == files[name]
    table, wanted = pd.read_csv(run / "history.csv"), pd.read_csv(run.parent / "whole" / "history.csv")
    pd.testing.assert_frame_equal(table.drop(columns="seconds"), wanted.drop(columns="seconds"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_says_how_to_go_on_and_the_run_goes_on(
    command: Command,
    room: Path,
    whole: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: int,
) -> None:
    with monkeypatch.context() as patch:
        _stop_at(patch, 3, number)
        found, out, err = command(*_FIT, "--out", "new")
    assert found == code
    assert out.splitlines()[-1] == "new"
    words = "training was interrupted in epoch 3; go on with `diabolo fit --resume --out new`."
    assert words in err
    # What is there can be used, and is no finished run.
    assert diabolo.load(room / "new").status_ == "interrupted"
    assert command("encode", "new", "people.csv", "-o", "codes.csv")[0] == 0
    assert not (room / "new/metrics.json").exists()
    # Without --resume nothing is touched.
    before = _files(room / "new")
    found, out, err = command(*_FIT, "--out", "new")
    assert (found, out) == (2, "")
    assert "new holds an unfinished run, 2 epochs done. To go on with it, type `diabolo fit --resume" in err
    found, out, err = command(*_FIT, "--resume", "--out", "new", "--lr", "0.5", "--seed", "4")
    assert found == 2
    assert "an unfinished run with other settings: random_state was 0 and is 4 now; training.lr was" in err
    assert _files(room / "new") == before
    # The settings need not be typed again.
    found, out, err = command(*_RESUME)
    assert (found, out.splitlines()[-1]) == (0, "new")
    _same_run(whole, room / "new")
    assert "finished run; nothing was changed" in command(*_RESUME)[2]


def test_resume_with_nothing_to_go_on_with_begins(
    command: Command, room: Path, whole: dict[str, bytes]
) -> None:
    assert command(*_FIT, "--resume", "-q", "--out", "new")[0] == 0
    _same_run(whole, room / "new")
    code, _, err = command("fit", "--resume", "--out", "nowhere")
    assert code == 2
    assert "no data" in err
    code, _, err = command("fit", "--resume")
    assert code == 2
    assert "--resume needs --out, the folder of an unfinished run; runs holds none." in err


@pytest.mark.usefixtures("quick_report")
def test_resume_finds_the_only_unfinished_run(
    command: Command, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _stop_at(patch, 3, signal.SIGINT)
        assert command(*_FIT, "-q")[0] == 130
    assert command("fit", "--resume", "-q")[:2] == (0, "runs/people-linear\n")


@pytest.mark.parametrize("failing", ["replace", "write_bytes", "report"])
def test_what_fails_while_writing_keeps_what_was_trained(
    command: Command,
    room: Path,
    whole: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if failing == "report":
            patch.setattr("diabolo.Autoencoder.report", stopped)
        elif failing == "write_bytes":
            fill = Path.write_bytes
            patch.setattr(
                "pathlib.Path.write_bytes",
                lambda path, content: full() if path.suffix == ".png" else fill(path, content),
            )
        else:
            move = Path.replace
            patch.setattr(
                "pathlib.Path.replace", lambda a, b: full() if a.name == "report.html" else move(a, b)
            )
        code, _, err = command(*_FIT, "--out", "new")
    assert code == (130 if failing == "report" else 2)
    assert "what was trained is kept; go on with `diabolo fit --resume --out new`" in err
    if failing != "report":
        assert "the run could not be written to new: No space left on device." in err
    refuse_steps(monkeypatch)
    assert command(*_RESUME, "-q")[:2] == (0, "new\n")
    _same_run(whole, room / "new")


def test_a_divergence_leaves_nothing(command: Command, room: Path) -> None:
    before = _files(room)
    options = ("--lr", "1e30", "--optimizer", "sgd", "--schedule", "constant")
    code, _, err = command(*_FIT, *options, "--out", "new")
    assert code == 2
    assert "Lower the learning rate" in err
    assert _files(room) == before
    assert not (room / "new").exists()


def test_a_second_run_into_the_folder_says_who_holds_it(command: Command, room: Path) -> None:
    with Lock(room / "new"):
        code, out, err = command(*_FIT, "--out", "new")
    assert (code, out) == (2, "")
    host = os.uname().nodename if hasattr(os, "uname") else ".*"
    assert re.search(rf"new is in use by process {os.getpid()} on {host} since \d\d\d\d-\d\d-\d\d \d\d:", err)
    assert "Traceback" not in err


@pytest.mark.usefixtures("quick_report")
def test_a_folder_that_is_removed_while_training_is_made_anew(
    command: Command, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        after_each_step(patch, lambda _: shutil.rmtree(room / "new", ignore_errors=True))
        assert command(*_FIT, "-q", "--out", "new")[:2] == (0, "new\n")
    assert json.loads((room / "new/metrics.json").read_text())
    assert sorted(p.name for p in (room / "new").iterdir()) == sorted(
        p.name for p in (room / "run").iterdir()
    )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a superuser may write everywhere")
def test_a_read_only_folder_is_refused(command: Command, room: Path) -> None:
    (room / "closed").mkdir(mode=0o500)
    code, _, err = command(*_FIT, "--out", "closed/new")
    assert code == 2
    assert "closed cannot be written to: Permission denied" in err


@pytest.mark.usefixtures("quick_report")
def test_a_run_that_was_killed_leaves_no_litter(
    command: Command, room: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (room / "new/.writing.abc/new/figures").mkdir(parents=True)
    (room / "new/.lock").write_text("{}")
    (room / "new/checkpoint").mkdir()
    (room / "new/checkpoint/.00000007-abc.part").write_text("half")
    assert command(*_FIT, "-q", "--out", "new")[0] == 0
    _same_run(whole, room / "new")
    # So does one that was killed when it was finished; while its process lives, nothing is touched.
    (room / "new/.writing.abc/old").mkdir(parents=True)
    (room / "new/checkpoint").mkdir()
    with Lock(room / "new"):
        assert command(*_RESUME)[0] == 0
        assert (room / "new/checkpoint").exists()
    assert command(*_RESUME)[0] == 0
    _same_run(whole, room / "new")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signals to one process")
def test_ctrl_c_in_a_process_of_its_own(room: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(diabolo.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    options = ("--recipe", "linear", "--epochs", "100000", "--columns", "age,pay", "--out", "cut")
    with subprocess.Popen(
        [sys.executable, "-m", "diabolo", "fit", "people.csv", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd=room,
    ) as process:
        assert process.stderr is not None
        # Written when the data has been read; training begins right after it.
        assert process.stderr.readline().startswith("training on")
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "go on with `diabolo fit --resume --out cut`" in err
    assert "Traceback" not in err
    assert out.splitlines()[-1] == "cut"
    assert diabolo.load(room / "cut").status_ == "interrupted"


def test_a_checkpoint_is_due_while_training_only(monkeypatch: pytest.MonkeyPatch, room: Path) -> None:
    """A run shorter than five seconds is saved once: at its end."""
    saves: list[object] = []
    save = Checkpoints.save

    def counted(self: Checkpoints, *what: Any) -> bool:
        saves.append(what)
        return save(self, *what)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", counted)
    monkeypatch.setattr("diabolo.Autoencoder.report", stopped)
    assert main([*_FIT, "-q", "--out", "new"]) == 130
    assert len(saves) == 1
