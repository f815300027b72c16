"""Pixels out of order: what a dense network and a convolutional one make of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from .. import plots
from ..corruption import GaussianNoise, PixelShuffle
from ..data.domain import Domain
from ..estimator.autoencoder import Autoencoder
from ..latent import Sphere
from ..metrics import knn_accuracy
from ..networks import Convolutional
from .context import ExperimentContext
from .course import Pictures, autoencoder, bce, corrupted, deep, pictures
from .neighbours import overlap

Array = NDArray[np.floating]


def shuffled(context: ExperimentContext) -> None:
    """Pixels out of order, with noise: a dense network does not care, a convolutional one does."""
    data, shuffle = pictures(context), PixelShuffle(seed=1)
    mixed, mixed_test = (corrupted(shuffle, X, data.side, 0) for X in (data.X, data.X_test))
    noisy, noisy_test = (
        corrupted(GaussianNoise(0.4), X, data.side, context.seed * 2 + i)
        for i, X in enumerate((mixed, mixed_test))
    )
    dense = partial(
        autoencoder, context, Sphere(3), deep((392, 96), init="torch"), epochs=3, batch_size=32,
        reconstruction="bernoulli",
    )  # fmt: skip
    ae = dense().fit(noisy, target=mixed)
    context.measure("shuffled and noisy: test BCE", bce(ae, noisy_test, mixed_test), "nats a pixel")
    if not context.first:
        return
    back = partial(_unshuffle, shuffle, data.side)
    context.draw(
        "shuffled-rows",
        "Shuffled and noisy, reconstructed, and with the pixels put back",
        "The last row is the second with the pixels put back in order.",
        lambda: plots.image_rows(
            {
                "shuffled, noisy": noisy_test[:8],
                "reconstructed": ae.reconstruct(noisy_test[:8]),
                "unshuffled": back(ae.reconstruct(noisy_test[:8])),
            },
            n=8,
        ),
    )
    _does_it_care(context, data, mixed, mixed_test, dense)


def _unshuffle(shuffle: PixelShuffle, side: int, rows: Array) -> Array:
    return shuffle.inverse(torch.from_numpy(rows), Domain(rows.shape[1], (1, side, side), 0.0, 1.0)).numpy()


def _does_it_care(
    context: ExperimentContext,
    data: Pictures,
    mixed: Array,
    mixed_test: Array,
    dense: Callable[..., Autoencoder],
) -> None:
    """Both kinds of network on pixels in order and out of order, without noise."""
    n, m = context.choose(1000, 12_000), context.choose(300, 2000)
    conv = partial(
        autoencoder, context, 16, Convolutional((16, 32)), epochs=context.choose(10, 3), batch_size=64,
        reconstruction="bernoulli",
    )  # fmt: skip
    labels = data.y_test[:m]
    found: dict[str, list[float]] = {}
    makers: dict[str, Callable[..., Autoencoder]] = {"dense": dense, "convolutional": conv}
    for name, make in makers.items():
        scores, codes = [], []
        for train, test in ((data.X, data.X_test), (mixed, mixed_test)):
            ae = make().fit(train[:n])
            scores.append(bce(ae, test[:m]))
            codes.append(ae.transform(test[:m]))
        found[name] = scores
        context.measure(f"{name}, in order: test BCE", scores[0], "nats a pixel")
        context.measure(f"{name}, shuffled: test BCE", scores[1], "nats a pixel")
        context.measure(f"{name}, in order: 5 nearest neighbours, accuracy", knn_accuracy(codes[0], labels))
        context.measure(f"{name}, shuffled: 5 nearest neighbours, accuracy", knn_accuracy(codes[1], labels))
        other = make(random_state=context.seed + 1).fit(data.X[:n]).transform(data.X_test[:m])
        context.measure(
            f"{name}: neighbours in common, in order and shuffled", overlap(codes[0], codes[1], k=10)
        )
        context.measure(f"{name}: neighbours in common, two starts in order", overlap(codes[0], other, k=10))
    rise = {name: b / a - 1 for name, (a, b) in found.items()}
    context.state(
        "The fully connected network does not care about the order of pixels (error within 2 %).",
        abs(rise["dense"]) < 0.02,
        relative_rise=rise["dense"],
    )
    context.state(
        "The convolutional network does (error at least 5 % higher on shuffled pixels).",
        rise["convolutional"] > 0.05,
        relative_rise=rise["convolutional"],
    )
    context.note(f"This comparison trains on {n:,} rows and tests on {m:,}, all four models alike.")
