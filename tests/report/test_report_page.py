"""The report as text, JSON and a page; the page in a real browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA

from diabolo import MLP, Autoencoder, Gaussian, Sphere, Training
from diabolo.report import Options, health_report

SMALL = Options(pairs=100, samples=60, codes=200)
FIVE_MEGABYTES = 5_000_000


def _digits_report():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    ae = Autoencoder(latent=2, encoder=MLP((32,)), training=Training(epochs=4), random_state=0)
    return ae.fit(X[:300], validation=X[300:400]).report(
        X[300:500], y[300:500], X_train=X[:300], options=SMALL
    )


def _collapsed_report():
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8)
    ae = Autoencoder(latent=Gaussian(6), encoder=MLP((16,)), training=Training(epochs=2), random_state=0)
    return ae.fit(X[:300]).report(X[300:500], y[300:500], options=SMALL)


def _globe_report():
    X = load_digits().data / 16
    ae = Autoencoder(latent=Sphere(3), encoder=MLP((16,)), training=Training(epochs=2), random_state=0)
    return ae.fit(X[:300]).report(X[300:500], options=SMALL)


def _table_report():
    frame, y = load_iris(return_X_y=True, as_frame=True)
    frame = frame.rename(columns={frame.columns[0]: "a <very> long & odd name of a column " * 4})
    return health_report(PCA(2).fit(frame), frame, y.map(lambda c: f"species {c}"), options=SMALL)


REPORTS = {
    "digits": _digits_report,
    "collapsed": _collapsed_report,
    "globe": _globe_report,
    "table": _table_report,
}


@pytest.fixture(scope="module")
def reports():
    return {name: make() for name, make in REPORTS.items()}


def test_the_text_is_aligned_and_says_units(reports):
    lines = str(reports["digits"]).splitlines()
    assert max(map(len, lines)) <= 96
    assert any("squared units a sample" in line for line in lines)
    table = lines[lines.index("Reconstruction") + 1 :][:6]
    assert len({len(line) for line in table}) == 1
    assert any(line.startswith("  this model, training rows") for line in table)


def test_long_names_leave_the_numbers_in_sight(reports):
    lines = str(reports["table"]).splitlines()
    start = lines.index("Worst features") + 2
    shown = [line.split()[-1] for line in lines[start : start + 4]]
    assert max(map(len, lines)) <= 96
    assert shown == [f"{error.mse:.4g}" for error in reports["table"].figures.feature_errors]


@pytest.mark.parametrize("name", REPORTS)
def test_json_holds_all_and_no_nan(reports, name):
    report = reports[name]
    back = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert back["figures"]["errors"]["model"]["mse"] == report.figures.errors["model"].mse
    assert [f["kind"] for f in back["findings"]] == [f.kind for f in report.findings]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[dict[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag not in ("img", "meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_self_contained_and_well_formed(reports, name):
    page = reports[name].to_html("A <title>")
    assert "A &lt;title&gt;" in page
    assert "A <title>" not in page
    assert len(page) < FIVE_MEGABYTES
    assert not re.search(r"https?://|<script|url\(|javascript:|style=", page)
    parser = _Page()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.pictures) == len(reports[name].pictures) > 0
    assert all(picture["alt"] for picture in parser.pictures)


def test_a_notebook_gets_a_piece_whose_style_is_its_own(reports):
    piece = reports["digits"]._repr_html_()
    assert "<body" not in piece
    rules = re.sub(r"@media\([^)]*\)\{", "", piece[piece.index("<style>") + 7 : piece.index("</style>")])
    selectors = [s for rule in rules.split("}") if "{" in rule for s in rule.split("{")[0].split(",")]
    assert all(s.strip().startswith(".diabolo-report") for s in selectors)


def test_every_sentence_of_the_text_is_on_the_page(reports):
    import html

    report = reports["collapsed"]
    page = html.unescape(report.to_html())
    assert report.findings
    assert all(finding.sentence in page for finding in report.findings)
    assert all(note in page for note in report.figures.notes)


OVERFLOW = """() => [...document.querySelectorAll('body, body *')]
    .filter(e => getComputedStyle(e).display != 'inline' && e.clientWidth > 1 && e.scrollWidth > e.clientWidth)
    .map(e => `${e.tagName} ${e.scrollWidth} > ${e.clientWidth}: ${e.textContent.slice(0, 60)}`)"""
OUTSIDE = """() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)
    .map(e => `${e.tagName}: ${e.textContent.slice(0, 60)}`)"""
LUMINANCE = """e => getComputedStyle(document.querySelector(e)).backgroundColor.match(/\\d+/g).map(Number)"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_page_in_a_browser(reports, browser, tmp_path, width, height, scheme):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    requests, messages = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    for name, report in reports.items():
        file = tmp_path / f"{name}.html"
        file.write_text(report.to_html(name), encoding="utf-8")
        page.goto(file.as_uri())
        widths = page.evaluate("() => [...document.images].map(i => i.complete ? i.naturalWidth : 0)")
        assert len(widths) == len(report.pictures)
        assert min(widths) > 0
        assert page.evaluate(OVERFLOW) == []
        assert page.evaluate(OUTSIDE) == []
        dark = float(np.mean(page.evaluate(LUMINANCE, "body"))) < 128
        assert dark == (scheme == "dark")
    context.close()
    assert messages == []
    assert [url[:80] for url in requests if not url.startswith(("file:", "data:"))] == []
