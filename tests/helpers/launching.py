"""What tests that start processes which train together share."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import diabolo

SOURCE = Path(diabolo.__file__).parents[1]
#: Seconds, for a machine that does other things beside.
PATIENCE = 600
_LAUNCHERS = ("SLURM_", "TORCHELASTIC_")
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that no launcher has started, and more."""
    inherited = {k: v for k, v in os.environ.items() if k not in _RANKS and not k.startswith(_LAUNCHERS)}
    return {**inherited, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", **more}


def free_port() -> str:
    """A port of this machine that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def start(command: Sequence[str], **more: str) -> subprocess.Popen[str]:
    """A process of Python's with an environment of its own, whose output is kept."""
    return subprocess.Popen(
        [sys.executable, *command],
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(processes: Sequence[subprocess.Popen[str]], code: int = 0) -> list[tuple[str, str]]:
    """What processes have written to both of their outputs; all of them have to end with a code."""
    told = [process.communicate(timeout=PATIENCE) for process in processes]
    codes = [process.returncode for process in processes]
    assert codes == [code] * len(codes), "\n".join(error for _, error in told)
    return told


def fit_command(out: Path, epochs: int, *more: str) -> list[str]:
    """A training of short epochs on the command line, for :func:`start`."""
    settings = [
        "--recipe",
        "linear",
        "--epochs",
        str(epochs),
        "--batch-size",
        "256",
        "--device",
        "cpu",
        "--quiet",
    ]
    return ["-m", "diabolo", "fit", "digits", *settings, "--out", str(out), *more]
