"""The commands that use a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import diabolo

Command = Callable[..., tuple[int, str, str]]
_FEATURES = ["age", "height", "pay"]


@pytest.fixture
def ae(room: Path) -> diabolo.Autoencoder:
    return diabolo.load(room / "run")


@pytest.fixture
def table(room: Path) -> pd.DataFrame:
    return pd.read_csv(room / "people.csv")


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy"])
def test_encode_as_the_library_does(
    command: Command, ae: diabolo.Autoencoder, table: pd.DataFrame, suffix: str
) -> None:
    out = Path(f"codes{suffix}")
    assert command("encode", "run", "people.csv", "--out", out).out == f"{out}\n"
    expected = ae.transform(table[_FEATURES])
    if suffix == ".npy":
        np.testing.assert_array_equal(np.load(out), expected)
        return
    codes = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert list(codes.columns) == ["name", "z0", "z1"]
    assert list(codes["name"]) == list(table["name"])
    # Written with all digits of a float64; read back with pandas' quick parser, which may err in the last.
    np.testing.assert_allclose(codes[["z0", "z1"]], expected, rtol=1e-12)


def test_decode_and_reconstruct_give_the_same_in_the_units_of_the_table(
    command: Command, ae: diabolo.Autoencoder, table: pd.DataFrame
) -> None:
    command("encode", "run", "people.csv")
    assert command("decode", "run", "codes.csv").out == "decoded.csv\n"
    assert command("reconstruct", "run", "people.csv").out == "reconstructed.csv\n"
    decoded, made = pd.read_csv("decoded.csv"), pd.read_csv("reconstructed.csv")
    assert list(decoded.columns) == list(made.columns) == ["name", *_FEATURES]
    np.testing.assert_allclose(decoded[_FEATURES], made[_FEATURES], rtol=1e-6)
    np.testing.assert_allclose(made[_FEATURES], ae.reconstruct(table[_FEATURES]), rtol=1e-6)
    assert made["pay"].mean() == pytest.approx(table["pay"].mean(), rel=0.5)


def test_new_rows_need_neither_ids_nor_labels(command: Command, table: pd.DataFrame) -> None:
    table[["pay", "age", "height"]].head(5).to_csv("new.csv", index=False)
    command("encode", "run", "people.csv", "-o", "all.csv")
    assert command("encode", "run", "new.csv").code == 0
    new, known = pd.read_csv("codes.csv"), pd.read_csv("all.csv")
    assert list(new.columns) == ["z0", "z1"]
    np.testing.assert_allclose(new, known[["z0", "z1"]].head(5), rtol=1e-12)


def test_an_array_of_the_same_width_works_without_names(command: Command, table: pd.DataFrame) -> None:
    np.save("rows.npy", table[_FEATURES].to_numpy())
    code, _, err = command("encode", "run", "rows.npy", "-o", "codes.npy")
    assert code == 0
    assert (
        f"rows.npy: its columns have no names; they are taken for {', '.join(_FEATURES)}, in this order"
        in err
    )


def test_scores(command: Command, ae: diabolo.Autoencoder, table: pd.DataFrame) -> None:
    code, out, _ = command("score", "run", "people.csv", "--per-feature", "--json")
    assert code == 0
    told, scores = json.loads(out), pd.read_csv("scores.csv")
    X = table[_FEATURES]
    errors = -ae.score_samples(X)
    np.testing.assert_allclose(scores["reconstruction_error"], errors, rtol=1e-12)
    squared = (X.to_numpy() - ae.reconstruct(X)) ** 2
    np.testing.assert_allclose(scores[[f"squared_error_{f}" for f in _FEATURES]], squared, rtol=1e-9)
    assert told["rows"] == len(table)
    assert told["mean"] == pytest.approx(errors.mean())
    assert told["strangest"][0]["row"] == table["name"][int(errors.argmax())]
    assert "the strangest:" in command("score", "run", "people.csv", "--force").out


@pytest.mark.usefixtures("room")
def test_samples_are_those_of_the_seed(command: Command) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert (
            command(
                "sample", "run", "-n", 7, "--seed", seed, "--density", "gaussian", "-o", f"{name}.csv"
            ).code
            == 0
        )
    a, b, c = (pd.read_csv(f"{name}.csv") for name in "abc")
    assert a.shape == (7, 3)
    assert list(a.columns) == _FEATURES
    assert a.equals(b)
    assert not a.equals(c)


@pytest.mark.usefixtures("room", "quick_report")
def test_probabilities_and_draws_from_the_likelihood(command: Command, table: pd.DataFrame) -> None:
    columns = ("--id", "name", "--label", "kind")
    parts = (
        "--latent",
        "gaussian",
        "--reconstruction",
        "gaussian",
        "--bound",
        "iwae",
        "--set",
        "bound.draws=4",
    )
    assert command("fit", "people.csv", *columns, *parts, "--epochs", 3, "--out", "vae", "--quiet").code == 0
    assert command("score", "vae", "people.csv", "--draws", 50).code == 0
    vae = diabolo.load("vae")
    expected = vae.log_likelihood(table[_FEATURES], draws=50)
    np.testing.assert_allclose(pd.read_csv("scores.csv")["log_likelihood"], expected, rtol=1e-9)
    for name, noise in (("means", ()), ("rows", ("--noise",))):
        assert command("sample", "vae", "-n", 200, *noise, "-o", f"{name}.csv").code == 0
    means, rows = (pd.read_csv(f"{name}.csv")[_FEATURES] for name in ("means", "rows"))
    assert (rows.var() > means.var()).all()
    said = command("score", "run", "people.csv", "--draws", 5, "--force")
    assert said.code == 2
    assert "are not drawn, so that the model gives rows no probability" in said.err


def test_evaluate_on_its_own_data_and_on_other(command: Command, room: Path, table: pd.DataFrame) -> None:
    code, out, _ = command("evaluate", "run", "--json")
    stored = json.loads((room / "run" / "metrics.json").read_text())
    assert code == 0
    assert json.loads(out)["figures"]["errors"]["model"] == stored["figures"]["errors"]["model"]
    table.head(30).to_csv("some.csv", index=False)
    code, out, _ = command("evaluate", "run", "some.csv", "--out", "report.html")
    assert code == 0
    assert out
    assert (
        "<html" in Path("report.html").read_text().lower() or "<!doctype" in Path("report.html").read_text()
    )


def test_info(command: Command, ae: diabolo.Autoencoder, room: Path) -> None:
    told = json.loads(command("info", "run", "--json").out)
    assert told["recipe"] == "linear"
    assert told["data"].endswith("people.csv")
    assert told["parameters"] == sum(p.numel() for p in ae.module_.parameters())
    assert told["epochs"] == 3
    assert "model/model.safetensors" in told["files"]
    text = command("info", "run").out
    assert "latent dim" in text
    assert "linear" in text


def test_a_model_without_a_run_folder_works(command: Command, ae: diabolo.Autoencoder) -> None:
    ae.save("bare")
    assert command("info", "bare").code == 0
    assert command("encode", "bare", "people.csv", "--columns", "age,height,pay").code == 0
    code, _, err = command("evaluate", "bare")
    assert code == 2
    assert "give the data" in err


@pytest.fixture
def pictures(room: Path, command: Command, quick_report: None) -> Path:
    r = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (room / "pets" / kind).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(r.integers(0, 255, (8, 10, 3), dtype=np.uint8)).save(
                room / "pets" / kind / f"{i}.png"
            )
    assert command("fit", "pets", "--recipe", "linear", "--epochs", "2", "--out", "pets-run", "-q").code == 0
    return room


def test_pictures(command: Command, pictures: Path) -> None:
    assert command("reconstruct", "pets-run", "pets/cat/0.png").out == "reconstructed.png\n"
    with Image.open("reconstructed.png") as made:
        assert (made.size, made.mode) == ((10, 8), "RGB")
    assert command("reconstruct", "pets-run", "pets").out == "reconstructed.npy\n"
    assert np.load("reconstructed.npy").shape == (12, 240)
    command("encode", "pets-run", "pets")
    codes = pd.read_csv("codes.csv")
    assert list(codes["file"][:2]) == ["cat/0.png", "cat/1.png"]
    assert command("decode", "pets-run", "codes.csv", "-o", "grid.png").code == 0
    assert command("sample", "pets-run", "-n", 4, "--density", "gaussian").out == "samples.png\n"


def test_a_picture_of_another_size_names_the_remedy(command: Command, pictures: Path) -> None:
    Image.fromarray(np.zeros((16, 20, 3), np.uint8)).save("large.png")
    code, _, err = command("reconstruct", "pets-run", "large.png")
    assert code == 2
    assert "use --resize 8x10" in err
    assert command("reconstruct", "pets-run", "large.png", "--resize", "8x10").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("encode", "rnu", "people.csv"), "Did you mean 'run'?"),
        (("encode", ".", "people.csv"), "holds no model.json"),
        (("encode", "run", "digits"), "digits has 64 features, the model takes 3"),
        (("encode", "run", "people.csv", "-o", "codes.txt"), "expected one of"),
        (("encode", "run", "people.csv", "-o", "people.csv"), "is the input"),
        (("encode", "run", "people.csv", "-o", "no/codes.csv"), "there is no folder"),
        (("encode", "run", "people.csv", "--id", "naem"), "Did you mean 'name'?"),
        (("encode", "run", "people.csv", "--device", "tpu"), "device must be one of"),
        (("decode", "run", "people.csv"), "not numeric"),
        (("decode", "run", "wide.npy"), "codes of shape (n, 2) were expected"),
        (("reconstruct", "run", "people.csv", "-o", "x.png"), "no pictures"),
        (("sample", "run", "-n", "0"), "-n must be"),
        (("sample", "run", "-n", "many"), "valid integer"),
        (("sample", "run", "--density", "gausian"), "Did you mean 'gaussian'?"),
        (("evaluate", "run", "--out", "report.pdf"), "expected one of"),
        (("recipes", "lienar"), "Did you mean 'linear'?"),
        (("score", "run"), "Missing argument"),
    ],
)
def test_bad_use_is_one_sentence(
    command: Command, room: Path, arguments: tuple[str, ...], words: str
) -> None:
    np.save("wide.npy", np.zeros((4, 5)))
    before = sorted(room.rglob("*"))
    code, out, err = command(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("diabolo: ")
    assert err.count("\n") == 1
    assert words.lower() in err.lower()
    assert sorted(room.rglob("*")) == before


def test_a_damaged_run_says_so(command: Command, room: Path) -> None:
    weights = room / "run" / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    code, _, err = command("encode", "run", "people.csv")
    assert code == 2
    assert "damaged" in err
    (room / "run" / "config.yaml").write_text("data: 3")
    assert "config.yaml is damaged" in command("encode", "run", "people.csv").err


def test_doctor_and_lists(command: Command) -> None:
    told = command("doctor").out
    assert diabolo.__version__ in told
    assert "device" in told
    assert "training.lr" in command("recipes", "linear").out
    assert "digits" in command("datasets").out
