"""What a model on a CUDA GPU promises: the numbers of the CPU up to rounding, and all that it does there."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tolerances import WHOLE_TRAINING, assert_near

from diabolo import MLP, Autoencoder, Training, datasets, load, recipes
from diabolo.studies import fit_stack

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")

SHORT = Training(epochs=3, batch_size=32, precision="float64")
RANDOM = {"vae", "beta_vae", "denoising", "mmd", "spherical"}
DETERMINISTIC = sorted(set(recipes.RECIPES) - RANDOM)


X = datasets.load("digits").X[:256]


def fitted(name: str, device: str, **settings: Any) -> Autoencoder:
    made = {"training": SHORT, "random_state": 0, "verbose": False} | settings
    return recipes.make(name, latent_dim=4, device=device, **made).fit(X)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_training_without_noise_is_that_of_the_cpu(name: str) -> None:
    there, here = fitted(name, "cuda"), fitted(name, "cpu")
    assert there.module_.device.type == "cuda"
    assert_near(there.transform(X), here.transform(X), WHOLE_TRAINING)
    assert_near(there.score_samples(X), here.score_samples(X), WHOLE_TRAINING)


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_every_recipe_answers_and_is_opened_on_a_cpu(name: str, tmp_path: Path) -> None:
    model = fitted(name, "cuda")
    codes = model.transform(X)
    assert np.isfinite(codes).all()
    assert np.isfinite(model.reconstruct(X)).all()
    if model.module_.parts.latent.prior is not None:
        assert np.isfinite(model.sample(20, random_state=0)).all()
    model.save(tmp_path / "model")
    opened = load(tmp_path / "model", device="cpu")
    assert_near(opened.transform(X), codes, WHOLE_TRAINING)
    assert_near(pickle.loads(pickle.dumps(model)).transform(X), codes, WHOLE_TRAINING)


def test_the_same_seed_gives_the_same_bits() -> None:
    first, again = fitted("vae", "cuda"), fitted("vae", "cuda")
    np.testing.assert_array_equal(first.transform(X), again.transform(X))


@pytest.mark.parametrize("name", ["deep", "vae", "mmd", "spherical"])
def test_a_stack_equals_each_alone(name: str) -> None:
    estimators = [
        recipes.make(name, latent_dim=4, device="cuda", training=SHORT, random_state=seed, verbose=False)
        for seed in range(3)
    ]
    for stacked, alone in zip(fit_stack(estimators, X), estimators, strict=True):
        assert_near(stacked.transform(X), alone.fit(X).transform(X), WHOLE_TRAINING)


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    def stop(event: Any) -> None:
        if event.epoch == 2:
            raise RuntimeError

    whole = fitted("vae", "cuda")
    kept = SHORT.replace(checkpoint=tmp_path)
    model = recipes.make("vae", latent_dim=4, device="cuda", training=kept, random_state=0, verbose=False)
    with pytest.raises(RuntimeError):
        model.fit(X, callbacks=[stop])
    np.testing.assert_array_equal(model.fit(X).transform(X), whole.transform(X))


def test_probabilities_are_those_of_the_cpu(tmp_path: Path) -> None:
    fitted("vae", "cuda", reconstruction="gaussian").save(tmp_path / "model")
    there, here = (load(tmp_path / "model", device=d) for d in ("cuda", "cpu"))
    # Draws differ: a thousand of them leave a part of a nat.
    a, b = (model.log_likelihood(X[:50], draws=1000) for model in (there, here))
    assert np.abs(np.asarray(a).mean() - np.asarray(b).mean()) < 0.5


def test_bfloat16_trains_to_the_same_loss() -> None:
    training = Training(epochs=30, batch_size=32)
    wide = {"encoder": MLP((64,)), "random_state": 0, "verbose": False, "device": "cuda"}
    full, half = (
        Autoencoder(4, training=training.replace(precision=p), **wide).fit(X).score(X)
        for p in ("float32", "bfloat16")
    )
    assert half == pytest.approx(full, rel=0.1)
