"""The page of a run in a real browser: no error, no request, nothing cut off, on a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diabolo.experiments import EXPERIMENTS, Result, reproduce

pytestmark = pytest.mark.browser

# Sections and seeds; with three the table is as wide as it gets.
QUICK: dict[str, tuple[str, int]] = {"rectangle": ("frozen", 1), "neuromatch-2": ("plane", 3)}
SIZES = {"desk": (1280, 800), "telephone": (390, 844)}
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll('section, table, figure, li')]
    .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => `${e.tagName}: ${e.textContent.slice(0, 80)}`)"""
BLANK = """() => [...document.querySelectorAll('img')].filter((i) => !i.naturalWidth || !i.alt).length"""


@pytest.mark.parametrize("name", QUICK)
def test_a_section_leaves_every_number_and_a_page_that_opens(
    name: str, browser: Any, tmp_path: Path, check_folder: Callable[[Result], None]
) -> None:
    said: list[str] = []
    section, seeds = QUICK[name]
    result = reproduce(name, True, seeds, tmp_path / "run", sections=[section], progress=said.append)
    assert len(said) == seeds
    check_folder(result)
    _look(browser, result.page)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_quick_form_of_every_experiment_leaves_a_page_that_opens(
    name: str, browser: Any, tmp_path: Path, check_folder: Callable[[Result], None]
) -> None:
    result = reproduce(name, quick=True, out=tmp_path / "run")
    check_folder(result)
    _look(browser, result.page)


def _look(browser: Any, path: Path) -> None:
    for width, height in SIZES.values():
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error, to=problems: to.append(str(error)))
        page.on("console", lambda said, to=problems: to.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda asked, to=problems: (
                to.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
            ),
        )
        page.goto(path.as_uri())
        assert page.evaluate(BLANK) == 0
        assert page.evaluate(SIDEWAYS) == [], f"{width} wide"
        context.close()
        assert not problems
