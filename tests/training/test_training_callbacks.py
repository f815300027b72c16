"""Callbacks that change the model are heeded, with recorded steps as without, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from steps import capture_from, note_captures, save_at_every_step
from torch import nn

from diabolo import MLP, Autoencoder, Training, recipes
from diabolo.datasets import load_digits
from diabolo.errors import SettingError
from diabolo.networks import Custom
from diabolo.networks.layers import Activation
from diabolo.training import Adam, AdamW
from diabolo.training.captured_step import CapturedStep
from diabolo.training.events import Callback, Event
from diabolo.training.fingerprint import fingerprint

X = load_digits()[0][:200]


class _KilledError(BaseException):
    """What stands for a SIGKILL: nothing handles it."""


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[CapturedStep]:
    """Steps are recorded however short a training is; every recording that was made."""
    return note_captures(monkeypatch)


def plainly(monkeypatch: pytest.MonkeyPatch, fit: Callable[[], Autoencoder]) -> Autoencoder:
    """What a fit comes to that records nothing."""
    with monkeypatch.context() as patch:
        capture_from(patch, 10**9)
        return fit()


def assert_same(one: Autoencoder, other: Autoencoder) -> None:
    for (name, a), b in zip(
        one.module_.state_dict().items(), other.module_.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b), name
    np.testing.assert_array_equal(one.history_["loss"], other.history_["loss"])


def once(change: Callable[[nn.Module], Any], at: int = 1) -> Callback:
    def callback(event: Event) -> None:
        if event.epoch == at:
            change(event.model)

    return callback


def fit(*callbacks: Callback, epochs: int = 3, **settings: Any) -> Autoencoder:
    training = Training(epochs=epochs, batch_size=50, **settings.pop("training", {}))
    made = Autoencoder(
        **({"latent": 2, "encoder": MLP()} | settings), training=training, verbose=False, random_state=0
    )
    return made.fit(X, callbacks=callbacks)


def own(*layers: nn.Module) -> Custom:
    torch.manual_seed(0)
    return Custom(nn.Sequential(nn.Linear(64, 8), *layers, nn.Linear(8, 2)), nn.Linear(2, 64))


LAYERS: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], Any]]] = {
    "slope of a leaky ReLU": (nn.LeakyReLU, lambda layer: setattr(layer, "negative_slope", 0.9)),
    "softplus": (nn.Softplus, lambda layer: setattr(layer, "beta", 5.0)),
    "ELU": (nn.ELU, lambda layer: setattr(layer, "alpha", 3.0)),
    "hard tanh": (nn.Hardtanh, lambda layer: setattr(layer, "max_val", 0.1)),
    "dropout": (lambda: nn.Dropout(0.0), lambda layer: setattr(layer, "p", 0.8)),
    "layer norm": (lambda: nn.LayerNorm(8), lambda layer: setattr(layer, "eps", 1.0)),
    "forward of an instance": (nn.ReLU, lambda layer: setattr(layer, "forward", torch.sigmoid)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_setting_that_a_callback_changes_is_heeded(
    name: str, recorded: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, change = LAYERS[name]

    def changed() -> Autoencoder:
        return fit(once(lambda model: change(model.encoder.module[1])), encoder=own(make()))

    expected = plainly(monkeypatch, changed)
    recorded.clear()
    assert_same(changed(), expected)
    assert recorded[0].replayed
    untouched = fit(encoder=own(make()))
    assert untouched.history_["loss"][-1] != expected.history_["loss"][-1]


def test_modules_functions_and_parts_that_a_callback_swaps_are_heeded(
    recorded: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(model: Any) -> None:
        model.encoder.module[1] = nn.Sigmoid()

    def function(model: Any) -> None:
        activation = next(m for m in model.modules() if isinstance(m, Activation))
        activation.function = torch.sin

    def parts(model: Any) -> None:
        model.parts = recipes.make("sparse", reconstruction="absolute").fit(X[:20]).module_.parts

    for change, settings in (
        (swap, {"encoder": own(nn.ReLU())}),
        (function, {"encoder": MLP((8,), activation="tanh")}),
    ):
        expected = plainly(monkeypatch, lambda c=change, s=settings: fit(once(c), **s))
        recorded.clear()
        assert_same(fit(once(change), **settings), expected)
        assert recorded[0].replayed > 4
        assert fit(**settings).history_["loss"][-1] != expected.history_["loss"][-1]
    with pytest.raises(SettingError, match="a callback changed the model's parts"):
        fit(once(parts))
    other = fit(epochs=1, reconstruction="absolute").module_.parts
    replaced = once(lambda model: setattr(model, "parts", other))
    expected = plainly(monkeypatch, lambda: fit(replaced))
    assert_same(fit(replaced), expected)
    assert expected.history_["reconstruction"][-1] > 2 * fit().history_["reconstruction"][-1]


def _settings(model: nn.Module) -> Iterator[tuple[int, str, Any]]:
    """Every number and truth value that a module holds, by the module's place."""
    for place, module in enumerate(model.modules()):
        for name, value in vars(module).items():
            if not name.startswith("_") and isinstance(value, bool | int | float):
                yield place, name, value


