"""What a program has set of PyTorch as a whole does not change what an estimator computes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import diabolo
from diabolo import Autoencoder, Gaussian, Training
from diabolo.studies import fit_stack

X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
WITHIN: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
}


def _all(folder: Path) -> list[Any]:
    """What every method that computes comes to."""
    ae = Autoencoder(
        Gaussian(2),
        penalties=["kl", "contractive"],
        training=Training(epochs=3),
        random_state=0,
        verbose=False,
    )
    ae.fit(X)
    other = ae.fine_tune(X, training=Training(epochs=2))
    grown = (
        Autoencoder(training=Training(epochs=1), random_state=0, verbose=False).partial_fit(X).partial_fit(X)
    )
    (stacked,) = fit_stack([Autoencoder(training=Training(epochs=2), random_state=0, verbose=False)], X)
    loaded = diabolo.load(ae.save(folder / "model"))
    found = [m.transform(X) for m in (ae, other, grown, stacked, loaded, ae.untrained())]
    found += [
        ae.reconstruct(X),
        ae.score_samples(X),
        ae.sample(3, random_state=0),
        ae.interpolate(X[0], X[1]),
    ]
    return [*found, ae.history_["loss"], ae.report(X).figures.errors["model"].squared_error]


@pytest.mark.parametrize("name", WITHIN)
def test_the_bits_are_those_outside(name: str, tmp_path: Path) -> None:
    expected = _all(tmp_path / "outside")
    with WITHIN[name]():
        found = _all(tmp_path / "within")
        assert torch.is_inference_mode_enabled() == (name == "inference_mode")
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
