"""Rows that lie far from 0 are scaled once and for all in one precision, whoever asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diabolo import Autoencoder, Training, datasets
from diabolo.training.events import Event

rng = np.random.default_rng(0)
# Neighbouring float32 numbers are 0.06 apart there.
FAR = (1e6 + rng.normal(size=(300, 6))).astype(np.float32)


def small(**settings: Any) -> Autoencoder:
    return Autoencoder(
        2, training=Training(epochs=2, snapshots=300), random_state=0, verbose=False, **settings
    )


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
def test_what_is_trained_on_is_what_is_encoded_afterwards(scaling: str) -> None:
    ae = small(scaling=scaling).fit(FAR)
    np.testing.assert_array_equal(ae.history_.snapshots[-1]["codes"], ae.transform(FAR))
    exact = (FAR.astype(np.float64) - ae.scaler_.offset) / ae.scaler_.scale
    np.testing.assert_allclose(ae.transform(FAR.astype(np.float64)), ae.transform(FAR), atol=1e-6)
    assert abs(exact.std() - (1 if scaling == "standard" else exact.std())) < 1e-6


def test_rows_in_a_file_and_in_a_stream_are_scaled_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "far.npy", FAR)
    one, other = small().fit(FAR), small().fit(datasets.stream(tmp_path / "far.npy"))
    np.testing.assert_array_equal(one.codes_, other.codes_)
    np.testing.assert_array_equal(one.transform(FAR), other.transform(FAR))


def test_a_callback_sees_the_loss_of_the_rows_that_are_scored() -> None:
    """The reconstruction loss of the last epoch and the score differ by what one epoch learns, not by rounding."""
    seen: list[float] = []

    def watch(event: Event) -> None:
        seen.append(event.row["reconstruction"])

    ae = Autoencoder(2, training=Training(epochs=30), random_state=0, verbose=False).fit(
        FAR, callbacks=[watch]
    )
    assert -ae.score(FAR) == pytest.approx(seen[-1], rel=0.02)
