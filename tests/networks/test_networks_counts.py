"""Counts of any size are learnt from: on a logarithmic scale, beside one rate a row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import gammaln

import diabolo
from diabolo import MLP, Autoencoder, Poisson, Training, datasets, recipes
from diabolo.errors import DataError, PoorFitWarning
from diabolo.export.torch_modules import to_torch_modules
from diabolo.storage.format import seal
from diabolo.studies import fit_stack


def counts(rate: float, n: int = 400, width: int = 12, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    effect = np.exp(rng.normal(size=(n, 2)) @ rng.normal(size=(2, width)) * 0.5)
    return rng.poisson(rate * effect).astype(np.float64)


def one_rate_a_row_and_column(train: np.ndarray, test: np.ndarray) -> float:
    """The loss of the rank-one model: the total of a row, shared out as the columns of the training rows are."""
    share = np.maximum(train.mean(0), 0.5 / len(train))
    rate = test.sum(1, keepdims=True) * share / share.sum()
    return float((rate - test * np.log(np.maximum(rate, 1e-12)) + gammaln(test + 1)).sum(1).mean())


def model(**settings: Any) -> Autoencoder:
    return Autoencoder(2, **({"reconstruction": "poisson", "random_state": 0, "verbose": False} | settings))


@pytest.mark.parametrize("rate", [10, 50, 200, 1000])
def test_held_out_counts_are_better_told_than_by_one_rate_a_row_and_column(rate: float) -> None:
    X = counts(rate)
    ae = model().fit(X[:300])
    assert ae.status_ == "finished"
    assert -ae.score(X[300:]) < one_rate_a_row_and_column(X[:300], X[300:])
    # In the units of counts, throughout.
    assert np.corrcoef(ae.reconstruct(X[300:]).ravel(), X[300:].ravel())[0, 1] > 0.9


def test_overdispersed_counts_with_many_zeros_and_columns_without_any() -> None:
    rng = np.random.default_rng(0)
    size, gene = rng.lognormal(0, 0.5, size=(400, 1)), rng.gamma(0.3, 6.0, size=(1, 300))
    effect = np.exp(rng.normal(size=(400, 3)) @ rng.normal(size=(3, 300)) * 0.5)
    X = rng.poisson(rng.gamma(2.0, 0.5, size=(400, 300)) * size * gene * effect).astype(np.float64)
    X[:, :5] = 0
    assert (X == 0).mean() > 0.5
    ae = recipes.deep(4, reconstruction="poisson", random_state=0, verbose=False).set_params(
        training__epochs=40
    )
    assert -ae.fit(X[:300]).score(X[300:]) < one_rate_a_row_and_column(X[:300], X[300:])
    assert np.isfinite(ae.reconstruct(X)).all()


def test_training_starts_at_the_mean_of_every_feature() -> None:
    X = counts(500)
    start = model(encoder=MLP(), training=Training(epochs=1)).fit(X).untrained()
    constant = Poisson().of_constant(torch.from_numpy(X))
    assert -start.score(X) < 2 * constant
    np.testing.assert_allclose(start.reconstruct(X).mean(0), X.mean(0), rtol=0.5)


def test_it_is_one_model_wherever_it_goes(tmp_path: Path) -> None:
    X = counts(100).astype(np.float32)
    training = Training(epochs=3, precision="float64")
    ae = model(training=training).fit(X)
    loaded = diabolo.load(ae.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.reconstruct(X), ae.reconstruct(X))
    encoder, decoder = to_torch_modules(ae)
    codes = encoder(torch.from_numpy(X).double())
    np.testing.assert_allclose(codes.numpy(), ae.transform(X), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(decoder(codes).numpy(), ae.reconstruct(X), rtol=1e-4)
    others = [counts(rate, seed=1) for rate in (5.0, 2000.0)]
    models = [model(training=training, random_state=i) for i in range(2)]
    for stacked, alone, rows in zip(fit_stack(models, others), models, others, strict=True):
        alone.fit(rows)
        np.testing.assert_allclose(stacked.transform(rows), alone.transform(rows), rtol=1e-7, atol=1e-7)
    np.save(tmp_path / "counts.npy", X)
    mapped = model(training=training).fit(datasets.stream(tmp_path / "counts.npy"))
    np.testing.assert_array_equal(mapped.transform(X), ae.transform(X))
    tuned = ae.fine_tune(X * 2, training=Training(epochs=1, precision="float64"))
    for name in ("offset", "scale", "log_mean"):
        torch.testing.assert_close(
            getattr(tuned.module_.counts, name), getattr(ae.module_.counts, name), rtol=0, atol=0
        )
    with pytest.raises(DataError, match="counts"):
        model().fit(-X)


def test_a_model_of_before_sees_counts_as_they_are(tmp_path: Path) -> None:
    X = counts(3)
    ae = model(reconstruction=Poisson(log_scale=False), training=Training(epochs=2)).fit(X)
    assert ae.module_.counts is None
    path = ae.save(tmp_path / "model") / "model.json"
    described = json.loads(path.read_text())
    for place in (described["params"], described["fitted"]["parts"]):
        del place["reconstruction"]["log_scale"]
    path.write_text(json.dumps(seal(described)))
    np.testing.assert_array_equal(diabolo.load(tmp_path / "model").transform(X), ae.transform(X))


def test_a_loss_far_beyond_the_constant_models_is_said() -> None:
    X, loss = counts(200), Poisson(log_scale=False)
    with pytest.warns(
        PoorFitWarning, match=r"ended at .* nats per sample, and predicting the mean of each feature"
    ):
        model(encoder=MLP(), reconstruction=loss, training=Training(epochs=40, lr=1e-6)).fit(X)
    rows = np.random.default_rng(0).normal(size=(100, 4))
    settings = Training(epochs=120, lr=30.0, schedule="constant")
    wild = Autoencoder(encoder=MLP(), training=settings, random_state=0, verbose=False)
    with pytest.warns(PoorFitWarning, match="Lower training.lr"):
        wild.fit(rows)
    with pytest.warns(PoorFitWarning):
        fit_stack([wild], rows)


@pytest.mark.parametrize("epochs", [30, 120])
def test_a_poor_fit_to_a_target_of_its_own_or_of_few_steps_is_said_too(epochs: int) -> None:
    rows, target = np.random.default_rng(0).normal(size=(2, 100, 4)) + [[[0.0]], [[50.0]]]
    settings = Training(epochs=epochs, lr=30.0, schedule="constant")
    wild = Autoencoder(training=settings, scaling=None, random_state=0, verbose=False)
    # Measured by the target's own mean: that of the inputs would be 2500 away.
    with pytest.warns(PoorFitWarning, match=r"the mean of each feature has [345]\.\d+"):
        wild.fit(rows, target=target)
    with pytest.warns(PoorFitWarning, match=r"the mean of each feature has [345]\.\d+"):
        fit_stack([wild], rows, targets=[target])


def test_a_short_training_whose_loss_still_falls_is_not_called_a_poor_fit(
    recwarn: pytest.WarningsRecorder,
) -> None:
    Autoencoder(
        reconstruction=Poisson(log_scale=False),
        training=Training(epochs=3, lr=1e-4),
        random_state=0,
        verbose=False,
    ).fit(counts(200))
    assert not [w for w in recwarn if issubclass(w.category, PoorFitWarning)]
