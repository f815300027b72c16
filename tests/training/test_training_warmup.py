"""Weights that rise: what early stopping makes of them, when they are over, and what is said if they never are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from diabolo import KL, L2, MLP, MMD, Autoencoder, EarlyStopping, Gaussian, Training, recipes
from diabolo.datasets import load_digits
from diabolo.errors import SettingError, WarmupWarning
from diabolo.estimator.preparation import architecture
from diabolo.objective import rising_weights
from diabolo.studies import fit_stack

X = load_digits()[0]


def small(*penalties: Any, epochs: int = 4, latent: Any = 2, **training: Any) -> Autoencoder:
    settings = Training(epochs=epochs, batch_size=64, **training)
    return Autoencoder(
        latent, encoder=MLP((16,)), penalties=penalties, training=settings, random_state=0, verbose=False
    )


def test_early_stopping_watches_the_loss_at_full_weights() -> None:
    """A penalty that has no weight yet makes the first epoch the best by the loss that is trained on."""
    stopping = {"early_stopping": EarlyStopping(patience=5), "validation": 0.2, "lr": 3e-3}
    ae = small(MMD(300.0, warmup=20), epochs=60, **stopping).fit(X[:600])
    epochs = ae.history_.epochs
    # By the loss that was trained on it would have stopped in the sixth epoch, and gone back to the first.
    assert int(np.argmin([row["val_loss"] for row in epochs[:6]])) == 0
    assert ae.n_iter_ >= 20 + 5
    full = [row["val_reconstruction"] + 300.0 * row["val_mmd"] for row in epochs]
    np.testing.assert_allclose([row["watched"] for row in epochs], full, rtol=1e-6)
    assert min(full) < 0.5 * full[0]


def test_without_a_warm_up_the_loss_itself_is_watched() -> None:
    stopping = {"early_stopping": EarlyStopping(patience=3), "validation": 0.2}
    ae = small(MMD(10.0), epochs=6, **stopping).fit(X[:300])
    assert [row["watched"] for row in ae.history_.epochs] == [row["val_loss"] for row in ae.history_.epochs]
    assert "watched" not in small(epochs=2).fit(X[:300]).history_.epochs[0]


def test_patience_counts_from_the_end_of_the_last_warm_up() -> None:
    stopping = {"early_stopping": EarlyStopping(patience=2, min_delta=1e9)}
    ae = small(KL(warmup=5), MMD(warmup=0.2), latent=Gaussian(2), epochs=30, **stopping).fit(X[:300])
    # 0.2 of 30 epochs are six; nothing after the first improves by so much, and two may pass.
    assert ae.n_iter_ == 6 + 2


def test_fine_tuning_does_not_start_a_warm_up_again() -> None:
    ae = recipes.vae(2, random_state=0, verbose=False).set_params(training__epochs=20).fit(X)
    settings = Training(epochs=3, lr=1e-4)
    over, again = ae.fine_tune(X, training=settings), ae.fine_tune(X, training=settings, warm_up=True)
    assert [row["weight_kl"] for row in over.history_.epochs] == [1.0, 1.0, 1.0]
    assert [row["weight_kl"] for row in again.set_params().history_.epochs] == [
        1.0,
        1.0,
        1.0,
    ]  # 0.1 of 3 is none
    ae = small(KL(warmup=2), latent=Gaussian(2), epochs=20).fit(X)
    before = ae.history_["loss"][-1]
    over, again = ae.fine_tune(X, training=settings), ae.fine_tune(X, training=settings, warm_up=True)
    assert [row["weight_kl"] for row in again.history_.epochs] == [0.0, 0.5, 1.0]
    assert over.history_["loss"][0] < before + 0.05 * abs(before)


def test_a_penalty_that_is_new_in_fine_tuning_warms_up() -> None:
    ae = small(MMD(warmup=2)).fit(X[:300])
    other = ae.set_params(penalties=(MMD(warmup=2), "l2")).set_params(penalties__l2__warmup=2)
    epochs = other.fine_tune(X[:300], training=Training(epochs=3)).history_.epochs
    assert [row["weight_mmd"] for row in epochs] == [MMD().weight] * 3
    assert [row["weight_l2"] / L2().weight for row in epochs] == [0.0, 0.5, 1.0]


def test_a_warm_up_that_does_not_end_is_said() -> None:
    for epochs, words in (
        (10, "takes 10 epochs and the training has 10: it ends at 90%"),
        (5, "it ends at 40%"),
    ):
        with pytest.warns(WarmupWarning, match=words):
            small(KL(warmup=10), latent=Gaussian(2), epochs=epochs).fit(X[:100])
    with pytest.warns(WarmupWarning, match="warm-up of kl"):
        fit_stack([small(KL(warmup=10), latent=Gaussian(2))], X[:100])
    ae = small(KL(warmup=3), latent=Gaussian(2)).fit(X[:100])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ae.fine_tune(X[:100], training=Training(epochs=1))
        grown = small(KL(warmup=3), latent=Gaussian(2))
        for _ in range(5):
            grown.partial_fit(X[:100])
    np.testing.assert_allclose([row["weight_kl"] for row in grown.history_.epochs], [0, 1 / 3, 2 / 3, 1, 1])


def test_a_share_always_ends_and_is_counted_in_whole_epochs() -> None:
    def rise(share: float, epochs: int) -> list[float]:
        parts = architecture(small(KL(warmup=share), latent=Gaussian(2)).get_params(deep=False))
        return [rising_weights(parts, epoch, epochs)["kl"] for epoch in range(epochs)]

    assert rise(0.25, 8)[:4] == [0.0, 0.5, 1.0, 1.0]
    assert rise(0.25, 3) == [1.0, 1.0, 1.0]
    for share in (0.1, 0.5, 0.999):
        assert all(rise(share, epochs)[-1] == 1.0 for epochs in range(1, 60))
    assert KL(warmup=10).warmup == 10
    assert isinstance(KL(warmup=10).warmup, int)
    with pytest.raises(
        SettingError, match="whole number of epochs, or a share of the training between 0 and 1"
    ):
        KL(warmup=2.5)
    with pytest.raises(SettingError, match="warmup"):
        KL(warmup=-0.1)


@pytest.mark.parametrize("recipe", sorted(recipes.RECIPES))
def test_no_recipe_warns_in_a_short_training(recipe: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recipes.make(recipe, random_state=0, verbose=False).set_params(training__epochs=1).fit(X[:64])


def test_the_report_says_what_early_stopping_watched() -> None:
    stopping = {"early_stopping": EarlyStopping(patience=2), "validation": 0.2}
    ae = small(MMD(10.0), epochs=4, **stopping).fit(X[:300])
    best = int(np.argmin([row["watched"] for row in ae.history_.epochs])) + 1
    words = f"watched the loss at full weights on held-out samples: the weights are those of epoch {best}"
    assert any(words in note for note in ae.report(X[300:400]).figures.notes)
