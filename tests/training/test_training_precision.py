"""The numbers that a model computes with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import diabolo
from diabolo import MLP, Autoencoder, Training, recipes
from diabolo.datasets import load_digits
from diabolo.studies import fit_stack
from diabolo.training.events import Event

X = load_digits()[0][:300]


def fitted(precision: str, seed: int = 0) -> Autoencoder:
    training = Training(epochs=8, batch_size=50, precision=precision, validation=0.2)
    encoder = MLP((32,), activation="prelu")
    return Autoencoder(3, encoder=encoder, training=training, random_state=seed, verbose=False).fit(X)


def test_bfloat16_comes_close_and_keeps_float32_beside_it() -> None:
    low, full = fitted("bfloat16"), fitted("float32")
    # Three digits: the products are rounded, the loss is added up in float32.
    np.testing.assert_allclose(low.history_["loss"], full.history_["loss"], rtol=0.02)
    assert not np.array_equal(low.history_["loss"], full.history_["loss"])
    assert {p.dtype for p in low.module_.parameters()} == {torch.float32}
    assert low.transform(X).dtype == np.float32
    assert low.score(X) == pytest.approx(full.score(X), rel=0.02)


def test_the_precision_is_kept_with_the_model(tmp_path: Path) -> None:
    fitted("bfloat16").save(tmp_path / "model")
    assert diabolo.load(tmp_path / "model").training.precision == "bfloat16"


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_every_recipe_trains_in_bfloat16(name: str) -> None:
    ae = recipes.make(name, random_state=0, verbose=False)
    ae.set_params(training__epochs=2, training__batch_size=50, training__precision="bfloat16").fit(X[:100])
    assert np.isfinite(ae.history_["loss"]).all()


def test_a_stack_comes_close_to_the_models_alone() -> None:
    alone = [fitted("bfloat16", seed) for seed in (0, 1)]
    together = fit_stack([diabolo.Autoencoder(**ae.get_params(deep=False)) for ae in alone], X)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.history_["loss"], other.history_["loss"], rtol=0.02)


def test_a_run_that_was_stopped_goes_on_in_bfloat16(tmp_path: Path) -> None:
    training = Training(epochs=6, batch_size=50, precision="bfloat16", checkpoint=str(tmp_path))
    ae = Autoencoder(3, training=training, random_state=0, verbose=False)

    def stop(event: Event) -> None:
        if event.epoch == 3:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        ae.fit(X, callbacks=[stop])
    whole = Autoencoder(3, training=training.replace(checkpoint=None), random_state=0, verbose=False).fit(X)
    np.testing.assert_array_equal(ae.fit(X).transform(X), whole.transform(X))
