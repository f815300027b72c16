"""The documentation's page of parts has a row for every member of every family, and for every recipe."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from members import FAMILIES

from diabolo.recipes import RECIPES

# Both at once: what other tests register goes on being known.
LISTED = {(name, cls.__name__) for family in FAMILIES for name, cls in family.items()}
PAGE = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "parts_page.py"))["page"]()


def test_every_member_has_a_row_with_an_example_and_a_sentence() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)`.*(?<!\\)\| (.+\.) \|$", PAGE, re.MULTILINE)
    listed = {(name, example.partition("(")[0]) for name, example, _ in rows}
    assert listed == LISTED


def test_every_recipe_has_a_row() -> None:
    recipes = PAGE.partition("## Recipes")[2]
    assert re.findall(r"^\| `(\w+)` \| .+ \|$", recipes, re.MULTILINE) == list(RECIPES)
