"""The mathematics of the explorer's maps, run by node and held against numpy and matplotlib."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.path import Path as Polygon

SOURCE = Path(__file__).parents[2] / "explorer" / "src"
WIDE = {"x": 0.3, "y": -1.2, "scale": 40.0, "stretch": 0, "width": 640, "height": 480}
STRIP = {**WIDE, "stretch": 150.0}
RNG = np.random.default_rng(0)
PLACES = RNG.uniform(0, 480, (20, 2))


def run(expression: str, **given: Any) -> Any:
    """The value of an expression in which the modules and what is given have their names."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; it is needed only to build the explorer's page")
    imports = "".join(
        f"import * as {name} from {json.dumps((SOURCE / file).as_uri())};"
        for name, file in (
            ("camera", "map/camera.js"),
            ("geometry", "map/geometry.js"),
            ("maths", "maths.js"),
        )
    )
    names = "".join(f"const {name} = {json.dumps(value)};" for name, value in given.items())
    code = f"{imports}{names}console.log(JSON.stringify({expression}));"
    command = [node, "--input-type=module", "-e", code]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


@pytest.mark.parametrize("view", [WIDE, STRIP])
def test_a_place_of_the_screen_comes_back(view: Any) -> None:
    there = "camera.toScreen(view, ...camera.fromScreen(view, x, y))"
    np.testing.assert_allclose(
        run(f"places.map(([x, y]) => {there})", view=view, places=PLACES.tolist()), PLACES
    )


def test_zoom_holds_the_place_under_the_pointer() -> None:
    before, after, scale = run(
        "[camera.fromScreen(view, 100, 50), camera.fromScreen(near, 100, 50), near.scale]".replace(
            "near", "camera.zoomed(view, 1.7, 100, 50)"
        ),
        view=WIDE,
    )
    np.testing.assert_allclose(after, before)
    assert scale == pytest.approx(1.7 * WIDE["scale"])


def test_pan_moves_the_ground_with_the_hand() -> None:
    moved = run(
        "camera.toScreen(camera.panned(view, 30, -12), ...camera.fromScreen(view, 200, 100))", view=WIDE
    )
    np.testing.assert_allclose(moved, (230, 88))


@pytest.mark.parametrize("strip", [False, True])
def test_what_is_fitted_is_seen_and_needs_no_fit(strip: bool) -> None:
    box = [-3, -1, 5, 1]
    low, high, again, before = run(
        "[camera.toScreen(view, box[0], box[1]), camera.toScreen(view, box[2], box[3]),"
        " camera.needsFit(view, box), camera.needsFit(old, box)]".replace(
            "view", f"camera.fitted(old, box, {json.dumps(strip)})"
        ),
        old={**WIDE, "scale": 400},
        box=box,
    )
    assert before
    assert not again
    assert 0 < low[0] < high[0] < WIDE["width"]
    assert 0 < high[1] < low[1] < WIDE["height"]


def test_tiles_cover_the_screen_once() -> None:
    tiles = run("camera.tiles(view, 5, 4)", view=WIDE)
    boxes = np.array([tile["box"] for tile in tiles])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert len(tiles) == 20
    assert areas.sum() == pytest.approx(WIDE["width"] * WIDE["height"] / WIDE["scale"] ** 2)
    np.testing.assert_allclose(boxes.min(0)[:2], run("camera.fromScreen(view, 0, view.height)", view=WIDE))
    np.testing.assert_allclose([[t["u"], t["v"]] for t in tiles], (boxes[:, :2] + boxes[:, 2:]) / 2)


@pytest.mark.parametrize("kind", ["plane", "turn"])
def test_points_in_a_lasso_and_near_the_pointer(kind: str) -> None:
    """Points on the far side of a globe are neither enclosed nor found."""
    points = RNG.uniform(-1, 1, (300, 3))
    polygon = [[-0.8, -0.7], [0.9, -0.4], [0.1, 0.1], [0.6, 0.9], [-0.5, 0.8]]
    state = {
        "model": {"loaded": True}, "located": True, "camera": {**WIDE, "x": 0, "y": 0},
        "projection": {"kind": kind, "sphere": True},
        "u": points[:, 0].tolist(), "v": points[:, 1].tolist(), "w": points[:, 2].tolist(),
    }  # fmt: skip
    found, near = run(
        "[geometry.within(map, polygon), places.map(([x, y]) => geometry.pick(map, x, y, 3))]",
        map=state, polygon=polygon, places=(PLACES / 6 + (280, 200)).tolist(),
    )  # fmt: skip
    seen = points[:, 2] >= 0 if kind == "turn" else np.ones(300, bool)
    assert found == np.flatnonzero(Polygon(polygon).contains_points(points[:, :2]) & seen).tolist()
    screen = np.stack([320 + 40 * points[:, 0], 240 - 40 * points[:, 1]], 1)
    far = np.linalg.norm(screen - (PLACES / 6 + (280, 200))[:, None], axis=2) + np.where(seen, 0, np.inf)
    assert near == [int(row.argmin()) if row.min() <= 3 else -1 for row in far]
    assert -1 in near
    assert max(near) >= 0


@pytest.mark.parametrize("sphere", [False, True])
def test_a_place_of_a_turned_view_is_of_the_code_that_it_becomes(sphere: bool) -> None:
    axes = np.linalg.qr(RNG.normal(size=(5, 5)))[0][:3]
    anchor = RNG.normal(size=5)
    at = run(
        "(() => { const f = (x) => Float32Array.from(x);"
        " const p = { kind: 'turn', axes: axes.map(f), origin: f(origin), yaw: 0.4, pitch: -0.3, sphere };"
        " const z = maths.unproject(p, 0.2, -0.1, f(anchor)); return [maths.projectOne(p, z), maths.norm(z)]; })()",
        axes=axes.tolist(), origin=[0] * 5, anchor=(anchor / np.linalg.norm(anchor)).tolist(), sphere=sphere,
    )  # fmt: skip
    if sphere:
        assert at[1] == pytest.approx(1, abs=1e-6)
    else:
        np.testing.assert_allclose(at[0], (0.2, -0.1), atol=1e-6)
