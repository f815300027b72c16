"""What the tests of the explorer's page and of the exported page share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from diabolo.explorer.protocol import pack, unpack
from diabolo.explorer.requests import answer

STATE = "window.__explorer ? window.__explorer.state() : {}"
_BOXES = """() => [...document.querySelectorAll('.dx-header, .dx-panel, .dx-map, .dx-tools, .dx-selection, .dx-live, '
        + '.dx-film, .dx-training, .dx-table, .dx-moved, .dx-banner')]
    .filter((e) => e.offsetParent).map((e) => {
        const b = e.getBoundingClientRect();
        return [e.className, b.left, b.top, b.right, b.bottom];
    })"""
_SIDEWAYS = """() => [...document.querySelectorAll('.dx-panel, .dx-left, .dx-right, .dx-header, .dx-tools, .dx-line, '
        + '.dx-live, .dx-film, .dx-training, .dx-moved, .dx-centre')]
    .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map((e) => e.className)"""
_VIOLATIONS = """axe.run().then((r) => r.violations.map((v) =>
    [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))]))"""
_ASK = """async ([asked, arrays]) => {
    const given = Object.fromEntries(Object.entries(arrays).map(([name, [kind, flat, shape]]) =>
        [name, {data: (kind === 'i4' ? Int32Array : Float32Array).from(flat), shape}]));
    const made = await window.__explorer.app.client.ask(asked, given);
    const plain = Object.entries(made.arrays).map(([name, {data, shape}]) => [name, [Array.from(data), shape]]);
    return [made.header, Object.fromEntries(plain)];
}"""

State = dict[str, Any]


def state(page: Any) -> State:
    """What the page says of itself; nothing while it is loaded anew."""
    from playwright.sync_api import Error

    try:
        found: State = page.evaluate(STATE)
    except Error as error:
        if "navigation" not in str(error):
            raise
        found = {}
    return found


def until(page: Any, true: Callable[[State], Any], seconds: float = 30) -> State:
    """Wait for a state; the page's content policy forbids the waiting that evaluates a text."""
    found = state(page)
    for _ in range(int(seconds * 50)):
        if found and true(found):
            return found
        page.wait_for_timeout(20)
        found = state(page)
    raise AssertionError(f"never came; the last state was {json.dumps(found)[:600]}")


@contextmanager
def visits(browser: Any, allowed: str, quiet: bool = False, **always: Any) -> Iterator[Callable[..., Any]]:
    """Open pages; at the end nothing may have gone wrong in them, and nothing may have been asked elsewhere.

    ``allowed`` is the expression that every address asked for must match; ``quiet``: nor may the console show an error.
    """
    contexts: list[Any] = []
    problems: list[str] = []
    asked: list[str] = []

    def go(url: str, width: int = 1280, height: int = 800, **options: Any) -> Any:
        options = {"accept_downloads": True, **always, **options}
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        if quiet:
            page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda opened: asked.append(opened.url))
        page.goto(url, timeout=120_000)
        until(page, lambda s: s.get("ready"))
        return page

    try:
        yield go
    finally:
        for context in contexts:
            context.close()
    assert not problems, problems
    assert not [url for url in asked if not re.match(allowed, url)]


def drag_probe(page: Any, moves: int, pause: int = 10) -> State:
    """Drag the probe around, and wait until what it stands on is decoded."""
    page.locator(".dx-check", has_text="snap to points").click()
    left, top = on_map(page)
    x, y = state(page)["probeScreen"]
    page.mouse.move(left + x, top + y)
    page.mouse.down()
    for k in range(moves):
        page.mouse.move(left + x + 120 * np.sin(k / 20), top + y + 100 * np.sin(k / 13))
        page.wait_for_timeout(pause)
    page.mouse.up()
    return until(page, lambda s: s["decodedAt"] == s["probe"])


def on_map(page: Any) -> tuple[float, float]:
    """The corner of the map on the page."""
    box = page.locator(".dx-map").first.bounding_box()
    return box["x"], box["y"]


def draw_stroke(page: Any) -> State:
    """Draw a stroke on the board; what the page makes of it."""
    board = page.locator(".dx-board")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 160, steps=8)
    page.mouse.up()
    until(page, lambda s: s["drawn"] and max(s["drawn"]["row"]) > 0.9)
    page.wait_for_timeout(300)
    drawn: State = state(page)["drawn"]
    return drawn


def check_layout(page: Any, width: int) -> None:
    """Nothing overlaps, is cut off at a side, or scrolls sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = page.evaluate(_BOXES)
    for i, (name, l0, t0, r0, b0) in enumerate(boxes):
        assert l0 >= 0, name
        assert r0 <= width + 1, name
        for other, l1, t1, r1, b1 in boxes[i + 1 :]:
            # Panels of a column that scrolls go under the bar at the bottom.
            if "dx-panel" not in name + other:
                assert min(r0, r1) - max(l0, l1) < 1 or min(b0, b1) - max(t0, t1) < 1, (name, other)
    sideways = page.evaluate(_SIDEWAYS)
    assert not sideways


def check_barriers(page: Any, axe: str) -> None:
    """axe-core finds nothing on the page as it is."""
    page.evaluate(axe)
    found = page.evaluate(_VIOLATIONS)
    assert not found, json.dumps(found, indent=1)


def ask_python(subjects: Any, do: str, arrays: Any = None, **header: Any) -> Any:
    """Put a question to subjects without a server: the header and the arrays of the answer."""
    asked: tuple[Mapping[str, Any], Any] = unpack(pack({"do": do, **header}, arrays))
    steps = answer(subjects, *asked)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def ask_page(page: Any, do: str, arrays: Mapping[str, np.ndarray] | None = None, **header: Any) -> Any:
    """Put a question to whatever answers a page's questions: the header and the arrays of the answer."""
    sent = {
        name: [array.dtype.str[1:], array.ravel().tolist(), list(array.shape)]
        for name, array in (arrays or {}).items()
    }
    told, made = page.evaluate(_ASK, [{"do": do, **header}, sent])
    return told, {name: np.array(flat).reshape(shape) for name, (flat, shape) in made.items()}
