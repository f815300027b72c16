"""Saved models: bits, damage, claims that are not true, and writing that fails."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

import diabolo
from diabolo import MLP, Autoencoder, EarlyStopping, Gaussian, GaussianNoise, Sphere, Training
from diabolo.checks import example_rows
from diabolo.errors import FileError, SettingError
from diabolo.storage import atomic
from diabolo.storage.format import FORMAT, seal

X = example_rows(40, 6)
FIXTURES = Path(__file__).parent / "fixtures"


def small(**more):
    return Autoencoder(**({"encoder": MLP((4,)), "training": Training(epochs=2), "random_state": 0} | more))


@pytest.fixture
def saved(tmp_path):
    return small(scaling="minmax").fit(X).save(tmp_path / "model")


def _describe(folder, change):
    """Change the description of a model."""
    path = folder / "model.json"
    described = json.loads(path.read_text())
    change(described)
    path.write_text(json.dumps(seal(described)))


def _weights(folder, change):
    """Change the weights of a model, with a hash that fits."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    _describe(folder, lambda d: d.update(sha256=hashlib.sha256(path.read_bytes()).hexdigest()))


KINDS = (
    {},
    {"latent": Sphere(3), "reconstruction": "bernoulli"},
    {
        "latent": Gaussian(2),
        "reconstruction": "gaussian",
        "training": Training(epochs=1, precision="float64"),
    },
    {"corruption": GaussianNoise(0.1, probability=0.5), "image_shape": (2, 3), "scaling": "standard"},
)


def _outputs(ae):
    return [ae.transform(X), ae.reconstruct(X), ae.score_samples(X), ae.sample(5, random_state=0)]


def test_a_fresh_process_gives_the_same_bits(tmp_path):
    models = [small(**more).fit(X) for more in KINDS]
    for i, ae in enumerate(models):
        ae.save(tmp_path / str(i) / "model")
    np.save(tmp_path / "rows.npy", X)
    code = (
        "import sys, numpy as np, diabolo; folder = sys.argv[1]; X = np.load(folder + '/rows.npy')\n"
        f"for i in range({len(KINDS)}):\n"
        "    ae = diabolo.load(f'{folder}/{i}', device='cpu')\n"
        "    np.savez(f'{folder}/{i}.npz', ae.transform(X), ae.reconstruct(X), ae.score_samples(X),"
        " ae.sample(5, random_state=0))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(tmp_path)], check=True, env=env)
    for i, ae in enumerate(models):
        found = np.load(tmp_path / f"{i}.npz")
        for name, wanted in zip(found.files, _outputs(ae), strict=True):
            assert np.array_equal(found[name], wanted)
            assert found[name].dtype == wanted.dtype


def test_saving_twice_gives_the_same_files(tmp_path):
    ae = small().fit(X)
    for name in ("a", "b"):
        ae.save(tmp_path / name)
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["model.json", "model.safetensors"]


def test_a_loaded_model_is_an_estimator_like_the_first(saved):
    ae, loaded = small(scaling="minmax").fit(X), diabolo.load(saved)
    assert loaded.history_["loss"].tolist() == ae.history_["loss"].tolist()
    assert np.array_equal(loaded.history_.steps["loss"], ae.history_.steps["loss"])
    assert np.array_equal(loaded.fit(X).transform(X), ae.transform(X))
    assert np.array_equal(diabolo.load(saved).fine_tune(X).transform(X), ae.fine_tune(X).transform(X))
    with pytest.raises(SettingError, match="a saved model holds none"):
        diabolo.load(saved).fine_tune(X, keep_optimizer=True)
    with pytest.raises(SettingError, match="device must be one of"):
        diabolo.load(saved, device="tpu")


@pytest.mark.parametrize("folder", sorted(FIXTURES.glob("format_*")), ids=lambda p: p.name)
def test_models_of_every_format_version_load(folder):
    ae = diabolo.load(folder / "model", device="cpu")
    stored = np.load(folder / "codes.npz")
    rows = pd.DataFrame(stored["rows"], columns=ae.feature_names_in_)
    # Written on another machine: kernels of other processors round otherwise.
    np.testing.assert_allclose(ae.transform(rows), stored["codes"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ae.reconstruct(rows), stored["reconstructions"], rtol=1e-5, atol=1e-5)


def test_a_scalar_of_an_earlier_format_is_found_again(tmp_path):
    ae = small(reconstruction="gaussian", penalties="topological").fit(X)
    path = ae.save(tmp_path / "model")
    described, tensors = json.loads((path / "model.json").read_text()), load_file(path / "model.safetensors")
    for name in ("reconstruction", "topological"):
        tensors[f"model.learnt.{name}"] = tensors.pop(f"model.components.{name}.value")
    save_file(tensors, path / "model.safetensors")
    digest = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    (path / "model.json").write_text(json.dumps(seal(described | {"format": 2, "sha256": digest})))
    assert np.array_equal(diabolo.load(path).score_samples(X), ae.score_samples(X))


def test_there_is_a_fixture_of_the_present_format():
    assert (FIXTURES / f"format_{FORMAT}" / "model" / "model.json").is_file()


def test_missing_things_are_named(tmp_path, saved):
    with pytest.raises(FileError, match="there is no such folder"):
        diabolo.load(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match=r"it holds no model\.json"):
        diabolo.load(tmp_path / "empty")
    (saved / "model.safetensors").unlink()
    with pytest.raises(FileError, match=r"there is no file .*model\.safetensors"):
        diabolo.load(saved)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "random"])
