"""What decodes in an exported page: which engine is taken, and that onnxruntime-web gives the model's numbers."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest
import torch
from browsing import ask_page, ask_python, check_barriers, check_layout, drag_probe, draw_stroke, until
from sklearn.decomposition import PCA
from torch import Tensor, nn

from diabolo import Autoencoder, Custom, Gaussian, Sphere, Training, datasets
from diabolo.datasets import fetch as fetching
from diabolo.errors import FileError, MissingExtraError, SettingError, UnknownNameError
from diabolo.explorer import to_html
from diabolo.explorer.model import make_subjects
from diabolo.explorer.offline import engines, runtime
from diabolo.explorer.offline.engines import make_decoding
from diabolo.explorer.program import make_program
from diabolo.export import programs
from diabolo.likelihoods import Likelihood
from diabolo.networks import Convolutional

# Sums are split otherwise by onnxruntime's kernels: some units in the last place of float32.
TOLERANCE = 1e-5

Open = Callable[..., Any]


class Sine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class Looking(nn.Module):
    """A module that decides by values, which no graph of operations can hold."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@dataclass(frozen=True)
class FourthPower(Likelihood):
    """A loss that the page does not know."""

    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        return (output - target) ** 4


def own(*last: nn.Module) -> Custom:
    encoder = nn.Sequential(nn.Linear(64, 24), nn.BatchNorm1d(24), nn.Tanh(), nn.Linear(24, 2))
    return Custom(
        encoder, nn.Sequential(nn.Linear(2, 24), nn.LayerNorm(24), Sine(), nn.Linear(24, 64), *last)
    )


def train(X: Any, epochs: int = 3, **settings: Any) -> Autoencoder:
    torch.manual_seed(0)
    training = Training(epochs=epochs)
    return Autoencoder(training=training, random_state=0, verbose=False, **settings).fit(X)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = datasets.load_digits()
    return X[:300], y[:300]


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime-web out of the tests' own cache, into which it is fetched on first use."""
    if not (fetching.cache_folder() / runtime.RUNTIME.folder).is_dir():
        monkeypatch.setenv("DIABOLO_DATA", str(pooch.os_cache("diabolo-tests")))


# -- the choice ---------------------------------------------------------------------------------------------------


def chosen(model: Any, data: Any, engine: str = "auto", half: bool = False) -> Any:
    return make_decoding(make_subjects(model, *data)[0], engine, half)


