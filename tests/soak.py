"""Runs that are killed at random moments and resumed: ``make soak``.

Each run is killed with SIGKILL, once or more: at its start, in an epoch, while a checkpoint is written, while the
report is written. Then it is resumed until it is finished, and must be the run that was never killed: weights,
codes and steps to the bit, and a history without gap or double row. Meanwhile a reader opens whatever there is in
the run folders; nothing that it sees may be broken.

    python tests/soak.py --runs 100 --cold 10 --seconds 600
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import diabolo.cli.fit
import diabolo.report
from diabolo.cli import main
from diabolo.errors import FileError
from diabolo.report.pictures import Picture
from diabolo.storage import atomic, checkpoints

EPOCHS = 8
OPTIONS = (
    *("--recipe", "deep", "--latent-dim", "2", "--epochs", str(EPOCHS), "--batch-size", "5", "-q"),
    *("--set", "encoder.hidden=[8]", "--corruption", "gaussian_noise", "--early-stopping"),
)
MOMENTS = ("start", "epoch", "saving", "report")
_HURRY = (
    "import sys; from diabolo.training import checkpoint as c; c._SECONDS, c._SHARE = 0.02, 0; "
    "from diabolo.cli import main; sys.exit(main(sys.argv[1:]))"
)


class QuickReport:
    """Stands for the report in warm runs, whose point is the moment at which they die."""

    pictures = tuple(Picture(name, name, name, b"\x89PNG" * 1000) for name in ("map", "rows", "training"))

    def to_dict(self) -> dict[str, object]:
        return {"figures": {"errors": {}, "pca_components": 2}, "findings": []}

    def to_html(self) -> str:
        return "<!doctype html>" + "x" * 100_000


def _die_at(owner: Any, name: str, call: int) -> None:
    """Make the process kill itself in a call of a function, before or after it has done its work."""
    function, count, before = getattr(owner, name), [0], random.random() < 0.5

    def fatal(*arguments: Any, **options: Any) -> Any:
        count[0] += 1
        if count[0] == call and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if count[0] == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, fatal)


def _arm(moment: str) -> None:
    """In a child: die at a random point of a moment; the parent sees to the others with a clock."""
    if moment == "saving":
        owner, name = random.choice(
            [(os, "fsync"), (Path, "replace"), (Path, "unlink"), (atomic, "_flush_names")]
        )
        _die_at(owner, name, random.randint(1, 20))
    elif moment == "report":

        def report(*_: object, **__: object) -> QuickReport:
            # How often each is called from here on, to the last file of the finished run.
            calls = [
                (Path, "write_text", 3),
                (Path, "write_bytes", 3),
                (Path, "replace", 6),
                (os, "fsync", 2),
            ]
            owner, name, most = random.choice([*calls, (shutil, "rmtree", 1)])
            _die_at(owner, name, random.randint(1, most))
            return QuickReport()

        diabolo.Autoencoder.report = report  # type: ignore[method-assign,assignment]
        diabolo.cli.fit._page = lambda made, **_: made.to_html()  # type: ignore[assignment]


def _warm(arguments: list[str], moment: str, limit: float | None) -> int | None:
    """A run as a child of this process: its exit code, or None if it was killed."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            checkpoints._SECONDS, checkpoints._SHARE = 0.0, 0
            random.seed()
            _arm(moment)
            with contextlib.redirect_stdout(io.StringIO()):
                code = main(arguments)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    if limit is not None:
        time.sleep(limit)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def _cold(arguments: list[str], moment: str, limit: float | None) -> int | None:
    """A run as a process of its own, from its first import to its report."""
    command = [sys.executable, "-c", _HURRY, *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def killed_and_resumed(
    start: Callable[[list[str], str, float | None], int | None],
    data: str,
    place: Path,
    moment: str,
    usual: float,
) -> int:
    """Run, kill, resume until it is finished; how many times it was killed."""
    kills, wanted = 0, random.randint(1, 3)
    first = ["fit", data, *OPTIONS, "--out", str(place)]
    again = ["fit", data, *OPTIONS, "--resume", "--out", str(place)]
    while True:
        clocked = {"start": 0.1, "epoch": 1.0}.get(moment, 1.2 if start is _cold else None)
        alive = kills >= wanted
        limit = None if alive or clocked is None else random.uniform(0, clocked * usual)
        # Where nothing was saved yet, the first command begins anew; the second does in any case.
        code = start(again if kills else first, "none" if alive else moment, limit)
        if code == 0:
            return kills
        if code is not None:
            raise AssertionError(f"{place}: the exit code is {code} after {kills} kills")
        kills += 1


def check(place: Path, whole: Path) -> None:
    """Raise unless a run is the one that was never killed."""
    for name in ("model/model.safetensors", "config.yaml"):
        if (place / name).read_bytes() != (whole / name).read_bytes():
            raise AssertionError(f"{place / name} differs from that of the run that was never killed")
    epochs = [int(row["epoch"]) for row in csv.DictReader((place / "history.csv").open())]
    if epochs != list(range(1, EPOCHS + 1)):
        raise AssertionError(f"{place}: the history has the epochs {epochs}")
    names = {path.name for path in place.iterdir()}
    if names != {path.name for path in whole.iterdir()}:
        raise AssertionError(f"{place} holds {sorted(names)}")


def look(place: Path) -> int:
    """Open everything in a run folder; how many files were whole. A broken one raises."""
    seen = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen += checkpoints.newest(place / "checkpoint") is not None
    for name, read in (
        ("metrics.json", lambda p: json.loads(p.read_text())["findings"]),
        ("history.csv", lambda p: len(list(csv.reader(p.open()))) == EPOCHS + 1 or 1 / 0),
        ("report.html", lambda p: p.read_text().startswith("<!doctype html>") or 1 / 0),
        ("config.yaml", lambda p: p.read_text().rstrip().rsplit("scikit-learn:", 1)[1]),
    ):
        with contextlib.suppress(FileNotFoundError):
            read(place / name)
            seen += 1
    try:
        diabolo.load(place / "model")
        return seen + 1
    except FileError:
        # Gone between two looks is not broken; what is there must be whole at the second one.
        if all((place / "model" / name).is_file() for name in ("model.json", "model.safetensors")):
            diabolo.load(place / "model")
    return seen


def _reader(folder: Path) -> int:
    """A child that opens what there is until it is told to end; exit code 0 if nothing was broken."""
    child = os.fork()
    if child:
        return child
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    code = seen = 0
    try:
        while not ended:
            for place in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[-2:]:
                seen += look(place)
            time.sleep(0.01)
        sys.stdout.write(f"the reader opened {seen} whole files and no broken one\n")
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)


