"""Whole trainings against what is known: the linear autoencoder is PCA, and the defaults beat it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from diabolo import Autoencoder, recipes

DIGITS = (load_digits().data / 16).astype(np.float32)


def _error(transformer, X):
    return np.square(transformer.inverse_transform(transformer.transform(X)) - X).sum(1).mean()


@pytest.mark.parametrize("n", [2, 8, 16])
def test_the_linear_autoencoder_is_pca(n):
    ae, pca = recipes.linear(n, random_state=0).fit(DIGITS), PCA(n).fit(DIGITS)
    assert _error(pca, DIGITS) <= _error(ae, DIGITS) < 1.01 * _error(pca, DIGITS)
    decoder = ae.module_.decoder.layers[0].weight.detach().numpy().T
    # Ninety per cent of the squared length of every direction: neighbouring components of nearly the same
    # variance may mix with the first one left out.
    cosines = np.cos(subspace_angles(decoder, pca.components_.T))
    assert (cosines**2 > 0.9).all()


@pytest.mark.slow
def test_the_defaults_beat_pca_on_digits_that_were_not_seen():
    train, test = train_test_split(DIGITS, random_state=0)
    start = time.perf_counter()
    ae = Autoencoder(latent=2, random_state=0).fit(train)
    seconds = time.perf_counter() - start
    gain = 1 - _error(ae, test) / _error(PCA(2).fit(train), test)
    assert gain >= 0.15
    # Twenty seconds are promised for a machine of its own; tests share theirs.
    assert seconds < 60


def test_a_third_of_the_default_training_beats_pca_already():
    train, test = train_test_split(DIGITS, random_state=0)
    ae = Autoencoder(latent=2, random_state=0, training={"kind": "training", "epochs": 60}).fit(train)
    assert _error(ae, test) < 0.85 * _error(PCA(2).fit(train), test)


@pytest.mark.slow
def test_a_matched_code_follows_the_prior():
    Z = recipes.mmd(8, random_state=0).fit(DIGITS).transform(DIGITS)
    spread = np.linalg.eigvalsh(np.cov(Z.T))
    assert np.abs(Z.mean(0)).max() < 0.15
    assert spread.min() > 0.5
    assert spread.max() < 1.5


@pytest.mark.slow
def test_a_beta_vae_keeps_some_units_and_switches_others_off():
    ae = recipes.beta_vae(random_state=0, training__epochs=120).fit(DIGITS)
    active = (ae.transform(DIGITS).var(0) > 0.1).sum()
    assert 2 <= active <= 16


@pytest.mark.slow
def test_a_sparse_code_is_sparse():
    Z = recipes.sparse(random_state=0).fit(DIGITS).transform(DIGITS)
    assert (Z > 0).mean() < 0.35
    assert ((Z > 0).any(0)).sum() > 20
