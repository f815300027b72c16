"""Write ``docs/experiments.md`` from the results in ``docs/experiments/``: ``python docs/experiments.py``."""

from __future__ import annotations

import json
from pathlib import Path

from diabolo.experiments import EXPERIMENTS
from diabolo.experiments.tables import markdown

HERE = Path(__file__).parent


def text() -> str:
    """The page."""
    files = [HERE / "experiments" / f"{name}.json" for name in EXPERIMENTS]
    return markdown(json.loads(f.read_text(encoding="utf-8")) for f in files if f.exists())


if __name__ == "__main__":
    (HERE / "experiments.md").write_text(text(), encoding="utf-8")
