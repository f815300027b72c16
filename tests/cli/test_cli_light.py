"""Help, a typo and the lists answer at once: nothing slow is imported for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import diabolo

_SLOW = ("torch", "sklearn", "pandas", "pyarrow", "matplotlib", "scipy")
_PROBE = f"""
import sys
from diabolo.cli import main
code = main(sys.argv[1:])
print("PROBE", code, [name for name in {_SLOW} if name in sys.modules])
"""


def _probe(*arguments: str) -> tuple[str, str]:
    env = {**os.environ, "PYTHONPATH": str(Path(diabolo.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments], capture_output=True, text=True, env=env, check=True
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 0, "Five commands to start with"),
        (("--version",), 0, "diabolo "),
        (("--help",), 0, "reconstruct"),
        (("fit", "--help"), 0, "--batch-size"),
        (("recipes",), 0, "linear"),
        (("datasets",), 0, "swiss_roll"),
        (("reproduce", "--list"), 0, "neuromatch-2"),
        (("reproduce", "rectangel"), 2, "Did you mean 'rectangle'?"),
        (("reproduce",), 2, "no experiment: give one of"),
        (("fit", "digits", "--epoch", "3"), 2, "--epochs"),
        (("fti",), 2, "'fit'"),
        (("fit", "digits", "--recipe", "linaer"), 2, "Did you mean 'linear'?"),
        (("fit", "digits", "--config", "nowhere.yaml"), 2, "there is no configuration file"),
        (("encode", "nowhere", "digits"), 2, "there is no run folder"),
    ],
)
def test_answers_without_slow_imports(arguments: tuple[str, ...], code: int, words: str) -> None:
    out, err = _probe(*arguments)
    assert f"PROBE {code} []" in out
    assert words in out + err
    assert "Traceback" not in err


def test_python_dash_m() -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(diabolo.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-m", "diabolo", "fti"], capture_output=True, text=True, env=env)
    assert done.returncode == 2
    assert done.stderr.startswith("diabolo: No such command 'fti'.")
    assert done.stdout == ""
