"""Steps that are recorded and replayed: the same bits as steps that are taken, and nothing replayed that differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from steps import capture_from, note_captures
from torch import Tensor, nn

from diabolo import MLP, Autoencoder, Training, recipes
from diabolo.datasets import load_digits
from diabolo.networks import Custom
from diabolo.parts import part
from diabolo.passes import Pass
from diabolo.penalties import PENALTIES, KLSparsity, SamplePenalty
from diabolo.studies import fit_stack
from diabolo.training import EarlyStopping
from diabolo.training.captured_step import CapturedStep
from diabolo.training.events import Event

X = load_digits()[0][:200]


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[CapturedStep]:
    """What trainings may replay, however short they are."""
    return note_captures(monkeypatch)


def step_by_step(monkeypatch: pytest.MonkeyPatch, fit: Callable[[], Any]) -> Any:
    """What a fit comes to that replays nothing."""
    with monkeypatch.context() as patch:
        capture_from(patch, 10**9)
        return fit()


def assert_same(one: Autoencoder, other: Autoencoder) -> None:
    for a, b in zip(one.module_.state_dict().values(), other.module_.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    np.testing.assert_array_equal(one.history_["loss"], other.history_["loss"])


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_every_recipe_comes_to_the_same_bits(
    name: str, replays: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit() -> Autoencoder:
        ae = recipes.make(name, random_state=0, verbose=False)
        return ae.set_params(training__epochs=3, training__batch_size=60, training__validation=0.0).fit(X)

    expected = step_by_step(monkeypatch, fit)
    replays.clear()
    assert_same(fit(), expected)
    # Three batches of 60 rows and one of 20 an epoch; the first of 60 is recorded.
    assert [(r.replayed, r.refused) for r in replays] == (
        [(0, "a tensor made of Python's numbers")] if name == "topological" else [(8, "")]
    )


def test_a_stack_is_replayed_and_recorded_anew_when_a_model_leaves(
    replays: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(epochs=12, batch_size=50, early_stopping=EarlyStopping(patience=1, min_delta=2.0))
    base = Autoencoder(2, encoder=MLP((8,), activation="prelu"), training=training, verbose=False)

    def fit() -> list[Autoencoder]:
        rates = (1e-5, 1e-2, 3e-3)
        models = [clone(base).set_params(random_state=i, training__lr=lr) for i, lr in enumerate(rates)]
        return fit_stack(models, X)

    expected = step_by_step(monkeypatch, fit)
    replays.clear()
    for one, other in zip(fit(), expected, strict=True):
        assert_same(one, other)
    assert len({ae.n_iter_ for ae in expected}) > 1
    assert len(replays) > 1
    assert all(r.replayed and not r.refused for r in replays[:2])


def test_a_short_training_is_not_recorded() -> None:
    ae = Autoencoder(2, training=Training(epochs=1), verbose=False, random_state=0).fit(X)
    assert "too short" in CapturedStep(lambda x: [x], ae.module_, 99, 1).refused
    assert CapturedStep(lambda x: [x], ae.module_, 100, 1).refused == ""


@part
class Drifting(SamplePenalty):
    """What it does is known to its author only."""

    def value(self, p: Pass) -> Tensor:
        return p.z.square().sum(-1)


class Own(nn.Linear):
    """A module of a user."""


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"penalties": Drifting()}, "Drifting"),
        ({"encoder": Custom(Own(64, 2), nn.Linear(2, 64))}, "Own"),
        (
            {"encoder": Custom(nn.Sequential(nn.Linear(64, 2), nn.Dropout(0.1)), nn.Linear(2, 64))},
            "bernoulli",
        ),
        (
            {"encoder": Custom(nn.Sequential(nn.Linear(64, 2), nn.BatchNorm1d(2)), nn.Linear(2, 64))},
            "statistics",
        ),
        ({"encoder": Custom(nn.Sequential(nn.Linear(64, 2), nn.Tanh()), nn.Linear(2, 64))}, ""),
        (
            {
                "penalties": KLSparsity(on="hidden", sigmoid=False),
                "encoder": MLP((8,), activation="sigmoid"),
            },
            "_local_scalar_dense",
        ),
    ],
)
def test_what_may_differ_from_step_to_step_is_not_replayed(
    settings: dict[str, Any], reason: str, replays: list[CapturedStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(epochs=2, batch_size=50)
    monkeypatch.setitem(PENALTIES._table, "drifting", Drifting)
    Autoencoder(2, training=training, verbose=False, random_state=0).set_params(**settings).fit(X)
    assert reason in replays[0].refused
    assert bool(replays[0].replayed) == (not reason)


def test_a_hook_that_a_callback_adds_is_called_at_every_step_after(replays: list[CapturedStep]) -> None:
    seen: list[int] = []

    def watch(event: Event) -> None:
        if event.epoch == 1:
            event.model.encoder.register_forward_hook(lambda *_: seen.append(event.epoch))

    training = Training(epochs=3, batch_size=50)
    Autoencoder(2, training=training, verbose=False, random_state=0).fit(X, callbacks=[watch])
    assert replays[0].replayed == 3
    assert len(seen) >= 8


def test_the_search_for_anomalies_is_left_to_autograd(replays: list[CapturedStep]) -> None:
    with torch.autograd.set_detect_anomaly(True):
        Autoencoder(2, training=Training(epochs=2), verbose=False, random_state=0).fit(X)
    assert "anomalies" in replays[0].refused


def test_other_numbers_at_the_second_step_end_it() -> None:
    ae = Autoencoder(2, training=Training(epochs=1), verbose=False, random_state=0).fit(X)
    calls = 0.0

    def step(x: Tensor) -> list[Tensor]:
        nonlocal calls
        calls += 1
        return [x * calls]

    again, x = CapturedStep(step, ae.module_, 100, 1), torch.ones(1, 2)
    assert [again(x)[0].tolist() for _ in range(3)] == [[[1.0, 1.0]], [[2.0, 2.0]], [[3.0, 3.0]]]
    assert "other numbers" in again.refused


def test_steps_of_another_number_of_rows_are_taken_whichever_comes_first() -> None:
    ae = Autoencoder(2, training=Training(epochs=1), verbose=False, random_state=0).fit(X)
    step = CapturedStep(lambda x: [x * 2], ae.module_, 100, 4)
    for rows in (3, 4, 4, 3, 4):
        assert torch.equal(step(torch.ones(rows, 2))[0], torch.full((rows, 2), 2.0))
    assert step.replayed == 2