def test_damage_is_noticed(saved, name, damage):
    path = saved / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 255
    kept = {"truncate": content[:-7], "flip": content, "empty": b"", "random": os.urandom(999)}[damage]
    path.write_bytes(kept)
    with pytest.raises(FileError, match=r"damaged|describe"):
        diabolo.load(saved)


def test_a_description_that_was_edited_is_refused(saved):
    path = saved / "model.json"
    described = json.loads(path.read_text())
    described["fitted"]["parts"]["encoder"]["activation"] = "elu"
    path.write_text(json.dumps(described))
    with pytest.raises(FileError, match="was changed after it was written"):
        diabolo.load(saved)
    del described["checksum"]
    path.write_text(json.dumps(described))
    with pytest.raises(FileError, match="was changed after it was written"):
        diabolo.load(saved)


def test_a_newer_format_says_what_reads_it(saved):
    def newer(described):
        described["format"] = FORMAT + 1
        described["made_by"]["diabolo"] = "9.1"

    _describe(saved, newer)
    with pytest.raises(
        FileError, match=rf"has format {FORMAT + 1}, written by diabolo 9\.1.*Upgrade diabolo to 9\.1"
    ):
        diabolo.load(saved)


def _set(*path, value):
    def change(described):
        for key in path[:-1]:
            described = described[key]
        described[path[-1]] = value

    return change


CLAIMS = [
    (("fitted", "parts", "latent", "dim"), 10**12),
    (("fitted", "parts", "latent", "dim"), 3),
    (("fitted", "parts", "latent", "kind"), "os.system"),
    (("fitted", "parts", "latent", "dims"), 3),
    (("fitted", "parts", "encoder", "hidden"), [10**9]),
    (("fitted", "parts", "encoder", "hidden"), [1] * 10**6),
    (("fitted", "parts", "encoder"), {"kind": "mlp", "width": 1, "depth": 10**9}),
    (("fitted", "parts", "encoder"), {"kind": "residual", "blocks": 10**9}),
    (("fitted", "parts", "encoder"), {"kind": "convolutional", "channels": [10**9]}),
    (("fitted", "parts", "encoder"), {"kind": "convolutional", "kernel": 10**9}),
    (("fitted", "parts", "encoder"), None),
    (("fitted", "parts", "penalties"), [{"kind": "nothing"}]),
    (("fitted", "domain", "n_features"), 10**15),
    (("fitted", "domain", "n_features"), -3),
    (("fitted", "domain", "n_features"), "6"),
    (("fitted", "domain", "image_shape"), [1, 10**9, 10**9]),
    (("fitted", "domain", "colour"), 1),
    (("fitted", "precision"), "load"),
    (("fitted", "scaling"), "log"),
    (("fitted", "n_threads_"), 10**9),
    (("fitted", "n_threads_"), 0),
    (("fitted", "seed_"), "abc"),
    (("fitted", "n_features_in_"), 5),
    (("fitted", "feature_names"), ["a"]),
    (("params", "training"), {"kind": "training", "epochs": -1}),
    (("params", "colour"), "red"),
    (("params",), 3),
    (("fitted",), []),
    (("history",), None),
]


