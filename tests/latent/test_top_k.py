"""Codes of which only the largest numbers are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diabolo import Autoencoder, TopK, datasets, recipes
from diabolo.errors import SettingError


def test_exactly_k_numbers_are_kept_whatever_is_equal() -> None:
    h = torch.tensor([[1.0, 1.0, 1.0, 1.0], [3.0, -1.0, -2.0, 0.5], [-1.0, -2.0, -3.0, -4.0]])
    z = TopK(4, k=2).mean(h)
    assert (z != 0).sum(-1).tolist() == [2, 2, 2]
    assert z[1].tolist() == [3.0, 0.0, 0.0, 0.5]
    assert TopK(4, k=2, rectify=True).mean(h)[2].tolist() == [0.0] * 4


def test_all_of_them_are_the_plain_code_and_gradients_pass_those_that_are_kept() -> None:
    h = torch.randn(5, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    torch.testing.assert_close(TopK(6, k=6).mean(h), h)
    z = TopK(6, k=2).mean(h)
    (gradient,) = torch.autograd.grad(z.sum(), h)
    assert torch.equal(gradient, (z != 0).to(h))


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(SettingError, match="at most dim=3, got 4"):
        TopK(3, k=4)


def test_a_row_uses_k_units_and_more_of_them_leave_less() -> None:
    X = datasets.load_digits()[0]
    found = []
    for k in (2, 8, 32):
        model = recipes.k_sparse(64, k, training__epochs=30, random_state=0, verbose=False).fit(X)
        assert set(np.count_nonzero(model.transform(X), axis=1)) == {k}
        found.append(-model.score(X))
    assert found[0] > found[1] > found[2]
    linear = Autoencoder(8, encoder=model.encoder, training=model.training, random_state=0, verbose=False)
    assert found[1] < -linear.fit(X).score(
        X
    )  # eight of 64 units say more than eight that are the same for all
