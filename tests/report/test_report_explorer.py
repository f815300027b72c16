"""The page that opens with the explorer: findings that select their samples, offline, in both themes and widths."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA

from diabolo import MLP, Autoencoder, Training
from diabolo.explorer.offline.within import report_with_explorer
from diabolo.report import Options, health_report

SMALL = Options(pairs=100, samples=60, codes=200)
ABOUT = {
    "data": "digits",
    "run": "digits-deep",
    "command": "diabolo fit --config runs/digits-deep/config.yaml",
}
SIX_MEGABYTES = 6_000_000


def _digits():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    ae = Autoencoder(latent=2, encoder=MLP((32,)), training=Training(epochs=4), random_state=0)
    return ae.fit(X[:300]).report(X[300:500], y[300:500], X_train=X[:300], options=SMALL)


def _table():
    frame, y = load_wine(return_X_y=True, as_frame=True)
    test = frame[1::2].copy()
    test.iloc[3] += 1e4
    return health_report(PCA(2).fit(frame[::2]), test, y[1::2], X_train=frame[::2], options=SMALL)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {"digits": (_digits(), ABOUT), "table": (_table(), {})}
    files = {name: folder / f"{name}.html" for name in made}
    for name, (report, about) in made.items():
        files[name].write_text(report_with_explorer(report, name, about), encoding="utf-8")
    return {name: (made[name][0], files[name]) for name in made}


@pytest.mark.parametrize("name", ["digits", "table"])
def test_the_page_opens_with_facts_findings_map_and_names_no_address(pages, name):
    _, file = pages[name]
    text = file.read_text(encoding="utf-8")
    assert len(text) < SIX_MEGABYTES
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    order = [text.index(each) for each in ("<h1>", "Findings", 'id="explorer-within"', 'class="contents"')]
    assert order == sorted(order)
    if name == "digits":
        assert all(value in text for value in ABOUT.values())


def until(page, script):
    """Wait without eval in the page, which its policy forbids."""
    for _ in range(200):
        if page.evaluate(f"() => Boolean({script})"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(script)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
def test_a_finding_selects_its_samples_on_the_map(pages, browser, width, height, scheme):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    messages, requests = [], []
    for report, file in pages.values():
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        until(page, "window.__explorer?.state().ready")
        for link in page.locator("a[data-rows]").all():
            link.click()
            rows = [int(row) for row in link.get_attribute("data-rows").split()]
            assert page.evaluate("() => window.__explorer.state().selection") == rows
        assert report.figures.rows["judged"] >= len(rows) > 0
        sizes = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert sizes[0] <= sizes[1]
        below = "() => ['explorer-within', 'map'].map(id => document.getElementById(id).getBoundingClientRect().bottom)"
        lowest = page.evaluate(
            "() => Math.max(...[...document.querySelectorAll('#explorer-within > *')]"
            ".map(each => each.getBoundingClientRect().bottom))"
        )
        inner, outer = page.evaluate(below)
        assert lowest <= inner + 1 <= outer + 1
        page.close()
    context.close()
    assert messages == []
    assert [url[:60] for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.browser
def test_worst_samples_are_worst_and_those_outside_are_outside(pages, browser):
    report, file = pages["table"]
    computed = report.material.computed
    page = browser.new_page()
    page.goto(file.as_uri())
    chosen = {}
    for link in page.locator(".map a[data-rows]").all():
        chosen[link.inner_text()] = [int(row) for row in link.get_attribute("data-rows").split()]
    page.close()
    worst, outside = chosen.values()
    errors = ((computed.X - computed.X_hat) ** 2).sum(axis=1)
    assert errors[worst].min() >= np.delete(errors, worst).max()
    assert outside == [3]


@pytest.mark.browser
def test_without_scripts_and_in_print_a_picture_stands_for_the_map(pages, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["digits"][1].as_uri())
    assert page.locator(".still img").is_visible()
    assert not page.locator("#explorer-within").is_visible()
    context.close()
    page = browser.new_page()
    page.goto(pages["digits"][1].as_uri())
    until(page, "window.__explorer?.state().ready")
    assert not page.locator(".still img").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".still img").is_visible()
    assert not page.locator("#explorer-within").is_visible()
    page.close()
