"""The total correlation penalty: its estimate, what it refuses, and what it does to codes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diabolo import Autoencoder, Gaussian, VonMisesFisher, datasets, recipes
from diabolo.errors import SettingError
from diabolo.functional import aggregate_log_densities
from diabolo.latent import Euclidean
from diabolo.latent.posteriors import Normal
from diabolo.penalties import TotalCorrelation


def total_correlation(model: Autoencoder, X: np.ndarray) -> float:
    """That of the codes of all rows, in nats."""
    h = torch.from_numpy(X).to(model.module_.dtype)
    with torch.no_grad():
        q = model.module_.posterior_of(h)
        q = Normal(q.mean.double(), q.log_variance.double())
        noise = torch.randn(q.mean.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        z = q.rsample({"normal": noise})
        joint, product = aggregate_log_densities(q.cross_log_prob_per_dimension(z))
    return float((joint - product).mean())


def test_it_makes_dimensions_more_independent_than_a_vae_does() -> None:
    X = datasets.load_digits()[0][:600]
    found = {}
    for beta in (1.0, 10.0):
        model = recipes.beta_tc_vae(
            4, beta, training__epochs=80, scaling=None, random_state=0, verbose=False
        ).fit(X)
        found[beta] = total_correlation(model, X), model.history_["total_correlation"][-1]
    assert found[10.0][0] < 0.5 * found[1.0][0]
    assert found[10.0][1] < found[1.0][1]


def test_what_has_no_independent_dimensions_is_refused() -> None:
    for latent, said in (
        (Gaussian(1), "has one dimension"),
        (Euclidean(3), "draws none so"),
        (VonMisesFisher(3), "draws none so"),
    ):
        with pytest.raises(SettingError, match=said):
            TotalCorrelation().validate(latent)
