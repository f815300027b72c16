"""Rows that are held out where nobody says how many, and the weights that are gone back to."""

from __future__ import annotations

import numpy as np
import pytest

from diabolo import Autoencoder, EarlyStopping, Stream, Training

SAFE = Training(epochs=6, lr=0.3, schedule="constant", validation=None, early_stopping=EarlyStopping(None))


def rows(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3)) @ np.random.default_rng(1).normal(size=(3, 6))


@pytest.mark.parametrize(("n", "held"), [(200, 30), (4, 1), (3, 0), (1, 0)])
def test_a_share_is_held_out_where_there_are_enough_rows(n: int, held: int) -> None:
    ae = Autoencoder(2, training=SAFE, random_state=0, verbose=False).fit(rows(n))
    assert ("val_loss" in ae.history_.epochs[0]) == (held > 0)
    assert round(SAFE.share_held_out(n) * n) == held


def test_rows_of_a_stream_are_all_trained_on() -> None:
    ae = Autoencoder(2, training=SAFE, random_state=0, verbose=False)
    ae.fit(Stream(lambda: iter(rows(200).reshape(10, 20, -1))))
    assert "val_loss" not in ae.history_.epochs[0]


def test_without_patience_training_goes_to_the_end_and_back_to_the_best() -> None:
    X, other = rows(100), rows(300)[200:]
    ae = Autoencoder(2, training=SAFE, random_state=0, verbose=False).fit(X, validation=other)
    assert ae.n_iter_ == 6
    assert ae.status_ == "finished"
    assert -ae.score(other) <= ae.history_["val_loss"].min() * (1 + 1e-6)
