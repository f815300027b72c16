"""Draw every plot once, from bundled data and PCA, into a folder: ``python docs/gallery.py FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.decomposition import NMF, PCA
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from diabolo import plots

DRAWINGS: dict[str, Callable[[], Any]] = {}


def drawing(draw: Callable[[], Any]) -> Callable[[], Any]:
    """Put a function into the gallery under its own name."""
    DRAWINGS[draw.__name__] = draw
    return draw


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits in [0, 1] and their labels."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@cache
def moons() -> np.ndarray:
    """Two moons."""
    return np.asarray(make_moons(400, noise=0.06, random_state=0)[0])


@cache
def pca(k: int) -> PCA:
    """PCA of the digits."""
    return PCA(k, random_state=0).fit(digits()[0])


def codes(k: int) -> np.ndarray:
    """PCA's codes of the digits."""
    return np.asarray(pca(k).transform(digits()[0]))


@cache
def sphere() -> tuple[np.ndarray, KNeighborsRegressor]:
    """Directions of three PCA codes, and a decoder from them."""
    Z = codes(3) / np.linalg.norm(codes(3), axis=1, keepdims=True)
    return Z, KNeighborsRegressor(30).fit(Z, digits()[0])


@cache
def curved() -> Any:
    """A decoder from a line to the plane of the moons: a cubic curve through them."""
    X = moons()
    t = PCA(1).fit_transform(X)
    return make_pipeline(FunctionTransformer(powers), LinearRegression()).fit(t, X).predict


def powers(t: np.ndarray) -> np.ndarray:
    """Powers one to three."""
    return np.hstack([t, t**2, t**3])


@drawing
def encoder_map() -> Any:
    """Codes as points."""
    return plots.encoder_map(codes(2), digits()[1])


@drawing
def encoder_map_text() -> Any:
    """Codes as the text of their labels."""
    return plots.encoder_map(codes(2)[:800], digits()[1][:800], text=True)


@drawing
def encoder_map_quantity() -> Any:
    """Codes coloured by a quantity."""
    return plots.encoder_map(codes(2), digits()[0].sum(axis=1))


@drawing
def encoder_map_plain() -> Any:
    """Codes without labels."""
    return plots.encoder_map(codes(2))


@drawing
def decoder_grid() -> Any:
    """Decoded codes."""
    return plots.decoder_grid(pca(2), codes=codes(2))


@drawing
def map_and_grid() -> Any:
    """Codes and what they decode to."""
    return plots.map_and_grid(codes(2), digits()[1], pca(2))


@drawing
def sphere_map() -> Any:
    """Codes on the sphere."""
    return plots.sphere_map(sphere()[0], digits()[1])


@drawing
def sphere_grid() -> Any:
    """The decoded sphere."""
    return plots.sphere_grid(sphere()[1].predict)


@drawing
def sphere_map_and_grid() -> Any:
    """Both."""
    return plots.sphere_map_and_grid(sphere()[0], digits()[1], sphere()[1].predict)


@drawing
def map_3d() -> Any:
    """Codes in space."""
    return plots.map_3d(codes(3), digits()[1])


@drawing
def map_3d_text() -> Any:
    """Labels in space."""
    return plots.map_3d(codes(3)[:400], digits()[1][:400], text=True)


@drawing
def ab_map() -> Any:
    """The same samples under two conditions."""
    noisy = digits()[0] + np.random.default_rng(0).normal(0, 0.3, digits()[0].shape)
    return plots.ab_map(codes(2), pca(2).transform(noisy), digits()[1], names=("clean", "noisy"))


@drawing
def image_rows() -> Any:
    """Originals, corrupted, reconstructed."""
    X, y = digits()
    noisy = np.clip(X + np.random.default_rng(0).normal(0, 0.3, X.shape), 0, 1)
    made = pca(16).inverse_transform(pca(16).transform(noisy))
    rows = {"original": X, "corrupted": noisy, "reconstructed": made}
    return plots.image_rows(rows, column_names=y)


def history(rate: float, seed: int) -> dict[str, np.ndarray]:
    """A made-up history."""
    step = np.arange(1, 101)
    noise = np.random.default_rng(seed).normal(0, 0.3, (2, 100))
    loss = 10 + 30 * np.exp(-rate * step)
    return {"loss": loss + noise[0], "val_loss": loss + 1.5 + noise[1], "step": step, "time": step * rate}


