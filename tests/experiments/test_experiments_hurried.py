"""Every section of every experiment, on a few rows and for four epochs: what it publishes, it measures and draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from diabolo.datasets import load_digits
from diabolo.experiments import EXPERIMENTS, Result, context, course, moons_digits, reproduce
from diabolo.training import Training

EPOCHS, ROWS = 4, 500


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer epochs and rows than the quick form has; the models and figures are all there."""
    check = Training.check

    def hurried(self: Training) -> None:
        check(self)
        object.__setattr__(self, "epochs", min(self.epochs, EPOCHS))

    monkeypatch.setattr(Training, "check", hurried)
    for module in (course, moons_digits):
        monkeypatch.setattr(module, "load_digits", lambda: tuple(part[:ROWS] for part in load_digits()))
    monkeypatch.setattr(context, "_DPI", 40)
    monkeypatch.setattr(course, "_TEST_ROWS", ROWS // 4)
    monkeypatch.setattr(moons_digits, "_TRAIN_ROWS", 3 * ROWS // 4)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_section_leaves_its_numbers_and_figures(
    name: str, tmp_path: Path, check_folder: Callable[[Result], None]
) -> None:
    result = reproduce(name, quick=True, out=tmp_path / "run")
    assert set(result.findings) == {section.name for section in result.experiment.sections}
    assert [c.target for c in result.comparisons] == list(result.experiment.targets)
    check_folder(result)
