"""The pictures of a report's page, as PNG with a text that stands for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.spread import spread
from .compute import Computed

# The width of a page's column is met at twice the resolution of an ordinary screen.
_DPI = 150
_POINTS = 3000
_IMAGES = 8
_BARS = 12


@dataclass(frozen=True)
class PictureData:
    """What pictures are drawn from.

    Attributes
    ----------
    computed : Computed
    image_shape : tuple of int or None
        Shape of a row that is a picture.
    decode : callable
        Codes to rows.
    latent : LatentSpace or None
    model : fitted object or None
        The model, on rows of numbers.
    scale : array of shape (n_features,) or float
        One unit of the model's training in the user's.
    """

    computed: Computed
    image_shape: tuple[int, ...] | None
    decode: Callable[[Any], NDArray[np.float64]]
    latent: Any
    model: Any = None
    scale: NDArray[np.float64] | float = 1.0


@dataclass(frozen=True)
class Picture:
    """A PNG, its name (for a file), its title, and what it shows in words."""

    name: str
    title: str
    alt: str
    png: bytes


def draw(material: PictureData) -> tuple[Picture, ...]:
    """All pictures that make sense for a model and its data."""
    from .. import plots

    if len(material.computed.Z) < 2 or not np.isfinite(material.computed.Z).all():
        return ()
    found = []
    with plots.offscreen():
        for maker in (_map, _rows, _samples, _plane, _training, _errors, _kl, _histogram, _feature_errors):
            drawn = maker(material)
            if drawn is not None:
                title, alt, ax = drawn
                found.append(Picture(maker.__name__.lstrip("_"), title, alt, _png(ax)))
    return tuple(found)


_Drawn = tuple[str, str, Any] | None


def _png(ax: Any) -> bytes:
    buffer = io.BytesIO()
    figure = np.asarray(ax).ravel()[0].figure
    figure.savefig(buffer, format="png", dpi=_DPI, facecolor="white")
    return buffer.getvalue()


def _map(m: PictureData) -> _Drawn:
    from .. import plots

    c = m.computed
    Z, y = c.Z[:_POINTS], None if c.y is None else c.y[:_POINTS]
    by = "" if y is None else ", coloured by label"
    dim = Z.shape[1]
    if m.latent is not None and m.latent.geometry.chart(dim) == "globe":
        if m.image_shape is None:
            return (
                "Codes on the sphere",
                f"{len(Z)} codes by longitude and latitude{by}.",
                plots.sphere_map(Z, y),
            )
        axes = plots.sphere_map_and_grid(Z, y, m.decode, image_shape=m.image_shape)
        return (
            "Codes and decoded sphere",
            f"{len(Z)} codes by longitude and latitude{by}; under them what the decoder makes of the sphere.",
            axes,
        )
    if dim == 1:
        return None
    if dim == 2 and m.image_shape is not None:
        axes = plots.map_and_grid(Z, y, m.decode, image_shape=m.image_shape)
        return (
            "Codes and decoded plane",
            f"{len(Z)} codes in the plane{by}; beside them what the decoder makes of the same region.",
            axes,
        )
    first = np.sort(np.argsort(-Z.var(axis=0), kind="stable")[:2])
    which = "" if dim == 2 else f"; the two of {dim} dimensions with the largest variance"
    ax = plots.encoder_map(Z, y, dims=(int(first[0]), int(first[1])))
    ax.set_title("")
    return "Codes", f"{len(Z)} codes in the plane{by}{which}.", ax


def _rows(m: PictureData) -> _Drawn:
    if m.image_shape is None:
        return None
    from .. import plots

    c = m.computed
    at = spread(len(c.X), _IMAGES)
    rows = {"original": c.X[at], "decoded": c.X_hat[at]}
    names = None if c.y is None else [str(label) for label in c.y[at]]
    ax = plots.image_rows(rows, image_shape=m.image_shape, column_names=names)
    ax.set_title("")
    return "Originals and reconstructions", f"{len(at)} originals, and under each its reconstruction.", ax


def _samples(m: PictureData) -> _Drawn:
    samples = m.computed.samples
    if m.image_shape is None or samples is None:
        return None
    from .. import plots

    X = m.computed.X
    some = samples[: 2 * _IMAGES].clip(X.min(), X.max())
    half = len(some) // 2
    ax = plots.image_rows({" ": some[:half], "  ": some[half : 2 * half]}, image_shape=m.image_shape)
    ax.set_title("")
    generation = m.computed.figures.generation
    source = "" if generation is None else f" from {generation.source}"
    return "Samples", f"{2 * half} samples: codes drawn{source}, decoded.", ax


def _plane(m: PictureData) -> _Drawn:
    c = m.computed
    if c.X.shape[1] != 2:
        return None
    from .. import plots

    ax = plots.points_and_reconstructions(c.X[:_POINTS], c.X_hat[:_POINTS])
    return (
        "Points and reconstructions",
        f"{min(len(c.X), _POINTS)} points of the data plane and where they are put.",
        ax,
    )


def _training(m: PictureData) -> _Drawn:
    course = m.computed.figures.course
    if len(course.loss) < 2:
        return None
    from .. import plots

    curves = {"loss": course.loss, "reconstruction": course.reconstruction}
    if course.loss == course.reconstruction:
        curves.pop("loss")
    if course.val_reconstruction:
        curves["held-out reconstruction"] = course.val_reconstruction
    ax = plots.loss_curves({name: np.asarray(values) for name, values in curves.items()})
    ax.set(xlabel="epoch", title="")
    return "Training", f"{' and '.join(curves)}: {len(course.loss)} epochs.", ax


def _errors(m: PictureData) -> _Drawn:
    f = m.computed.figures
    names = {
        "model": "this model",
        "pca": f"PCA, {f.pca_components}",
        "untrained": "untrained",
        "mean": "mean",
    }
    values = {names[key]: e.squared_error if e.trained is None else e.trained for key, e in f.errors.items()}
    ax = _bars(list(values), list(values.values()), f"squared error, features {f.units}")
    text = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
    return "Reconstruction error", f"Squared error summed over features, {f.units}: {text}.", ax


def _kl(m: PictureData) -> _Drawn:
    latent = m.computed.figures.latent
    if latent is None or latent.kl is None:
        return None
    order = np.argsort(-np.asarray(latent.kl), kind="stable")[:_BARS]
    names = [f"$z_{{{d + 1}}}$" for d in order]
    ax = _bars(names, [latent.kl[d] for d in order], "KL to the prior (nats)")
    text = ", ".join(f"{latent.kl[d]:.3g}" for d in order)
    return "KL by dimension", f"KL divergence of the latent dimensions, largest first: {text} nats.", ax


def _histogram(m: PictureData) -> _Drawn:
    from .. import plots

    c = m.computed
    prior = None if m.latent is None else m.latent.prior
    codes = c.Z if prior is None or c.drawn is None else c.drawn
    if np.ptp(codes, axis=0).max() == 0:
        return None
    dim = int(c.Z.var(axis=0).argmax())
    density = None if prior is None else prior.marginal
    ax = plots.code_histogram(codes, density=density, dim=dim)
    ax.set_title("")
    over = " and the prior's density" if density else ""
    return (
        "Distribution of a coordinate",
        f"Histogram of coordinate {dim + 1}, that of largest variance{over}.",
        ax,
    )


def _feature_errors(m: PictureData) -> _Drawn:
    errors = m.computed.figures.feature_errors
    if m.image_shape is not None or m.computed.X.shape[1] < 2:
        return None
    names = [error.name for error in errors]
    lost = [1 - error.explained if np.isfinite(error.explained) else 0.0 for error in errors]
    ax = _bars(names, lost, "share of its variance that is lost")
    return "Worst features", f"Features that come back worst: {', '.join(names)}.", ax


def _bars(names: list[str], values: list[float], label: str) -> Any:
    """Horizontal bars, the first on top, each with its number."""
    from matplotlib.figure import Figure

    from ..plots import PALETTE

    figure = Figure(figsize=(4.6, 0.9 + 0.32 * len(names)), layout="constrained")
    ax = figure.add_subplot()
    bars = ax.barh([_short(name) for name in names], values, color=PALETTE[0])
    ax.bar_label(bars, [f"{v:.3g}" for v in values], padding=3)
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.set_xlabel(label)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