@drawing
def loss_curves() -> Any:
    """Losses of two models."""
    histories = {"shallow": history(0.05, 0), "deep": history(0.12, 1)}
    return plots.loss_curves(histories, terms=("loss", "val_loss"))


@drawing
def loss_curves_time() -> Any:
    """The same against time."""
    return plots.loss_curves({"shallow": history(0.05, 0), "deep": history(0.12, 1)}, against="time")


@drawing
def loss_functions() -> Any:
    """Losses and derivatives."""
    return plots.loss_functions()


@drawing
def plane_colour() -> Any:
    """Codes as colour."""
    return plots.plane_colour(moons(), encode=PCA(1).fit(moons()))


@drawing
def plane_colour_angle() -> Any:
    """The angle of codes on a circle, sample by sample."""
    return plots.plane_colour(moons(), PCA(2).fit_transform(moons()), angle=True)


@drawing
def latent_line() -> Any:
    """The decoder's image of a latent line."""
    return plots.latent_line(curved(), -1.8, 1.8, X=moons())


@drawing
def points_and_reconstructions() -> Any:
    """Points and what PCA makes of them."""
    model = PCA(1).fit(moons())
    return plots.points_and_reconstructions(moons(), model.inverse_transform(model.transform(moons())))


@drawing
def encoder_difference() -> Any:
    """Two encoders compared."""
    other = PCA(1).fit(moons() * [1, 3])
    limits = ((-1.5, 2.5), (-1, 1.5))
    return plots.encoder_difference(
        PCA(1).fit(moons()), other, limits=limits, decode=curved(), line=(-1.8, 1.8)
    )


@drawing
def code_histogram() -> Any:
    """One coordinate and a mixture."""
    return plots.code_histogram(codes(2))


def layers(scale: float, seed: int) -> dict[str, np.ndarray]:
    """Made-up weights."""
    rng = np.random.default_rng(seed)
    return {f"layer {i + 1}": scale * rng.normal(0, 1 / (i + 1), (32, 64)) for i in range(4)}


@drawing
def weight_histograms() -> Any:
    """Weights before and after."""
    return plots.weight_histograms(layers(1, 0), layers(1.6, 1))


@drawing
def unit_weights() -> Any:
    """Weights of units."""
    W = pca(6).components_
    return plots.unit_weights(W, 3 * W.T)


@drawing
def activation_histograms() -> Any:
    """Activations."""
    return plots.activation_histograms({name: np.maximum(W, 0) for name, W in layers(1, 0).items()})


@drawing
def components() -> Any:
    """PCA's components."""
    return plots.components(pca(16))


@drawing
def components_nmf() -> Any:
    """NMF's components."""
    return plots.components(NMF(8, init="nndsvda", max_iter=500).fit(digits()[0]))


@drawing
def metric_curve() -> Any:
    """A metric against a setting."""
    k = np.array([2, 4, 8, 16, 32])
    folds = np.array_split(np.random.default_rng(0).permutation(len(digits()[0])), 5)
    errors = [[_error(int(d), folds[i - 1][:80], folds[i]) for i in range(5)] for d in k]
    return plots.metric_curve(k, errors, x_name="latent dimension", y_name="squared error (summed)", log=True)


def _error(k: int, train: np.ndarray, test: np.ndarray) -> float:
    X = digits()[0]
    model = PCA(k, random_state=0).fit(X[train])
    made = model.inverse_transform(model.transform(X[test]))
    return float(((made - X[test]) ** 2).sum(axis=1).mean())


@drawing
def latent_traversal() -> Any:
    """What each coordinate does."""
    return plots.latent_traversal(pca(5), np.zeros(5), values=(-2, -1, 0, 1, 2))


@drawing
def interpolation() -> Any:
    """Straight ways between codes."""
    return plots.interpolation(pca(16), codes(16)[:3], codes(16)[10:13])


@drawing
def interpolation_geodesic() -> Any:
    """Along a great circle."""
    Z, decoder = sphere()
    return plots.interpolation(decoder.predict, Z[0], Z[1], path="geodesic")


def draw_all(folder: Path) -> Iterator[Path]:
    """Draw every picture of the gallery into a folder, one PNG each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        with plots.offscreen():
            drawn = np.ravel(np.asarray(draw(), dtype=object))[0]
        path = folder / f"{name}.png"
        drawn.figure.savefig(path, dpi=150)
        yield path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/gallery.py FOLDER")
    for written in draw_all(Path(sys.argv[1])):
        sys.stdout.write(f"{written}\n")
