"""The exercise on moons again, in small, on the bundled digits."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from .. import plots
from ..corruption import GaussianNoise
from ..datasets import load_digits
from ..density import GaussianMixture
from ..estimator.autoencoder import Autoencoder
from ..metrics import certainty, label_accuracy, mse, train_classifier
from ..networks import MLP
from .context import ExperimentContext
from .course import autoencoder, corrupted

Array = NDArray[np.floating]

_SIZES, _TRAIN_ROWS, _SIDE = (2, 4, 8), 1297, 8
_UNIT = "squared units a pixel"


def _fit(
    context: ExperimentContext, X: Array, size: int, width: int = 100, epochs: int = 0, seed: int = 0
) -> Autoencoder:
    return autoencoder(
        context, size, MLP((width, width)), epochs=epochs or context.choose(10, 100), batch_size=64,
        random_state=1000 * context.seed + seed,
    ).fit(X)  # fmt: skip


def digits(context: ExperimentContext) -> None:
    """Sizes 2, 4 and 8: errors, spread, noise, mixtures, and a random forest that reads what is made."""
    X, y = load_digits()
    order = np.random.RandomState(context.seed).permutation(len(X))
    train, test = order[:_TRAIN_ROWS], order[_TRAIN_ROWS:]
    models = {size: _fit(context, X[train], size) for size in _SIZES}
    _settings(context, X[train], X[test])
    _noise(context, X[train], X[test], models)
    errors = {size: mse(X[test], ae.reconstruct(X[test])) for size, ae in models.items()}
    for size, error in errors.items():
        context.measure(f"digits, code of {size}: test error", error, _UNIT)
    context.state(
        "A larger code reconstructs better.",
        errors[2] > errors[4] > errors[8],
        **{f"code_of_{size}": error for size, error in errors.items()},
    )
    _read(context, (X[train], y[train], X[test], y[test]), models)
    context.draw(
        "digits-map",
        "Codes of size 2 by label",
        f"The test error is {errors[2]:.4f} with two numbers and {errors[8]:.4f} with eight.",
        lambda: plots.map_and_grid(models[2].transform(X[test]), y[test], models[2], image_shape=(1, 8, 8)),
    )
    few = X[test][:8]
    context.draw(
        "digits-rows",
        "Reconstructions by the size of the code",
        "From top to bottom the code gets larger.",
        lambda: plots.image_rows(
            {"original": few} | {f"code of {s}": ae.reconstruct(few) for s, ae in models.items()}, n=8
        ),
    )


def _settings(context: ExperimentContext, X: Array, X_test: Array) -> None:
    """Width and epochs at a code of 4, with the spread over repeats."""
    long, n = context.choose(10, 100), context.choose(2, 5)
    errors = {}
    for width, epochs in product((20, 100), (long // 5, long)):
        made = np.stack([_fit(context, X, 4, width, epochs, r).reconstruct(X_test) for r in range(n)])
        errors[width, epochs] = np.array([mse(X_test, m) for m in made])
        label = f"digits, width {width}, {epochs} epochs"
        context.measure(f"{label}: test error", errors[width, epochs].mean(), _UNIT)
        context.measure(f"{label}: pointwise standard deviation over repeats", made.std(axis=0).mean())
    wide, narrow = errors[100, long].mean(), errors[20, long].mean()
    context.state("Wider layers reconstruct digits better.", wide < narrow, width_100=wide, width_20=narrow)


def _noise(context: ExperimentContext, X: Array, X_test: Array, models: dict[int, Autoencoder]) -> None:
    """Pixel noise: without retraining, and trained on noisy digits."""
    noise = GaussianNoise(0.2)
    noisy, noisy_test = corrupted(noise, X, _SIDE, 0), corrupted(noise, X_test, _SIDE, 1)
    there = _fit(context, noisy, 8)
    clean_error = {
        "noisy pixels": mse(X_test, noisy_test),
        "not retrained": mse(X_test, models[8].reconstruct(noisy_test)),
        "trained on noisy digits": mse(X_test, there.reconstruct(noisy_test)),
    }
    for name, error in clean_error.items():
        context.measure(f"digits, noise 0.2, {name}: error against the clean digits", error, _UNIT)
    context.state(
        "Without retraining the code of 8 takes noise off (nearer to the clean digits than the noisy ones).",
        clean_error["not retrained"] < clean_error["noisy pixels"],
        **clean_error,
    )


def _read(
    context: ExperimentContext, data: tuple[Array, Array, Array, Array], models: dict[int, Autoencoder]
) -> None:
    """A random forest on originals, reconstructions and samples of a mixture of codes."""
    X, y, X_test, y_test = data
    judge = train_classifier(X, y)
    context.measure("digits: accuracy of the forest on originals", label_accuracy(judge, X_test, y_test))
    samples, sure = {}, {}
    for size, ae in models.items():
        right = label_accuracy(judge, ae.reconstruct(X_test), y_test)
        context.measure(f"digits, code of {size}: accuracy of the forest on reconstructions", right)
        density = GaussianMixture(random_state=0).fit(ae.transform(X))
        samples[f"code of {size}"] = ae.inverse_transform(density.sample(200, random_state=0))
        sure[size] = float(certainty(judge, samples[f"code of {size}"]).confidence.mean())
        context.measure(f"digits, code of {size}: components of the mixture", len(density.weights_))
        context.measure(f"digits, code of {size}: confidence of the forest on samples", sure[size])
    real = float(certainty(judge, X_test).confidence.mean())
    context.measure("digits: confidence of the forest on originals", real)
    context.state(
        "The forest is less sure of samples than of originals, as one sees.",
        max(sure.values()) < real,
        originals=real,
        **{f"code_of_{size}": value for size, value in sure.items()},
    )
    context.draw(
        "digits-samples",
        "Samples of the mixtures, by the size of the code",
        f"The forest's mean confidence is {real:.2f} on originals and between {min(sure.values()):.2f} and "
        f"{max(sure.values()):.2f} on samples.",
        lambda: plots.image_rows({name: s[:8] for name, s in samples.items()}, n=8),
    )
