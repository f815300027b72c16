"""Deep autoencoders of digits: in the plane, in space, on the sphere."""

from __future__ import annotations

from functools import partial

import numpy as np

from .. import plots
from ..estimator.autoencoder import Autoencoder
from ..latent import Euclidean, LatentSpace, Sphere
from ..metrics import knn_accuracy, mse, rayleigh_test, uniformity
from ..networks import MLP
from ..networks.describe import describe
from .context import ExperimentContext
from .course import autoencoder, bce, columns, deep, panels, pictures
from .record import Experiment, Section, Target

_SHOWN = 2000


def _fit(
    context: ExperimentContext,
    latent: LatentSpace,
    encoder: MLP,
    epochs: int = 10,
    schedule: str = "constant",
) -> Autoencoder:
    """A model of the course, trained once a run."""

    def train() -> Autoencoder:
        data = pictures(context)
        return autoencoder(
            context,
            latent,
            encoder,
            epochs=epochs,
            batch_size=128,
            schedule=schedule,
            reconstruction="bernoulli",
        ).fit(data.X)

    return context.once((latent, encoder, epochs, schedule), train)


def parameters(ae: Autoencoder) -> int:
    """How many numbers a model learnt."""
    return sum(p.numel() for p in ae.module_.parameters())


def _size(context: ExperimentContext, ae: Autoencoder, published: int) -> None:
    """The number of parameters beside the published one, and the compression of every layer."""
    n = context.measure("parameters", parameters(ae))
    if context.quick:
        return
    context.state(
        f"The model has the {published:,} parameters that were published.", n == published, counted=n
    )
    rows = describe(ae.module_.encoder, ae.n_features_in_)
    layers = (f"{r.name}: {r.width} wide, {r.parameters:,} parameters, {r.compression:.3g} : 1" for r in rows)
    context.note("Encoder, layer by layer: " + "; ".join(layers) + ".")


def _rows(context: ExperimentContext, ae: Autoencoder, name: str, score: float) -> None:
    X = pictures(context).few(8)[0]
    context.draw(
        name,
        "Test digits and their reconstructions",
        f"Test error {score:.4f} nats a pixel, {mse(X, ae.reconstruct(X)):.4f} squared on these eight.",
        lambda: plots.image_rows({"original": X, "reconstructed": ae.reconstruct(X)}, n=8),
    )


def plane(context: ExperimentContext) -> None:
    """784-392-64-2."""
    data, ae = pictures(context), _fit(context, Euclidean(2), deep((392, 64)))
    score = context.measure("2-D code: test BCE", bce(ae, data.X_test), "nats a pixel")
    if not context.first:
        return
    _size(context, ae, 666_791)
    X, y = data.few(_SHOWN)
    Z = ae.transform(X)
    losses = ae.history_["loss"]
    last = 1 - losses[-1] / losses[-2]
    accuracy = context.measure("2-D code: 5 nearest neighbours, accuracy", knn_accuracy(Z, y))
    context.draw(
        "plane-loss",
        "Training loss",
        f"In the last of {ae.n_iter_} epochs the loss falls by {last:.1%}.",
        lambda: plots.loss_curves({"2-D code": columns(ae)}, against="epoch"),
    )
    context.draw(
        "plane-map",
        "Map of the codes and what the decoder makes of the same region",
        f"Neighbours in the map have the same label in {accuracy:.0%} of the cases.",
        lambda: plots.map_and_grid(Z, y, ae, image_shape=data.shape),
    )
    _rows(context, ae, "plane-rows", score)


def space(context: ExperimentContext) -> None:
    """784-392-96-3."""
    data, ae = pictures(context), _fit(context, Euclidean(3), deep((392, 96)))
    score = context.measure("3-D code: test BCE", bce(ae, data.X_test), "nats a pixel")
    if not context.first:
        return
    _size(context, ae, 692_264)
    X, y = data.few(_SHOWN)
    Z = ae.transform(X)
    context.draw(
        "space-map",
        "Codes in space",
        f"With three numbers a digit the test error is {score:.4f}.",
        lambda: plots.map_3d(Z, y),
    )
    _rows(context, ae, "space-rows", score)


