"""The exported page, opened from disk in a real browser: what it computes is what the model computes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browsing import ask_page as ask
from browsing import ask_python, check_barriers, check_layout, drag_probe, draw_stroke, state, until
from sklearn.decomposition import PCA
from sklearn.manifold import MDS
from torch import nn

from diabolo import MLP, Autoencoder, Custom, Gaussian, Poisson, Residual, Sphere, Training, datasets
from diabolo.density import SphereKernelDensity
from diabolo.errors import DataError, FileError, SettingError
from diabolo.explorer import to_html
from diabolo.explorer.model import make_subjects
from diabolo.explorer.offline import engines
from diabolo.explorer.program import NoProgramError, make_program
from diabolo.networks import ACTIVATIONS, Convolutional

ENGINE = Path(__file__).parents[3] / "explorer" / "src" / "engine" / "engine.js"
# The page sums in double precision and stores float32, as torch's kernels sum in float32.
TOLERANCE = 1e-5
Open = Callable[..., Any]


def train(X: Any, epochs: int = 2, **settings: Any) -> Autoencoder:
    training = Training(epochs=epochs)
    return Autoencoder(training=training, random_state=0, verbose=False, **settings).fit(X)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = datasets.load_digits()
    return X[:300], y[:300]


@pytest.fixture(scope="module")
def plane(digits: Any) -> Autoencoder:
    return train(digits[0], epochs=8)


@pytest.fixture(scope="module")
def file(plane: Autoencoder, digits: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return to_html(plane, *digits, path=tmp_path_factory.mktemp("page") / "digits.html")


# -- the engine ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(browser: Any) -> Iterator[Callable[..., np.ndarray]]:
    """The page's engine in a browser: (autoencoder, what, rows) to what it gives for each row."""
    page = browser.new_page()
    page.add_script_tag(
        type="module", content=ENGINE.read_text() + "\nObject.assign(window, { Engine, erf, lgamma });"
    )
    page.wait_for_function("() => window.lgamma !== undefined")

    def run(ae: Autoencoder, what: str, rows: np.ndarray) -> np.ndarray:
        program = make_program(ae)
        code = """([steps, weights, what, rows]) => { const engine = new Engine(steps, Float32Array.from(weights));
            return rows.map((row) => { const made = engine[what](Float32Array.from(row));
              return typeof made === 'number' ? [made] : Array.from(made) }) }"""
        return np.array(page.evaluate(code, [program.steps, program.weights.tolist(), what, rows.tolist()]))

    run.page = page  # type: ignore[attr-defined]
    yield run
    page.close()


def signed(n: int = 40, d: int = 16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)


def check_engine(engine: Any, ae: Autoencoder, X: np.ndarray) -> None:
    codes = ae.transform(X)
    rows = ae.inverse_transform(codes)
    size = max(1.0, float(np.abs(rows).max()))
    np.testing.assert_allclose(engine(ae, "encode", X), codes, atol=TOLERANCE * max(1, np.abs(codes).max()))
    np.testing.assert_allclose(engine(ae, "decode", codes), rows, atol=TOLERANCE * size)
    np.testing.assert_allclose(engine(ae, "error", X)[:, 0], -ae.score_samples(X), rtol=1e-4)


@pytest.mark.browser
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_engine_knows_every_activation(engine: Any, name: str) -> None:
    X = 3 * signed()
    check_engine(engine, train(X, encoder=MLP((12, 8), activation=name)), X)


@pytest.mark.browser
@pytest.mark.parametrize(
    "settings",
    [
        {"latent": Sphere(3)},
        {"latent": Gaussian(4)},
        {"latent": 1, "encoder": MLP(())},
        {"encoder": Residual(2, 8, activation="prelu")},
        {"encoder": MLP((8, 6), skip="pca")},
        {"encoder": Residual(2, 8, skip="pca")},
        {"encoder": Residual(1, 8, depth=2, output_activation="tanh")},
        {"encoder": Convolutional((4, 6), activation="prelu")},
        {"encoder": Convolutional((3,), kernel=5, stride=3), "latent": Sphere(2)},
        {"encoder": Convolutional((4, 6)), "image_shape": (1, 1, 16)},
        {"encoder": Convolutional((4, 6)), "image_shape": (2, 4, 2)},
        {"reconstruction": "bernoulli"},
        {"reconstruction": "absolute"},
        {"reconstruction": "gaussian"},
        {"scaling": "minmax"},
    ],
    ids=str,
)
def test_the_engine_equals_torch(engine: Any, settings: dict[str, Any]) -> None:
    X = signed() * np.linspace(1, 50, 16, dtype=np.float32) + 7
    check_engine(engine, train(X, **settings), X)


