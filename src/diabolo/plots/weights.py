"""Inside the network: weights, activations, and components as images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .images import show_table
from .inputs import Array, as_floats, as_matrix, check_dims, plot, span, to_images
from .style import BLUE, DIVERGING, GREY, SEQUENTIAL, VERMILION, below, new_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["activation_histograms", "components", "unit_weights", "weight_histograms"]


def _flat(layers: Any, what: str) -> dict[str, Array]:
    if not isinstance(layers, Mapping) or not layers:
        raise DataError(f'{what} must be a mapping of layer names to arrays, such as {{"encoder.0": W}}.')
    flat = {name: as_floats(values, f"{what}: {name}").ravel() for name, values in layers.items()}
    for name, values in flat.items():
        if not len(values) or not np.isfinite(values).all():
            raise DataError(f"{what}: {name} must hold finite numbers, at least one.")
    return flat


def _layer_axes(axes: Any, count: int) -> NDArray[Any]:
    columns = min(count, 2)
    rows = -(-count // columns)
    return new_row(axes, count, (2.6 * columns if columns > 1 else 4.0, 0.6 + 2.0 * rows), rows=rows)


@plot
def weight_histograms(
    before: Mapping[str, ArrayLike],
    after: Mapping[str, ArrayLike],
    *,
    bins: int = 40,
    axes: Any = None,
) -> NDArray[Any]:
    """Draw the weights of each layer before and after training, on the same bins.

    Parameters
    ----------
    before, after : mapping of str to array
        Layer name to its weights, of any shape; the same layers in both.
    bins : int
        Bars.
    axes : Axes, one a layer, or None
        Where to draw; None makes a new figure.

    Returns
    -------
    array of Axes, one a layer

    Raises
    ------
    DataError
        If the layers differ, or a weight is not finite.
    """
    old, new = _flat(before, "before"), _flat(after, "after")
    if list(old) != list(new):
        raise DataError(f"before and after must name the same layers; got {list(old)} and {list(new)}.")
    panels = _layer_axes(axes, len(old))
    for ax, name in zip(panels, old, strict=True):
        edges = np.linspace(*span(np.concatenate([old[name], new[name]])), bins + 1)
        ax.hist(old[name], bins=edges, color=GREY, alpha=0.6, label="before")
        ax.hist(new[name], bins=edges, color=VERMILION, histtype="step", linewidth=1.5, label="after")
        ax.set(xlabel="weight", ylabel="count", title=name)
    below(panels, panels[0])
    return panels


@plot
def activation_histograms(
    activations: Mapping[str, ArrayLike], *, bins: int = 40, axes: Any = None
) -> NDArray[Any]:
    """Draw the activations of each layer, with the share that is exactly zero.

    Parameters
    ----------
    activations : mapping of str to array of shape (n, units)
        Layer name to the activations of its units on n samples.
    bins : int
        Bars.
    axes : Axes, one a layer, or None
        Where to draw; None makes a new figure.

    Returns
    -------
    array of Axes, one a layer

    Raises
    ------
    DataError
        If there is no layer, or an activation is not finite.
    """
    flat = _flat(activations, "activations")
    panels = _layer_axes(axes, len(flat))
    for ax, (name, values) in zip(panels, flat.items(), strict=True):
        zero = float((values == 0).mean())
        ax.hist(values, bins=np.linspace(*span(values), bins + 1), color=BLUE, label=f"{zero:.0%} zero")
        ax.set(xlabel="activation", ylabel="count", title=name)
        ax.legend(frameon=False, handlelength=0, handletextpad=0)
    return panels


@plot
def unit_weights(
    weights_in: ArrayLike,
    weights_out: ArrayLike,
    *,
    units: Sequence[int] | None = None,
    image_shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the weights into and out of units of the bottleneck as images, blue below zero, red above.

    Parameters
    ----------
    weights_in : array of shape (units, features)
        Weights from the input to each unit, as ``torch.nn.Linear`` holds them.
    weights_out : array of shape (features, units)
        Weights from each unit to the output.
    units : sequence of int or None
        The units to draw; None draws the first eight.
    image_shape : (H, W) or None
        Shape of the data; None takes a square.

    Returns
    -------
    Axes
        Each row has its own colour scale, given in its name.

    Raises
    ------
    DataError
        If the matrices do not belong together, or do not fit ``image_shape``.
    """
    into, out = as_matrix(weights_in, "weights_in"), as_matrix(weights_out, "weights_out")
    if into.shape != out.T.shape:
        raise DataError(
            "weights_in must be (units, features) and weights_out (features, units); "
            f"got {into.shape} and {out.shape}."
        )
    chosen = check_dims(range(min(8, len(into))) if units is None else units, len(into), None, "the units")
    rows = [into[chosen], out.T[chosen]]
    largest = [float(np.abs(row).max()) or 1.0 for row in rows]
    names = [f"{word}\n±{size:.2g}" for word, size in zip(("into", "out of"), largest, strict=True)]
    ax = show_table(
        [_grey_images(row, image_shape, "weights") for row in rows],
        names,
        column_names=[str(u + 1) for u in chosen],
        ranges=[(-size, size) for size in largest],
        cmap=DIVERGING,
        ax=ax,
    )
    ax.set(xlabel="unit", title="Weights of units")
    return ax


