"""Files that are larger than what should be loaded stay where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import diabolo
from diabolo.datasets import arrays

Command = Callable[..., tuple[int, str, str]]
X = np.random.default_rng(0).random((900, 12), np.float32)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``big.npy``, which is too large, and no way to load it."""
    monkeypatch.chdir(tmp_path)
    np.save("big.npy", X)

    def load(*_: object) -> None:
        raise AssertionError("a large file was loaded")

    monkeypatch.setattr("diabolo.runs.large.LARGE", 10_000)
    monkeypatch.setattr("diabolo.runs.large.FEW", 300)
    monkeypatch.setattr("diabolo.runs.split.FEW", 300)
    monkeypatch.setattr(arrays, "read_npy", load)
    return tmp_path


def test_a_large_file_is_trained_on_and_used_where_it_is(command: Command, place: Path) -> None:
    code, _, err = command(
        "fit", "big.npy", "--out", "run", "--recipe", "linear", "--epochs", "2", "--hold-out", 0.2
    )
    assert code == 0
    assert "Dataset('big': 720 rows, 12 features)" in err
    ae = diabolo.load("run")
    assert command("encode", "run", "big.npy", "-o", "codes.npy")[0] == 0
    np.testing.assert_array_equal(np.load("codes.npy"), ae.transform(X))
    assert command("reconstruct", "run", "big.npy")[0] == 0
    np.testing.assert_array_equal(np.load("reconstructed.npy"), ae.reconstruct(X))
    assert command("score", "run", "big.npy")[0] == 0
    assert command("evaluate", "run")[0] == 0


def test_a_large_file_gives_the_model_of_a_small_one(
    command: Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--recipe", "linear", "--epochs", "2", "--quiet", "--hold-out", 0.2)
    assert command("fit", "big.npy", "--out", "large", *options)[0] == 0
    monkeypatch.undo()
    monkeypatch.chdir(place)
    assert command("fit", "big.npy", "--out", "small", *options)[0] == 0
    a, b = (diabolo.load(name) for name in ("large", "small"))
    np.testing.assert_array_equal(a.transform(X), b.transform(X))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "big.npy", "--label", "3"), "too large to be loaded .* --label would need that"),
        (("reconstruct", "run", "big.npy", "-o", "x.csv"), "900 rows, too many for .csv"),
        (("score", "run", "big.npy", "--per-feature"), "too many for --per-feature; leave it out"),
    ],
)
def test_what_needs_all_rows_is_refused(
    command: Command, place: Path, arguments: tuple[str, ...], words: str
) -> None:
    if arguments[0] != "fit":
        command("fit", "big.npy", "--out", "run", "--recipe", "linear", "--epochs", "1", "--quiet")
    code, _, err = command(*arguments)
    assert code != 0
    assert np.char.find(err, words.split(" .* ")[0]) >= 0
    assert words.split(" .* ")[-1] in err
