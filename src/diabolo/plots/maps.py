"""Maps of codes: points or labels in the plane and in space, one map or two to compare."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, MissingExtraError
from .images import decoder_grid
from .inputs import Array, as_labels, as_matrix, axis_name, plot, span
from .points import draw_points, is_continuous
from .style import SEQUENTIAL, below, class_styles, legend, new_axes, new_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ab_map", "encoder_map", "map_3d", "map_3d_interactive", "map_and_grid"]


@plot
def encoder_map(
    Z: ArrayLike,
    y: ArrayLike | None = None,
    *,
    text: bool = False,
    dims: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw where the encoder puts the samples: two coordinates of their codes, coloured by label.

    Parameters
    ----------
    y : array of shape (n,) or None
        Labels. Numbers with more than 20 distinct values are drawn on a colour scale.
    dims : (int, int) or None
        The columns of ``Z`` to draw.

    Raises
    ------
    DataError
        If the codes have another width, are not finite, or the labels do not match them.

    Examples
    --------
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.encoder_map([[0, 0], [1, 2], [2, 1]], ["cat", "dog", "cat"])
    >>> [t.get_text() for t in ax.get_legend().get_texts()]
    ['cat', 'dog']
    """
    points = as_matrix(Z, "codes Z", width=2, dims=dims)
    labels = as_labels(y, len(points))
    ax = new_axes(ax)
    named = _plane(ax, points, labels, text, dims or (0, 1))
    ax.set_title("Codes")
    if named:
        legend(ax, markerscale=max(1.0, 2.5 - len(points) ** -0.5 * 10))
    return ax


def _plane(ax: Any, points: Array, labels: NDArray[Any] | None, text: bool, dims: Sequence[int]) -> bool:
    ax.set_xlabel(axis_name(dims[0]))
    ax.set_ylabel(axis_name(dims[1]))
    return draw_points(ax, points, labels, text=text)


@plot
def map_and_grid(
    Z: ArrayLike,
    y: ArrayLike | None,
    decode: Any,
    *,
    n: int | tuple[int, int] = 12,
    image_shape: Sequence[int] | None = None,
    text: bool = False,
    axes: Any = None,
) -> NDArray[Any]:
    """Draw the encoder map and, beside it, what the decoder makes of the same region.

    Parameters
    ----------
    Z : array of shape (n, 2)
        Codes.
    decode : callable or transformer
        Codes (m, 2) to flat images; or an object with ``inverse_transform``.
    n : int or (int, int)
        Cells across and up.

    Returns
    -------
    array of two Axes
        The map and the grid, with the same limits.
    """
    points = as_matrix(Z, "codes Z", width=2)
    labels = as_labels(y, len(points))
    pair = new_row(axes, 2, (5.2, 3.5))
    decoder_grid(decode, codes=points, n=n, image_shape=image_shape, ax=pair[1])
    named = _plane(pair[0], points, labels, text, (0, 1))
    pair[0].set_xlim(pair[1].get_xlim())
    pair[0].set_ylim(pair[1].get_ylim())
    pair[0].set_aspect(pair[1].get_aspect())
    pair[0].set_title("Codes")
    if named:
        below(pair, pair[0], markerscale=2.0)
    return pair


@plot
def ab_map(
    A: ArrayLike,
    B: ArrayLike,
    y: ArrayLike | None = None,
    *,
    names: tuple[str, str] = ("A", "B"),
    text: bool = False,
    dims: Sequence[int] | None = None,
    axes: Any = None,
) -> NDArray[Any]:
    """Draw the codes of the same samples under two conditions, with common limits.

    Parameters
    ----------
    A, B : array of shape (n, 2)
        Codes of the same n samples; of any width when ``dims`` says which two columns to draw.
    names : (str, str)
        What the conditions are called.
    dims : (int, int) or None
        The columns to draw.

    Raises
    ------
    DataError
        If A and B have different shapes.
    """
    a = as_matrix(A, "codes A", width=2, dims=dims)
    b = as_matrix(B, "codes B", width=2, dims=dims)
    if a.shape != b.shape:
        raise DataError(f"A and B must be codes of the same samples; got shapes {a.shape} and {b.shape}.")
    labels = as_labels(y, len(a))
    pair = new_row(axes, 2, (5.2, 3.0))
    both = np.concatenate([a, b])
    for ax, points, name in zip(pair, (a, b), names, strict=True):
        named = _plane(ax, points, labels, text, dims or (0, 1))
        ax.set_title(name)
        ax.set_xlim(span(both[:, 0], 0.05))
        ax.set_ylim(span(both[:, 1], 0.05))
    pair[1].set_ylabel("")
    pair[1].tick_params(labelleft=False)
    if named:
        below(pair, pair[0], markerscale=2.0)
    return pair


