"""The documentation's table of experiments is the one that the committed results give."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from diabolo.experiments import EXPERIMENTS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_written_from_the_results_beside_it() -> None:
    made = runpy.run_path(str(DOCS / "experiments.py"))["text"]()
    assert made == (DOCS / "experiments.md").read_text(encoding="utf-8"), "run `python docs/experiments.py`"


def test_the_results_are_of_the_targets_as_they_are_now() -> None:
    for path in sorted((DOCS / "experiments").glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert not kept["quick"]
        known = {t.name: t for t in EXPERIMENTS[path.stem].load().targets}
        for target in kept["targets"]:
            now = known[target["name"]]
            assert (now.published, now.tolerance, now.direction) == (
                target["published"],
                target["tolerance"],
                target["direction"],
            )
            assert now.within(target["mean"]) is target["within"]
