"""Bounds on the evidence, and the probabilities of rows, against closed forms."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from diabolo import (
    ELBO,
    IWAE,
    KL,
    MLP,
    Autoencoder,
    EarlyStopping,
    Gaussian,
    GaussianLikelihood,
    MixturePrior,
    Prior,
    Sphere,
    Stream,
    Training,
    VampPrior,
)
from diabolo.errors import DataError, SettingError
from diabolo.estimator.preparation import architecture
from diabolo.model import Model, draw_noise
from diabolo.objective import RECONSTRUCTION, TIGHTENING, terms, total

X = np.random.default_rng(0).normal(size=(60, 5)) @ np.random.default_rng(1).normal(size=(5, 5)) + 3.0


def made(**settings: Any) -> Autoencoder:
    return Autoencoder(
        **(
            {"latent": Gaussian(2), "encoder": MLP((8,)), "reconstruction": "gaussian", "random_state": 0}
            | settings
        )
    )


def untrained(ae: Autoencoder) -> Model:
    ae.set_params(training=Training(epochs=1, lr=1e-9, precision="float64"), verbose=False)
    return ae.fit(X).module_


def values_of(ae: Autoencoder, model: Model, seed: int = 0) -> dict[str, torch.Tensor]:
    parts = architecture(ae.get_params(deep=False))
    model.parts = parts
    source = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(ae.scaler_.forward(X, np.float64))
    noise = draw_noise(parts, model.domain, (len(X),), {"latent": source})
    noise = {p: {k: v.double() for k, v in d.items()} for p, d in noise.items()}
    return terms(parts, model(x, noise))


def test_one_importance_weighted_draw_is_the_evidence_lower_bound_at_that_draw() -> None:
    ae = made(bound=IWAE(1))
    model = untrained(ae)
    found = values_of(ae, model)
    loss = total(model.parts, found, dict.fromkeys(found, 1.0))
    parts = model.parts
    noise = draw_noise(parts, model.domain, (len(X),), {"latent": torch.Generator().manual_seed(0)})["latent"]
    p = model(
        torch.from_numpy(ae.scaler_.forward(X, np.float64)), {"latent": {"normal": noise["normal"].double()}}
    )
    q, prior = p.posterior, torch.distributions.Normal(0.0, 1.0)
    sampled = torch.distributions.Normal(q.mean, (q.log_variance / 2).exp())
    ratio = (sampled.log_prob(p.z) - prior.log_prob(p.z)).sum(-1)
    expected = (parts.reconstruction.loss(p.output, p.target, model.component(RECONSTRUCTION)) + ratio).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)


def test_more_draws_are_never_looser_in_the_mean() -> None:
    ae = made(bound=IWAE(1))
    model = untrained(ae)
    bounds = []
    for draws in (1, 2, 5, 20):
        ae.set_params(bound=IWAE(draws))
        each = [
            total(model.parts, v, dict.fromkeys(v, 1.0)).item()
            for v in (values_of(ae, model, seed) for seed in range(20))
        ]
        bounds.append((np.mean(each), np.std(each) / math.sqrt(20)))
    for (looser, a), (tighter, b) in pairwise(bounds):
        assert tighter < looser + 2 * math.hypot(a, b)
    assert bounds[-1][0] < bounds[0][0] - 0.1


def test_a_weight_of_the_divergence_goes_into_the_bound() -> None:
    ae = made(bound=IWAE(3), penalties=KL(0.0))
    found = values_of(ae, untrained(ae))
    # Without the divergence it is the logarithm of the mean likelihood, by Jensen at least the mean logarithm.
    assert found[TIGHTENING] < 0
    heavier = made(bound=IWAE(3), penalties=KL(4.0))
    assert values_of(heavier, untrained(heavier))[TIGHTENING] != found[TIGHTENING]


@pytest.mark.parametrize("draws", [1, 3])
def test_the_terms_of_a_bound_are_in_the_history_and_add_up(draws: int) -> None:
    training = Training(epochs=3, validation=0.2)
    ae = made(bound=IWAE(draws), training=training, penalties=KL(0.5, warmup=2)).fit(X)
    assert list(ae.history_.epochs[-1])[1:5] == ["loss", "reconstruction", "kl", "tightening"]
    assert ae.history_.units["tightening"] == "nats a sample"
    last = {name: ae.history_[name][-1] for name in ("loss", "reconstruction", "kl", "tightening")}
    assert last["loss"] == pytest.approx(
        last["reconstruction"] + 0.5 * last["kl"] + last["tightening"], rel=1e-5
    )
    assert np.isfinite(ae.history_["val_tightening"]).all()


def test_several_draws_of_the_plain_bound_are_its_mean_over_draws() -> None:
    ae = made(bound=ELBO(4), training=Training(epochs=1, lr=1e-9, precision="float64"))
    model = untrained(ae)
    several = [values_of(ae, model, seed)[RECONSTRUCTION].item() for seed in range(30)]
    ae.set_params(bound__draws=1)
    single = [values_of(ae, model, seed)[RECONSTRUCTION].item() for seed in range(120)]
    error = math.hypot(np.std(several) / math.sqrt(30), np.std(single) / math.sqrt(120))
    assert np.mean(several) == pytest.approx(np.mean(single), abs=4 * error)
    assert np.std(several) < 0.75 * np.std(single)
    assert TIGHTENING not in values_of(ae, model)


def test_several_draws_may_start_at_pca_and_go_back_to_it() -> None:
    network, stopping = MLP((8,), skip="pca"), EarlyStopping(None)
    training = Training(epochs=3, validation=0.2, early_stopping=stopping)
    ae = made(encoder=network, bound=ELBO(3), penalties=(), training=training).fit(X)
    assert np.isfinite(ae.score(X))


def test_a_bound_that_a_model_cannot_have_is_refused() -> None:
    with pytest.raises(SettingError, match=r"IWAE\(\) draws codes, and those of Euclidean\(\) are not drawn"):
        Autoencoder(bound="iwae").fit(X)
    with pytest.raises(SettingError, match="add the KL penalty"):
        made(bound="iwae", penalties=()).fit(X)


def linear_gaussian(ae: Autoencoder) -> stats.rv_continuous:
    """The exact distribution of the rows of a model with a linear decoder, in the scaled units."""
    model = ae.module_
    layer = model.decoder.layers[0]
    W, b = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    variance = model.parts.reconstruction.noise_variance(model.component(RECONSTRUCTION))
    return stats.multivariate_normal(b, W.T @ W + variance * np.eye(len(b)))


def test_the_log_likelihood_of_a_linear_model_is_the_closed_form_in_the_users_units() -> None:
    ae = made(encoder=MLP(()), training=Training(epochs=200, lr=0.01, precision="float64")).fit(X)
    found, errors = ae.log_likelihood(X, draws=500, return_std=True)
    exact = linear_gaussian(ae).logpdf(ae.scaler_.forward(X, np.float64)) - np.log(ae.scaler_.scale).sum()
    assert (np.abs(found - exact) < 5 * errors + 1e-6).all()
    assert ae.log_likelihood(X, draws=500).mean() >= ae.elbo(X, draws=50).mean()
    # Stretching the rows shifts the logarithm of their density by that of the volume.
    stretched = made(encoder=MLP(()), training=ae.training).fit(X * 10)
    shift = found.mean() - stretched.log_likelihood(X * 10).mean()
    assert shift == pytest.approx(5 * math.log(10), abs=1e-4)


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer, load_diabetes], ids=lambda f: f.__name__)
def test_a_linear_vae_is_as_likely_as_probabilistic_pca(load: Any) -> None:
    rows = StandardScaler().fit_transform(load().data)
    training = Training(epochs=400, batch_size=64, lr=5e-3, precision="float64")
    ae = made(encoder=MLP(()), scaling=None, training=training).fit(rows)
    # Maximum likelihood (M. Tipping, C. Bishop, 1999); the last epoch is not the last digit.
    assert ae.log_likelihood(rows).mean() == pytest.approx(PCA(2).fit(rows).score(rows), abs=0.1)


def test_estimates_of_more_draws_agree_within_their_errors_and_with_quadrature() -> None:
    ae = made(training=Training(epochs=60, lr=0.01)).fit(X)
    few, error = ae.log_likelihood(X[:10], draws=200, return_std=True)
    many = ae.log_likelihood(X[:10], draws=5000, random_state=1)
    assert (np.abs(few - many) < 6 * error + 0.02).all()
    # On a grid of the plane of codes, by the definition alone.
    at = np.linspace(-8, 8, 321)
    grid = np.stack(np.meshgrid(at, at), -1).reshape(-1, 2).astype(np.float32)
    model = ae.module_
    rows = torch.from_numpy(ae.scaler_.forward(X[:10], np.float32)).double()
    own = model.component(RECONSTRUCTION)
    with torch.no_grad():
        output = model.decode_raw(torch.from_numpy(grid))[0].double()
        likely = torch.stack([model.parts.reconstruction.log_prob(output, row, own).sum(-1) for row in rows])
    prior = stats.multivariate_normal(np.zeros(2)).logpdf(grid)
    exact = torch.logsumexp(likely + torch.from_numpy(prior), -1).numpy() + 2 * math.log(at[1] - at[0])
    np.testing.assert_allclose(many, exact - np.log(ae.scaler_.scale).sum(), atol=0.05)


def test_rows_of_a_file_have_the_probabilities_of_rows_in_memory(tmp_path: Path) -> None:
    ae = made(training=Training(epochs=2)).fit(X)
    stream = Stream(lambda: iter(X.reshape(6, 10, 5)))
    np.testing.assert_allclose(ae.elbo(stream, draws=200), ae.elbo(X, draws=200), atol=0.5)
    values, errors = ae.log_likelihood(stream, draws=200, return_std=True)
    assert values.shape == errors.shape == (60,)


def test_draws_have_the_spread_of_normal_rows_and_means_have_less() -> None:
    rows = np.random.default_rng(0).normal(size=(2000, 6)) * [1, 2, 3, 4, 5, 6]
    ae = made(reconstruction=GaussianLikelihood(by_feature=True), training=Training(epochs=60)).fit(rows)
    drawn, means = (ae.sample(5000, noise=noise, random_state=0) for noise in (True, False))
    np.testing.assert_allclose(drawn.var(0) / rows.var(0), 1, atol=0.1)
    assert (means.var(0) / rows.var(0)).mean() < 0.6
    assert np.array_equal(drawn, ae.sample(5000, noise=True, random_state=0))


def test_what_has_no_probability_says_so() -> None:
    with pytest.raises(SettingError, match="are not drawn, so that the model gives rows no probability"):
        Autoencoder(latent=Sphere(3), training=Training(epochs=1)).fit(X).log_likelihood(X)
    grey = np.random.default_rng(0).random((30, 4))
    ae = made(reconstruction="bernoulli", training=Training(epochs=1)).fit(grey)
    with pytest.raises(
        DataError, match=r"Bernoulli gives whole numbers a probability, and X holds 0\.\d+ in row 0"
    ):
        ae.elbo(grey)
    with pytest.raises(SettingError, match="draws must be an integer >= 1"):
        ae.elbo(grey.round(), draws=0)


def test_a_dimension_is_not_given_up_for_its_free_bits() -> None:
    training = Training(epochs=150, lr=0.01)
    weak = 0.05 * X + 10 * np.random.default_rng(2).normal(size=X.shape)
    collapsed = made(latent=Gaussian(4), penalties=KL(8.0), training=training).fit(weak)
    kept = made(latent=Gaussian(4), penalties=KL(8.0, free_bits=0.2), training=training).fit(weak)

    def spent(ae: Autoencoder) -> np.ndarray:
        rows = torch.from_numpy(ae.scaler_.forward(weak, np.float32))
        return ae.module_.kl_per_dimension(rows).mean(0).detach().numpy()

    assert spent(collapsed).max() < 0.05
    # Below the floor nothing pulls it down.
    assert spent(kept).min() > 0.1
    assert kept.history_["kl"][-1] >= 4 * 0.2 - 1e-4
    with pytest.raises(SettingError, match=r"free_bits=0.2 are of each dimension"):
        made(latent=Gaussian(2, prior=MixturePrior()), penalties=KL(free_bits=0.2)).fit(X)


@pytest.mark.parametrize("prior", [MixturePrior(8), VampPrior(40)], ids=repr)
def test_a_trained_prior_fits_codes_in_clusters_better_than_the_standard_normal(prior: Prior) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 6)) * 6
    rows = centres[rng.integers(0, 4, 600)] + rng.normal(size=(600, 6)) * 0.3
    settings = {"encoder": MLP((32,)), "training": Training(epochs=120, lr=5e-3)}
    plain = made(**settings).fit(rows[:400])
    mixed = made(**(settings | {"latent": Gaussian(2, prior=prior)})).fit(rows[:400])
    held = rows[400:]
    assert mixed.log_likelihood(held).mean() > plain.log_likelihood(held).mean() + 0.3
    assert mixed.sample(50, random_state=0).shape == (50, 6)


@pytest.mark.slow
def test_overdispersed_counts_are_likeliest_under_the_negative_binomial_whose_dispersion_is_found() -> None:
    rng = np.random.default_rng(0)
    codes, r = rng.normal(size=(4000, 2)), 3.0
    rates = np.exp(codes @ rng.normal(size=(2, 12)) * 0.5 + rng.uniform(0, 1.5, 12))
    counts = rng.poisson(rng.gamma(r, rates / r)).astype(np.float64)
    likely = {}
    for loss in ("gaussian", "poisson", "negative_binomial"):
        training = Training(epochs=100, lr=5e-3)
        ae = made(encoder=MLP((32,)), reconstruction=loss, training=training).fit(counts[:3000])
        # The density of a number is its probability as an integer, to the width of one.
        likely[loss] = ae.log_likelihood(counts[3000:], draws=200).mean()
    assert likely["negative_binomial"] > likely["poisson"] + 1 > likely["gaussian"] + 2
    module = ae.module_.component(RECONSTRUCTION)
    assert ae.module_.parts.reconstruction.dispersion(module).mean().item() == pytest.approx(r, rel=0.15)