def test_small_networks_are_plain_and_large_ones_are_not(
    digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ae = train(digits[0], encoder=Convolutional((4, 6)))
    assert chosen(ae, digits)[0]["engine"] == "plain"
    products = make_program(ae).products
    monkeypatch.setattr(engines, "_MAX_PRODUCTS", products - 1)
    facts, arrays = chosen(ae, digits)
    assert facts["engine"] == "onnx"
    assert set(arrays) == {"encoder", "decoder"}
    assert chosen(ae, digits, "plain")[0]["engine"] == "plain"


def test_what_neither_can_compute_is_an_atlas_that_says_why(digits: Any) -> None:
    facts, _ = chosen(PCA(2).fit(digits[0]), digits)
    assert (facts["engine"], facts["why"]) == ("atlas", "PCA is no autoencoder of Diabolo")
    ae = train(digits[0], encoder=own(Looking()))
    facts, _ = chosen(ae, digits)
    assert facts["engine"] == "atlas"
    assert facts["why"].startswith("torch cannot export the decoder")
    for engine, model, reason in (
        ("onnx", ae, "torch cannot export"),
        ("plain", ae, "the network holds Own"),
    ):
        with pytest.raises(
            SettingError, match=f"the engine '{engine}' cannot compute this model: {reason}.*atlas"
        ):
            chosen(model, digits, engine)


def test_a_wrong_name_is_told_before_anything_is_computed(digits: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown engine 'onx'\. Did you mean 'onnx'"):
        to_html(None, *digits, path=tmp_path / "page.html", engine="onx")


def test_without_the_extra_it_says_what_to_install(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MissingExtraError("export to ONNX", "export")

    monkeypatch.setattr("diabolo.explorer.offline.graphs.need_onnx", missing)
    with pytest.raises(MissingExtraError, match=r"--engine atlas.*diabolo\[export\]"):
        chosen(train(digits[0], encoder=own()), digits)


def test_offline_it_says_what_to_do(digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "cache"))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileError, match=r"onnxruntime-web.*put it by hand at .*1.30.0.tgz.*--engine atlas"):
        to_html(train(digits[0], encoder=own()), *digits, path=tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_the_package_is_taken_apart(tmp_path: Path) -> None:
    script = b"/*! ONNX */var a=1,b=2;export{a as default,b as env,c};\n//# sourceMappingURL=x.map\n"
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as tar:
        files = {"ort.wasm.bundle.min.mjs": script, "ort-wasm-simd-threaded.wasm": b"\0asm"}
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    found = runtime.take_apart(package)
    assert found.script == '/*! ONNX */var a=1,b=2;globalThis.ort={"default":a,"env":b,"c":c};'
    assert found.binary == b"\0asm"


@pytest.mark.parametrize("half", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_graphs_take_and_give_float32_for_a_model_in_double(digits: Any, half: bool) -> None:
    X = digits[0].astype(np.float64) * 7 + 3
    ae = train(X)
    facts, graphs = chosen(ae, (X, None), "onnx", half)
    assert facts["half"] is half
    codes = ae.transform(X[:9])
    found = programs.session_of(graphs["decoder"].tobytes()).run(None, {"codes": codes.astype(np.float32)})
    np.testing.assert_allclose(
        found[0], ae.inverse_transform(codes), atol=10 / 255 if half else 10 * TOLERANCE
    )
    assert found[0].dtype == np.float32
    if half:
        assert graphs["decoder"].size < 0.7 * chosen(ae, (X, None), "onnx")[1]["decoder"].size


# -- the page -----------------------------------------------------------------------------------------------------

MODELS: dict[str, dict[str, Any]] = {
    "own modules": {"encoder": own()},
    "own modules on a sphere": {
        "latent": Sphere(3),
        "encoder": Custom(nn.Sequential(nn.Linear(64, 3), Sine()), nn.Sequential(nn.Linear(3, 64), Sine())),
        "reconstruction": "gaussian",
    },
    "convolutions": {"encoder": Convolutional((8, 16)), "latent": Gaussian(2), "reconstruction": "bernoulli"},
    "a loss of one's own": {"encoder": own(), "reconstruction": FourthPower()},
}


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_in_the_page_is_the_model(
    fetched: None, opened: Open, digits: Any, tmp_path: Path, name: str
) -> None:
    X, y = digits
    ae = train(X, scaling="standard" if name == "own modules" else "auto", **MODELS[name])
    file = to_html(ae, X, y, path=tmp_path / "page.html", engine="onnx")
    assert file.stat().st_size < 7_000_000
    page = opened(file)
    codes = ae.transform(X[:40])
    np.testing.assert_allclose(
        ask_page(page, "decode", {"codes": codes})[1]["rows"], ae.inverse_transform(codes), atol=TOLERANCE
    )
    seen = ask_page(page, "encode", {"rows": X[:40]})[1]
    np.testing.assert_allclose(seen["codes"], codes, atol=TOLERANCE)
    np.testing.assert_allclose(seen["reconstructed"], ae.reconstruct(X[:40]), atol=TOLERANCE)
    np.testing.assert_allclose(seen["errors"], -ae.score_samples(X[:40]), rtol=1e-4)
    judged = ask_page(page, "judge", {"codes": codes[:1]})[0]
    expected = ask_python(make_subjects(ae, X, y), "judge", {"codes": codes[:1]})[0]
    assert judged["values"] == pytest.approx(expected["values"], rel=1e-3, abs=1e-4)


@pytest.mark.browser
@pytest.mark.slow
def test_a_hand_drags_and_draws_with_onnxruntime(
    fetched: None, opened: Open, digits: Any, tmp_path: Path, axe: str
) -> None:
    X, y = digits
    ae = train(X, encoder=own())
    page = opened(to_html(ae, X, y, path=tmp_path / "page.html"))
    assert "ONNX Runtime Web" in page.locator(".dx-file").inner_text()
    shown = drag_probe(page, 60)
    assert shown["decodes"] >= 45
    expected = ae.inverse_transform(np.array([shown["probe"]], np.float32))[0]
    np.testing.assert_allclose(shown["decoded"], expected, atol=TOLERANCE)
    drawn = draw_stroke(page)
    np.testing.assert_allclose(
        drawn["code"], ae.transform(np.array([drawn["row"]], np.float32))[0], atol=TOLERANCE
    )
    page.evaluate("window.__explorer.commands.setLayer('grid', true)")
    until(page, lambda s: s["grid"] > 100)
    check_barriers(page, axe)
    check_layout(page, 1280)


@pytest.mark.browser
@pytest.mark.slow
def test_half_the_weights_move_pictures_by_less_than_a_level(
    fetched: None, opened: Open, digits: Any, tmp_path: Path
) -> None:
    X, y = digits
    ae = train(X, encoder=own())
    page = opened(to_html(ae, X, y, path=tmp_path / "page.html", half=True))
    assert "16 bits" in page.locator(".dx-file").inner_text()
    codes = ae.transform(X)
    found = ask_page(page, "decode", {"codes": codes})[1]["rows"]
    assert 0 < np.abs(found - ae.inverse_transform(codes)).max() < 1 / 255
    assert "Permission is hereby granted" in page.content()
