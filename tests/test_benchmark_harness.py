"""The harness of the benchmarks: what it makes of seconds and scores."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def harness() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "harness.py"
    spec = importlib.util.spec_from_file_location("harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["harness"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_race_gives_ratios_and_names_what_is_not_installed(harness: ModuleType) -> None:
    rivals = [
        harness.Rival("ours", lambda: 1.0),
        harness.Rival("slow", lambda: (time.sleep(0.01), lambda: 2.0)[1], wanted=0.5, units=2, compared=True),
        harness.Rival("gone", lambda: 0.0, module="no_such_module"),
    ]
    line = harness.run(harness.Race("sleep", rivals), 3)
    ours, slow, gone = line["rivals"]
    assert (ours["ratio"], slow["reached"], gone["installed"]) == (1, True, False)
    assert slow["seconds"] >= 0.005  # half of the run, which is two units
    assert (slow["score"], slow["worse"]) == (2.0, False)


@pytest.mark.parametrize(("score", "failure"), [(1.2, ""), (1.0, "other bits")])
def test_a_worse_score_or_a_failed_check_ends_with_an_error(
    harness: ModuleType, score: float, failure: str
) -> None:
    rivals = [harness.Rival("ours", lambda: score), harness.Rival("theirs", lambda: 1.0, compared=True)]
    line = harness.run(harness.Race("work", rivals, score="loss", check=lambda: failure), 1)
    with pytest.raises(SystemExit, match=failure or r"work: our loss is 1.2, that of theirs is 1\."):
        harness.finish("name", "Title", [line], write=False)
    harness.finish("name", "Title", [], write=False)


def test_the_page_is_what_the_reports_say() -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "performance.md").read_text()
    for report in (root / "docs" / "benchmarks").glob("*.json"):
        assert f"`make bench-{report.stem}`" in page
