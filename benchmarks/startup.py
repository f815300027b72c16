"""How long it takes until something happens: imports and the command line, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial

from harness import Race, Rival, main


def python(code: str) -> None:
    """Run code in a fresh interpreter."""
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)


def command(*words: str) -> None:
    """Run the command line."""
    subprocess.run([sys.executable, "-m", "diabolo", *words], check=False, capture_output=True)


def first_progress() -> None:
    """Fit the bundled digits up to the first line of output."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-u", "-m", "diabolo", "fit", "digits", "--out", f"{folder}/run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        if process.stdout is not None:
            process.stdout.readline()
        process.kill()
        process.wait()


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
    begin = [Rival("diabolo fit digits, its first line", first_progress)]
    return [Race("import", imports), Race("command line", answers)] + (
        [] if quick else [Race("first progress", begin)]
    )


if __name__ == "__main__":
    main("startup", "Start-up", races)
