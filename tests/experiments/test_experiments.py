"""Published experiments: the table, what a run leaves, and the verdicts on its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fresh import in_fresh_process

from diabolo.errors import DataError, FileError, SettingError, UnknownNameError
from diabolo.experiments import EXPERIMENTS, Comparison, Experiment, Section, Target, listing, reproduce
from diabolo.experiments.context import ExperimentContext
from diabolo.experiments.page import page
from diabolo.experiments.running import Result, run


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_entry_of_the_table_is_an_experiment_of_its_name(name: str) -> None:
    experiment = EXPERIMENTS[name].load()
    assert experiment.name == name
    assert experiment.title
    assert experiment.source
    sections = [section.name for section in experiment.sections]
    assert len(set(sections)) == len(sections)
    targets = [target.name for target in experiment.targets]
    assert targets
    assert len(set(targets)) == len(targets)


def test_the_table_is_read_without_pytorch() -> None:
    code = "import sys; from diabolo.experiments import listing; listing(); print('torch' in sys.modules)"
    assert in_fresh_process(code).strip() == "False"
    assert [row[0] for row in listing()] == list(EXPERIMENTS)


def _toy(values: list[float]) -> Experiment:
    def work(context: ExperimentContext) -> None:
        context.measure("error", values[context.seed], "units")
        context.state("Small < large.", values[context.seed] < 1, error=values[context.seed])

    def once(context: ExperimentContext) -> None:
        context.measure("seed", context.seed)

    target = Target("error", 1.0, 0.5, unit="units")
    return Experiment(
        "toy", "A <toy>", "Nobody.", "none", "none",
        (Section("work", "Work", work, (target,)), Section("once", "Once", once)),
        ("It does nothing.",),
    )  # fmt: skip


def _toy_run(values: list[float], folder: Path, quick: bool = False) -> Result:
    folder.mkdir(exist_ok=True)
    return run(_toy(values), folder, quick, len(values))


def test_sections_with_targets_are_repeated_and_their_mean_is_compared(tmp_path: Path) -> None:
    result = _toy_run([1.0, 2.4], tmp_path)
    (comparison,) = result.comparisons
    assert comparison.obtained == (1.0, 2.4)
    assert comparison.mean == pytest.approx(1.7, abs=1e-12)
    assert not comparison.within
    assert result.findings["once"].measures["seed"].values == [0.0]
    assert len(result.findings["work"].statements) == 1


def test_a_folder_of_fewer_seeds_gets_those_that_it_lacks(tmp_path: Path) -> None:
    ran: list[tuple[str, int]] = []

    def work(context: ExperimentContext) -> None:
        ran.append(("work", context.seed))
        context.measure("error", context.seed, "units")
        if context.first:
            context.measure("first", 7.0)

    target = Target("error", 1.0, 0.5, unit="units")
    sections = (
        Section("work", "Work", work, (target,)),
        Section("once", "Once", lambda context: ran.append(("once", context.seed))),
    )
    experiment = Experiment("toy", "Toy", "Nobody.", "none", "none", sections)
    for seeds in (1, 3):
        result = run(experiment, tmp_path, seeds=seeds)
    assert ran == [("work", 0), ("once", 0), ("work", 1), ("work", 2)]
    assert result.comparisons[0].obtained == (0.0, 1.0, 2.0)
    assert result.findings["work"].measures["first"].values == [7.0]
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["seeds"] == [0, 1, 2]


def test_another_section_is_added_to_a_folder_and_the_page_is_the_same(
    tmp_path: Path, check_folder: Callable[[Result], None]
) -> None:
    folder = tmp_path / "run"
    reproduce("neuromatch-2", quick=True, out=folder, sections=["plane"])
    both = reproduce("neuromatch-2", quick=True, out=folder, sections=["space"])
    assert list(json.loads((folder / "results.json").read_text(encoding="utf-8"))["sections"]) == [
        "plane",
        "space",
    ]
    assert [c.target.published for c in both.comparisons] == [0.1741, 0.1576]
    check_folder(both)
    (folder / "figures" / "plane-map.png").unlink()
    with pytest.raises(FileError, match="is damaged: no complete result"):
        reproduce("neuromatch-2", quick=True, out=folder, sections=["space"])


def test_the_page_says_what_was_reached_what_not_and_what_does_not_hold(tmp_path: Path) -> None:
    good, bad = page(_toy_run([0.5], tmp_path / "a")), page(_toy_run([3.0], tmp_path / "b"))
    assert "1 of 1 published numbers obtained" in good
    assert "0 of 1 published numbers obtained" in bad
    assert '<td class="yes">yes</td>' in good
    assert '<td class="no">no</td>' in bad
    assert "Holds here." in good
    assert "Does not hold here." in bad
    assert "A &lt;toy&gt;" in good
    assert "It does nothing." in good
    quick = page(_toy_run([0.5], tmp_path / "c", quick=True))
    assert "published numbers obtained" not in quick


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).mkdir(exist_ok=True)
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("direction", "obtained", "within"),
    [
        ("at most", 1.5, True),
        ("at most", 1.51, False),
        ("at most", -9.0, True),
        ("at least", 0.5, True),
        ("at least", 0.49, False),
        ("about", 0.5, True),
        ("about", 1.51, False),
    ],
)
def test_a_target_knows_which_side_is_better(direction: str, obtained: float, within: bool) -> None:
    assert Comparison(Target("x", 1.0, 0.5, direction), (obtained,)).within is within


def test_a_target_refuses_what_it_cannot_be() -> None:
    with pytest.raises(SettingError, match="direction must be one of"):
        Target("x", 1.0, 0.5, "below")
    with pytest.raises(SettingError, match="tolerance must be >= 0"):
        Target("x", 1.0, -0.5)


def test_a_measure_that_is_no_number_is_refused(tmp_path: Path) -> None:
    context = ExperimentContext(True, 0, True, tmp_path, None, print)
    with pytest.raises(DataError, match="'error' came out as nan"):
        context.measure("error", float("nan"))


def test_what_cannot_be_run_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'bestiary'"):
        reproduce("bestiery")
    with pytest.raises(SettingError, match="whole number >= 1, got 0"):
        reproduce("rectangle", seeds=0)
    with pytest.raises(UnknownNameError, match="Did you mean 'lines'"):
        reproduce("rectangle", sections=["line"], out=tmp_path / "new")
    with pytest.raises(FileError, match="no saved model"):
        reproduce("neuromatch-3", reference=tmp_path / "nothing", out=tmp_path / "new")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileError, match="is no folder of an experiment"):
        reproduce("rectangle", out=tmp_path / "full")


@pytest.mark.parametrize(
    ("latent", "hidden", "published"),
    [
        (2, (392, 64), 666_791),
        (3, (392, 96), 692_264),
        (2, (196, 64), 333_983),
        (3, (1568, 392, 96), 3_768_682),
    ],
)
def test_the_deep_models_have_the_published_numbers_of_parameters(
    latent: int, hidden: tuple[int, ...], published: int
) -> None:
    from diabolo import Autoencoder, Training
    from diabolo.experiments.course import deep

    ae = Autoencoder(latent, encoder=deep(hidden), training=Training(epochs=1))
    ae.fit(np.zeros((2, 784), np.float32))
    assert sum(p.numel() for p in ae.module_.parameters()) == published


def test_the_untrained_estimator_is_where_training_started() -> None:
    from diabolo import MLP, Autoencoder, Training

    X = np.random.RandomState(0).uniform(size=(20, 4)).astype(np.float32)
    ae = Autoencoder(encoder=MLP(), training=Training(epochs=2, snapshots=20), random_state=0).fit(X)
    np.testing.assert_array_equal(ae.untrained().transform(X), ae.history_.snapshots[0]["codes"])
    assert (ae.transform(X) != ae.untrained().transform(X)).any()


def test_a_reference_is_trained_once_for_its_settings(tmp_path: Path) -> None:
    from diabolo import Sphere
    from diabolo.experiments.reference import reference, settings_hash

    said: list[str] = []
    first = reference(ExperimentContext(True, 0, True, tmp_path, None, said.append), Sphere(3))
    again = reference(ExperimentContext(True, 0, True, tmp_path, None, said.append), Sphere(3))
    assert "trained once" in said[0]
    assert "is read from" in said[1]
    X = np.random.RandomState(0).uniform(size=(5, 64)).astype(np.float32)
    np.testing.assert_array_equal(first.transform(X), again.transform(X))
    hashes = {settings_hash(ae, X) for ae in (first, again)}
    assert len(hashes) == 1
    assert settings_hash(first.set_params(training__lr=2e-3), X) not in hashes
    kept = next(tmp_path.glob("reference-*"))
    given = reference(ExperimentContext(True, 0, True, tmp_path / "other", kept, said.append), Sphere(3))
    np.testing.assert_array_equal(first.transform(X), given.transform(X))


def test_kinks_of_a_line_are_found_where_they_are() -> None:
    from diabolo import MLP, Autoencoder, Training
    from diabolo.experiments.rectangle import kinks_of

    X = np.random.RandomState(0).uniform(-1, 1, (16, 2)).astype(np.float32)
    ae = Autoencoder(1, encoder=MLP((3,)), training=Training(epochs=1), random_state=0).fit(X)
    named = {name: p.double().numpy() for name, p in ae.module_.named_parameters()}
    weight, bias = named["decoder.layers.0.weight"][0], named["decoder.layers.0.bias"]
    expected = np.sort(-bias / weight)
    expected = expected[np.abs(expected) < 10]
    # The grid has steps of 20 / 40000.
    np.testing.assert_allclose(kinks_of(ae), expected, atol=1e-3)