@pytest.mark.browser
def test_the_engine_counts(engine: Any) -> None:
    X = np.random.default_rng(0).poisson(4, size=(60, 16)).astype(np.float32)
    check_engine(engine, train(X, reconstruction=Poisson(log_scale=False)), X)
    with pytest.raises(NoProgramError, match="counts on a logarithmic scale"):
        make_program(train(X, reconstruction="poisson"))


@pytest.mark.browser
def test_special_functions_equal_scipy(engine: Any) -> None:
    from scipy.special import erf, gammaln

    x = np.linspace(-7, 7, 57)
    np.testing.assert_allclose(engine.page.evaluate("(x) => x.map(erf)", x.tolist()), erf(x), rtol=1e-13)
    x = np.array([0.1, 0.5, 1, 2, 3.7, 8.9, 9.1, 100, 1e5])
    found = engine.page.evaluate("(x) => x.map(lgamma)", x.tolist())
    np.testing.assert_allclose(found, gammaln(x), rtol=1e-10, atol=1e-10)


# -- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_page_decodes_and_encodes_as_the_model(
    opened: Open, file: Path, plane: Autoencoder, digits: Any
) -> None:
    page = opened(file)
    X = digits[0][:20]
    codes = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32) * 3
    found = ask(page, "decode", {"codes": codes})[1]["rows"]
    np.testing.assert_allclose(found, plane.inverse_transform(codes), atol=TOLERANCE)
    told = ask(page, "encode", {"rows": X})[1]
    np.testing.assert_allclose(told["codes"], plane.transform(X), atol=TOLERANCE)
    np.testing.assert_allclose(told["reconstructed"], plane.reconstruct(X), atol=TOLERANCE)
    np.testing.assert_allclose(told["errors"], -plane.score_samples(X), rtol=1e-5)


@pytest.mark.browser
def test_the_page_answers_as_the_server_does(
    opened: Open, file: Path, plane: Autoencoder, digits: Any
) -> None:
    subjects = make_subjects(plane, *digits)
    page = opened(file)
    codes = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
    rows = np.array([3, 200], np.int32)
    for do, arrays, header in (
        ("points", {}, {}),
        ("errors", {}, {}),
        ("column", {}, {"column": 20}),
        ("decode", {"codes": codes}, {}),
        ("row", {}, {"row": 17}),
        ("names", {"rows": rows}, {}),
        ("find", {}, {"text": " 17 "}),
        ("inputs", {"rows": rows}, {}),
        ("judge", {"codes": codes[:1]}, {}),
        ("judge", {"codes": 50 + codes[:1]}, {}),
        ("heat", {"codes": codes}, {"kind": "density"}),
        ("heat", {"codes": codes}, {"kind": "cycle"}),
    ):
        told, made = ask(page, do, arrays, **header)
        expected, sent = ask_python(subjects, do, arrays, **header)
        for name, value in expected.items():
            if isinstance(value, dict):
                assert told[name] == pytest.approx(value, rel=1e-4, abs=1e-4), (do, name)
            else:
                assert told[name] == value, (do, name)
        assert set(made) == set(sent), do
        for name, array in sent.items():
            # Inputs are kept in 256 levels; a row's own error counts as smaller or not by its last bit.
            levels = 0.51 / 255 if name in ("inputs", "input") or do == "column" else 1e-4
            atol = 100 / 300 + 1e-4 if name == "percentiles" else levels
            np.testing.assert_allclose(made[name], array, rtol=1e-4, atol=atol, err_msg=f"{do} {name}")


