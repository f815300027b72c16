"""Readers of files against files that are anything: only our own errors, no code run, no memory taken.

``make fuzz`` runs the long form: each test takes ``DIABOLO_FUZZ`` minutes, a thousand examples after another.
"""

from __future__ import annotations

import copy
import functools
import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import diabolo
from diabolo import MLP, Autoencoder, Training
from diabolo.checks import example_rows
from diabolo.cli.settings import build, read_plan
from diabolo.datasets.idx import IDX_TYPES, read_idx
from diabolo.errors import CheckpointWarning, DiaboloError, FileError, VersionWarning
from diabolo.runs.source import Source
from diabolo.storage.checkpoints import newest
from diabolo.storage.format import seal
from diabolo.studies.files import from_yaml

MINUTES = float(os.environ.get("DIABOLO_FUZZ", "0"))
X = example_rows(30, 4)

_settled = settings(
    max_examples=1000 if MINUTES else 25,
    deadline=20_000,  # milliseconds; a machine under load is slow, a loop without end is slower
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


def fuzzed(test: Callable[..., None]) -> Callable[..., None]:
    """A test of a few examples, or of as many as there is time for."""
    once = _settled(test)

    @functools.wraps(once)
    def again(*arguments: Any, **named: Any) -> None:
        end, rounds = time.monotonic() + 60 * MINUTES, 0
        while time.monotonic() < end:
            seed(rounds)(once)(*arguments, **named)
            rounds += 1
        sys.stdout.write(f"{test.__name__}: {rounds} times {_settled.max_examples} examples\n")

    return again if MINUTES else once


_CODE = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "ctypes.dlopen")
# How PyTorch looks for a GPU once Lightning was imported, whatever the file.
_GPU = ("libnvidia-ml.so.1",)
_watched: list[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is not None and event in _CODE and arguments != _GPU:
        _watched.append(f"{event} {arguments!r:.200}")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def no_code_and_no_memory() -> Iterator[None]:
    """Fail a test in which a file made Python run code, or take a gigabyte."""
    global _watched
    resource = pytest.importorskip(
        "resource", reason="this system does not tell how much memory a process takes"
    )
    before, _watched = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    seen = _watched
    yield
    _watched = None
    assert seen == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # kilobytes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model."""
    training = Training(epochs=1)
    ae = Autoencoder(
        encoder=MLP((3,)), penalties=["l1"], corruption=["masking"], training=training, random_state=0
    )
    return ae.fit(X).save(tmp_path_factory.mktemp("fuzz") / "model")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the mutated files."""
    return tmp_path_factory.mktemp("mutated")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([0, 1, -1, 2**31, 2**63, 1e308, "", "relu", "nan", "encoder", "../../x", "os.system"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _paths(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(p for key, value in items for p in _paths(value, (*path, key)))]


@st.composite
def mutated_json(draw: st.DrawFn, plain: Any) -> Any:
    """Plain values with some of them replaced, removed or moved."""
    plain = copy.deepcopy(plain)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(_paths(plain)[1:] or [("x",)]))
        owner = plain
        for key in way:
            owner = owner[key]
        kind = draw(st.sampled_from(["replace", "remove", "like", "add"]))
        if kind == "remove":
            del owner[last]
        elif kind == "add" and isinstance(owner, dict):
            owner[draw(st.text(max_size=8))] = draw(json_values)
        elif kind == "like" and isinstance(owner[last], int | float):
            owner[last] = draw(st.sampled_from([owner[last] + 1, -owner[last], owner[last] * 10**6, 0.5]))
        else:
            owner[last] = draw(json_values)
        if not _paths(plain)[1:]:
            break
    return plain


@st.composite
def mutated_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with some of them changed, cut out, repeated or added."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        kind = draw(st.sampled_from(["flip", "cut", "end", "add", "repeat"]))
        if kind == "flip" and found:
            found[at] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del found[at : at + draw(st.integers(1, 40))]
        elif kind == "end":
            del found[at:]
        elif kind == "repeat":
            found[at:at] = found[at : at + draw(st.integers(1, 40))]
        else:
            found[at:at] = draw(st.binary(max_size=12))
    return bytes(found)


def _refused_or_same(folder: Path, wanted: list[torch.Tensor] | None) -> None:
    """Load a model: an error of ours, or (where weights are given) exactly these."""
    try:
        ae = diabolo.load(folder)
    except FileError:
        return
    assert wanted is not None
    assert all(map(torch.equal, ae.module_.parameters(), wanted))


def _weights(model: Path) -> list[torch.Tensor]:
    return [p.clone() for p in diabolo.load(model).module_.parameters()]


@fuzzed
@given(data=st.data())
def test_mutated_descriptions_of_models(model: Path, place: Path, data: st.DataObject) -> None:
    described = json.loads((model / "model.json").read_text())
    shutil.copy(model / "model.safetensors", place)
    changed = data.draw(mutated_json(described))
    changed = seal(changed) if isinstance(changed, dict) else changed
    (place / "model.json").write_text(json.dumps(changed), encoding="utf-8", errors="surrogatepass")
    _refused_or_same(place, _weights(model))


@fuzzed
@given(data=st.data())
def test_mutated_bytes_of_models(model: Path, place: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["model.json", "model.safetensors"]))
    for path in model.iterdir():
        shutil.copy(path, place)
    content = (model / name).read_bytes()
    changed = data.draw(mutated_bytes(content))
    (place / name).write_bytes(changed)
    try:
        ae = diabolo.load(place)
    except FileError:
        return
    # Only blanks between the words of the description may change unseen.
    same = name == "model.json" and json.loads(changed) == json.loads(content)
    assert same or changed == content
    assert all(map(torch.equal, ae.module_.parameters(), _weights(model)))


@fuzzed
@given(data=st.data())
def test_weights_files_whose_hash_is_right(model: Path, place: Path, data: st.DataObject) -> None:
    """What a person makes who wants to do harm: the description vouches for the mutated weights."""
    content = (model / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    if data.draw(st.booleans()):
        header = json.dumps(data.draw(mutated_json(json.loads(content[8 : 8 + length])))).encode()
        size = data.draw(st.sampled_from([len(header), len(header) + 1, 0, 2**63, 2**64 - 1, 2**31]))
        changed = size.to_bytes(8, "little") + header + content[8 + length :]
    else:
        changed = data.draw(mutated_bytes(content))
    described = json.loads((model / "model.json").read_text())
    described["sha256"] = hashlib.sha256(changed).hexdigest()
    (place / "model.json").write_text(json.dumps(seal(described)))
    (place / "model.safetensors").write_bytes(changed)
    try:
        ae = diabolo.load(place)
    except FileError:
        return
    assert [p.shape for p in ae.module_.parameters()] == [p.shape for p in _weights(model)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one checkpoint, of a training that is not finished."""
    folder = tmp_path_factory.mktemp("checkpoint")
    _training(folder, stop=True)
    return folder


def _training(folder: Path, stop: bool) -> Autoencoder:
    training = Training(epochs=2, snapshots=2, early_stopping=True, checkpoint=folder)
    ae = Autoencoder(encoder=MLP((3,)), training=training, random_state=0)
    return ae.fit(X, callbacks=[lambda event: event.stop()] if stop else [])


@fuzzed
@given(data=st.data())
def test_mutated_checkpoints(checkpoint: Path, data: st.DataObject) -> None:
    """A damaged one is known by its name; one that was made to look whole is refused, or fits."""
    (path,) = checkpoint.glob("*.safetensors")
    content = path.read_bytes()
    folder = checkpoint.parent / "mutated"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    changed = data.draw(mutated_bytes(content))
    (folder / path.name).write_bytes(changed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckpointWarning)
        if changed != content:
            with pytest.raises(FileError):
                newest(folder)
        (folder / path.name).unlink()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        told = data.draw(mutated_json(json.loads(header["__metadata__"]["checkpoint"])))
        header["__metadata__"]["checkpoint"] = json.dumps(told)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        forged = len(text).to_bytes(8, "little") + text + content[8 + length :]
        (folder / f"00000001-{hashlib.sha256(forged).hexdigest()}.safetensors").write_bytes(forged)
        try:
            _training(folder, stop=False)
        except DiaboloError:
            pass
        except VersionWarning:  # warnings are errors here
            pass


@st.composite
def idx_bytes(draw: st.DrawFn) -> bytes:
    """Nearly an IDX file."""
    shape = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    kind = draw(st.sampled_from(list(IDX_TYPES)))
    values = np.zeros(shape, IDX_TYPES[kind]).tobytes()
    head = bytes([0, 0, kind, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    whole = head + values
    return whole if draw(st.booleans()) else draw(mutated_bytes(whole))


@fuzzed
@given(content=st.binary(max_size=60) | idx_bytes(), packed=st.booleans(), cut=st.integers(0, 30))
def test_idx_files(place: Path, content: bytes, packed: bool, cut: int) -> None:
    path = place / ("file-idx.gz" if packed else "file-idx")
    path.write_bytes(gzip.compress(content)[: -cut or None] if packed else content)
    try:
        array = read_idx(path)
    except FileError:
        return
    assert array.size <= len(content)


cells = st.sampled_from(
    ["1", "-2.5", "1e400", "nan", "", '"a,b"', '"', "x", "é", "inf", "\ufeff", "0x10", " 3 ", "\r"]
)
tables = st.lists(st.lists(cells, max_size=5), max_size=6).flatmap(
    lambda rows: st.sampled_from([",", ";", "\t"]).map(lambda mark: "\n".join(mark.join(row) for row in rows))
)


@fuzzed
@given(
    content=st.binary(max_size=80) | tables.map(str.encode) | tables.map(lambda text: text.encode("utf-16")),
    ending=st.sampled_from(["csv", "tsv", "parquet", "npy", "npz", "png"]),
    options=st.sampled_from([{}, {"missing": "drop"}, {"missing": "mean"}, {"label": "x"}, {"id": "1"}]),
)
def test_tables_and_arrays(place: Path, content: bytes, ending: str, options: dict[str, str]) -> None:
    path = place / f"table.{ending}"
    path.write_bytes(content)
    try:
        dataset = diabolo.datasets.load(path, **options)
    except DiaboloError:
        return
    assert np.isfinite(dataset.X).all()
    assert dataset.X.size > 0


@fuzzed
@given(data=st.data(), kind=st.sampled_from(["npy", "npz"]))
def test_mutated_array_files(place: Path, data: st.DataObject, kind: str) -> None:
    whole = io.BytesIO()
    (np.save if kind == "npy" else np.savez)(whole, X)  # type: ignore[operator]
    (place / f"array.{kind}").write_bytes(data.draw(mutated_bytes(whole.getvalue())))
    try:
        diabolo.datasets.load(place / f"array.{kind}")
    except DiaboloError:
        return


_STUDY = {
    "recipe": "deep",
    "set": {"training.epochs": 1, "latent.dim": 1},
    "axes": {"training.lr": [1e-3, 1e-2], "seed": [0, 1], "data.noise": {"uniform": [0.0, 0.1]}},
    "repeats": {"seed": 1, "data": 2},
    "data": {"name": "moons", "n_samples": 50},
    "metrics": ["mse"],
    "held_out": 0.2,
    "n_points": 2,
    "random_state": 0,
}
yaml_texts = mutated_json(_STUDY).map(lambda plain: yaml.safe_dump(plain, allow_unicode=True)) | st.text(
    max_size=60
)


@fuzzed
@given(text=yaml_texts)
def test_study_files(place: Path, text: str) -> None:
    path = place / "study.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        from_yaml(path)
    except DiaboloError:
        return


_CONFIG = {
    "data": {"source": "digits", "drop": ["a"]},
    "hold_out": 0.1,
    "recipe": "deep",
    "latent": {"kind": "euclidean", "dim": 2},
    "encoder": {"kind": "mlp", "hidden": [8]},
    "penalties": [{"kind": "l1"}],
    "training": {"kind": "training", "epochs": 2, "optimizer": {"kind": "sgd"}},
    "training.lr": 0.1,
    "scaling": "auto",
    "random_state": 0,
    "trained": {"features": ["a", "b"], "id": "id", "rows": 3},
}
config_texts = mutated_json(_CONFIG).map(yaml.safe_dump) | st.text(max_size=60)


@fuzzed
@given(text=config_texts)
def test_configuration_files(model: Path, place: Path, text: str) -> None:
    path = place / "config.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for path_model in model.iterdir():
        shutil.copy(path_model, place)
    for read in (lambda: build(read_plan(None, path, {}, ())), lambda: Source.of(place)):
        try:
            read()
        except DiaboloError:
            continue