@pytest.mark.parametrize("recipe", sorted(recipes.RECIPES))
def test_every_setting_of_every_module_of_a_recipe_is_noticed(recipe: str) -> None:
    ae = recipes.make(recipe, random_state=0, verbose=False).set_params(training__epochs=1).fit(X[:30])
    model = ae.module_
    modules, noticed = list(model.modules()), 0
    before = fingerprint(model)
    for place, name, value in list(_settings(model)):
        setattr(modules[place], name, (not value) if isinstance(value, bool) else value + 1)
        assert fingerprint(model) != before, (type(modules[place]).__name__, name)
        setattr(modules[place], name, value)
        assert fingerprint(model) == before
        noticed += 1
    assert noticed >= len(modules)


def test_a_model_that_changes_in_every_epoch_is_recorded_where_it_pays(
    recorded: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    def anneal(event: Event) -> None:
        event.model.encoder.module[1].negative_slope = 0.1 / event.epoch

    def annealed() -> Autoencoder:
        return fit(anneal, epochs=9, encoder=own(nn.LeakyReLU()))

    expected = plainly(monkeypatch, annealed)
    recorded.clear()
    assert_same(annealed(), expected)
    assert recorded[0].replayed == 9 * 3  # of four steps an epoch
    recorded.clear()
    capture_from(monkeypatch, 10)
    assert_same(annealed(), expected)
    assert "so often" in recorded[0].refused
    assert recorded[0].replayed == 3 * 3


@pytest.mark.parametrize("optimizer", [Adam(), AdamW(decay=0.1), "sgd"], ids=str)
@pytest.mark.parametrize("clip", [None, 0.5])
def test_weights_that_a_callback_clips_are_trained_on(optimizer: Any, clip: float | None) -> None:
    """``p.data = ...`` leaves the parameter with memory of its own; in place it is the same training."""

    def aside(event: Event) -> None:
        for p in event.model.parameters():
            p.data = p.data.clamp(-0.2, 0.2)

    def in_place(event: Event) -> None:
        for p in event.model.parameters():
            p.data.clamp_(-0.2, 0.2)

    training = {"training": {"optimizer": optimizer, "clip_norm": clip}}
    one, other = fit(aside, epochs=6, **training), fit(in_place, epochs=6, **training)
    assert_same(one, other)
    losses = one.history_["loss"]
    assert len(set(losses)) == 6


def test_clipping_digits_learns() -> None:
    def clip(event: Event) -> None:
        for p in event.model.parameters():
            p.data = p.data.clamp(-1, 1)

    rows = load_digits()[0]
    ae = Autoencoder(training=Training(epochs=30), random_state=0, verbose=False).fit(rows, callbacks=[clip])
    assert ae.score(rows) > -5.5


def test_new_parameters_of_the_same_shape_are_taken_over() -> None:
    def renew(model: Any) -> None:
        for module in model.modules():
            for name, p in list(module.named_parameters(recurse=False)):
                if not isinstance(module, nn.ParameterDict):
                    setattr(module, name, nn.Parameter(p.detach() * 0.5))

    def halve(model: nn.Module) -> None:
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(0.5)

    def assign(model: nn.Module) -> None:
        model.load_state_dict({n: v * 0.5 for n, v in model.state_dict().items()}, assign=True)

    expected = fit(once(halve), epochs=5)
    for change in (renew, assign):
        assert_same(fit(once(change), epochs=5), expected)


def test_what_cannot_be_taken_over_is_named() -> None:
    def wider(model: Any) -> None:
        model.encoder.layers[0].weight = nn.Parameter(torch.zeros(64, 3))

    def added(model: Any) -> None:
        model.encoder.extra = nn.Parameter(torch.zeros(2))

    def removed(model: Any) -> None:
        model.encoder.layers[0].bias = None

    for change, words in (
        (wider, r"encoder\.layers\.0\.weight has shape \(64, 3\)"),
        (added, r"parameter encoder\.extra is new"),
        (removed, r"parameter encoder\.layers\.0\.bias is not there any more"),
        (lambda model: model.double(), r"torch\.float64.*torch\.float32"),
    ):
        with pytest.raises(SettingError, match=words):
            fit(once(change))


@pytest.mark.parametrize("optimizer", [Adam(), AdamW(decay=0.1), "sgd"], ids=str)
@pytest.mark.parametrize("clip", [None, 0.5])
def test_parameters_that_a_callback_freezes_stand_still_until_they_are_thawed(
    optimizer: Any, clip: float | None, recorded: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> tuple[Autoencoder, list[torch.Tensor]]:
        seen: list[torch.Tensor] = []

        def thaw(event: Event) -> None:
            event.model.encoder.requires_grad_(event.epoch not in (2, 3))
            seen.append(torch.cat([p.detach().reshape(-1) for p in event.model.encoder.parameters()]))

        return fit(thaw, epochs=6, training={"optimizer": optimizer, "clip_norm": clip}), seen

    ae, seen = run()
    same = [torch.equal(a, b) for a, b in pairwise(seen)]
    assert same == [False, True, True, False, False]
    assert all(r.replayed for r in recorded)
    assert_same(ae, plainly(monkeypatch, lambda: run()[0]))


def test_everything_frozen_stands_still() -> None:
    ae = fit(lambda event: event.model.requires_grad_(event.epoch > 3), epochs=5)
    losses = ae.history_["loss"]
    assert losses[1] == pytest.approx(losses[2], rel=1e-6)
    assert losses[4] < losses[3]


def test_a_training_that_was_frozen_by_a_callback_goes_on_as_it_was(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def freeze(event: Event) -> None:
        event.model.encoder.requires_grad_(event.epoch > 3)

    def killed(event: Event) -> None:
        if event.epoch == 3:
            raise _KilledError

    save_at_every_step(monkeypatch)
    whole = fit(freeze, epochs=6)
    checkpoint = {"training": {"checkpoint": str(tmp_path)}}
    with pytest.raises(_KilledError):
        fit(freeze, killed, epochs=6, **checkpoint)
    assert_same(fit(freeze, epochs=6, **checkpoint), whole)


def test_a_function_of_the_users_is_said_to_be_taken_plainly(recorded: list[CapturedStep]) -> None:
    def function(model: Any) -> None:
        activation = next(m for m in model.modules() if isinstance(m, Activation))
        activation.function = lambda x: x.clamp(0, 1)

    fit(once(function), encoder=MLP((8,), activation="tanh"))
    assert "may compute something else at each step" in recorded[0].unknown


def test_who_watches_is_told_once_that_steps_are_not_recorded(
    recorded: list[CapturedStep], capsys: pytest.CaptureFixture[str]
) -> None:
    class Mine(nn.Linear):
        pass

    made = Autoencoder(
        encoder=Custom(Mine(64, 2), nn.Linear(2, 64)), training=Training(epochs=3), verbose=True
    )
    made.fit(X)
    said = "without recorded steps, which is slower: Mine may compute something else"
    assert capsys.readouterr().err.count(said) == 1
    made.set_params(verbose=False).fit(X)
    assert capsys.readouterr().err == ""


def test_a_module_of_another_shape_is_named_though_the_model_computes_nothing_any_more() -> None:
    def swap(model: Any) -> None:
        model.encoder.layers[0] = nn.Linear(64, 3)

    training = Training(epochs=3, batch_size=50)
    ae = Autoencoder(2, encoder=MLP(), training=training, verbose=False, random_state=0)
    with pytest.raises(SettingError, match=r"its parameter encoder\.layers\.0\.weight has shape \(3, 64\)"):
        ae.fit(X, callbacks=[once(swap)])
    assert ae.codes_.shape == (0, 2)