@plot
def map_3d(
    Z: ArrayLike,
    y: ArrayLike | None = None,
    *,
    text: bool = False,
    dims: Sequence[int] | None = None,
    ax: Any = None,
) -> Any:
    """Draw three coordinates of the codes in space.

    Parameters
    ----------
    Z : array of shape (n, 3)
        Codes; of any width when ``dims`` says which three columns to draw.
    dims : (int, int, int) or None
        The columns of ``Z`` to draw.
    ax : Axes3D or None
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes3D
    """
    points = as_matrix(Z, "codes Z", width=3, dims=dims)
    labels = as_labels(y, len(points))
    ax = new_axes(ax, projection="3d")
    named = draw_points(ax, points, labels, text=text)
    names = [axis_name(d) for d in dims or (0, 1, 2)]
    ax.set(xlabel=names[0], ylabel=names[1], zlabel=names[2], title="Codes")
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.get_major_locator().set_params(nbins=4)
    if named:
        legend(ax, markerscale=2.0, bbox_to_anchor=(1.12, 0.5))
    return ax


def map_3d_interactive(Z: ArrayLike, y: ArrayLike | None = None, *, dims: Sequence[int] | None = None) -> Any:
    """A plotly figure of three coordinates of the codes, to turn and zoom.

    Parameters
    ----------
    Z : array of shape (n, 3)
        Codes; of any width when ``dims`` says which three columns to draw.
    y : array of shape (n,) or None
        Labels.
    dims : (int, int, int) or None
        The columns of ``Z`` to draw.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    """
    points = as_matrix(Z, "codes Z", width=3, dims=dims)
    labels = as_labels(y, len(points))
    try:
        go = importlib.import_module("plotly.graph_objects")
    except ImportError as error:
        raise MissingExtraError("the interactive 3-D map", "plotly") from error
    figure = go.Figure()
    if labels is None or is_continuous(labels):
        marker: dict[str, Any] = {"size": 3, "color": class_styles(1)[0][0]}
        if labels is not None:
            bar = {"title": {"text": "y"}}
            marker = {"size": 3, "color": labels, "colorscale": SEQUENTIAL, "colorbar": bar}
        _trace(figure, points, marker, "codes")
    else:
        classes = np.unique(labels)
        for label, (colour, shape) in zip(classes, class_styles(len(classes)), strict=True):
            symbol = _PLOTLY_SYMBOLS[shape]
            marker = {"size": 3, "color": colour, "symbol": symbol}
            _trace(figure, points[labels == label], marker, str(label))
    names = [f"z<sub>{d + 1}</sub>" for d in dims or (0, 1, 2)]
    scene = dict(zip(("xaxis_title", "yaxis_title", "zaxis_title"), names, strict=True))
    figure.update_layout(title="Codes", scene=scene, legend_itemsizing="constant")
    return figure


def _trace(figure: Any, points: Array, marker: dict[str, Any], name: str) -> None:
    x, y, z = points.T
    figure.add_scatter3d(x=x, y=y, z=z, mode="markers", marker=marker, name=name)


# plotly draws eight symbols in space, none of them a triangle or a star.
_PLOTLY_SYMBOLS = {
    "o": "circle",
    "^": "diamond",
    "s": "square",
    "D": "cross",
    "v": "x",
    "P": "circle-open",
    "X": "square-open",
    "*": "diamond-open",
}
