"""Files that are no files, and texts that stand for more than they hold."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diabolo
from diabolo import datasets
from diabolo.cli import main
from diabolo.errors import FileError, SettingError
from diabolo.storage.text import parse_yaml, read_text, read_yaml
from diabolo.studies.files import from_yaml

# 300 bytes that stand for nine to the power of nine values.
MULTIPLIED = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
)

READERS: dict[str, Callable[[Path], Any]] = {
    **{
        f"data{suffix}": datasets.read
        for suffix in (".csv", ".tsv", ".npy", ".npz", ".parquet", ".idx", ".png")
    },
    "mapped.npy": datasets.stream,
    "config.yaml": read_yaml,
    "study.yaml": from_yaml,
    "model.json": lambda path: diabolo.load(path.parent),
}


def _fails(name: str, path: Path, words: str) -> None:
    start = time.perf_counter()
    with pytest.raises((FileError, SettingError), match=words) as caught:
        READERS[name](path)
    assert time.perf_counter() - start < 5
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_without_a_writer_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    _fails(name, tmp_path / name, "is a named pipe|no model at")


@pytest.mark.parametrize("name", READERS)
def test_a_link_to_itself_and_one_to_nothing_are_said(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(tmp_path / name)
    _fails(name, tmp_path / name, "is a link that leads back to itself|no model at")
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("nothing")
    _fails(name, tmp_path / name, "is a link to 'nothing', which is not there|no model at")


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_zero_bytes_is_called_one(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes(5000))
    _fails(name, tmp_path / name, "zero bytes")


@pytest.mark.parametrize("command", [["fit", "digits", "--config"], ["study"]])
def test_aliases_that_multiply_or_contain_themselves_are_refused_in_a_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, words in (
        (MULTIPLIED, "its aliases stand for more than 100,000 values"),
        ("a: &a [*a]", "the alias in line 1 contains itself"),
        ("axes: &a {lr: [1, 2], x: *a}", "the alias in line 1 contains itself"),
        ("[" * 3000 + "]" * 3000, "nested too deeply"),
    ):
        (tmp_path / "c.yaml").write_text(text)
        start = time.perf_counter()
        assert main([*command, str(tmp_path / "c.yaml")]) == 2
        assert time.perf_counter() - start < 5
        told = capsys.readouterr().err.strip()
        assert words in told
        assert len(told.splitlines()) == 1


def test_an_alias_of_a_few_values_is_plain_yaml() -> None:
    assert parse_yaml("a: &a {lr: 1e-3}\nb: *a\nc: [*a, *a]", "it") == {
        "a": {"lr": 1e-3},
        "b": {"lr": 1e-3},
        "c": [{"lr": 1e-3}] * 2,
    }
    assert parse_yaml("", "it") is None


def test_words_for_a_text_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes("dépôt".encode("latin-1"))
    with pytest.raises(FileError, match="byte 1 is not UTF-8; save it as UTF-8"):
        read_text(tmp_path / "t")
    (tmp_path / "t").write_bytes("\ufeffa: 1".encode())
    assert read_yaml(tmp_path / "t") == {"a": 1}


@pytest.fixture(scope="module")
def models() -> list[diabolo.Autoencoder]:
    X = np.random.default_rng(0).random((40, 5))
    training = diabolo.Training(epochs=1)
    return [diabolo.Autoencoder(training=training, random_state=seed).fit(X) for seed in (0, 1)]


def _same(folder: Path, model: diabolo.Autoencoder) -> bool:
    return bool(np.array_equal(diabolo.load(folder).codes_, model.codes_))


def test_a_model_is_saved_through_a_link(models: list[diabolo.Autoencoder], tmp_path: Path) -> None:
    models[0].save(tmp_path / "v3")
    (tmp_path / "current").symlink_to("v3")
    models[1].save(tmp_path / "current")
    assert os.readlink(tmp_path / "current") == "v3"
    assert _same(tmp_path / "v3", models[1])
    (tmp_path / "next").symlink_to(tmp_path / "v4")
    models[0].save(tmp_path / "next")
    assert (tmp_path / "next").is_symlink()
    assert _same(tmp_path / "v4", models[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["current", "next", "v3", "v4"]


def test_a_save_through_a_link_that_fails_leaves_what_was(
    models: list[diabolo.Autoencoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models[0].save(tmp_path / "v3")
    (tmp_path / "current").symlink_to("v3")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "away").symlink_to("gone/v9")
    (tmp_path / "note").write_text("a text")
    for place, words in (
        ("loop", "it is a link that leads back to itself"),
        ("away", "it is a link into .*gone, which is not there"),
        ("note/model", "note is a file, so that .*model cannot be a folder"),
    ):
        with pytest.raises(FileError, match=words):
            models[1].save(tmp_path / place)
    with pytest.raises(FileError, match="it is a link to 'loop', which leads nowhere"):
        diabolo.load(tmp_path / "loop")
    for name in ("loop", "away", "note"):
        (tmp_path / name).unlink()
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "model.json":
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="No space left"):
        models[1].save(tmp_path / "current")
    monkeypatch.undo()
    assert os.readlink(tmp_path / "current") == "v3"
    assert _same(tmp_path / "current", models[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["current", "v3"]