def _grey_images(rows: Array, image_shape: Sequence[int] | None, what: str) -> Array:
    images = to_images(rows, image_shape, what)
    if images.ndim == 4:
        raise DataError(f"{what} with a sign are drawn for one channel; got image_shape {image_shape!r}.")
    return images


@plot
def components(
    W: Any,
    *,
    explained: ArrayLike | None = None,
    n: int = 16,
    image_shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw components, such as those of PCA or NMF, as images.

    Parameters
    ----------
    W : array of shape (k, features), or an object with ``components_``
        Components, one a row. Signed ones share one scale, blue to red around zero; others, whose size
        is arbitrary, are each drawn from zero to their own largest weight.
    explained : array of shape (k,) or None
        Share of the variance of each; None takes ``explained_variance_ratio_`` of the object if it
        has one.
    n : int
        Draw the first n.
    image_shape : (H, W) or None
        Shape of the data; None takes a square.

    Returns
    -------
    Axes
        Rows of up to eight components, with their numbers beside.

    Raises
    ------
    DataError
        If the components do not fit ``image_shape``, or ``explained`` does not fit them.
    """
    rows = as_matrix(getattr(W, "components_", W), "components")[: max(1, n)]
    share = getattr(W, "explained_variance_ratio_", None) if explained is None else explained
    images = _grey_images(rows, image_shape, "components")
    across = min(8, len(images))
    lines = [images[i : i + across] for i in range(0, len(images), across)]
    largest = float(np.abs(rows).max()) or 1.0
    signed = bool((rows < 0).any())
    ax = show_table(
        lines,
        [f"{1 + i * across}–{i * across + len(line)}" for i, line in enumerate(lines)],
        ranges=[(-largest, largest) if signed else (0.0, largest)] * len(lines),
        cmap=DIVERGING if signed else SEQUENTIAL,
        ax=ax,
    )
    if not signed:
        for shown, row in zip(ax.images, rows, strict=True):
            shown.set_clim(0, float(row.max()) or 1.0)
    ax.set_title(_explained(share, len(images)))
    shared = f"red above zero, blue below, to ±{largest:.2g}"
    ax.set_xlabel(shared if signed else "each to its own largest weight")
    return ax


def _explained(share: Any, count: int) -> str:
    if share is None:
        return f"{count} components"
    shares = np.asarray(share, dtype=float)
    if shares.ndim != 1 or len(shares) < count:
        raise DataError(f"explained must hold a share for each of {count} components; got {shares.shape}.")
    return f"{count} components, {shares[:count].sum():.1%} of the variance"
