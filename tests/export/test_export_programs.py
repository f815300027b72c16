"""ONNX files and torch programs against the model, and against onnxruntime without torch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from fresh import in_fresh_process
from torch import nn

from diabolo import Autoencoder, Custom, Sphere, Training, datasets, recipes
from diabolo.errors import DataError, FileError, MissingExtraError, SettingError
from diabolo.export import programs, to_onnx, to_torch

QUICK = {"training__epochs": 1, "random_state": 0, "verbose": False}
# Sums are split otherwise by onnxruntime's kernels: some units in the last place of float32.
TOLERANCE = 1e-5


def train(X: Any, **settings: Any) -> Autoencoder:
    return Autoencoder(training=Training(epochs=1), random_state=0, verbose=False, **settings).fit(X)


def table(n: int = 120) -> np.ndarray:
    """Columns of very different sizes, so that the scaling matters."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, 6)) * [1, 10, 100, 1e-3, 5, 1] + [0, 5, -300, 0, 1e3, 0]).astype(np.float32)


def run_onnx(folder: Path, side: str, given: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(folder / f"{side}.onnx", providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: given})[0])


def check_onnx(ae: Autoencoder, X: np.ndarray, folder: Path) -> None:
    codes = ae.transform(X)
    rows = ae.inverse_transform(codes)
    for n in (1, 2, 17, len(X)):
        np.testing.assert_allclose(run_onnx(folder, "encoder", X[:n]), codes[:n], atol=TOLERANCE)
        found = run_onnx(folder, "decoder", codes[:n])
        np.testing.assert_allclose(found, rows[:n], atol=TOLERANCE * max(1, np.abs(rows).max()))


# An export takes a second or two: here one of every kind of network and latent space, the others by `make full`.
FEW = ("spherical", "convolutional", "residual")
NAMES = [pytest.param(n, marks=[] if n in FEW else [pytest.mark.slow]) for n in recipes.RECIPES]


@pytest.mark.parametrize("name", NAMES)
def test_onnx_of_a_recipe_equals_the_model(name: str, tmp_path: Path) -> None:
    X = datasets.load_digits()[0][:60]
    ae = recipes.make(name, **QUICK).fit(X)
    check_onnx(ae, X, to_onnx(ae, tmp_path / "out"))


@pytest.mark.parametrize("name", NAMES)
def test_a_torch_program_of_a_recipe_equals_the_model(name: str, tmp_path: Path) -> None:
    X = datasets.load_digits()[0][:60]
    ae = recipes.make(name, **QUICK).fit(X)
    folder = to_torch(ae, tmp_path / "out")
    encoder, decoder = (torch.export.load(folder / f"{s}.pt2").module() for s in ("encoder", "decoder"))
    codes = ae.transform(X)
    for n in (1, 17):
        found = encoder(torch.from_numpy(X[:n])).numpy()
        np.testing.assert_allclose(found, codes[:n], atol=TOLERANCE)
        np.testing.assert_allclose(
            decoder(torch.from_numpy(codes[:n])).numpy(), ae.reconstruct(X[:n]), atol=TOLERANCE
        )


def test_units_of_the_user_go_in_and_out(tmp_path: Path) -> None:
    X = table()
    ae = train(X, scaling="standard")
    folder = to_onnx(ae, tmp_path / "out")
    check_onnx(ae, X, folder)
    assert np.abs(run_onnx(folder, "decoder", ae.transform(X))).max() > 900


def test_a_model_in_double_precision_stays_in_it(tmp_path: Path) -> None:
    X = table().astype(np.float64)
    ae = Autoencoder(training=Training(epochs=1, precision="float64"), random_state=0, verbose=False).fit(X)
    folder = to_onnx(ae, tmp_path / "out")
    found = run_onnx(folder, "encoder", X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, ae.transform(X), atol=1e-12)


