"""How long it takes until something happens: imports and the command line, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import partial

from harness import Race, Rival, main


def python(code: str) -> None:
    """Run code in a fresh interpreter."""
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)


def command(*words: str) -> None:
    """Run the command line."""
    subprocess.run([sys.executable, "-m", "diabolo", *words], check=False, capture_output=True)


def first_progress(words: Sequence[str]) -> None:
    """Run the command line up to its first line of output."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "diabolo", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()


def races(quick: bool) -> Sequence[Race]:
    """Imports, help, a typo, and the first sign of a training."""
    imports = [
        Rival(
            "import diabolo, torch, sklearn; Autoencoder",
            partial(python, "import diabolo; diabolo.Autoencoder"),
        ),
        Rival(
            "import torch, sklearn.base",
            partial(python, "import torch, sklearn.base, sklearn.utils.validation"),
        ),
    ]
    answers = [
        Rival("diabolo --help", partial(command, "--help")),
        Rival("diabolo fti (a typo)", partial(command, "fti")),
        Rival("python -c pass", partial(python, "pass")),
    ]
    begin = [
        Rival(
            "diabolo fit digits, first line",
            partial(first_progress, ["fit", "digits", "--out", "/dev/null/x"]),
        )
    ]
    return [Race("import", imports), Race("command line", answers)] + (
        [] if quick else [Race("first progress", begin)]
    )


if __name__ == "__main__":
    main("startup", "Start-up", races)
