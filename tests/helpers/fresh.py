"""Code that is run by a Python of its own, with the package that is tested and nothing imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import diabolo

SOURCE = str(Path(diabolo.__file__).parents[1])


def in_fresh_process(code: str, *arguments: str) -> str:
    """What it prints; where it fails, the test fails with what it said."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
