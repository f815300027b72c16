"""Plots of codes, images, losses and weights: arrays and an axes in, the axes out.

Every plot works for any model: a decoder is a callable from codes to rows, or an object with
``inverse_transform``; an encoder is a callable from rows to codes, or an object with ``transform``.
``PLOTS`` maps the name of each plot to its function. matplotlib is imported when a plot is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UnknownNameError
from .curves import code_histogram, loss_curves, loss_functions, metric_curve
from .images import decoder_grid, image_rows, interpolation, latent_traversal
from .maps import ab_map, encoder_map, map_3d, map_3d_interactive, map_and_grid
from .plane import encoder_difference, latent_line, plane_colour, points_and_reconstructions
from .sphere import sphere_grid, sphere_map, sphere_map_and_grid
from .style import PALETTE, class_styles, offscreen
from .weights import activation_histograms, components, unit_weights, weight_histograms

_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    encoder_map,
    decoder_grid,
    map_and_grid,
    sphere_map,
    sphere_grid,
    sphere_map_and_grid,
    map_3d,
    map_3d_interactive,
    ab_map,
    image_rows,
    loss_curves,
    loss_functions,
    plane_colour,
    latent_line,
    points_and_reconstructions,
    encoder_difference,
    code_histogram,
    weight_histograms,
    unit_weights,
    activation_histograms,
    components,
    metric_curve,
    latent_traversal,
    interpolation,
)


class _Plots(dict[str, Callable[..., Any]]):
    def __missing__(self, name: str) -> Callable[..., Any]:
        raise UnknownNameError("plot", name, self)


#: Every plot by name; an unknown name answers with the nearest match.
PLOTS: Mapping[str, Callable[..., Any]] = _Plots({f.__name__: f for f in _FUNCTIONS})

__all__ = [
    "PALETTE",
    "PLOTS",
    "ab_map",
    "activation_histograms",
    "class_styles",
    "code_histogram",
    "components",
    "decoder_grid",
    "encoder_difference",
    "encoder_map",
    "image_rows",
    "interpolation",
    "latent_line",
    "latent_traversal",
    "loss_curves",
    "loss_functions",
    "map_3d",
    "map_3d_interactive",
    "map_and_grid",
    "metric_curve",
    "offscreen",
    "plane_colour",
    "points_and_reconstructions",
    "sphere_grid",
    "sphere_map",
    "sphere_map_and_grid",
    "unit_weights",
    "weight_histograms",
]
