"""Points coloured by label, drawn as markers or as the label's text; in the plane and in space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .inputs import Array
from .style import BLUE, HOLLOW, SEQUENTIAL, class_styles, colour_bar

__all__ = ["draw_points", "is_continuous"]

# A numeric label with more distinct values than this is drawn on a colour scale.
_MOST_CLASSES = 20
# Above this many points a vector file would be slow to open.
_VECTOR_POINTS = 5000


def is_continuous(y: NDArray[Any] | None) -> bool:
    """Whether labels are a quantity: numbers with more than 20 distinct values."""
    return y is not None and y.dtype.kind in "iuf" and len(np.unique(y)) > _MOST_CLASSES


def draw_points(ax: Any, points: Array, y: NDArray[Any] | None, *, text: bool = False) -> bool:
    """Scatter points (n, 2) or (n, 3): one collection a class, or one with a colour scale.

    Returns whether a legend has to say which class is which.
    """
    n = len(points)
    common: dict[str, Any] = {
        "linewidths": 0,
        "alpha": 0.85 if n <= _VECTOR_POINTS else 0.5,
        "rasterized": n > _VECTOR_POINTS,
    }
    size = float(np.clip(12000 / n, 2, 26))
    if y is None:
        ax.scatter(*points.T, s=size, color=BLUE, **common)
        return False
    if is_continuous(y):
        drawn = ax.scatter(*points.T, s=size, c=y.astype(float), cmap=SEQUENTIAL, **common)
        colour_bar(ax, drawn, "y")
        return False
    if text:
        ax.margins(0.1)
    classes = np.unique(y)
    for label, (colour, marker) in zip(classes, class_styles(len(classes)), strict=True):
        shape: Any = marker
        area = size
        if text:
            shape, area = text_marker(str(label), _text_points(n), marker)
        elif marker in HOLLOW:
            look = {**common, "linewidths": 0.7, "facecolors": "none", "edgecolors": colour}
            ax.scatter(*points[y == label].T, s=1.6 * size, marker=marker, label=str(label), **look)
            continue
        ax.scatter(*points[y == label].T, s=area, color=colour, marker=shape, label=str(label), **common)
    return not text


def _text_points(n: int) -> float:
    """Height of the text in points: smaller where there are more."""
    return float(np.clip(90 / n**0.36, 5, 11))


def text_marker(label: str, height: float, otherwise: str) -> tuple[Any, float]:
    """A marker in the shape of a text of a given font size in points, and the ``s`` that keeps that size.

    Markers are quick where thousands of text objects are not. matplotlib scales a marker so that its
    farthest point is half of sqrt(s) from its centre; ``s`` undoes it.
    """
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    if not label.strip():
        return otherwise, height**2 / 4
    path = TextPath((0, 0), label.replace("$", r"\$"), size=height)
    low, high = path.vertices.min(axis=0), path.vertices.max(axis=0)
    vertices = path.vertices - (low + high) / 2
    return Path(vertices, path.codes), float(2 * np.abs(vertices).max()) ** 2
