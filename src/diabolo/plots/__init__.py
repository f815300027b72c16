"""Plots of codes, images, losses and weights: arrays and an axes in, the axes out.

Every plot works for any model: a decoder is a callable from codes to rows, or an object with
``inverse_transform``; an encoder is a callable from rows to codes, or an object with ``transform``.
``PLOTS`` maps the name of each plot to its function. matplotlib is imported when a plot is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError
from . import curves, images, maps, plane, sphere, weights
from .curves import *  # noqa: F403
from .images import *  # noqa: F403
from .maps import *  # noqa: F403
from .plane import *  # noqa: F403
from .sphere import *  # noqa: F403
from .style import PALETTE as PALETTE
from .style import class_styles as class_styles
from .style import offscreen as offscreen
from .weights import *  # noqa: F403


class _Plots(dict[str, Callable[..., Any]]):
    def __missing__(self, name: str) -> Callable[..., Any]:
        raise UnknownNameError("plot", name, self)


#: Every plot by name; an unknown name answers with the nearest match.
PLOTS: Mapping[str, Callable[..., Any]] = _Plots(
    {name: getattr(m, name) for m in (maps, images, sphere, plane, curves, weights) for name in m.__all__}
)

if not TYPE_CHECKING:
    __all__ = ["PALETTE", "PLOTS", "class_styles", "offscreen", *PLOTS]
