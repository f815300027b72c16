"""The tutorials: one for each experiment, questions with folded answers, and cells that run."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from diabolo.experiments import EXPERIMENTS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    """The names of ``docs/notebooks.py``."""
    pytest.importorskip(
        "myst_nb", reason="the extra 'docs', which builds the documentation, is not installed"
    )
    return runpy.run_path(str(DOCS / "notebooks.py"))


def _folded(cell: Any) -> bool:
    return "hide-cell" in cell.metadata.get("tags", ())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_has_a_tutorial_that_asks_and_folds_its_answers(
    name: str, maker: dict[str, Any]
) -> None:
    path = DOCS / "tutorials" / f"{name}.md"
    assert f"diabolo reproduce {name}" in path.read_text(encoding="utf-8")
    cells = [c for c in maker["notebook"](path).cells if c.cell_type == "code"]
    answers = [i for i, cell in enumerate(cells) if _folded(cell)]
    assert len(answers) >= 5
    for i in answers:
        assert "..." in cells[i - 1].source
        assert cells[i].metadata["jupyter"]["source_hidden"]
    assert sum("..." in c.source and not _folded(c) for c in cells) == len(answers)


def test_the_same_text_gives_the_same_notebooks(maker: dict[str, Any], tmp_path: Path) -> None:
    written = maker["write_all"](tmp_path / "a")
    assert [path.stem for path in written] == sorted(EXPERIMENTS)
    for path, again in zip(written, maker["write_all"](tmp_path / "b"), strict=True):
        assert path.read_bytes() == again.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_cell_of_a_tutorial_runs(
    name: str, maker: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from matplotlib import pyplot

    names: dict[str, Any] = {}
    for cell in maker["notebook"](DOCS / "tutorials" / f"{name}.md").cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{name}.md", "exec"), names)
    pyplot.close("all")
    assert capsys.readouterr().out
