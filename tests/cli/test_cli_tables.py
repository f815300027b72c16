"""Tables of more than numbers, from the file to the file: no command needs them turned into numbers first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import diabolo

Command = Callable[..., tuple[int, str, str]]
N = 60
FIT = ("--recipe", "linear", "--epochs", "3", "--quiet")
COLUMNS = ["color", "weight", "born", "member", "zip"]


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    r = np.random.default_rng(0)
    born = pd.Timestamp("1990-01-01") + pd.to_timedelta(r.integers(0, 9000, N), unit="D")
    frame = pd.DataFrame(
        {
            "name": [f"p{i}" for i in range(N)],
            "color": r.choice(["red", "green", "blue"], N),
            "weight": r.normal(60, 9, N).round(2),
            "born": born.strftime("%Y-%m-%d"),
            "member": r.choice(["true", "false"], N),
            "zip": r.choice([1010, 2020, 3030], N),
        }
    )
    frame.to_csv("people.csv", index=False)
    frame.drop(columns="zip").to_csv("no_zip.csv", index=False)
    frame[["zip", "member", "born", "weight", "color"]].head(9).to_csv("new.csv", index=False)
    frame.assign(color=["mauve", *frame["color"][1:]]).to_csv("mauve.csv", index=False)
    return frame


@pytest.fixture
def run(command: Command, table: pd.DataFrame) -> Path:
    assert command("fit", "people.csv", *FIT, "--id", "name", "--categories", "zip", "--out", "run").code == 0
    return Path("run")


def test_the_schema_is_told_in_three_lines(command: Command) -> None:
    told = command("fit", "people.csv", *FIT, "--id", "name", "--categories", "zip").err.splitlines()
    assert told[:3] == [
        "diabolo: people.csv: 5 columns as 9 numbers a row: 2 category, 1 numeric, 1 date, 1 boolean",
        "diabolo: people.csv: category: color (blue, green, red), zip (1010, 2020, 3030); date: born; boolean: member",
        "diabolo: people.csv: --categories, --counts, --dates, --drop and --label say otherwise",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_every_command_gives_the_columns_of_the_table(
    command: Command, run: Path, table: pd.DataFrame, suffix: str
) -> None:
    for arguments in (("reconstruct", run, "people.csv"), ("sample", run, "-n", N)):
        assert command(*arguments, "--out", f"made{suffix}", "--force").code == 0
        made = pd.read_csv("made.csv") if suffix == ".csv" else pd.read_parquet("made.parquet")
        assert list(made.columns) == [*(["name"] if arguments[0] == "reconstruct" else []), *COLUMNS]
        assert set(made["color"]) <= {"red", "green", "blue"}
        assert set(made["zip"]) <= {1010, 2020, 3030}
        assert set(made["member"]) <= {True, False}
        assert pd.to_datetime(made["born"]).between("1900-01-01", "2100-01-01").all()
    assert command("encode", run, "people.csv").code == 0
    assert command("decode", run, "codes.csv", "--out", f"decoded{suffix}").code == 0
    assert command("reconstruct", run, "people.csv").code == 0
    if suffix == ".csv":
        pd.testing.assert_frame_equal(pd.read_csv("decoded.csv"), pd.read_csv("reconstructed.csv"), atol=1e-3)


def test_new_rows_are_read_by_what_was_learnt(command: Command, run: Path, table: pd.DataFrame) -> None:
    """Nine rows would be guessed otherwise: fewer categories, another first date."""
    command("encode", run, "people.csv", "--out", "all.csv")
    command("encode", run, "new.csv", "--out", "some.csv")
    codes = ["z0", "z1"]
    np.testing.assert_array_equal(pd.read_csv("all.csv")[codes][:9], pd.read_csv("some.csv")[codes])
    frame = table.drop(columns="name").assign(
        born=pd.to_datetime(table["born"]), member=table["member"] == "true"
    )
    np.testing.assert_allclose(diabolo.load(run).transform(frame), pd.read_csv("all.csv")[codes], rtol=1e-9)


@pytest.mark.filterwarnings("always")
def test_what_differs_is_refused_or_warned_of(command: Command, run: Path) -> None:
    code, _, err = command("encode", run, "no_zip.csv")
    assert code == 2
    assert "it lacks 'zip'" in err
    code, _, err = command("encode", run, "mauve.csv")
    assert code == 0
    assert "'mauve'" in err


@pytest.mark.parametrize("arguments", [("score",), ("evaluate",), ("plot", "encoder_map")])
def test_what_judges_and_draws_takes_the_table(
    command: Command, run: Path, arguments: tuple[str, ...]
) -> None:
    assert command(*arguments, run, "people.csv").code == 0


def test_a_run_goes_elsewhere(command: Command, run: Path) -> None:
    Path("runs").mkdir()
    run.rename("runs/people")
    for kind, name in (("torch", "people-torch"), ("html", "people.html")):
        done = command("export", "runs/people", "--to", kind)
        assert (done.code, done.out.strip()) == (0, str(Path("runs", name)))
    assert command("info", "runs/people").code == 0


def test_dimensions_are_studied(command: Command) -> None:
    done = command(
        "dimensions", "people.csv", "--id", "name", "--dims", "1,2", "--epochs", "1", "--recipe", "linear"
    )
    assert done.code == 0, done.err


def test_gaps_are_filled_as_asked(command: Command, table: pd.DataFrame) -> None:
    table.assign(color=[None, *table["color"][1:]]).to_csv("gaps.csv", index=False)
    code, _, err = command("fit", "gaps.csv", *FIT, "--id", "name")
    assert code == 2
    assert "the column 'color' has no value in data row 1;" in err
    for how in ("drop", "mean"):
        assert command("fit", "gaps.csv", *FIT, "--id", "name", "--missing", how).code == 0
    assert json.loads(command("describe", "gaps.csv", "--json").out)["columns"][1]["missing"] == 1


def test_what_should_not_be_learnt_from_is_hinted(command: Command) -> None:
    r = np.random.default_rng(0)
    frame = pd.DataFrame({"row": range(N), "x": r.random(N), "one": 1, "outcome": r.integers(0, 3, N)})
    frame.to_csv("hints.csv", index=False)
    err = command("fit", "hints.csv", *FIT).err
    assert "'row': looks like an id, and is learnt as a number; --id keeps it apart" in err
    assert "'one': one value only, from which nothing is learnt; --drop leaves it out" in err
    assert "'outcome': looks like a label, and is learnt as a feature; --label keeps it apart" in err
    err = command("fit", "hints.csv", *FIT, "--id", "row", "--drop", "one", "--label", "outcome").err
    assert "looks like" not in err
    assert "one value" not in err


def test_convolutions_along_the_columns_of_a_table_are_refused(command: Command) -> None:
    r = np.random.default_rng(0)
    pd.DataFrame(r.random((N, 16)), columns=[f"c{i}" for i in range(16)]).to_csv("wide.csv", index=False)
    fit = ("fit", "wide.csv", "--recipe", "convolutional", "--epochs", "1", "--quiet", "--out")
    code, _, err = command(*fit, "a")
    assert code == 2
    assert "is a table, and convolutions are for rows in which neighbours belong together" in err
    assert command(*fit, "signal", "--signal").code == 0
    assert diabolo.load("signal").module_.domain.picture == (1, 1, 16)
    assert command(*fit, "picture", "--image-shape", "4x4").code == 0
    assert diabolo.load("picture").module_.domain.picture == (1, 4, 4)
