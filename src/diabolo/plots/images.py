"""Rows and grids of images: what the decoder makes of a region, a line or a sweep of the latent space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .geometry import between
from .inputs import (
    Array,
    Range,
    as_codes,
    as_matrix,
    as_vector,
    axis_name,
    check_dims,
    decoded_images,
    ends,
    plot,
    span,
    to_images,
)
from .style import IMAGES, bare, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decoder_grid", "image_rows", "interpolation", "latent_traversal"]

# Share of its cell that an image fills; the rest is the gap.
_FILL = 0.94


def value_range(images: Array) -> Range:
    """Black and white of a set of images: 0 and 1 for values inside [0, 1], else their own extremes."""
    low, high = float(images.min()), float(images.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def place_image(
    ax: Axes, image: Array, centre: tuple[float, float], cell: tuple[float, float], values: Range, cmap: str
) -> None:
    """Put one image (H, W) or (H, W, 3) into a cell, its pixels square when the cell is."""
    from matplotlib.image import AxesImage

    height, width = image.shape[:2]
    half_x = _FILL * abs(cell[0]) / 2 * width / max(height, width)
    half_y = _FILL * cell[1] / 2 * height / max(height, width)
    x, y = centre
    low, high = values
    shown = AxesImage(ax, cmap=cmap, origin="upper", extent=(x - half_x, x + half_x, y - half_y, y + half_y))
    rgb = image.ndim == 3
    shown.set_data(np.clip((image - low) / (high - low), 0, 1) if rgb else image)
    shown.set_clim(low, high)
    shown.set_clip_path(ax.patch)
    ax.add_image(shown)


def fill_cells(ax: Axes, images: Array, x: Array, y: Array, steps: tuple[float, float] | None = None) -> None:
    """Images (len(y), len(x), H, W[, 3]) with centres at x and y, in square cells; y may fall."""
    step_x, step_y = steps or (_step(x), abs(_step(y)))
    scale = value_range(images)
    for i, cy in enumerate(y):
        for j, cx in enumerate(x):
            place_image(ax, images[i, j], (cx, cy), (step_x, step_y), scale, IMAGES)
    ax.set_xlim(x.min() - step_x / 2, x.max() + step_x / 2)
    ax.set_ylim(y.min() - step_y / 2, y.max() + step_y / 2)
    ax.set_aspect(step_x / step_y)


def _step(centres: Array) -> float:
    return float(centres[1] - centres[0]) if len(centres) > 1 else 1.0


def cells(n: int | tuple[int, int]) -> tuple[int, int]:
    """Cells across and up from one number or two."""
    across, up = (n, n) if isinstance(n, int | np.integer) else n
    if across < 1 or up < 1:
        raise DataError(f"n must be one number >= 1, or (across, up); got {n!r}.")
    return int(across), int(up)


@plot
def decoder_grid(
    decode: Any,
    *,
    codes: ArrayLike | None = None,
    n: int | tuple[int, int] = 12,
    limits: tuple[Range, Range] | None = None,
    dims: Sequence[int] = (0, 1),
    image_shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what the decoder makes of a grid of codes, decoded in one batch.

    Each image stands at its code, so the axes are latent coordinates: each axis has its own step, the
    cells are square, and the top row has the largest second coordinate.

    Parameters
    ----------
    decode : callable or transformer
        Codes (m, d) to flat images; or an object with ``inverse_transform``.
    codes : array of shape (n, d) or None
        Codes that the grid covers from smallest to largest; coordinates that are not drawn stay at
        their mean. None stands for two coordinates from -3 to 3.
    n : int or (int, int)
        Cells across and up.
    limits : ((float, float), (float, float)) or None
        First and last centre of the cells across and up; None takes the range of ``codes``.
    dims : (int, int)
        The latent coordinates that vary across and up.

    Raises
    ------
    DataError
        If the decoder's rows do not fit ``image_shape``, or ``dims`` are not coordinates of the codes.

    Examples
    --------
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.decoder_grid(lambda z: z[:, [0, 0, 1, 1]], n=3)
    >>> len(ax.images), ax.images[0].get_array().tolist()
    (9, [[-3.0, -3.0], [3.0, 3.0]])
    """
    known = np.zeros((1, 2)) if codes is None else as_matrix(codes, "codes")
    first, second = check_dims(dims, known.shape[1], 2, "codes")
    across, up = cells(n)
    if limits is None:
        limits = (
            ((-3.0, 3.0), (-3.0, 3.0)) if codes is None else (span(known[:, first]), span(known[:, second]))
        )
    x, y = np.linspace(*limits[0], num=across), np.linspace(*limits[1][::-1], num=up)
    grid = np.tile(known.mean(axis=0), (up * across, 1))
    grid[:, first], grid[:, second] = np.tile(x, up), np.repeat(y, across)
    images = decoded_images(decode, grid, image_shape)
    ax = new_axes(ax, (4.4, 4.2))
    fill_cells(ax, images.reshape(up, across, *images.shape[1:]), x, y)
    ax.set(xlabel=axis_name(first), ylabel=axis_name(second), title="Decoded codes")
    return ax


