"""Tables and parts must answer without loading PyTorch or scikit-learn."""

from __future__ import annotations

import pytest
from fresh import in_fresh_process

HEAVY = ("torch", "sklearn", "scipy", "matplotlib", "pandas", "pyarrow")


ROOMS = ("latent", "reconstruction", "penalties", "corruption", "networks", "functional")


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_loads_nothing_heavy(room: str) -> None:
    code = f"""
import sys, diabolo.{room}
print(*(name for name in {HEAVY} if name in sys.modules))
"""
    shown = in_fresh_process(code)
    assert shown.split() == []


def test_a_mistyped_penalty_is_answered_without_pytorch() -> None:
    code = """
import sys
from diabolo.penalties import PENALTIES
try:
    PENALTIES["topologcal"]
except ValueError as error:
    print(error)
print("torch" in sys.modules)
"""
    shown = in_fresh_process(code)
    assert "Did you mean 'topological'?" in shown
    assert shown.rstrip().endswith("False")


def test_lightning_is_loaded_by_nobody_but_its_room() -> None:
    code = """
import sys, diabolo, diabolo.estimator, diabolo.recipes, diabolo.cli.app, diabolo.cli.fit
print("lightning" in sys.modules, "diabolo.lightning" in sys.modules)
"""
    assert in_fresh_process(code).split() == ["False", "False"]
