"""The changes that mutation testing makes, which of them are drawn, and how they come into a module."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants import mutants, sample

MODULE = '''"""A module."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    one = 1 + 1


@part
class Value:
    """A value."""

    size: Number[3] = setting(default=2, doc="Words %d" % 1)

    def clipped(self, x: int | None = -1) -> int | None:
        """A docstring."""
        if x is None or not x:
            raise ValueError(f"got {x + 1}")
        return [y for y in self.all(x, wide=True) if y < 7]
'''
LOOP = "for y in self.all(x, wide=True) if y < 7"
CHANGES = f"""
Value: @part class Value → class Value
Value: setting(default=2, doc='Words %d' % 1) → setting(doc='Words %d' % 1)
Value: default=2 → default=3
Value.clipped: self, x: int | None=-1 → self, x: int | None=1
Value.clipped: -1 → -2
Value.clipped: if x is None or not x → if not (x is None or not x)
Value.clipped: x is None or not x → x is None and (not x)
Value.clipped: x is None → x is not None
Value.clipped: x is None or not x → x is None or x
Value.clipped: raise ValueError(f'got {{x + 1}}') → pass
Value.clipped: return [y {LOOP}] → return None
Value.clipped: {LOOP} → for y in () if y < 7
Value.clipped: self.all(x, wide=True) → self.all(x)
Value.clipped: wide=True → wide=False
Value.clipped: {LOOP} → for y in self.all(x, wide=True) if not y < 7
Value.clipped: y < 7 → y <= 7
Value.clipped: y < 7 → y < 8
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text(MODULE, encoding="utf-8")
    return path


def test_what_is_computed_is_changed_and_words_and_annotations_are_not(module: Path) -> None:
    found = [m.name for m in mutants(module, module.parent)]
    assert found == [f"module.py {line}" for line in CHANGES.split("\n") if line]


def test_the_code_of_a_mutant_is_its_module_with_one_change(module: Path) -> None:
    module.write_text("def larger(a, b):\n    return a if a > b else b\n")
    results = []
    for mutant in mutants(module, module.parent):
        names: dict[str, object] = {}
        exec(mutant.code(), names)
        larger = names["larger"]
        results.append([larger(1, 2), larger(2, 1)])  # type: ignore[operator]
    # None for the value; the condition turned round; ">=" for ">", which is the same function.
    assert results == [[None, None], [1, 1], [2, 2]]


def test_a_sample_stays_when_other_code_changes(module: Path) -> None:
    before = {m.name for m in sample(mutants(module, module.parent), 6, seed=0)}
    assert len(before) == 6
    module.write_text(MODULE + "\n\ndef other(x):\n    return x\n", encoding="utf-8")
    after = {m.name for m in sample(mutants(module, module.parent), 6, seed=0)}
    assert {name for name in after if "other" not in name} <= before
