"""Colours, markers, legends and new axes, so that every plot reads the same.

The colours are those of Okabe and Ito, which people with any common colour vision tell apart. Yellow,
which is weak on white, is used for eight classes only; more classes repeat seven colours with other
marker shapes. Nothing here changes matplotlib's global settings.

References
----------
Okabe, M. and Ito, K. (2008). Color Universal Design. https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PALETTE", "Styles", "class_styles", "legend", "new_axes", "new_row", "offscreen"]

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, YELLOW = "#E69F00", "#56B4E9", "#000000", "#F0E442"
GREY = "#8C8C8C"
# Seen on both ends of the colour scales.
LINE_COLOUR = BLACK
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "^", "s", "D", "P", "v", "X", "*")
# Every second round of colours is drawn hollow, which small markers need more than another shape.
HOLLOW = MARKERS[1::2]
LINES = ("-", "--", ":", "-.")
SEQUENTIAL, DIVERGING, CYCLIC, IMAGES = "viridis", "RdBu_r", "twilight", "gray"

Styles = list[tuple[str, str]]

_OFFSCREEN: ContextVar[bool] = ContextVar("diabolo_plots_offscreen", default=False)


@contextmanager
def offscreen() -> Iterator[None]:
    """New figures made inside belong to nobody but their axes; pyplot does not see them.

    For programs that draw many plots, or draw in a thread: nothing opens a window and nothing has to
    be closed. The figure is ``ax.figure``.

    Examples
    --------
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.encoder_map([[0, 0], [1, 2]])
    >>> ax.get_title()
    'Codes'
    """
    token = _OFFSCREEN.set(True)
    try:
        yield
    finally:
        _OFFSCREEN.reset(token)


def _figure(size: tuple[float, float]) -> Any:
    # At these widths (at most 5.2 inches) the usual 10 point text is readable at 300 pixels.
    if _OFFSCREEN.get():
        from matplotlib.figure import Figure

        return Figure(figsize=size, layout="constrained")
    from matplotlib import pyplot

    return pyplot.figure(figsize=size, layout="constrained")


def new_axes(ax: Any, size: tuple[float, float] = (4.6, 3.8), *, projection: str | None = None) -> Any:
    """The axes given, or one in a new figure."""
    if ax is None:
        return _figure(size).add_subplot(projection=projection)
    got = getattr(ax, "name", type(ax).__name__)
    if projection is not None and got != projection:
        raise DataError(
            f"this plot needs axes of projection {projection!r}, got {got!r}: "
            f"make them with figure.add_subplot(projection={projection!r})."
        )
    return ax


def new_row(
    axes: Any, count: int, size: tuple[float, float], *, rows: int = 1, **subplots: Any
) -> NDArray[Any]:
    """The axes given as an array of ``count``, or so many in a new figure."""
    if axes is None:
        columns = -(-count // rows)
        made = np.atleast_1d(_figure(size).subplots(rows, columns, **subplots)).ravel()
        for extra in made[count:]:
            extra.remove()
        return np.asarray(made[:count], dtype=object)
    flat = np.asarray(axes, dtype=object).ravel()
    if len(flat) != count:
        raise DataError(f"this plot needs {count} axes, got {len(flat)}.")
    return flat


def class_styles(n: int) -> Styles:
    """A colour and a marker for each of n classes.

    Examples
    --------
    >>> class_styles(2)
    [('#0072B2', 'o'), ('#D55E00', 'o')]
    >>> len(set(class_styles(56)))
    56
    """
    colours = (*PALETTE, YELLOW) if n == 8 else PALETTE
    return [(colours[i % len(colours)], MARKERS[i // len(colours) % len(MARKERS)]) for i in range(n)]


def legend(ax: Axes, **options: Any) -> None:
    """A legend beside the axes where the layout makes room for it, else inside them."""
    engine = ax.figure.get_layout_engine()
    if engine is not None and engine.adjust_compatible is False:
        options = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), **options}
    options["ncols"] = -(-len(ax.get_legend_handles_labels()[1]) // 14) or 1
    ax.legend(frameon=False, handletextpad=0.4, borderaxespad=0.3, **options)


def below(axes: Sequence[Any] | NDArray[Any], ax: Any, *, markerscale: float = 1.0) -> None:
    """One legend for several axes, under all of them; ``ax`` holds what it names."""
    handles, names = ax.get_legend_handles_labels()
    if not handles:
        return
    figure = ax.figure
    engine = figure.get_layout_engine()
    look = {"frameon": False, "markerscale": markerscale, "handletextpad": 0.4}
    if engine is not None and engine.adjust_compatible is False:
        figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 5), **look)
    else:
        axes[-1].legend(handles, names, **look)


def bare(ax: Axes) -> None:
    """No frame and no tick marks: for axes that hold rows of images."""
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def colour_bar(ax: Any, drawn: Any, label: str) -> None:
    """A colour bar beside the axes, as tall as they are."""
    if ax.name == "3d":
        ax.figure.colorbar(drawn, ax=ax, label=label, shrink=0.6, pad=0.12)
    else:
        ax.figure.colorbar(drawn, cax=ax.inset_axes((1.03, 0, 0.045, 1)), label=label)
