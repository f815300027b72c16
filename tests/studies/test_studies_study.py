"""Studies: the plan, the table, going on after a kill, the split of variance, the page, the file."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from joblib.parallel import ThreadingBackend
from scipy.stats import loguniform
from tolerances import SCORES

from diabolo import MLP, Autoencoder, Training
from diabolo.errors import DivergedError, FileError, SettingError, UnknownNameError
from diabolo.studies import Study, from_yaml
from diabolo.studies.variance import split_variance

BASE = Autoencoder(
    latent=1, encoder=MLP((4,)), training=Training(epochs=2, batch_size=16, precision="float64")
)
MOONS = {"data": "moons", "data_options": {"n_samples": 40}, "held_out": 20}


def study(axes: Any, **options: Any) -> Study:
    return Study(BASE, axes, **(MOONS | options))


def assert_same(got: pd.DataFrame, expected: pd.DataFrame, tolerance: float | None = None) -> None:
    """Tables are equal but for the seconds, to the bit unless there is a tolerance."""
    one, other = (table.drop(columns="seconds") for table in (got, expected))
    close = {"check_exact": True} if tolerance is None else {"rtol": tolerance, "atol": tolerance}
    pd.testing.assert_frame_equal(one, other, **close)


def test_the_grid_is_a_tidy_table() -> None:
    axes = {
        "training.lr": [1e-3, 1e-2],
        "encoder.hidden": [(3,), (4, 2)],
        "data.n_samples": [32, 48],
        "seed": [5, 9],
    }
    own = study(axes, repeats={"data": 2}, metrics=["mse", "loss", "trustworthiness"], held_out=30)
    table = own.run()
    assert len(table) == 2 * 2 * 2 * 2 * 2
    assert list(table["model"]) == list(range(32))
    assert not table.drop(columns="message").isna().any().any()
    assert set(table["status"]) == {"finished"}
    assert set(table["seed"]) == {5, 9}
    assert set(table["data_seed"]) == {0, 1}
    assert (
        len(table.drop_duplicates(["training__lr", "encoder__hidden", "data.n_samples", "seed", "data_seed"]))
        == 32
    )
    assert own.best("trustworthiness", 1)["trustworthiness"].item() == table["trustworthiness"].max()
    assert own.best("mse", 1)["mse"].item() == table["mse"].min()


def test_a_model_is_what_it_would_be_alone() -> None:
    own = study({"training.lr": [1e-3, 1e-2]}, repeats={"both": 2}, metrics=["loss"])
    row = own.run().iloc[3]
    X, judged = own.study_data.rows({}, 1)
    assert X.shape == (40, 2)
    assert judged.shape == (20, 2)
    alone = Autoencoder(**BASE.get_params(deep=False)).set_params(training__lr=1e-2, random_state=1).fit(X)
    assert row["loss"] == pytest.approx(-alone.score(judged), rel=SCORES)
    np.testing.assert_array_equal(own.take(3).transform(judged), alone.transform(judged))


def test_random_points() -> None:
    axes = {"training.lr": loguniform(1e-4, 1e-1), "latent__dim": [1, 2]}
    own, again = (study(axes, n_points=5, repeats=2).run() for _ in range(2))
    assert len(own) == 10
    assert own["training__lr"].nunique() == 5
    assert own["training__lr"].between(1e-4, 1e-1).all()
    assert_same(own, again)


def test_points_are_drawn_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(_: object) -> None:
        raise RuntimeError("drawn")

    # A file that asks for a million models is read at once.
    monkeypatch.setattr("sklearn.model_selection.ParameterSampler.__iter__", drawn)
    own = study({"training.lr": loguniform(1e-4, 1e-1)}, n_points=1_000_000)
    with pytest.raises(RuntimeError, match="drawn"):
        _ = own.settings


@pytest.mark.parametrize(("axes", "models"), [({}, 1), ({"latent.dim": [1, 2]}, 2)])
def test_more_points_than_the_grid_has_are_the_grid(axes: dict[str, list[int]], models: int) -> None:
    assert len(study(axes, n_points=5).settings) == models


def test_models_that_diverge_or_cannot_be_made_have_their_row() -> None:
    own = study({"training.lr": [1e-3, 1e300, -1.0], "corruption": [None, "gaussian_noise"]})
    table = own.run()
    assert list(table["status"].value_counts().loc[["finished", "diverged", "failed"]]) == [2, 2, 2]
    bad = table[table["status"] != "finished"]
    assert bad["mse"].isna().all()
    assert (bad["message"] != "").all()
    with pytest.raises(DivergedError, match="model"):
        own.take(int(table.index[table["status"] == "diverged"][0]))


def test_a_metric_that_the_held_out_rows_do_not_allow_leaves_the_others() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 4))
    how = {"data": rows, "data_options": {}, "held_out": 6, "metrics": ["mse", "trustworthiness"]}
    table = study({"training.lr": [1e-3, 1e-2]}, **how).run()
    assert np.isfinite(table["mse"]).all()
    assert table["trustworthiness"].isna().all()
    assert table["message"].str.startswith("trustworthiness: ").all()


@pytest.mark.parametrize(
    ("axes", "options", "error"),
    [
        ({"training.rl": [1]}, {}, UnknownNameError),
        ({"training.lr": 1e-3}, {}, SettingError),
        ({"training.lr": []}, {}, SettingError),
        ({"training.lr": loguniform(1e-4, 1e-1)}, {}, SettingError),
        ({"data.size": [1]}, {}, SettingError),
        ({"training.lr": [1e-3]}, {"repeats": 0}, SettingError),
        ({"training.lr": [1e-3]}, {"repeats": {"seeds": 2}}, UnknownNameError),
        ({"training.lr": [1e-3]}, {"repeats": {"seed": 2, "both": 2}}, SettingError),
        ({"training.lr": [1e-3]}, {"metrics": "msa"}, UnknownNameError),
        ({"training.lr": [1e-3]}, {"data": "moon"}, UnknownNameError),
        ({"training.lr": [1e-3]}, {"held_out": 1.5}, SettingError),
    ],
)
def test_what_cannot_be_studied_is_refused(axes: Any, options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        study(axes, **options)


def test_rows_of_ones_own_and_functions() -> None:
    X = np.random.default_rng(0).random((50, 3))
    assert len(Study(BASE, {"latent.dim": [1, 2]}, data=X, repeats={"data": 2}).run()) == 4

    def line(n_samples: int = 30, slope: float = 1.0, random_state: int = 0) -> Any:
        x = np.random.default_rng(random_state).random(n_samples)
        return np.stack([x, slope * x], 1)

    table = Study(BASE, {"data.slope": [0.5, 2.0]}, data=line, metrics={"n": lambda _, rows: len(rows)}).run()
    assert list(table["n"]) == [6, 6]


def test_going_on_keeps_rows_and_refuses_another_study(tmp_path: Path) -> None:
    axes = {"training.lr": [1e-3, 1e-2], "encoder.hidden": [(3,), (4, 2)]}
    whole = study(axes, repeats=2).run(tmp_path)
    saved = pd.read_parquet(tmp_path / "table.parquet")
    saved.iloc[[0, 5, 7]].to_parquet(tmp_path / "table.parquet", index=False)
    with pytest.raises(FileError, match="resume"):
        study(axes, repeats=2).run(tmp_path)
    with pytest.raises(FileError, match="another study"):
        study(axes, repeats=3).run(tmp_path, resume=True)
    again = study(axes, repeats=2).run(tmp_path, resume=True)
    # What is left of a stack trains as a smaller one.
    assert_same(again, whole, SCORES)
    assert (again["seconds"].iloc[[0, 5, 7]] == whole["seconds"].iloc[[0, 5, 7]]).all()
    pd.testing.assert_frame_equal(
        again.drop(columns="encoder__hidden"),
        pd.read_parquet(tmp_path / "table.parquet").drop(columns="encoder__hidden"),
    )


SCRIPT = """
import sys
from diabolo import MLP, Autoencoder, Training
from diabolo.studies import Study
base = Autoencoder(latent=1, encoder=MLP((4,)), training=Training(epochs=20, batch_size=16))
axes = {"training.lr": [1e-3, 1e-2], "encoder.hidden": [(n,) for n in range(3, 11)]}
options = {"data": "moons", "data_options": {"n_samples": 64}, "held_out": 20}
print("ready", flush=True)
Study(base, axes, repeats=2, **options).run(sys.argv[1], resume=True, stack_size=2)
"""


def killed_and_resumed(folder: Path, kills: int, seed: int) -> None:
    """Kill the study at random points, let it end, and compare it with one that was left alone."""
    draw = random.Random(seed)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT]
    subprocess.run([*command, str(folder / "whole")], env=environment, check=True, capture_output=True)
    whole = pd.read_parquet(folder / "whole" / "table.parquet")
    seconds = float(whole["seconds"].sum())
    target = folder / "killed"
    for _ in range(kills):
        process = subprocess.Popen([*command, str(target)], env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(draw.random() * (seconds / kills + 0.5))
        process.kill()
        process.wait()
        process.stdout.close()
        if (target / "table.parquet").exists():
            found = pd.read_parquet(target / "table.parquet")
            assert found["model"].is_unique
    subprocess.run([*command, str(target)], env=environment, check=True, capture_output=True)
    assert_same(pd.read_parquet(target / "table.parquet"), whole)


@pytest.mark.parametrize("stop", [1, 2])
def test_stopped_and_resumed(stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axes = {"training.lr": [1e-3, 1e-2], "encoder.hidden": [(3,), (4, 2), (5,)]}
    whole = study(axes).run()
    replace, calls = Path.replace, []

    def stopping(part: Path, target: Path) -> None:
        calls.append(target)
        if sum(path.name == "table.parquet" for path in calls) > stop:
            raise KeyboardInterrupt
        replace(part, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopping)
        with pytest.raises(KeyboardInterrupt):
            study(axes).run(tmp_path)
    assert len(pd.read_parquet(tmp_path / "table.parquet")) == 2 * stop
    again = study(axes).run(tmp_path, resume=True)
    assert_same(again, whole)


def test_going_on_trains_the_stacks_that_were_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model rounds by those that it shares a stack with, and two processes share stacks out by their number."""
    planned: list[list[int]] = []

    def in_turn(calls: list[Any], *_: Any) -> Iterator[Any]:
        for function, args, options in calls:
            planned.append([settings.model for settings in args[2]])
            yield function(*args, **options)

    monkeypatch.setattr("diabolo.studies.study._as_they_end", in_turn)
    own = study({"training.lr": np.geomspace(1e-3, 1e-1, 64).tolist()}, repeats=2)
    whole = own.run(tmp_path, n_jobs=2)
    saved = pd.read_parquet(tmp_path / "table.parquet")
    saved[saved["model"].isin(planned[0])].to_parquet(tmp_path / "table.parquet", index=False)
    again = own.run(tmp_path, resume=True, n_jobs=2)
    assert [len(stack) for stack in planned] == [64, 64, 64]
    assert_same(again, whole)


