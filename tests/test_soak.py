"""The short form of ``make soak``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import diabolo


@pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork, which killed runs are made with"
)
def test_runs_that_are_killed_and_resumed_are_the_run_that_was_not(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(diabolo.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("soak.py")
    options = ("--runs", "4", "--cold", "0", "--seconds", "300")
    done = subprocess.run(
        [sys.executable, script, *options], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warm: 4 of 4 runs" in done.stdout
    assert "no broken one" in done.stdout
