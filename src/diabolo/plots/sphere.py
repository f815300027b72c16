"""The unit sphere in three dimensions, drawn as a chart of longitude and latitude."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .geometry import angles, on_sphere
from .images import cells, fill_cells
from .inputs import as_labels, as_matrix, decoded_images, plot
from .points import draw_points
from .style import below, legend, new_axes, new_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sphere_grid", "sphere_map", "sphere_map_and_grid"]

_LONGITUDE, _LATITUDE = "longitude (degrees)", "latitude (degrees)"


def _chart(ax: Any, title: str) -> None:
    ax.set(xlabel=_LONGITUDE, ylabel=_LATITUDE, title=title, xlim=(-180, 180), ylim=(-90, 90))
    ax.set_xticks(range(-180, 181, 90))
    ax.set_yticks(range(-90, 91, 45))


@plot
def sphere_map(
    Z: ArrayLike, y: ArrayLike | None = None, *, text: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw codes on the sphere by their longitude arctan2(y, x) and latitude arcsin(z).

    Parameters
    ----------
    Z : array of shape (n, 3)
        Codes. They are divided by their norm, so that any codes are drawn by their direction.

    Raises
    ------
    DataError
        If the codes are not three wide, or one of them is zero.

    Examples
    --------
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.sphere_map([[0.0, 1.0, 0.0]])
    >>> ax.collections[0].get_offsets().tolist(), ax.get_xlabel()
    ([[90.0, 0.0]], 'longitude (degrees)')
    """
    points = angles(as_matrix(Z, "codes Z", width=3))
    labels = as_labels(y, len(points))
    ax = new_axes(ax, (5.2, 2.9))
    named = draw_points(ax, points, labels, text=text)
    _chart(ax, "Codes on the sphere")
    ax.set_aspect("equal")
    if named:
        legend(ax, markerscale=2.0)
    return ax


@plot
def sphere_grid(
    decode: Any,
    *,
    n: int | tuple[int, int] = (16, 8),
    image_shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what the decoder makes of a grid of longitudes and latitudes, decoded in one batch.

    Parameters
    ----------
    decode : callable or transformer
        Codes (m, 3) of norm one to flat images; or an object with ``inverse_transform``.
    n : int or (int, int)
        Cells in longitude and in latitude; each stands at its cell's middle.

    Returns
    -------
    Axes
        The top row is nearest to latitude 90.
    """
    across, up = cells(n)
    x = (np.arange(across) + 0.5) * 360 / across - 180
    y = 90 - (np.arange(up) + 0.5) * 180 / up
    degrees = np.stack([np.tile(x, up), np.repeat(y, across)], axis=1)
    images = decoded_images(decode, on_sphere(degrees), image_shape)
    ax = new_axes(ax, (5.2, 3.0))
    fill_cells(ax, images.reshape(up, across, *images.shape[1:]), x, y, steps=(360 / across, 180 / up))
    _chart(ax, "Decoded sphere")
    return ax


@plot
def sphere_map_and_grid(
    Z: ArrayLike,
    y: ArrayLike | None,
    decode: Any,
    *,
    n: int | tuple[int, int] = (16, 8),
    image_shape: Sequence[int] | None = None,
    text: bool = False,
    axes: Any = None,
) -> NDArray[Any]:
    """Draw the codes on the sphere and, under them, what the decoder makes of the whole sphere.

    Parameters
    ----------
    Z : array of shape (n, 3)
        Codes.
    decode : callable or transformer
        Codes (m, 3) of norm one to flat images; or an object with ``inverse_transform``.
    n : int or (int, int)
        Cells in longitude and in latitude.

    Returns
    -------
    array of two Axes
        The map and the grid, with the same limits.
    """
    pair = new_row(axes, 2, (4.4, 5.8), rows=2)
    sphere_map(Z, y, text=text, ax=pair[0])
    if pair[0].get_legend() is not None:
        pair[0].get_legend().remove()
        below(pair, pair[0], markerscale=2.0)
    sphere_grid(decode, n=n, image_shape=image_shape, ax=pair[1])
    pair[0].set_aspect(pair[1].get_aspect())
    return pair
