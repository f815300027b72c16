"""Data in a plane: what the encoder and the decoder do to it, drawn in data space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .inputs import (
    Array,
    Range,
    as_matrix,
    as_vector,
    axis_name,
    check_dims,
    coded,
    decoded,
    ends,
    plot,
    span,
)
from .style import (
    BLACK,
    BLUE,
    CYCLIC,
    DIVERGING,
    GREY,
    LINE_COLOUR,
    SEQUENTIAL,
    VERMILION,
    below,
    colour_bar,
    new_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["encoder_difference", "latent_line", "plane_colour", "points_and_reconstructions"]


def _data_axes(ax: Any, title: str) -> None:
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title, aspect="equal")


def _dots(ax: Axes, points: Array, **look: Any) -> Any:
    size = float(np.clip(6000 / len(points), 2, 16))
    return ax.scatter(points[:, 0], points[:, 1], s=size, **{"linewidths": 0, **look})


def _grid(limits: tuple[Range, Range], n: int) -> tuple[Array, Array, Array]:
    """Centres of n x n cells that fill the limits, and the same as rows (n * n, 2)."""
    x, y = (low + (np.arange(n) + 0.5) * (high - low) / n for low, high in limits)
    return x, y, np.stack([np.tile(x, n), np.repeat(y, n)], axis=1)


def _background(ax: Axes, values: Array, limits: tuple[Range, Range], cmap: str, scale: Range) -> Any:
    (x0, x1), (y0, y1) = limits
    extent = (x0, x1, y0, y1)
    return ax.imshow(values, extent=extent, origin="lower", cmap=cmap, vmin=scale[0], vmax=scale[1])


@plot
def plane_colour(
    X: ArrayLike,
    codes: ArrayLike | None = None,
    *,
    encode: Any = None,
    dim: int = 0,
    angle: bool = False,
    n: int = 150,
    ax: Axes | None = None,
) -> Axes:
    """Draw codes as colour over the data plane.

    Parameters
    ----------
    X : array of shape (m, 2)
        Data in the plane.
    codes : array of shape (m,) or (m, d) or None
        Codes of ``X``: each sample is drawn in the colour of its code.
    encode : callable or transformer or None
        Rows (m, 2) to codes: the whole plane is drawn in the colour of its code, with ``X`` over it.
        Give this or ``codes``.
    dim : int
        The latent coordinate that is shown; ignored when ``angle``.
    angle : bool
        Show the angle arctan2(z_2, z_1) of codes on a circle, in degrees, on a cyclic scale.
    n : int
        Cells along each side of the plane; ignored with ``codes``.

    Raises
    ------
    DataError
        If the data are not two wide, or not exactly one of ``codes`` and ``encode`` is given.
    """
    points = as_matrix(X, "data X", width=2)
    if (codes is None) == (encode is None):
        raise DataError("plane_colour takes codes=... or encode=..., one of the two.")
    ax = new_axes(ax, (4.8, 3.0))
    name = "angle of code (°)" if angle else axis_name(dim)
    if encode is None:
        shown = _one_number(codes, dim, angle)
        if len(shown) != len(points):
            raise DataError(
                f"codes must hold one code for each of the {len(points)} samples of X; got {len(shown)}."
            )
        low, high = (-180.0, 180.0) if angle else span(shown)
        look = {"cmap": CYCLIC if angle else SEQUENTIAL, "vmin": low, "vmax": high}
        # The edge keeps the pale end of a scale visible on white.
        drawn = _dots(ax, points, c=shown, edgecolors=GREY, linewidths=0.3, **look)
    else:
        limits = (span(points[:, 0], 0.1), span(points[:, 1], 0.1))
        shown = _one_number(coded(encode, _grid(limits, n)[2]), dim, angle).reshape(n, n)
        scale = (-180.0, 180.0) if angle else span(shown)
        drawn = _background(ax, shown, limits, CYCLIC if angle else SEQUENTIAL, scale)
        _dots(ax, points, color="white", edgecolors=BLACK, linewidths=0.3)
    colour_bar(ax, drawn, name)
    _data_axes(ax, "Code over the data plane")
    return ax


def _one_number(codes: Any, dim: int, angle: bool) -> Array:
    if not angle:
        return as_vector(codes, "codes", dim=dim)
    x, y = as_matrix(codes, "codes", width=2).T
    return np.degrees(np.arctan2(y, x))


@plot
def latent_line(
    decode: Any,
    start: ArrayLike = -3.0,
    end: ArrayLike = 3.0,
    *,
    X: ArrayLike | None = None,
    n: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw the decoder's image of a straight latent line in the data plane, coloured by position.

    Parameters
    ----------
    decode : callable or transformer
        Codes (m, d) to rows (m, 2); or an object with ``inverse_transform``.
    start, end : float or array of shape (d,)
        The codes at the ends of the line.
    X : array of shape (m, 2) or None
        Data to draw under the curve.
    n : int
        Codes on the line.

    Raises
    ------
    DataError
        If the decoder's rows are not two wide, or the ends differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.latent_line(lambda t: np.hstack([t, t**2]), -1, 1, n=3)
    >>> ax.collections[0].get_segments()[0].tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    curve, position, name = _decoded_line(decode, start, end, n)
    ax = new_axes(ax, (4.8, 3.0))
    if X is not None:
        points = as_matrix(X, "data X", width=2)
        _dots(ax, points, color=GREY, alpha=0.6, label="data")
    drawn = _curve(ax, curve, position)
    colour_bar(ax, drawn, name)
    if X is not None:
        below([ax], ax, markerscale=1.8)
    _data_axes(ax, "Decoded latent line")
    return ax


def _decoded_line(decode: Any, start: ArrayLike, end: ArrayLike, n: int) -> tuple[Array, Array, str]:
    a, b = ends(start, end, n)
    if len(a) != 1:
        raise DataError(f"start and end must be one code each, of shape (d,); got {a.shape}.")
    t = np.linspace(0, 1, n)[:, None]
    codes = (1 - t) * a + t * b
    single = a.shape[1] == 1
    position = codes[:, 0] if single else t[:, 0]
    return (
        decoded(decode, codes, width=2),
        position,
        "$z_1$" if single else "position, 0 at start and 1 at end",
    )


def _curve(ax: Axes, curve: Array, position: Array) -> Any:
    from matplotlib.collections import LineCollection

    segments = list(np.stack([curve[:-1], curve[1:]], axis=1))
    lines = LineCollection(segments, cmap=SEQUENTIAL, linewidths=3, capstyle="round")
    lines.set_array((position[:-1] + position[1:]) / 2)
    ax.add_collection(lines)
    ax.autoscale_view()
    return lines


@plot
def points_and_reconstructions(X: ArrayLike, X_hat: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw points of the plane, their reconstructions, and a line between each pair.

    Parameters
    ----------
    X, X_hat : array of shape (n, 2)
        Originals and reconstructions.

    Raises
    ------
    DataError
        If the arrays are not two wide, or differ in shape.
    """
    from matplotlib.collections import LineCollection

    points, made = as_matrix(X, "data X", width=2), as_matrix(X_hat, "reconstructions X_hat", width=2)
    if points.shape != made.shape:
        raise DataError(f"X and X_hat must hold the same samples; got {points.shape} and {made.shape}.")
    ax = new_axes(ax, (4.8, 3.0))
    pairs = list(np.stack([points, made], axis=1))
    ax.add_collection(LineCollection(pairs, colors=GREY, linewidths=0.6, alpha=0.6, zorder=1))
    _dots(ax, points, color=BLUE, label="original")
    _dots(ax, made, color=VERMILION, marker="^", label="reconstruction")
    _data_axes(ax, "Points and their reconstructions")
    below([ax], ax, markerscale=1.8)
    return ax