def test_the_files_say_what_goes_in_and_out(tmp_path: Path) -> None:
    import onnx

    frame = pd.DataFrame(table(), columns=list("abcdef"))
    folder = to_onnx(train(frame, latent=Sphere(3)), tmp_path / "out", opset=18)
    told = json.loads((folder / "export.json").read_text())
    assert (told["format"], told["opset"], told["features"]) == ("onnx", 18, list("abcdef"))
    assert told["encoder"]["input"] == {"name": "rows", "shape": ["batch", 6]}
    assert told["decoder"]["output"] == {"name": "rows", "shape": ["batch", 6]}
    assert told["encoder"]["largest_difference"] <= TOLERANCE
    proto = onnx.load(folder / "encoder.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert [entry.version for entry in proto.opset_import if entry.domain == ""] == [18]
    batch = proto.graph.input[0].type.tensor_type.shape.dim[0]
    assert batch.dim_param
    assert not batch.dim_value


def test_onnxruntime_alone_encodes_and_decodes(tmp_path: Path) -> None:
    X = datasets.load_digits()[0][:20]
    ae = train(X)
    folder = to_onnx(ae, tmp_path / "out")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, numpy as np, onnxruntime as ort\n"
        "s = [ort.InferenceSession(f'{sys.argv[1]}/{n}.onnx') for n in ('encoder', 'decoder')]\n"
        "Z = s[0].run(None, {'rows': np.load(sys.argv[2])})[0]\n"
        "np.save(sys.argv[3], s[1].run(None, {'codes': Z})[0])\n"
        "assert not {'torch', 'diabolo'} & set(sys.modules)\n"
    )
    places = [str(folder), str(tmp_path / "X.npy"), str(tmp_path / "out.npy")]
    in_fresh_process(code, *places)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), ae.reconstruct(X), atol=TOLERANCE)


class _Norms(nn.Module):
    """A module of one's own: batch statistics, and hidden activations beside the output."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_in, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, n_out))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        return self.layers(x), (x,)


class _Branching(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x if float(x.sum()) > 0 else -x)


def test_modules_of_ones_own_are_exported(tmp_path: Path) -> None:
    X = table()
    torch.manual_seed(0)
    ae = train(X, encoder=Custom(_Norms(6, 2), _Norms(2, 6)))
    check_onnx(ae, X, to_onnx(ae, tmp_path / "out"))


def test_a_module_that_cannot_be_exported_is_named(tmp_path: Path) -> None:
    X = table()
    ae = train(X, encoder=Custom(_Branching(6, 2), nn.Linear(2, 6)))
    with pytest.raises(
        SettingError, match=r"torch cannot export the encoder: .*no branch that looks at values"
    ):
        to_torch(ae, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced_and_nothing_is_left_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ae = train(table())
    (tmp_path / "taken").mkdir()
    with pytest.raises(FileError, match="is there already, and an export replaces nothing"):
        to_torch(ae, tmp_path / "taken")
    with pytest.raises(FileError, match="there is no folder"):
        to_torch(ae, tmp_path / "no" / "where")
    monkeypatch.setattr(programs, "TOLERANCE", -1.0)
    with pytest.raises(DataError, match=r"differs from the model by .*nothing was written"):
        to_torch(ae, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_settings_and_missing_packages_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ae = train(table())
    for opset in (7, "18", True):
        with pytest.raises(SettingError, match="opset must be a whole number from 18 to 23"):
            to_onnx(ae, tmp_path / "out", opset=opset)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install .diabolo\[export\]"):
        to_onnx(ae, tmp_path / "out")


def test_plain_halves_draw_no_numbers_and_import_no_algebra() -> None:
    code = """
import sys
import numpy as np
import torch
from diabolo import Autoencoder, Training
from diabolo.networks import Convolutional
from diabolo.export.torch_modules import to_torch_modules
X = np.random.default_rng(0).random((40, 64), np.float32)
training = Training(epochs=1)
ae = Autoencoder(encoder=Convolutional((3,)), training=training, random_state=0, verbose=False).fit(X)
state, known = torch.get_rng_state(), set(sys.modules)
encoder, decoder = to_torch_modules(ae)
assert torch.equal(torch.get_rng_state(), state)
assert len(set(sys.modules) - known) < 10, sorted(set(sys.modules) - known)[:20]
assert "Linear(in_features=2," in repr(decoder)
assert tuple(decoder(encoder(torch.from_numpy(X[:3]))).shape) == (3, 64)
"""
    in_fresh_process(code)
