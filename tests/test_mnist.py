"""What the networks of published courses reach on MNIST, on the test set after ten epochs, mean of three seeds.

Each bound is a little above what the courses print for one run of their own (0.1741, 0.1745, 0.1576 and 0.0141).
"""

from __future__ import annotations

import numpy as np
import pytest

from diabolo import MLP, Autoencoder, Mirror, Sphere, Training, datasets

pytestmark = [pytest.mark.slow, pytest.mark.data]

SEEDS = (0, 1, 2)


def mlp(*hidden: int) -> MLP:
    """Rectifiers with learnt slopes, on the code too; Kaiming's start on all but the last layer."""
    return MLP(hidden, activation="prelu", output_activation="prelu", init="kaiming_normal")


@pytest.mark.parametrize(
    ("latent", "encoder", "bound"),
    [(2, mlp(392, 64), 0.177), (Sphere(3), mlp(392, 96), 0.1775), (3, mlp(392, 96), 0.1606)],
    ids=["plane", "sphere", "space"],
)
def test_cross_entropy_per_pixel(data_dir: str, latent: object, encoder: MLP, bound: float) -> None:
    train, test = datasets.load_mnist("train")[0], datasets.load_mnist("test")[0]
    training = Training(epochs=10, batch_size=128)
    losses = []
    for seed in SEEDS:
        ae = Autoencoder(
            latent, encoder=encoder, reconstruction="bernoulli", training=training, random_state=seed
        )
        losses.append(-ae.fit(train).score(test) / 784)
    print(f"cross-entropy per pixel: {np.mean(losses):.4f} {np.round(losses, 4)}")  # noqa: T201
    assert np.mean(losses) <= bound


def test_squared_error_per_pixel_of_one_layer(data_dir: str) -> None:
    train, test = datasets.load_mnist("train")[0], datasets.load_mnist("test")[0]
    errors = []
    for seed in SEEDS:
        ae = Autoencoder(
            32,
            encoder=MLP((), output_activation="relu"),
            decoder=Mirror("sigmoid"),
            # At the full rate from the first step on, four to seven of the rectified units die.
            training=Training(epochs=10, batch_size=64, schedule="one_cycle"),
            random_state=seed,
        )
        errors.append(np.mean((ae.fit(train).reconstruct(test) - test) ** 2))
    print(f"squared error per pixel: {np.mean(errors):.5f} {np.round(errors, 5)}")  # noqa: T201
    assert np.mean(errors) <= 0.0145