@pytest.mark.slow
def test_killed_and_resumed(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, kills=2, seed=0)


@pytest.mark.slow
def test_killed_twenty_times_and_resumed(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, kills=20, seed=1)


@pytest.mark.slow
def test_processes_give_the_same_table(tmp_path: Path) -> None:
    axes = {"training.lr": [1e-3, 1e-2], "encoder.hidden": [(3,), (4, 2)]}
    one, two = (study(axes, repeats=3).run(n_jobs=n) for n in (1, 2))
    assert_same(one, two, SCORES)


def test_variance_is_split_as_it_was_made() -> None:
    draw = np.random.default_rng(0)
    seeds, draws = 60, 80
    by_seed, by_data = draw.normal(0, 2.0, seeds), draw.normal(0, 1.0, draws)
    grid = 10 + by_seed[:, None] + by_data[None, :] + draw.normal(0, 0.5, (seeds, draws))
    i, j = np.indices(grid.shape)
    table = pd.DataFrame({"a": 1, "seed": i.ravel(), "data_seed": j.ravel(), "mse": grid.ravel()})
    found = split_variance(table, ["a"], "mse").iloc[0]
    # A variance from n draws has a relative standard error of about sqrt(2 / n): three of them.
    assert found["var_seed"] == pytest.approx(4.0, rel=3 * (2 / seeds) ** 0.5)
    assert found["var_data"] == pytest.approx(1.0, rel=3 * (2 / draws) ** 0.5)
    assert found["var_rest"] == pytest.approx(0.25, rel=3 * (2 / (seeds * draws)) ** 0.5)


