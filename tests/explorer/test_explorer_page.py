"""The page in a real browser: what a hand does, and what the model says of it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import ask_python, check_barriers, check_layout, drag_probe, draw_stroke, on_map, state, until
from matplotlib.path import Path as Polygon

from diabolo.explorer import Page
from diabolo.explorer.model import make_subjects

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Any, served: Page) -> Any:
    return visit(served.url)


@pytest.mark.parametrize("engine", ["browser", ""], ids=["the page decodes", "Python decodes"])
def test_a_drag_shows_what_the_model_decodes(page: Any, plane: Any, engine: str) -> None:
    until(page, lambda s: s["engine"] == "browser")
    if not engine:
        page.evaluate("window.__explorer.app.engine = null")
    before = state(page)["decodes"]
    shown = drag_probe(page, 200)
    assert shown["decodes"] - before >= 150
    expected = plane.inverse_transform(np.array([shown["probe"]], np.float32))[0]
    # Sums in another order, and in double precision: some units in the last place of float32.
    np.testing.assert_allclose(shown["decoded"], expected, atol=1e-5)
    pixels = page.evaluate("""() => { const c = document.querySelector('.dx-large');
      return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data) }""")
    grey = np.array(pixels).reshape(-1, 4)[:, 0] / 255
    assert np.abs(grey - np.clip(expected, 0, 1)).max() <= 1 / 255
    assert float(page.locator("[data-decodes]").get_attribute("data-decodes")) == shown["decodes"]


def test_the_map_is_not_blank_and_hover_shows_the_right_picture(page: Any, plane: Any, digits: Any) -> None:
    # The map is painted in a frame of the browser's, which may come after the page has said that it is ready.
    page.wait_for_function("""() => { const c = document.querySelector('.dx-map-base');
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
      for (let i = 3; i < d.length; i += 4) n += d[i] > 0; const share = n / (d.length / 4);
      return 0.005 < share && share < 0.9 }""")
    left, top = on_map(page)
    places = page.evaluate("Array.from({length: 600}, (_, i) => window.__explorer.screenOfPoint(i))")
    gaps = np.linalg.norm(np.array(places)[:, None] - np.array(places)[None], axis=2) + 1e9 * np.eye(600)
    lonely = int(np.argmax(gaps.min(axis=1)))
    page.mouse.move(left + places[lonely][0] + 2, top + places[lonely][1])
    until(page, lambda s: s["hover"] == lonely)
    page.wait_for_selector(".dx-card canvas")
    check_picture(page, ".dx-card canvas", digits[0][lonely])
    # The classes in the background change neither the row nor its picture.
    page.evaluate(f"window.__explorer.commands.mute({(int(digits[1][lonely]) + 1) % 10})")
    page.mouse.move(left + 3, top + 3)
    until(page, lambda s: s["hover"] == -1)
    page.mouse.move(left + places[lonely][0], top + places[lonely][1])
    until(page, lambda s: s["hover"] == lonely)
    page.wait_for_selector(".dx-card canvas")
    check_picture(page, ".dx-card canvas", digits[0][lonely])


def check_picture(page: Any, selector: str, row: np.ndarray) -> None:
    page.wait_for_timeout(60)
    pixels = page.evaluate(f"""() => {{ const c = document.querySelector('{selector}');
      return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data) }}""")
    assert np.abs(np.array(pixels).reshape(-1, 4)[:, 0] / 255 - row).max() <= 1 / 255


def test_a_click_pins_the_point_with_its_error_and_neighbours(page: Any, plane: Any, digits: Any) -> None:
    page.evaluate("window.__explorer.commands.pin(42)")
    until(page, lambda s: len(s["neighbours"]) == 12)
    Z = plane.transform(digits[0])
    near = [int(i) for i in np.argsort(np.linalg.norm(Z - Z[42], axis=1)) if i != 42][:12]
    assert state(page)["neighbours"] == near
    check_picture(page, ".dx-triple figure:nth-child(1) canvas", digits[0][42])
    check_picture(
        page, ".dx-triple figure:nth-child(2) canvas", np.clip(plane.reconstruct(digits[0][42:43])[0], 0, 1)
    )
    assert "label" in page.locator(".dx-point").inner_text()


def test_a_lasso_holds_the_points_inside_its_polygon(page: Any, plane: Any, digits: Any) -> None:
    page.keyboard.press("l")
    left, top = on_map(page)
    corners = [(180, 160), (420, 120), (520, 330), (380, 300), (300, 480), (170, 380)]
    page.mouse.move(left + 180, top + 160)
    page.mouse.down()
    for x, y in [*corners[1:], corners[0]]:
        page.mouse.move(left + x, top + y, steps=6)
    page.mouse.up()
    found = until(page, lambda s: s["selection"])
    Z = plane.transform(digits[0]).astype(float)
    inside = Polygon(np.array(found["polygon"])).contains_points(Z)
    assert found["selection"] == np.flatnonzero(inside).tolist()
    assert 0 < len(found["selection"]) < 600
    assert page.locator("[data-selected]").inner_text().startswith(str(len(found["selection"])))


def test_the_selection_is_saved_and_copied(page: Any, digits: Any) -> None:
    page.evaluate("window.__explorer.commands.select([5, 2, 9])")
    for label, check in (("CSV", b'"row"'), ("Parquet", b"PAR1"), ("PNG", b"\x89PNG"), ("JSON", b"{")):
        with page.expect_download() as waiting:
            page.locator(".dx-selection button", has_text=label).first.click()
        content = Path(waiting.value.path()).read_bytes()
        assert content.startswith(check), label
        if label == "JSON":
            rows = json.loads(content)["rows"]
            assert [row["row"] for row in rows] == [2, 5, 9]
            assert [row["label"] for row in rows] == [str(v) for v in digits[1][[2, 5, 9]]]
    page.locator("button", has_text="Copy Python").click()
    assert until(page, lambda s: s["copied"])["copied"] == "idx = [2, 5, 9]"


def test_a_path_is_straight_or_follows_the_sphere(page: Any, plane: Any) -> None:
    page.evaluate(
        "window.__explorer.commands.setPath({a: new Float32Array([1, 0]), b: new Float32Array([0, 2]), steps: 5})"
    )
    until(page, lambda s: len(s["path"]) == 5)
    np.testing.assert_allclose(state(page)["path"][2], [0.5, 1.0], atol=1e-6)
    page.wait_for_selector(".dx-frames canvas")
    assert page.locator(".dx-frames canvas").count() == 5
    page.locator(".dx-film select").select_option("spherical")
    expected = 1.5 * np.array([np.cos(np.pi / 4), np.sin(np.pi / 4)])
    until(page, lambda s: abs(s["path"][2][0] - expected[0]) < 1e-5)
    with page.expect_download() as waiting:
        page.locator(".dx-film button", has_text="PNG").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as waiting:
        page.locator(".dx-film button", has_text="GIF").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"GIF89a")


def test_a_drawn_input_lands_where_transform_puts_it(page: Any, plane: Any) -> None:
    drawn = draw_stroke(page)
    np.testing.assert_allclose(
        drawn["code"], plane.transform(np.array([drawn["row"]], np.float32))[0], atol=1e-6
    )


def test_layers_follow_the_view(page: Any) -> None:
    for name in ("decoder grid", "density of the codes", "pictures of the rows"):
        page.locator(".dx-check", has_text=name).click()
    found = until(page, lambda s: s["grid"] > 40 and s["heat"] and s["thumbs"] > 20)
    page.locator(".dx-check", has_text="cycle error").click()
    until(page, lambda s: s["heat"] != found["heat"] and not s["layers"]["density"])
    page.locator("button", has_text="Fit").click()


def test_corruption_leaves_a_trail_on_the_map(page: Any) -> None:
    page.evaluate("window.__explorer.commands.pin(7)")
    page.wait_for_selector(".dx-corrupt input")
    page.locator(".dx-corrupt select").select_option("occlusion")
    page.locator(".dx-corrupt input[type=range]").fill("0.5")
    until(page, lambda s: s["corrupted"] == 6)
    assert page.locator(".dx-corrupted canvas").count() == 2


def test_training_is_scrubbed_back_to_its_first_epoch(page: Any) -> None:
    page.locator("[data-tab=training]").last.click()
    page.locator(".dx-training input[type=range]").fill("0")
    until(page, lambda s: s["epoch"] == 0)
    page.keyboard.press("Escape")
    assert "before training" in page.locator(".dx-training").inner_text()


def test_every_tool_works_from_the_keyboard(page: Any, plane: Any, digits: Any) -> None:
    page.locator(".dx-map").first.focus()
    start = state(page)["probe"]
    page.keyboard.press("ArrowRight")
    moved = until(page, lambda s: s["probe"] != start)
    assert moved["probe"][0] > start[0]
    page.keyboard.press("Shift+ArrowUp")
    assert until(page, lambda s: s["probe"][1] > moved["probe"][1])
    Z = plane.transform(digits[0])
    nearest = int(np.argmin(np.linalg.norm(Z - np.array(state(page)["probe"]), axis=1)))
    page.keyboard.press("n")
    until(page, lambda s: s["hover"] == nearest)
    page.keyboard.press("Enter")
    until(page, lambda s: s["pinned"] == nearest and s["neighbours"])
    page.keyboard.press("a")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("b")
    until(page, lambda s: len(s["path"]) == 11)
    decodes = state(page)["decodes"]
    page.keyboard.press(" ")
    until(page, lambda s: s["decodes"] > decodes + 2)
    page.keyboard.press(" ")
    for key, name in (("g", "grid"), ("t", "thumbs")):
        page.keyboard.press(key)
        until(page, lambda s, name=name: s["layers"][name])
        page.keyboard.press(key)
    page.keyboard.press("e")
    until(page, lambda s: s["colour"] == "error")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    until(page, lambda s: s["selection"])
    with page.expect_download():
        page.keyboard.press("s")
    page.keyboard.press("/")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    until(page, lambda s: s["pinned"] == 12)
    for _ in range(6):
        page.keyboard.press("Escape")
    until(page, lambda s: s["pinned"] == -1 and not s["selection"] and not s["path"])
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    until(page, lambda s: s["tab"] == "compare")
    page.keyboard.press("d")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    until(page, lambda s: s["drawn"])


def test_a_server_that_stops_in_a_drag_is_told_and_recovered_from(
    visit: Any, plane: Any, digits: Any
) -> None:
    subjects = make_subjects(plane, *digits)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first = Page(lambda: subjects, port, token="kept")
    page = visit(first.url)
    left, top = on_map(page)
    x, y = state(page)["probeScreen"]
    page.mouse.move(left + x, top + y)
    page.mouse.down()
    for k in range(10):
        page.mouse.move(left + x + 3 * k, top + y)
    first.stop()
    for k in range(10):
        page.mouse.move(left + x + 30 + 3 * k, top + y)
    page.mouse.up()
    until(page, lambda s: not s["online"])
    assert page.locator(".dx-banner").is_visible()
    assert state(page)["decoded"]
    with Page(lambda: subjects, port, token="kept"):
        found = until(page, lambda s: s["online"] and s["decodedAt"] == s["probe"], 30)
        expected = plane.inverse_transform(np.array([found["probe"]], np.float32))[0]
        np.testing.assert_allclose(found["decoded"], expected, atol=1e-5)
        assert not page.locator(".dx-banner").is_visible()


SIZES = [(1280, 800), (1920, 1080), (900, 1000), (390, 844)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_overlaps_or_is_cut_off(
    visit: Any, served: Page, width: int, height: int, scheme: str
) -> None:
    page = visit(served.url, width, height, color_scheme=scheme)
    page.evaluate("window.__explorer.commands.pin(3); window.__explorer.commands.select([1, 2, 3])")
    until(page, lambda s: s["neighbours"])
    check_layout(page, width)


def test_text_at_twice_the_size_still_fits(visit: Any, served: Page) -> None:
    page = visit(served.url, 640, 400, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Any, served: Page, axe: str, scheme: str) -> None:
    page = visit(served.url, color_scheme=scheme)
    page.evaluate("window.__explorer.commands.pin(3); window.__explorer.commands.select([1, 2, 3])")
    until(page, lambda s: s["neighbours"])
    page.wait_for_timeout(400)
    for tab in ("explore", "table", "training"):
        page.locator(f".dx-tabs [data-tab={tab}]").click()
        page.wait_for_timeout(100)
        check_barriers(page, axe)


def test_the_sphere_is_turned_and_unrolled(visit: Any, globe: Any, digits: Any) -> None:
    subjects = make_subjects(globe, *digits)
    with Page(lambda: subjects) as served:
        page = visit(served.url)
        assert state(page)["view"] == "turn"
        page.locator(".dx-map").first.focus()
        for key in ("ArrowRight", "ArrowUp", "Shift+ArrowLeft"):
            page.keyboard.press(key)
        moved = until(page, lambda s: s["decodedAt"] == s["probe"])
        assert np.linalg.norm(moved["probe"]) == pytest.approx(1, abs=1e-5)
        page.keyboard.press("v")
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Escape")
        page.locator(".dx-view select").first.select_option("world")
        x, y = until(page, lambda s: s["view"] == "world")["probeScreen"]
        found = page.evaluate(f"Array.from(window.__explorer.codeAt({x}, {y}))")
        np.testing.assert_allclose(found, moved["probe"], atol=1e-5)


def test_two_models_share_selection_and_pin(visit: Any, plane: Any, vae: Any, digits: Any) -> None:
    subjects = make_subjects(plane, *digits, compare=vae)
    with Page(lambda: subjects) as served:
        page = visit(served.url)
        until(page, lambda s: s["maps"] == 2)
        page.keyboard.press("c")
        page.evaluate("window.__explorer.commands.select([4, 5]); window.__explorer.commands.pin(4)")
        until(page, lambda s: s["pinned"] == 4 and s["neighbours"])
        assert page.locator(".dx-map").nth(1).is_visible()
        dimmed = page.evaluate("Array.from(window.__explorer.app.maps[1].dimmed)")
        assert [i for i, out in enumerate(dimmed) if not out] == [4, 5]
        told, sent = ask_python(subjects, "moved")
        assert until(page, lambda s: s["disparity"])["disparity"] == pytest.approx(told["disparity"])
        farthest = np.argsort(-sent["distances"])[:24].tolist()
        page.wait_for_selector(".dx-moved button[data-row]")
        rows = page.locator(".dx-moved button[data-row]").evaluate_all(
            "(all) => all.map((e) => Number(e.dataset.row))"
        )
        assert rows == farthest
        page.locator(".dx-moved button[data-row]").first.click()
        until(page, lambda s: s["pinned"] == farthest[0])
        page.get_by_role("button", name="Colour by it").click()
        until(page, lambda s: s["colour"] == "moved")
        page.get_by_label("lay the second map over the first").check()
        laid = page.evaluate("['u', 'v'].map((name) => Array.from(window.__explorer.app.maps[1][name]))")
        np.testing.assert_allclose(np.transpose(laid), sent["codes"], atol=1e-4)
        check_layout(page, 1280)


def test_a_table_has_bars_and_sliders_in_its_own_units(visit: Any, digits: Any) -> None:
    import pandas as pd
    from sklearn.datasets import load_wine

    from diabolo import Autoencoder, Training

    wine = load_wine(as_frame=True)
    frame = pd.DataFrame(wine.data)
    model = Autoencoder(training=Training(epochs=5), random_state=0, verbose=False).fit(frame)
    subjects = make_subjects(model, frame, wine.target_names[wine.target])
    with Page(lambda: subjects) as served:
        page = visit(served.url)
        shown = until(page, lambda s: s["decoded"])
        names = page.locator(".dx-probe .dx-bar-name").all_inner_texts()
        assert names == list(frame.columns)
        expected = model.inverse_transform(np.array([shown["decodedAt"]], np.float32))[0]
        np.testing.assert_allclose(shown["decoded"], expected, rtol=1e-5)
        page.locator(".dx-sliders input").first.fill("14")
        drawn = until(page, lambda s: s["drawn"] and abs(s["drawn"]["row"][0] - 14) < 0.02)["drawn"]
        row = pd.DataFrame([drawn["row"]], columns=frame.columns)
        np.testing.assert_allclose(drawn["code"], model.transform(row)[0], atol=1e-5)
        assert page.locator(".dx-key").count() == 3
        page.locator(".dx-tabs [data-tab=table]").click()
        assert page.locator(".dx-table tbody tr").count() == 50


def test_a_model_without_an_inverse_says_so(visit: Any, digits: Any) -> None:
    from sklearn.cluster import KMeans

    model = KMeans(3, n_init=1, random_state=0).fit(digits[0])
    subjects = make_subjects(model, *digits)
    with Page(lambda: subjects) as served:
        page = visit(served.url)
        assert "no inverse" in page.locator(".dx-probe").inner_text()
