"""A selection explains itself, the same by whichever way it was made; a search says what it cannot do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from diabolo.explorer import Page
from diabolo.explorer.model import make_subjects

pytestmark = pytest.mark.browser

# Selecting builds every panel before it returns.
TIMES = """() => {
    const explorer = window.__explorer;
    const rows = Array.from(explorer.app.model.rows).filter((row) => row % 2);
    const times = Array.from({ length: 5 }, () => {
        const begun = performance.now();
        explorer.commands.select(rows);
        return performance.now() - begun;
    });
    return [rows.length, ...times];
}"""


def until(page: Any, script: str) -> None:
    for _ in range(400):
        if page.evaluate(f"() => Boolean({script})"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(script)


def chosen(page: Any) -> list[int]:
    return page.evaluate("() => window.__explorer.state().selection")


def panel(page: Any) -> str:
    return page.locator(".dx-explain").inner_text()


def seek(page: Any, text: str) -> None:
    box = page.locator("input[type=search]")
    box.fill(text)
    box.press("Enter")
    page.wait_for_timeout(300)


@pytest.fixture
def opened(visit: Any, served: Any) -> Any:
    page = visit(served.url)
    until(page, "window.__explorer?.state().ready && window.__explorer.app.model.errors")
    return page


def test_a_legend_entry_and_a_search_make_one_selection_and_one_panel(opened: Any, digits: Any) -> None:
    seek(opened, "label 7")
    rows, words = chosen(opened), panel(opened)
    assert rows == np.flatnonzero(digits[1] == 7).tolist()
    assert f"{len(rows)} of {len(digits[1])}" in words
    assert "set apart by" in words
    opened.get_by_role("button", name="Clear").last.click()
    assert not opened.locator(".dx-explain").is_visible()
    opened.locator(".dx-key").nth(7).dblclick()
    assert chosen(opened) == rows
    assert panel(opened) == words
    assert len(opened.evaluate("() => window.__explorer.state().muted")) == 9
    opened.locator(".dx-key").nth(7).dblclick()
    assert chosen(opened) == []


def test_a_search_for_errors_and_rows_is_exact_and_says_what_it_cannot_do(opened: Any) -> None:
    errors = np.array(opened.evaluate("() => Array.from(window.__explorer.app.model.errors)"))
    bound = round(float(np.quantile(errors, 0.9)), 3)
    seek(opened, f"error > {bound}")
    assert chosen(opened) == np.flatnonzero(errors > bound).tolist()
    seek(opened, "row 7")
    assert chosen(opened) == [7]
    seek(opened, "the loops of eights")
    assert (
        "A search takes a name, or: label 7, row 7, error > 20." in opened.locator(".dx-banner").inner_text()
    )


def test_a_bin_of_the_histogram_selects_its_points(opened: Any) -> None:
    seek(opened, "label 3")
    counted = opened.locator(".dx-bin").nth(4)
    count = int(counted.get_attribute("title").split(" of ")[1].split()[0])
    counted.click()
    assert len(chosen(opened)) == count > 0


def test_sixty_thousand_points_are_explained_at_once(visit: Any) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60_000, 8)).astype(np.float32), rng.integers(0, 10, 60_000)
    subjects = make_subjects(PCA(2).fit(X[:2000]), X, y)
    with Page(lambda: subjects) as served:
        page = visit(served.url)
        until(page, "window.__explorer?.state().ready && window.__explorer.app.model.errors")
        taken = page.evaluate(TIMES)
        assert taken[0] == 30_000
        assert sorted(taken[1:])[2] < 100, taken
