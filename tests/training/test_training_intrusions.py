"""What callbacks may do besides changing settings and weights: recorded steps heed it as those that are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from steps import capture_from
from torch import nn
from torch.nn.utils import parametrizations

from diabolo import MLP, Autoencoder, Training
from diabolo.datasets import load_digits
from diabolo.errors import SettingError
from diabolo.networks import Custom
from diabolo.training import EarlyStopping
from diabolo.training.events import Callback, Event

# The last batch of an epoch has one row.
X = load_digits()[0][:201]


def fit(*callbacks: Callback, epochs: int = 4, **settings: Any) -> Autoencoder:
    training = Training(epochs=epochs, batch_size=50, **settings.pop("training", {}))
    parts = {"encoder": MLP()} | settings
    made = Autoencoder(2, training=training, verbose=False, random_state=0, **parts)
    return made.fit(X, callbacks=callbacks)


def own(layer: nn.Module) -> Custom:
    torch.manual_seed(0)
    return Custom(nn.Sequential(nn.Linear(64, 8), layer, nn.Linear(8, 2)), nn.Linear(2, 64))


def both(monkeypatch: pytest.MonkeyPatch, run: Callable[[], tuple[Autoencoder, Any]]) -> list[Any]:
    """The losses and what else is told of a training whose steps may be recorded, and of one whose are not."""
    told = []
    for worth in (2, 10**9):
        with monkeypatch.context() as patch:
            capture_from(patch, worth)
            ae, seen = run()
            told.append((ae.history_["loss"].tolist(), seen))
    return told


def _forward_everywhere(_model: Any, note: Callable[..., None]) -> Any:
    return nn.modules.module.register_module_forward_hook(note)


def _before_backward(model: Any, note: Callable[..., None]) -> Any:
    return model.decoder.layers[0].register_full_backward_pre_hook(note)


@pytest.mark.parametrize("register", [_forward_everywhere, _before_backward])
def test_hooks_of_every_kind_are_called_at_every_step(
    register: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> tuple[Autoencoder, int]:
        calls, handles = [0], []

        def note(*_: Any) -> None:
            calls[0] += 1

        def callback(event: Event) -> None:
            if event.epoch == 1:
                handles.append(register(event.model, note))

        try:
            return fit(callback), calls[0]
        finally:
            handles[0].remove()

    recorded, plain = both(monkeypatch, run)
    assert recorded == plain
    assert plain[1] > 0


def test_a_forward_borrowed_from_another_module_follows_that_module(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> tuple[Autoencoder, None]:
        lender = nn.LeakyReLU(0.1)

        def callback(event: Event) -> None:
            if event.epoch == 1:
                event.model.encoder.module[1].forward = lender.forward
            if event.epoch == 3:
                lender.negative_slope = 0.9

        return fit(callback, epochs=6, encoder=own(nn.ReLU())), None

    recorded, plain = both(monkeypatch, run)
    assert recorded == plain


def test_a_forward_patched_on_a_class_is_run_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> tuple[Autoencoder, None]:
        slope = [0.1]

        def forward(_self: nn.Module, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.leaky_relu(x, slope[0])

        def callback(event: Event) -> None:
            if event.epoch == 1:
                patch.setattr(nn.ReLU, "forward", forward)
            if event.epoch == 3:
                slope[0] = 0.9

        with monkeypatch.context() as patch:
            return fit(callback, epochs=6, encoder=own(nn.ReLU())), None

    recorded, plain = both(monkeypatch, run)
    assert recorded == plain


def test_a_batch_normalisation_that_is_swapped_in_is_kept_like_the_first() -> None:
    """A batch of one row has no variance; the best epoch has statistics of its own."""
    means: dict[int, torch.Tensor] = {}

    def swap(event: Event) -> None:
        layers = event.model.encoder.module
        if event.epoch == 1:
            before, layers[1] = layers[1], nn.BatchNorm1d(8, affine=False)
            means[0] = getattr(before, "running_mean", layers[1].running_mean).clone()
        means[event.epoch] = layers[1].running_mean.clone()

    never = EarlyStopping(patience=3, min_delta=1e9)
    for first in (nn.BatchNorm1d(8, affine=False), nn.Identity()):
        ae = fit(swap, epochs=9, encoder=own(first), training={"early_stopping": never})
        assert ae.n_iter_ == 4
        assert torch.equal(ae.module_.encoder.module[1].running_mean, means[0])
        assert not torch.equal(means[3], means[0])


def test_statistics_that_a_callback_replaces_are_those_of_the_best_epoch() -> None:
    seen: dict[int, torch.Tensor] = {}

    def replace(event: Event) -> None:
        norm = event.model.encoder.module[1]
        if event.epoch == 2:
            norm.running_mean = norm.running_mean + 5
        seen[event.epoch] = norm.running_mean.clone()

    never = EarlyStopping(patience=3, min_delta=1e9)
    ae = fit(replace, epochs=9, encoder=own(nn.BatchNorm1d(8)), training={"early_stopping": never})
    assert ae.n_iter_ == 4
    assert torch.equal(ae.module_.encoder.module[1].running_mean, seen[1])


def test_thawing_everything_leaves_what_counts_are_scaled_by() -> None:
    rows = np.random.default_rng(0).poisson(50.0, (60, 6)).astype(np.float32)
    training = Training(epochs=6, batch_size=20)

    def thaw(event: Event) -> None:
        event.model.requires_grad_(event.epoch > 2)

    ae = Autoencoder(2, reconstruction="poisson", training=training, verbose=False, random_state=0)
    first = {n: p.clone() for n, p in ae.fit(rows).untrained().module_.counts.named_parameters()}
    ae.fit(rows, callbacks=[thaw])
    for name, value in ae.module_.counts.named_parameters():
        assert torch.equal(value, first[name]), name


def test_a_parametrization_that_a_callback_adds_is_refused_in_a_sentence() -> None:
    def add(event: Event) -> None:
        parametrizations.spectral_norm(event.model.encoder.layers[0])

    with pytest.raises(SettingError, match=r"encoder\.layers\.0\.parametrizations\.weight\.original is new"):
        fit(add)


def test_gradients_that_a_callback_leaves_switched_off_come_back() -> None:
    def switch_off(_event: Event) -> None:
        torch.set_grad_enabled(False)

    expected = fit()
    try:
        np.testing.assert_array_equal(fit(switch_off).history_["loss"], expected.history_["loss"])
        assert torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)
