"""Options, configuration and recipes become one estimator."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diabolo import EarlyStopping, Gaussian, Sphere, Training
from diabolo.cli.options import SETTING_OPTIONS
from diabolo.cli.settings import build, parse_value, read_plan
from diabolo.errors import FileError, SettingError, UnknownNameError
from diabolo.parts import settings
from diabolo.slots import SLOTS, resolve


def _plan(given: dict | None = None, assignments: tuple[str, ...] = (), config: Path | None = None):
    return read_plan("digits", config, {"recipe": None if config else "linear", **(given or {})}, assignments)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_is_read_as_python_prints_it(number: float) -> None:
    assert parse_value(repr(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("2E5", 2e5),
        ("-.5e1", -5.0),
        ("true", True),
        ("null", None),
        ("None", None),
        ("none", "none"),
        ("392,64", [392, 64]),
        ("[392]", [392]),
        ("{kind: sgd, momentum: 0.9}", {"kind": "sgd", "momentum": 0.9}),
        ("a b", "a b"),
        ("", None),
    ],
)
def test_values(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_one_sentence(text: str) -> None:
    with suppress(SettingError):
        parse_value(text)


def test_every_setting_of_training_has_an_option_with_its_words() -> None:
    options = {option.path: option for option in SETTING_OPTIONS}
    for name, spec in settings(Training).items():
        if spec.local:
            assert f"training.{name}" not in options
            continue
        assert options[f"training.{name}"].help.startswith(spec.doc)
        assert spec.bounds in options[f"training.{name}"].help
    for name, slot in SLOTS.items():
        if name != "training":
            assert all(kind in options[name].help for kind in slot.family)


def test_each_source_overrules_the_one_before(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "recipe: linear\nlatent: {dim: 5}\nepochs: 7\ntraining: {lr: 1e-2, optimizer: sgd}\nseed: 3\n"
    )
    ae = build(_plan({"epochs": "9"}, ("training.optimizer.momentum=0.5",), config))
    training = resolve("training", ae.training)
    assert (training.epochs, training.lr, training.optimizer.momentum) == (9, 1e-2, 0.5)
    assert resolve("latent", ae.latent).dim == 5
    assert ae.random_state == 3
    assert resolve("encoder", ae.encoder).hidden == ()


def test_config_takes_whole_parts_and_paths(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "latent: {kind: sphere, dim: 4}\ntraining.epochs: 3\npenalties: [{kind: l1, weight: 0.5}]\n"
    )
    ae = build(_plan({"recipe": "linear"}, (), config))
    assert resolve("latent", ae.latent) == Sphere(4)
    assert resolve("training", ae.training).epochs == 3
    assert resolve("penalties", ae.penalties)[0].weight == 0.5


def test_words_for_nothing() -> None:
    ae = build(_plan({"latent": "gaussian", "penalties": "none", "batch_size": "none", "epochs": "None"}))
    assert resolve("latent", ae.latent) == Gaussian(2)
    assert resolve("penalties", ae.penalties) == ()
    assert resolve("training", ae.training).batch_size is None
    assert resolve("training", ae.training).epochs is None


def test_flags() -> None:
    on, off = (build(_plan({"early_stopping": value, "drop_last": value})) for value in (True, False))
    assert resolve("training", on.training).early_stopping == EarlyStopping()
    assert resolve("training", on.training).drop_last
    assert resolve("training", off.training).early_stopping is None


def test_seed_is_fixed_unless_given() -> None:
    assert build(_plan()).random_state == 0
    assert build(_plan({"seed": "5"})).random_state == 5


@pytest.mark.parametrize(
    ("given", "assignments", "words"),
    [
        ({"lr": "fast"}, (), "lr must be a number > 0, got 'fast'"),
        ({"latent_dim": "0"}, (), "dim must be an integer >= 1"),
        ({"latent": "sfere"}, (), "Did you mean 'sphere'?"),
        ({"recipe": "lienar"}, (), "Did you mean 'linear'?"),
        ({}, ("training.lrr=3",), "Did you mean 'lr'?"),
        ({}, ("trainning.lr=3",), "Did you mean 'training'?"),
        ({}, ("device.x=3",), "unknown setting 'device.x'"),
        ({}, ("training.lr",), "--set takes path=value"),
        ({}, ("=3",), "--set takes path=value"),
        ({}, ("latent={",), "no YAML"),
        ({}, ("latent=[1",), "no YAML"),
    ],
)
def test_what_cannot_be_set(given: dict, assignments: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        build(_plan(given, assignments))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("reciepe: linear", UnknownNameError, "Did you mean 'recipe'?"),
        ("training: {lrr: 1}", UnknownNameError, "Did you mean 'lr'?"),
        ("data: {sourse: x}", UnknownNameError, "Did you mean 'source'?"),
        ("[1, 2]", FileError, "must hold keys and values"),
        ("a: [", SettingError, "no YAML"),
        ("a: !!python/object/apply:os.system [ls]", SettingError, "no YAML"),
    ],
)
def test_a_bad_configuration(tmp_path: Path, text: str, kind: type[Exception], words: str) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text)
    with pytest.raises(kind) as caught:
        build(_plan({"recipe": "linear"}, (), config))
    assert words in str(caught.value)


def test_data_of_a_configuration_is_read_as_it_says_unless_other_data_is_given(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("data: {source: a.csv, label: kind}\n")
    assert read_plan(None, config, {"drop": "x"}, ()).data == {"label": "kind", "drop": "x"}
    assert read_plan("b.csv", config, {"drop": "x"}, ()).data == {"drop": "x"}
    config.write_text("data: {label: kind}\n")
    assert read_plan("b.csv", config, {}, ()).data == {"label": "kind"}