@pytest.mark.parametrize(("path", "value"), CLAIMS, ids=lambda v: str(v)[:60])
def test_descriptions_that_make_no_sense_are_refused_without_taking_memory(saved, path, value):
    if path[-1] == "image_shape":
        _describe(saved, _set("fitted", "parts", "encoder", value={"kind": "convolutional"}))
    _describe(saved, _set(*path, value=value))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileError):
        diabolo.load(saved)
    # Kilobytes on Linux.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.pop("codes"), "holds no array codes"),
        (lambda t: t.update(codes=torch.zeros(3, 9)), "codes has width 9"),
        (
            lambda t: t.update({"scaler.scale": torch.zeros(6)}),
            "scaler.scale is 0 in column 0, expected finite and above 0",
        ),
        (lambda t: t.update({"scaler.offset": torch.zeros(5)}), "has 6 features, the scaling 5"),
        (lambda t: t.pop("model.encoder.layers.0.bias"), "should have shape"),
        (lambda t: t.update({"model.extra": torch.zeros(2)}), "model.extra should have shape None"),
        (
            lambda t: t.update({"model.encoder.layers.0.bias": torch.zeros(9)}),
            r"shape \(4,\), the file has \(9,\)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(saved, change, sentence):
    _weights(saved, change)
    with pytest.raises(FileError, match=sentence):
        diabolo.load(saved)


def _fields(plain, path=()):
    """The path of every field that a description has, objects and lists among them."""
    if path:
        yield path
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for name, value in items:
        yield from _fields(value, (*path, name))


@pytest.mark.parametrize("forged", [True, None, "x", [], {}, -1, 10**30, 1.5, float("nan")], ids=repr)
def test_a_field_of_another_kind_is_refused_in_a_line_or_changes_nothing(tmp_path, forged):
    """Every field there is, found by walking; the seal is right, as only a forger's is."""
    rows = pd.DataFrame(X, columns=list("abcdef"))
    ae = small(
        latent=Gaussian(2),
        penalties=["kl", "l1"],
        corruption=["gaussian_noise", "masking"],
        image_shape=(2, 3),
        training=Training(epochs=2, early_stopping=EarlyStopping(), validation=0.25),
    ).fit(rows)
    ae.save(tmp_path / "model")
    codes, expected = ae.transform(rows), ae.inverse_transform(ae.codes_)
    text = (tmp_path / "model" / "model.json").read_text()
    for path in list(_fields(json.loads(text))):
        (tmp_path / "model" / "model.json").write_text(text)
        if path[0] == "checksum":
            continue
        _describe(tmp_path / "model", _set(*path, value=forged))
        loaded, message = None, "one line"
        try:
            loaded = diabolo.load(tmp_path / "model")
        except FileError as error:
            message = str(error)
        assert len(message.splitlines()) == 1, (path, message)
        if loaded is not None:
            assert path[0] in ("params", "made_by", "history", "fitted"), path
            np.testing.assert_array_equal(
                loaded.inverse_transform(loaded.codes_), expected, err_msg=str(path)
            )
            if path[:2] != ("fitted", "feature_names"):
                np.testing.assert_array_equal(loaded.transform(rows), codes, err_msg=str(path))


def test_a_header_that_claims_more_than_the_file_holds_is_refused(saved):
    header = json.dumps(
        {"codes": {"dtype": "F32", "shape": [10**9, 2], "data_offsets": [0, 8 * 10**9]}}
    ).encode()
    content = len(header).to_bytes(8, "little") + header
    (saved / "model.safetensors").write_bytes(content)
    _describe(saved, lambda d: d.update(sha256=hashlib.sha256(content).hexdigest()))
    with pytest.raises(FileError, match="damaged"):
        diabolo.load(saved)


def test_loading_runs_no_pickle(saved, monkeypatch):
    import pickle

    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was opened")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    diabolo.load(saved)


def test_folders_with_other_things_are_left_alone(tmp_path):
    ae = small().fit(X)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    with pytest.raises(FileError, match=r"holds other things \(thesis\.tex\)"):
        ae.save(mine)
    (mine / "model.json").write_text("{}")
    with pytest.raises(FileError, match=r"thesis\.tex"):
        ae.save(mine)
    with pytest.raises(FileError, match="is a file; a model is saved as a folder"):
        ae.save(mine / "thesis.tex")
    assert (mine / "thesis.tex").read_text() == "years of work"


def test_a_model_is_replaced_as_a_whole(saved):
    other = small(latent=3).fit(X)
    other.save(saved)
    assert diabolo.load(saved).transform(X).shape == (40, 3)
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


def test_a_reader_finds_the_model_before_or_the_one_after(saved, tmp_path, monkeypatch):
    """At no moment there is none: where two folders can take each other's name, no step moves one away."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    if not atomic._exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot let two folders take each other's name")
    assert (tmp_path / "a" / "file").read_text() == "b"
    real = Path.rename

    def rename(self, target):
        moved = real(self, target)
        assert (saved / "model.json").exists()
        return moved

    monkeypatch.setattr(Path, "rename", rename)
    small(latent=3).fit(X).save(saved)
    assert diabolo.load(saved).transform(X).shape == (40, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "model"]


@pytest.mark.parametrize("moment", ["write", "fsync", "first rename", "second rename"])
def test_a_save_that_fails_leaves_the_model_before_it(saved, monkeypatch, moment):
    before = diabolo.load(saved).transform(X)
    real, calls = Path.rename, []

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    def rename(self, target):
        calls.append(target)
        if len(calls) == {"first rename": 1, "second rename": 2}[moment]:
            full()
        return real(self, target)

    if moment == "write":
        monkeypatch.setattr(Path, "write_bytes", full)
    elif moment == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(atomic, "_exchange", lambda *_: False)  # as on other systems
        monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(FileError, match=r"could not be written to .*: No space left on device"):
        small(latent=3).fit(X).save(saved)
    monkeypatch.undo()
    assert np.array_equal(diabolo.load(saved).transform(X), before)
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(FileError, match="Permission denied"):
        small().fit(X).save(tmp_path / "model")
    tmp_path.chmod(stat.S_IRWXU)


def test_a_moved_folder_still_loads(saved, tmp_path):
    shutil.move(saved, tmp_path / "elsewhere")
    assert diabolo.load(str(tmp_path / "elsewhere")).transform(X).shape == (40, 2)
