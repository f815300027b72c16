"""How many threads a training takes: from shapes, within the limit that is set."""

from __future__ import annotations

import pytest
import torch

from diabolo import MLP, Autoencoder, Training
from diabolo.training.control import cores, threads, threads_for

LARGE = {"n_parameters": 10**7, "batch_size": 128}


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_a_large_model_takes_every_core_within_the_limit(limit: int) -> None:
    with threads(limit):
        assert threads_for(**LARGE) == min(limit, cores())


def test_a_small_model_takes_one() -> None:
    with threads(2):
        assert threads_for(5_000, 32) == 1


def test_an_estimator_keeps_to_the_limit_and_leaves_it_as_it_was() -> None:
    X = torch.rand(64, 700).numpy()
    before = torch.get_num_threads()
    with threads(1):
        training = Training(epochs=1, batch_size=64)
        ae = Autoencoder(32, encoder=MLP((700,)), training=training, random_state=0, verbose=False)
        assert ae.fit(X).n_threads_ == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
