"""Real processes that train together: the result of one, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import diabolo

HERE, SOURCE = Path(__file__).parent, Path(diabolo.__file__).parents[1]
PROGRAM = HERE / "together.py"
PATIENCE = 600  # seconds, for a machine that does other things beside


def environment(**more: str) -> dict[str, str]:
    ranks = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    inherited = {name: value for name, value in os.environ.items() if name not in ranks}
    return {**inherited, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", **more}


def free_port() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def run(folder: Path, world: int, steps: int, *names: str) -> list[dict[str, Any]]:
    """What the first process of a number of processes came to, for each name."""
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "NODE_RANK": "0"}
    several = {**shared, "WORLD_SIZE": str(world)} if world > 1 else {}
    command = [sys.executable, str(PROGRAM), str(folder), str(steps), *names]
    processes = [
        subprocess.Popen(
            command,
            env=environment(**several, **({"LOCAL_RANK": str(rank)} if several else {})),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]
    told = [process.communicate(timeout=PATIENCE)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * world, "\n".join(told)
    return [dict(np.load(folder / f"{name}-{world}-0.npz")) for name in names]


def test_two_processes_come_to_what_one_comes_to(tmp_path: Path) -> None:
    ((alone,), (together,)) = (run(tmp_path, world, 10, "mmd") for world in (1, 2))
    assert len(together["loss"]) == 10
    # Gradients of two halves are added up in another order than those of the whole.
    np.testing.assert_allclose(together["loss"], alone["loss"], rtol=1e-5)
    np.testing.assert_allclose(together["val"], alone["val"], rtol=1e-5)
    np.testing.assert_allclose(together["weights"], alone["weights"], rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_two_processes_come_to_what_one_comes_to_after_200_steps(tmp_path: Path) -> None:
    names = ("deep", "beta_vae", "mmd", "deep_float64")
    alone, together = (dict(zip(names, run(tmp_path, world, 200, *names), strict=True)) for world in (1, 2))
    for name in names:
        assert len(together[name]["loss"]) == 200
        tolerance = 1e-9 if "float64" in name else 1e-5
        for what in ("loss", "val"):
            np.testing.assert_allclose(
                together[name][what], alone[name][what], rtol=tolerance, atol=1e-7, err_msg=f"{name} {what}"
            )


@pytest.mark.slow
def test_penalties_that_gather_see_the_whole_batch_and_others_do_not(tmp_path: Path) -> None:
    # In float32, or after more steps, rounding changes which edges matter, and the curves part.
    names = ("topological_float64", "mmd_apart")
    (same, apart), (one, one_apart) = (run(tmp_path, world, 20, *names) for world in (2, 1))
    np.testing.assert_allclose(same["loss"], one["loss"], rtol=1e-6)
    assert np.abs(apart["loss"] / one_apart["loss"] - 1).max() > 1e-3


def fit_command(out: Path, *more: str) -> list[str]:
    settings = ["--recipe", "linear", "--epochs", "40", "--batch-size", "256", "--device", "cpu", "--quiet"]
    return [sys.executable, "-m", "diabolo", "fit", "digits", *settings, "--out", str(out), *more]


def started(out: Path) -> tuple[subprocess.Popen[str], int]:
    """A training of two processes that has written a checkpoint, and the number of its second process."""
    process = subprocess.Popen(
        fit_command(out, "--trainer", "lightning", "--devices", "2"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + PATIENCE
    while not (out / "checkpoint" / "last.ckpt").is_file():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < limit
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    (other,) = [pid for pid, command in commands.items() if b"digits" in command]
    return process, other


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find the second process")
def test_when_one_process_is_killed_the_other_ends_and_the_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process, other = started(out)
    os.kill(other, signal.SIGKILL)
    killed = time.monotonic()
    told = process.communicate(timeout=60)[1]
    assert time.monotonic() - killed < 60
    assert process.returncode == 2
    assert "waited in vain for another process" in told
    assert f"diabolo fit --resume --out {out}" in told
    again = [sys.executable, "-m", "diabolo", "fit", "--resume", "--quiet", "--out", str(out)]
    done = subprocess.run(again, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert not (out / "checkpoint").exists()
    plain = tmp_path / "plain"
    subprocess.run(fit_command(plain), env=environment(), check=True, capture_output=True, timeout=PATIENCE)
    resumed, alone = (pd.read_csv(folder / "history.csv") for folder in (out, plain))
    assert list(resumed["epoch"]) == list(range(1, 41))
    np.testing.assert_allclose(resumed["loss"], alone["loss"], rtol=1e-5)
    np.testing.assert_allclose(resumed["val_loss"], alone["val_loss"], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find the second process")
def test_when_the_first_process_is_killed_the_second_ends(tmp_path: Path) -> None:
    process, other = started(tmp_path / "run")
    process.kill()
    limit = time.monotonic() + 60
    while running(other):
        assert time.monotonic() < limit
        time.sleep(0.1)
    process.communicate()