def soak(runs: int, cold: int, seconds: float, folder: Path) -> None:
    """Kill and resume so many runs, or as many as there is time for."""
    torch.set_num_threads(1)
    deadline = time.monotonic() + seconds
    data = str(folder / "data.npy")
    np.save(data, np.random.default_rng(0).normal(size=(400, 12)).astype(np.float32))
    kills: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for name, start, wanted in (("warm", _warm, runs), ("cold", _cold, cold)):
        if not wanted:
            continue
        whole, places = folder / f"{name}-whole", folder / name
        places.mkdir()
        if start is _warm:  # its children find everything imported
            diabolo.Autoencoder.report = lambda *_, **__: QuickReport()  # type: ignore[method-assign,assignment]
            diabolo.cli.fit._page = lambda made, **_: made.to_html()  # type: ignore[assignment]
            with contextlib.redirect_stdout(io.StringIO()):
                main(["fit", data, *OPTIONS, "--out", str(folder / "warming")])
        begun = time.monotonic()
        code = start(["fit", data, *OPTIONS, "--out", str(whole)], "none", None)
        usual = time.monotonic() - begun
        if code:
            raise AssertionError(f"the run that is not killed ended with {code}")
        reader = _reader(places)
        try:
            for number in range(wanted):
                if time.monotonic() > deadline:
                    break
                moment = MOMENTS[number % len(MOMENTS)]
                place = places / str(number)
                kills[f"{name}, {moment}"] += killed_and_resumed(start, data, place, moment, usual)
                check(place, whole)
                done[name] += 1
        finally:
            os.kill(reader, signal.SIGTERM)
            status = os.waitpid(reader, 0)[1]
        if status:
            raise AssertionError("a reader saw a broken file")
        sys.stdout.write(f"{name}: {done[name]} of {wanted} runs; not killed, one takes {usual:.2f} s\n")
    table = "\n".join(f"  {what}: {count}" for what, count in kills.items())
    sys.stdout.write(f"killed {kills.total()} times:\n{table}\nevery run equals the one never killed\n")
    if done["warm"] < runs or done["cold"] < cold:
        raise AssertionError(f"there was time for {dict(done)} only, within {seconds:g} seconds")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--cold", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=600)
    given = parser.parse_args()
    # A kill, unlike a loss of power, leaves what was written, so memory does for a disk and is quicker.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as made:
        soak(given.runs, given.cold, given.seconds, Path(made))
