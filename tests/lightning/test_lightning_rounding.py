"""How a difference as small as rounding grows in a training, and through what."""

from __future__ import annotations

import numpy as np
import pytest

from diabolo import datasets, recipes

STEPS_AN_EPOCH, EPOCHS = 6, 40


def loss_after(change: float, activation: str) -> float:
    """The last loss of the deep autoencoder, at its own rate, when every pixel is darkened by up to so much."""
    X = datasets.load_digits()[0][:486].astype(np.float64)
    X *= 1 - change * np.random.default_rng(0).random(X.shape)
    settings = {"training__batch_size": 97, "training__epochs": EPOCHS, "training__precision": "float64"}
    made = recipes.deep(random_state=0, verbose=False, **settings)
    made.set_params(encoder__activation=activation, encoder__output_activation=activation)
    history = made.fit(X).history_
    assert len(history.steps["loss"]) == STEPS_AN_EPOCH * EPOCHS
    return float(history["loss"][-1])


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "bends"), [("prelu", True), ("silu", False)])
def test_a_small_change_grows_by_jumps_where_a_rectifier_bends(activation: str, bends: bool) -> None:
    # In float64, so that nothing but the change itself is seen; 1e-7 is what rounding is in float32.
    base = loss_after(0, activation)
    tiny, small = (abs(loss_after(change, activation) / base - 1) for change in (1e-11, 1e-7))
    # A change too small to take a unit over its bend comes to no more than itself, at the same rate and steps.
    assert tiny < 1e-9
    # Without bends a larger one is larger in proportion; over a bend it jumps ahead of all proportion.
    if bends:
        assert small > 1e-5 > 1e6 * tiny
    else:
        assert small == pytest.approx(1e4 * tiny, rel=0.1)