@plot
def encoder_difference(
    encode_a: Any,
    encode_b: Any,
    *,
    limits: tuple[Range, Range],
    dim: int | None = None,
    decode: Any = None,
    line: tuple[ArrayLike, ArrayLike] = (-3.0, 3.0),
    ax: Axes | None = None,
) -> Axes:
    """Draw the difference of two encoders over the plane, with the decoder's curve on it.

    Parameters
    ----------
    encode_a, encode_b : callable or transformer
        Rows (m, 2) to codes (m, d).
    limits : ((float, float), (float, float))
        The part of the plane: range of the first and of the second feature.
    dim : int or None
        Show coordinate ``dim`` of a - b with its sign; None shows the norm of a - b, or the signed
        difference where codes have one coordinate.
    decode : callable or transformer or None
        Codes (m, d) to rows (m, 2), to draw its image of the latent line.
    line : (code, code)
        The ends of that line; ignored without ``decode``.
    """
    n = 150
    rows = _grid(limits, n)[2]
    a, b = coded(encode_a, rows), coded(encode_b, rows)
    if a.shape != b.shape:
        raise DataError(f"the encoders give codes of different shapes, {a.shape} and {b.shape}.")
    gap = a - b
    if dim is None and gap.shape[1] == 1:
        dim = 0
    ax = new_axes(ax, (4.8, 3.0))
    if dim is None:
        values, name, cmap = np.linalg.norm(gap, axis=1), "distance of the codes", SEQUENTIAL
        scale = (0.0, float(values.max()) or 1.0)
    else:
        values = gap[:, check_dims([dim], gap.shape[1], 1, "the codes")[0]]
        name, cmap = f"difference in $z_{{{dim + 1}}}$", DIVERGING
        largest = float(np.abs(values).max()) or 1.0
        scale = (-largest, largest)
    drawn = _background(ax, values.reshape(n, n), limits, cmap, scale)
    if decode is not None:
        curve, _, _ = _decoded_line(decode, *line, 200)
        ax.plot(*curve.T, color=LINE_COLOUR, linewidth=2, label="decoder's curve")
        ax.legend(loc="upper right")
    colour_bar(ax, drawn, name)
    ax.set(xlim=limits[0], ylim=limits[1])
    _data_axes(ax, "Difference of two encoders")
    return ax