def show_table(
    images: Sequence[Array],
    row_names: Sequence[str],
    *,
    column_names: Sequence[str] | None = None,
    ranges: Sequence[Range],
    cmap: str = IMAGES,
    ax: Axes | None = None,
) -> Axes:
    """Rows of images in one axes, aligned by construction, with a name beside each row.

    Each of ``images`` is (columns, H, W[, 3]); ``ranges`` holds a row's black and white.
    """
    count = max(len(row) for row in images)
    height, width = images[0].shape[1:3]
    if ax is None:
        ax = new_axes(None, _table_size(len(images), count, height / width, row_names))
    side = max(height, width)
    for r, (row, values) in enumerate(zip(images, ranges, strict=True)):
        for c, image in enumerate(row):
            place_image(ax, image, (c, r), (side / width, -side / height), values, cmap)
    ax.set_xlim(-0.5, count - 0.5)
    ax.set_ylim(len(images) - 0.5, -0.5)
    ax.set_aspect(height / width)
    ax.set_yticks(range(len(images)), list(row_names))
    ax.set_xticks(range(count) if column_names else [], list(column_names) if column_names else [])
    bare(ax)
    return ax


def _table_size(rows: int, columns: int, shape: float, row_names: Sequence[str]) -> tuple[float, float]:
    """Inches that a table of images fills, with room for the names beside and the text above and below."""
    margin = 0.35 + 0.08 * max(len(line) for name in row_names for line in name.split("\n") or [""])
    cell = min(0.9, (5.2 - margin) / columns)
    return max(2.6, margin + cell * columns), min(8.0, cell * shape * rows + 0.95)


@plot
def image_rows(
    rows: Mapping[str, ArrayLike],
    *,
    n: int = 8,
    image_shape: Sequence[int] | None = None,
    column_names: Sequence[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw versions of the same samples under each other: originals, corrupted, reconstructed.

    Parameters
    ----------
    rows : mapping of str to array of shape (m, features)
        Name of each row to its flat images. Column j holds sample j of every row. Black and white
        are those of the first row; other rows are clipped to them.
    n : int
        Draw the first n samples.
    column_names : sequence or None
        A name above each sample, such as its label.

    Raises
    ------
    DataError
        If there is no row, or the rows have different shapes.
    """
    if not isinstance(rows, Mapping) or not rows:
        raise DataError('image_rows takes names and their rows, such as {"original": X, "decoded": X_hat}.')
    pictures = [to_images(value, image_shape, name) for name, value in rows.items()]
    if len({p.shape for p in pictures}) > 1:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in rows.items())
        raise DataError(f"every row of pictures must hold the same samples; got {shapes}.")
    shown = [p[: max(1, n)] for p in pictures]
    names = None if column_names is None else [str(c) for c in list(column_names)[: len(shown[0])]]
    if names is not None and len(names) != len(shown[0]):
        raise DataError(f"column_names must hold {len(shown[0])} names, got {len(names)}.")
    ranges = [value_range(shown[0])] * len(shown)
    ax = show_table(shown, list(rows), column_names=names, ranges=ranges, ax=ax)
    ax.xaxis.tick_top()
    ax.set_title("Samples and their versions")
    return ax


@plot
def latent_traversal(
    decode: Any,
    code: ArrayLike,
    *,
    dims: Sequence[int] | None = None,
    values: ArrayLike = (-3, -2, -1, 0, 1, 2, 3),
    image_shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each latent coordinate does: a row a coordinate, the others held at ``code``.

    Parameters
    ----------
    decode : callable or transformer
        Codes (m, d) to flat images; or an object with ``inverse_transform``.
    code : array of shape (d,)
        The code to start from.
    dims : sequence of int or None
        The coordinates to vary; None takes all.
    values : array of shape (m,)
        The values that a coordinate takes, in units of the code.
    """
    start = as_codes(code, "code")
    if len(start) != 1:
        raise DataError(f"code must be one code of shape (d,); got {start.shape}.")
    steps = as_vector(values, "values")
    width = start.shape[1]
    chosen = check_dims(range(width) if dims is None else dims, width, None, "the code")
    grid = np.tile(start, (len(chosen), len(steps), 1))
    for r, d in enumerate(chosen):
        grid[r, :, d] = steps
    images = decoded_images(decode, grid.reshape(-1, width), image_shape)
    table = images.reshape(len(chosen), len(steps), *images.shape[1:])
    names = [axis_name(d) for d in chosen]
    ticks = [f"{v:.3g}" for v in steps]
    ranges = [value_range(images)] * len(chosen)
    ax = show_table(list(table), names, column_names=ticks, ranges=ranges, ax=ax)
    ax.set(xlabel="value of the coordinate", title="Latent traversal")
    return ax


@plot
def interpolation(
    decode: Any,
    start: ArrayLike,
    end: ArrayLike,
    *,
    n: int = 8,
    path: str = "straight",
    image_shape: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the decoder's images along the way from one code to another, a row a pair.

    Parameters
    ----------
    decode : callable or transformer
        Codes (m, d) to flat images; or an object with ``inverse_transform``.
    start, end : array of shape (d,) or (rows, d)
        The codes at both ends.
    n : int
        Images a row, ends included.
    path : {"straight", "geodesic"}
        The straight line, or the great circle between codes of the unit sphere.

    Raises
    ------
    UnknownNameError
        If ``path`` is neither of the two.
    DataError
        If the ends differ in shape, or are not on the unit sphere for a geodesic.
    """

    a, b = ends(start, end, n)
    t = np.linspace(0, 1, n)
    codes = between(a, b, t, path)
    images = decoded_images(decode, codes.reshape(-1, a.shape[1]), image_shape)
    table = images.reshape(len(a), n, *images.shape[1:])
    names = [str(r + 1) for r in range(len(a))] if len(a) > 1 else [""]
    ticks = [f"{v:.2g}" for v in t]
    ax = show_table(list(table), names, column_names=ticks, ranges=[value_range(images)] * len(a), ax=ax)
    ax.set(xlabel="position on the way from start to end", title=f"Interpolation ({path})")
    if len(a) > 1:
        ax.set_ylabel("pair")
    return ax