@pytest.mark.browser
def test_the_density_on_a_sphere_is_the_servers(opened: Open, digits: Any, tmp_path: Path) -> None:
    globe = train(digits[0], latent=Sphere(3))
    codes = np.random.default_rng(2).normal(size=(40, 3)).astype(np.float32)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    page = opened(to_html(globe, *digits, path=tmp_path / "globe.html"))
    for given in (codes, 3 * codes):
        told = ask(page, "heat", {"codes": given}, kind="density")[1]["values"]
        sent = ask_python(make_subjects(globe, *digits), "heat", {"codes": given}, kind="density")[1][
            "values"
        ]
        np.testing.assert_allclose(told, sent, rtol=1e-4, atol=1e-3)
        expected = SphereKernelDensity().fit(globe.transform(digits[0])).log_prob(codes)
        np.testing.assert_allclose(sent, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.browser
def test_a_drag_decodes_and_a_drawing_lands(opened: Open, file: Path, plane: Autoencoder) -> None:
    page = opened(file)
    before = state(page)
    shown = drag_probe(page, 60)
    assert shown["decodes"] - before["decodes"] >= 45
    expected = plane.inverse_transform(np.array([shown["probe"]], np.float32))[0]
    np.testing.assert_allclose(shown["decoded"], expected, atol=TOLERANCE)
    drawn = draw_stroke(page)
    code = plane.transform(np.array([drawn["row"]], np.float32))[0]
    np.testing.assert_allclose(drawn["code"], code, atol=TOLERANCE)


@pytest.mark.browser
def test_what_needs_python_is_labelled(opened: Open, file: Path, tmp_path: Path, digits: Any) -> None:
    page = opened(file)
    assert "computes codes and decodes itself" in page.locator(".dx-file").inner_text()
    page.evaluate("window.__explorer.commands.select([2, 5])")
    page.evaluate("window.__explorer.commands.pin(5)")
    until(page, lambda s: s["neighbours"])
    assert "needs Python" in page.locator(".dx-point").inner_text()
    for name in ("Parquet", "PNG"):
        there = page.get_by_role("button", name=name, exact=True)
        assert there.is_disabled()
        assert "needs Python" in there.get_attribute("title").replace("Needs", "needs")
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV").click()
    got.value.save_as(tmp_path / "rows.csv")
    with open(tmp_path / "rows.csv", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(int(r["row"]), float(r["label"])) for r in rows] == [(2, digits[1][2]), (5, digits[1][5])]
    page.get_by_role("button", name="Training").click()
    assert "keeps the losses" in page.locator(".dx-training").inner_text()


@pytest.mark.browser
def test_some_of_many_rows_keep_their_own_numbers(
    opened: Open, plane: Autoencoder, digits: Any, tmp_path: Path
) -> None:
    X, y = digits
    page = opened(to_html(plane, X, y, path=tmp_path / "some.html", rows=50))
    seen = state(page)
    assert (seen["points"], seen["total"]) == (50, 300)
    assert "50 of 300" in page.locator(".dx-file").inner_text()
    assert not page.get_by_role("button", name="show all").is_visible()
    kept = ask(page, "points")[1]["rows"]
    row = int(kept[31])
    assert row > 31
    found = ask(page, "row", row=row)[1]
    np.testing.assert_allclose(found["input"][0], X[row], atol=0.51 / 255)
    np.testing.assert_allclose(found["codes"][0], plane.transform(X[row : row + 1])[0], atol=TOLERANCE)
    gone = next(i for i in range(300) if i not in kept)
    with pytest.raises(Exception, match="is not in this file, which holds 50 of 300 rows"):
        ask(page, "row", row=gone)


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["as asked", "pca"])
def test_what_cannot_be_computed_is_an_atlas_and_says_so(
    opened: Open, digits: Any, tmp_path: Path, kind: str
) -> None:
    X, y = digits
    torch.manual_seed(0)
    odd = Custom(nn.Linear(64, 2), nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8), nn.Linear(8, 64)))
    model = PCA(2).fit(X) if kind == "pca" else train(X, encoder=odd)
    page = opened(
        to_html(model, X, y, path=tmp_path / "atlas.html", engine="auto" if kind == "pca" else "atlas")
    )
    said = page.locator(".dx-file").inner_text()
    assert "Nothing is computed here" in said
    assert "the nearest of 876 decodes made beforehand" in said.replace(",", "")
    assert "not a decode of this place" in page.locator(".dx-probe").inner_text()
    assert "needs the encoder" in page.locator(".dx-draw").inner_text()
    codes = model.transform(X).astype(np.float32)
    expected = model.inverse_transform(codes)
    found = ask(page, "decode", {"codes": codes[:30]})[1]["rows"]
    np.testing.assert_allclose(found, np.clip(expected[:30], X.min(), X.max()), atol=0.51 / 255)
    near = ask(page, "decode", {"codes": codes[:1] + 1e-4})[1]["rows"]
    np.testing.assert_allclose(near, found[:1])
    told, _ = ask(page, "judge", {"codes": codes[:1]})
    assert "cycle" not in told["values"]