def sphere(context: ExperimentContext) -> None:
    """The same network with its code on the unit sphere."""
    data, ae = pictures(context), _fit(context, Sphere(3), deep((392, 96)))
    score = context.measure("on the sphere: test BCE", bce(ae, data.X_test), "nats a pixel")
    if not context.first:
        return
    X, y = data.few(_SHOWN)
    Z = ae.transform(X)
    even = np.random.RandomState(0).normal(size=Z.shape)
    even /= np.linalg.norm(even, axis=1, keepdims=True)
    crowding = rayleigh_test(Z)
    spread = context.measure("uniformity of the codes (lower is more even)", uniformity(Z))
    best = context.measure("uniformity of as many uniform points", uniformity(even))
    context.measure("length of the mean code (0: even)", crowding.mean_length)
    context.state(
        "The codes fill the sphere: mean code shorter than 0.2, uniformity within a tenth of uniform points'.",
        crowding.mean_length < 0.2 and abs(spread / best - 1) < 0.1,
        mean_length=crowding.mean_length,
        uniformity=spread,
        uniformity_of_uniform_points=best,
    )
    context.draw(
        "sphere-world",
        "World map of the sphere, and the decoder's grid under it",
        "Longitude is arctan2(y, x), latitude arcsin(z); both axes of the grid take their own step, and the "
        "left edge meets the right one.",
        lambda: plots.sphere_map_and_grid(Z, y, ae, image_shape=data.shape),
    )
    context.draw("sphere-space", "The sphere", "The same codes in space.", lambda: plots.map_3d(Z, y))
    _rows(context, ae, "sphere-rows", score)


def _shallow_width(n_features: int, budget: int) -> int:
    """Width of the one hidden layer of d-w-2 that comes nearest to a number of parameters."""
    # (d + 1) w + 2 w + 2 in the encoder, 3 w + (w + 1) d in the decoder, and three slopes.
    return round((budget - n_features - 5) / (2 * n_features + 6))


def budget(context: ExperimentContext) -> None:
    """One layer or several with the same number of parameters; Kaiming's start or torch's; two kinds of rate."""
    data, plane_of = pictures(context), partial(_fit, context, Euclidean(2))
    usual, several_layers = plane_of(deep((392, 64))), plane_of(deep((196, 64)))
    n = parameters(several_layers)
    one_layer = plane_of(deep((_shallow_width(data.X.shape[1], n),)))
    context.measure("several layers (196, 64): parameters", n)
    context.measure("one layer: parameters", parameters(one_layer))
    compared = {
        "Depth, with the same number of parameters": {
            "several layers": several_layers,
            "one layer": one_layer,
        },
        "Start": {"Kaiming normal": usual, "torch": plane_of(deep((392, 64), init="torch"))},
        "Rate": {"constant": usual, "falling": plane_of(deep((392, 64)), schedule="cosine")},
    }
    claims = (
        "The same number of parameters does more in several layers than in one.",
        "Kaiming's start ends lower than torch's.",
        "The constant rate of the course ends lower than one that falls to 0 along half a cosine.",
    )
    readings = []
    for claim, (question, models) in zip(claims, compared.items(), strict=True):
        scores = {name: bce(ae, data.X_test) for name, ae in models.items()}
        for name, score in scores.items():
            context.measure(f"{question.split(',')[0].lower()}, {name}: test BCE", score, "nats a pixel")
        first, second = scores.values()
        context.state(claim, first < second, **scores)
        readings.append(" and ".join(f"{name} at {score:.4f}" for name, score in scores.items()))
    context.draw(
        "budget",
        "Three choices: depth, start and rate",
        f"At the end of training the test error is: {'; '.join(readings)}.",
        lambda: panels(
            lambda models, ax: plots.loss_curves(
                {name: columns(ae) for name, ae in models.items()}, against="epoch", ax=ax
            ),
            compared,
            per_row=3,
        ),
    )


def wide(context: ExperimentContext) -> None:
    """784-1568-392-96-3 on the sphere, 5 epochs."""
    data = pictures(context)
    encoder = deep(context.choose((128, 392, 96), (1568, 392, 96)))
    ae = _fit(context, Sphere(3), encoder, epochs=5)
    score = context.measure("wide, on the sphere: test BCE", bce(ae, data.X_test), "nats a pixel")
    _size(context, ae, 3_768_682)
    _rows(context, ae, "wide-rows", score)


EXPERIMENT = Experiment(
    name="neuromatch-2",
    title="Deep autoencoders of digits, in the plane and on the sphere",
    source="Autoencoders, second tutorial of a neuroscience summer school's deep learning course.",
    data="MNIST, pixels in [0, 1]; binary cross-entropy, batches of 128, 10 epochs, Adam at a constant 1e-3, "
    "Kaiming normal on all but the last layer, PReLU after every layer and on the code",
    quick="the bundled digits, the same settings",
    sections=(
        Section(
            "plane", "784-392-64-2: a map of digits", plane, (Target("2-D code: test BCE", 0.1741, 0.003),)
        ),
        Section(
            "space", "784-392-96-3: a third number", space, (Target("3-D code: test BCE", 0.1576, 0.003),)
        ),
        Section(
            "sphere",
            "784-392-96-3 on the sphere",
            sphere,
            (Target("on the sphere: test BCE", 0.1745, 0.003),),
        ),
        Section("budget", "Depth at a fixed number of parameters, the start, and the rate", budget),
        Section("wide", "784-1568-392-96-3 on the sphere", wide),
    ),
    corrections=(
        "Kaiming normal has standard deviation sqrt(2 / fan_in).",
        "Longitude is arctan2(y, x), and the axes of the world map are labelled with it; both axes of the "
        "decoder's grid take their own step.",
    ),
)
