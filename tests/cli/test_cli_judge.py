"""What is held out; runs compared, plotted; how many dimensions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from PIL import Image

from diabolo.cli.plotting import KINDS

Command = Callable[..., Any]
_QUICK = ("--recipe", "linear", "--epochs", "2")


def test_evaluate_needs_the_rows_of_the_training(command: Command, room: Path) -> None:
    table = pd.read_csv("people.csv")
    assert yaml.safe_load(Path("run/config.yaml").read_text())["trained"]["rows_held_out"] == 6
    config = Path("run/config.yaml")
    moved = str(room / "people.csv")
    data = yaml.safe_load(config.read_text())
    data["data"]["source"] = moved
    config.write_text(yaml.safe_dump(data))
    table.head(40).to_csv("people.csv", index=False)
    code, _, err = command("evaluate", "run")
    assert code == 2
    assert "has 40 rows and had 60" in err


@pytest.mark.usefixtures("quick_report")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "will be tested on 6 held-out rows\n"),
        (("--hold-out", "0"), "will be tested on the 60 rows that it was trained on\n"),
        (("--validation", "0.2"), "training.validation=0.2 validates on that share"),
        (("--early-stopping",), "--validation 0.1 avoids it"),
    ],
)
def test_fit_says_what_it_judges_on(
    command: Command, room: Path, options: tuple[str, ...], words: str
) -> None:
    read = ("people.csv", "--id", "name", "--label", "kind", *_QUICK, "--out", "new")
    code, _, err = command("fit", *read, *options)
    assert code == 0
    assert words in err
    watched = "val_loss" in pd.read_csv("new/history.csv").columns
    assert watched == ("--hold-out" not in options)


@pytest.fixture
def second(command: Command, room: Path) -> Path:
    """A copy of the run with smaller errors and another learning rate."""
    shutil.copytree("run", "better")
    told = json.loads(Path("better/metrics.json").read_text())
    told["figures"]["errors"]["model"]["mse"] /= 2
    Path("better/metrics.json").write_text(json.dumps(told))
    config = yaml.safe_load(Path("better/config.yaml").read_text())
    config["training"]["lr"] = 0.5
    Path("better/config.yaml").write_text(yaml.safe_dump(config))
    return room / "better"


@pytest.mark.usefixtures("second")
def test_compare(command: Command, room: Path, browser: Any) -> None:
    code, out, _ = command("compare", "run", "better")
    lines = out.splitlines()
    assert code == 0
    assert lines[-1] == "compare.html"
    assert next(line for line in lines if "MSE" in line).endswith("*")
    assert next(line for line in lines if "training.lr" in line).endswith("0.5")
    assert "marked" not in out
    for width, height in ((1280, 800), (390, 844)):
        page = browser.new_page(viewport={"width": width, "height": height})
        troubles: list[str] = []
        page.on("console", lambda message, seen=troubles: seen.append(message.text))
        page.goto((room / "compare.html").as_uri())
        assert troubles == []
        assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("td.best").count() == 1
        page.close()


@pytest.mark.usefixtures("second")
def test_runs_judged_on_other_rows_have_no_best(command: Command) -> None:
    config = yaml.safe_load(Path("better/config.yaml").read_text())
    Path("better/config.yaml").write_text(yaml.safe_dump({**config, "random_state": 1}))
    out = command("compare", "run", "better").out
    assert "no figure is marked" in out
    assert "*" not in out
    told = json.loads(command("compare", "run", "better", "--json", "--force").out)
    assert told["better"]["errors.model.mse"] == pytest.approx(told["run"]["errors.model.mse"] / 2)


@pytest.mark.parametrize("kind", ["encoder_map", "loss-curves", "code_histogram", "weight_histograms"])
def test_plot(command: Command, room: Path, kind: str) -> None:
    out = f"{kind.replace('-', '_')}.png"
    assert command("plot", kind, "run") == (0, f"{out}\n", "")
    with Image.open(room / out) as picture:
        assert min(picture.size) > 300


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("map_3d", "sphere_map", "sphere_grid")])
def test_every_kind_is_a_plot_or_says_what_it_needs(
    command: Command, digits_run: Path, kind: str, tmp_path: Path
) -> None:
    out = tmp_path / "x.png"
    code, _, err = command("plot", kind, digits_run, "--out", out)
    if KINDS[kind].needs == "two features":
        assert (code, "needs two features" in err) == (2, True)
    else:
        assert (code, out.exists(), err) == (0, True, "")


def test_dimensions(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = command("dimensions", "digits", *_QUICK, "--dims", "4,1,2", "--out", "curve.png")
    assert code == 0
    assert "180 held-out rows; fitted to 1617" in out
    assert [line.split()[0] for line in out.splitlines()[2:5]] == ["1", "2", "4"]
    with Image.open("curve.png") as picture:
        assert min(picture.size) > 300
    told = json.loads(command("dimensions", "moons", *_QUICK, "--hold-out", "0.5", "--json").out)
    assert told["dims"] == [1, 2]
    # Two components hold the plane whole.
    assert told["pca"][1] == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plot", "encoder_mpa", "run"), "Did you mean 'encoder_map'?"),
        (("plot", "decoder_grid", "run"), "needs pictures and two latent dimensions"),
        (("plot", "encoder_map", "run", "--out", "x.txt"), "expected one of .png"),
        (("compare", "run"), "two or more runs"),
        (("compare", "run", "."), "no finished run"),
        (("compare", "run", "rnu"), "Did you mean 'run'?"),
        (("compare", "run", "run", "--out", "x.txt"), "expected .html"),
        (("dimensions", "digits", "--dims", "2,x"), "--dims takes integers"),
        (("dimensions", "digits", "--out", "x.txt"), "expected one of .png"),
        (("dimensions",), "no data"),
        (("fit", "digits", "--hold-out", "2"), "hold_out must be a share"),
        (("fit", "digits", "--set", "penalties.mmd.weight=3"), "--penalties mmd"),
        (("fit", "digits", "--penalties", "l1", "--set", "penalties.mmd.weight=3"), "--penalties l1,mmd"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    command: Command, room: Path, arguments: tuple[str, ...], words: str
) -> None:
    before = sorted(room.rglob("*"))
    code, out, err = command(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert sorted(room.rglob("*")) == before


@pytest.mark.usefixtures("second")
def test_a_damaged_run_is_not_compared(command: Command, room: Path) -> None:
    (room / "better" / "metrics.json").write_text('{"findings": []}')
    code, out, err = command("compare", "run", "better")
    assert (code, out) == (2, "")
    assert "metrics.json holds no report of a run" in err


def test_a_penalty_is_added_and_set(command: Command, room: Path, quick_report: None) -> None:
    options = ("--penalties", "mmd", "--set", "penalties.mmd.weight=3", "--out", "new", "-q")
    assert command("fit", "moons", *_QUICK, *options).code == 0
    made = yaml.safe_load(Path("new/config.yaml").read_text())["penalties"]
    assert [(p["kind"], p["weight"]) for p in made] == [("mmd", 3.0)]
