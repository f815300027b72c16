"""Real processes that train together: the result of one, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from launching import PATIENCE, ended, fit_command, free_port, start

PROGRAM = Path(__file__).parent / "together.py"
# Long enough for a kill to come before the end.
EPOCHS = 40


def begin(folder: Path, world: int, steps: int, *more: str) -> list[subprocess.Popen[str]]:
    """A number of processes that train together, as a cluster's launcher would start them."""
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "NODE_RANK": "0"}
    several = {**shared, "WORLD_SIZE": str(world)} if world > 1 else {}
    command = [str(PROGRAM), str(folder), str(steps), *more]
    ranks = [{"LOCAL_RANK": str(rank)} if several else {} for rank in range(world)]
    return [start(command, **several, **rank) for rank in ranks]


def found(folder: Path, world: int, *names: str) -> list[dict[str, Any]]:
    """What the first of a number of processes came to, for each name."""
    return [dict(np.load(folder / f"{name}-{world}-0.npz")) for name in names]


def run(folder: Path, world: int, steps: int, *names: str) -> list[dict[str, Any]]:
    """What the first of a number of processes comes to, for each name."""
    ended(begin(folder, world, steps, *names))
    return found(folder, world, *names)


def assert_same_bits(one: dict[str, Any], two: dict[str, Any], *names: str) -> None:
    for what in names:
        np.testing.assert_array_equal(one[what], two[what], err_msg=what)


@pytest.mark.slow
def test_two_processes_come_to_what_one_comes_to(tmp_path: Path) -> None:
    alone, together = (run(tmp_path, world, 10, "mmd", "deep_in_parts") for world in (1, 2))
    assert len(together[0]["loss"]) == 10
    # Gradients of two halves are added up in another order than those of the whole.
    np.testing.assert_allclose(together[0]["loss"], alone[0]["loss"], rtol=1e-5)
    np.testing.assert_allclose(together[0]["val"], alone[0]["val"], rtol=1e-5)
    np.testing.assert_allclose(together[0]["weights"], alone[0]["weights"], rtol=1e-3, atol=1e-4)
    assert_same_bits(alone[1], together[1], "loss", "weights")


@pytest.mark.slow
def test_two_processes_come_to_what_one_comes_to_after_200_steps(tmp_path: Path) -> None:
    names = ("deep", "beta_vae", "mmd", "deep_float64")
    alone, together = (dict(zip(names, run(tmp_path, world, 200, *names), strict=True)) for world in (1, 2))
    for name in names:
        assert len(together[name]["loss"]) == 200
        # In float32 what was rounded otherwise grows as the difference of two seeds does; in float64 it cannot be seen.
        steps, tolerance = (200, 1e-9) if "float64" in name else (10, 1e-5)
        np.testing.assert_allclose(
            together[name]["loss"][:steps],
            alone[name]["loss"][:steps],
            rtol=tolerance,
            atol=1e-7,
            err_msg=name,
        )
        if "float64" in name:
            np.testing.assert_allclose(together[name]["val"], alone[name]["val"], rtol=tolerance, atol=1e-7)


@pytest.mark.slow
def test_two_processes_are_one_that_adds_up_the_gradients_of_both_to_the_bit(tmp_path: Path) -> None:
    # In float32 and at the recipe's own rate, where rounding grows: what two processes do beside it is nothing.
    ((alone,), (together,)) = (run(tmp_path, world, 200, "deep_in_parts") for world in (1, 2))
    assert len(together["loss"]) == 200
    assert_same_bits(alone, together, "loss", "weights")


@pytest.mark.slow
def test_a_training_killed_in_the_middle_of_an_epoch_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    (expected,) = run(whole, 2, 20, "beta_vae")
    # Epochs have five steps: what is kept lies one step into the second, and the death two steps later.
    first, second = begin(killed, 2, 20, "beta_vae", "--keep", "6", "--dies-at", "8")
    assert "waited in vain for another process" in first.communicate(timeout=PATIENCE)[1]
    second.communicate(timeout=PATIENCE)
    assert (first.returncode, second.returncode) == (1, -signal.SIGKILL)
    assert not list(killed.glob("*.npz"))
    ended(begin(killed, 2, 20, "beta_vae", "--resume"))
    (again,) = found(killed, 2, "beta_vae")
    assert_same_bits(expected, again, "loss", "val", "weights")
    # One process goes on with what two have begun, too.
    ended(begin(killed, 1, 20, "beta_vae", "--resume"))
    (alone,) = found(killed, 1, "beta_vae")
    assert_same_bits({"loss": expected["loss"][:6]}, {"loss": alone["loss"][:6]}, "loss")
    np.testing.assert_allclose(alone["loss"], expected["loss"], rtol=1e-5)


@pytest.mark.slow
def test_penalties_that_gather_see_the_whole_batch_and_others_do_not(tmp_path: Path) -> None:
    # In float32, or after more steps, rounding changes which edges matter, and the curves part.
    names = ("topological_float64", "mmd_apart")
    (same, apart), (one, one_apart) = (run(tmp_path, world, 20, *names) for world in (2, 1))
    np.testing.assert_allclose(same["loss"], one["loss"], rtol=1e-6)
    assert np.abs(apart["loss"] / one_apart["loss"] - 1).max() > 1e-3


def started(out: Path) -> tuple[subprocess.Popen[str], int]:
    """A training of two processes that has written a checkpoint, and the number of its second process."""
    process = start(fit_command(out, EPOCHS, "--trainer", "lightning", "--devices", "2"))
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
    ended([start(["-m", "diabolo", "fit", "--resume", "--quiet", "--out", str(out)])])
    assert not (out / "checkpoint").exists()
    plain = tmp_path / "plain"
    ended([start(fit_command(plain, EPOCHS))])
    resumed, alone = (pd.read_csv(folder / "history.csv") for folder in (out, plain))
    assert list(resumed["epoch"]) == list(range(1, EPOCHS + 1))
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