def test_variance_of_one_kind_of_repeat() -> None:
    table = study({"training.lr": [1e-2]}, repeats={"data": 3}).run()
    found = split_variance(table, ["training__lr"], "mse").iloc[0]
    assert found["var_data"] == found["var"] == pytest.approx(table["mse"].var())
    with pytest.raises(SettingError, match="no column"):
        split_variance(table, [], "msa")


def test_the_page(tmp_path: Path) -> None:
    own = study({"training.lr": [1e-3, 1e-2], "encoder.hidden": [(3,), (4, 2)]}, repeats=2)
    with pytest.raises(SettingError, match="not run"):
        own.page(tmp_path / "page.html")
    own.run()
    text = own.page(tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<img") == 3
    assert "Best models" in text
    assert "mse against training__lr and encoder__hidden" in text


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        """
recipe: linear
set: {training.epochs: 1, latent.dim: 1}
axes:
  training.lr: {log_uniform: [1e-4, 1e-1]}
  data.noise: [0.05, 0.2]
repeats: {seed: 2}
data: {name: moons, n_samples: 30}
held_out: 10
n_points: 3
""",
        encoding="utf-8",
    )
    table = from_yaml(path).run()
    assert len(table) == 6
    assert table["training__lr"].between(1e-4, 1e-1).all()


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "axes: 3",
        "axes: {training.lr: [1e-3]}\nrepeat: 2",
        "axes: {training.lr: {log: [1, 2]}}\nn_points: 2",
        "axes: {training.lr: {uniform: [2, 1]}}\nn_points: 2",
        "axes: {training.lr: [1]}\ndata: nowhere",
    ],
)
def test_a_file_that_is_wrong(text: str, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((SettingError, FileError)):
        from_yaml(path)


class _LosesWorkers(ThreadingBackend):  # type: ignore[misc]
    """A backend that cancels a call now and then, as a cluster does that loses a worker."""

    def __init__(self, every: int, **options: Any) -> None:
        super().__init__(**options)
        self.every, self.calls, self.cancelled = every, 0, 0

    def submit(self, func: Any, callback: Any = None) -> Any:
        self.calls += 1
        return super().submit(_cancelled if self._lost() else func, callback)

    def _lost(self) -> bool:
        lost = self.calls % self.every == 0
        self.cancelled += lost
        return lost


def _cancelled() -> None:
    raise CancelledError


def test_what_a_cluster_cancels_is_trained_again() -> None:
    planned = study({"training.lr": [1e-3, 1e-2]}, repeats=4)
    whole = planned.run(stack_size=1)
    backend = _LosesWorkers(every=7)
    with parallel_config(backend=backend, n_jobs=2):
        found = planned.run(stack_size=1)
    assert backend.cancelled
    assert_same(found, whole)


def test_a_cluster_that_only_cancels_is_not_asked_for_ever() -> None:
    planned = study({"training.lr": [1e-3, 1e-2]}, repeats=2)
    with parallel_config(backend=_LosesWorkers(every=1), n_jobs=2), pytest.raises(CancelledError):
        planned.run(stack_size=1)
