"""`diabolo reproduce` runs an experiment and says what was obtained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_quick_section_prints_its_verdicts_and_leaves_a_folder(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "plane"
    done = command("reproduce", "neuromatch-2", "--quick", "--section", "plane", "--out", folder)
    assert done.code == 0
    assert "2-D code: test BCE: published 0.1741, obtained" in done.out
    assert "quick form, not compared" in done.out
    assert done.out.splitlines()[-1] == str(folder)
    assert "a map of digits" in done.err
    assert (folder / "index.html").is_file()


def test_a_section_that_is_not_there_is_named(command: Callable[..., Any]) -> None:
    done = command("reproduce", "neuromatch-2", "--quick", "--section", "plan")
    assert done.code == 2
    assert "Did you mean 'plane'?" in done.err