@pytest.mark.browser
def test_tables_keep_their_numbers_and_names(opened: Open, tmp_path: Path) -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 3)) * [1, 10, 1e4], columns=["a", "b", "<c>"])
    frame.index = [f"row, {i}" for i in range(80)]  # type: ignore[assignment]
    ae = train(frame, latent=1)
    page = opened(to_html(ae, frame, path=tmp_path / "table.html"))
    found = ask(page, "row", row=7)
    assert found[0]["name"] == "row, 7"
    np.testing.assert_allclose(found[1]["input"][0], frame.iloc[7], rtol=1e-6)
    np.testing.assert_allclose(found[1]["reconstructed"][0], ae.reconstruct(frame)[7], rtol=1e-4, atol=1e-3)
    page.locator(".dx-sliders input").first.fill("0.5")
    assert until(page, lambda s: s["drawn"])["drawn"]["row"][0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.browser
@pytest.mark.parametrize("latent", [Sphere(3), Gaussian(5)], ids=str)
def test_spheres_and_many_dimensions_are_shown(
    opened: Open, digits: Any, tmp_path: Path, latent: Any
) -> None:
    ae = train(digits[0], latent=latent)
    page = opened(to_html(ae, *digits, path=tmp_path / "page.html", rows=100))
    page.locator(".dx-map").first.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    shown = until(page, lambda s: s["decodedAt"] == s["probe"])
    expected = ae.inverse_transform(np.array([shown["probe"]], np.float32))[0]
    np.testing.assert_allclose(shown["decoded"], expected, atol=TOLERANCE)
    if isinstance(latent, Sphere):
        assert np.linalg.norm(shown["probe"]) == pytest.approx(1, abs=1e-5)
    else:
        assert "KL" in page.locator(".dx-dims").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_axe_finds_nothing_and_nothing_runs_sideways(
    opened: Open, file: Path, axe: str, scheme: str, size: tuple[int, int]
) -> None:
    page = opened(file, *size, color_scheme=scheme)
    check_barriers(page, axe)
    check_layout(page, size[0])


# -- the file -----------------------------------------------------------------------------------------------------


def strokes() -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 28 x 28 with uneven strokes, as many of their pixels grey as in handwritten digits."""
    X, y = datasets.load_digits()
    large = np.zeros((len(X), 28, 28), np.float32)
    large[:, 2:26, 2:26] = X.reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
    large[large < 0.6] = 0
    large *= 0.8 + 0.2 * np.random.default_rng(0).random(large.shape).astype(np.float32)
    return large.reshape(len(X), -1), y


def mnist() -> tuple[np.ndarray, np.ndarray]:
    data = datasets.load("mnist")
    assert data.y is not None
    return data.X[:6000], data.y[:6000]


@pytest.mark.browser
@pytest.mark.parametrize("source", [strokes, pytest.param(mnist, marks=[pytest.mark.data, pytest.mark.slow])])
def test_784_392_64_2_is_small_and_right(
    request: pytest.FixtureRequest, opened: Open, tmp_path: Path, source: Callable[[], Any]
) -> None:
    if source is mnist:
        request.getfixturevalue("data_dir")
    X, y = source()
    ae = train(X[:256], epochs=4, encoder=MLP((392, 64)), reconstruction="bernoulli")
    codes = ae.transform(X[:40])
    expected = ae.inverse_transform(codes)
    for half, most, tolerance in ((False, 5_000_000, 1e-5), (True, 2_500_000, 1 / 255)):
        file = to_html(ae, X, y, path=tmp_path / f"{half}.html", half=half)
        assert file.stat().st_size <= most
        page = opened(file)
        found = ask(page, "decode", {"codes": codes})[1]["rows"]
        np.testing.assert_allclose(found, expected, atol=tolerance)
        assert ("16 bits" in page.locator(".dx-file").inner_text()) == half


def test_the_same_page_twice_is_the_same_file(plane: Autoencoder, digits: Any, tmp_path: Path) -> None:
    first, second = (to_html(plane, *digits, path=tmp_path / f"{i}.html") for i in (1, 2))
    assert first.read_bytes() == second.read_bytes()


def test_half_is_refused_where_it_changes_too_much(
    plane: Autoencoder, digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "HALF_TOLERANCE", 1e-9)
    with pytest.raises(SettingError, match="with weights of 16 bits decoded values change by up to"):
        to_html(plane, *digits, path=tmp_path / "page.html", half=True)
    assert not list(tmp_path.iterdir())


def test_wrong_things_are_told(plane: Autoencoder, digits: Any, tmp_path: Path) -> None:
    for rows in (0, -3, 2.5, True, "many"):
        with pytest.raises(
            SettingError, match="rows, the number of rows in the page, must be an integer >= 1"
        ):
            to_html(plane, *digits, path=tmp_path / "page.html", rows=rows)  # type: ignore[arg-type]
    with pytest.raises(FileError, match="is there already"):
        to_html(plane, *digits, path=tmp_path)
    with pytest.raises(DataError, match="needs a fitted model with transform"):
        to_html(MDS(2, n_init=1), *digits, path=tmp_path / "page.html")


def test_a_name_cannot_leave_the_title(plane: Autoencoder, digits: Any, tmp_path: Path) -> None:
    data = datasets.Dataset(digits[0], digits[1], name="</title><script>alert(1)</script>")
    text = to_html(plane, data, path=tmp_path / "page.html").read_text()
    assert "alert(1)" not in text.replace("&lt;script&gt;alert(1)", "")
    assert text.count("<script") == 2
