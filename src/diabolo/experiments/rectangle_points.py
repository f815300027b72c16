"""A curve through all of n points of the rectangle: the smallest network of a ladder that learns it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plots
from ..datasets import make_rectangle
from ..estimator.autoencoder import Autoencoder
from ..metrics import mse
from ..networks import MLP
from .context import ExperimentContext
from .course import autoencoder, several

Array = NDArray[np.floating]

_SETTLED = 1e-4
_LADDER = ((10,), (20, 20), (50, 50), (100, 100), (100,) * 3, (200,) * 3, (200,) * 5)


def points(context: ExperimentContext) -> Array:
    """The 100 points of the exercise."""

    def make() -> Array:
        return make_rectangle(100, random_state=context.seed)[0].astype(np.float32)

    return context.once("rectangle", make)


def through_points(context: ExperimentContext) -> None:
    """A curve through all n points: the smallest network of a ladder that learns it."""
    found = _smallest(context)
    for n, (ae, _, error) in found.items():
        weights = sum(p.numel() for p in ae.module_.parameters())
        context.measure(f"{n} points: training error", error, "squared units a feature")
        context.measure(f"{n} points: parameters of {list(ae.encoder.sizes)}", weights)
    reached = [n for n, (_, _, error) in found.items() if error < _SETTLED]
    context.state(
        "A curve through all points is found for every number of points tried (error below 1e-4).",
        len(reached) == len(found),
        most_points_reached=max(reached, default=0),
        points_tried=max(found),
    )
    context.draw(
        "curves",
        "A curve through n points",
        f"The line reaches all points up to n = {max(reached, default=0)} with an error below 1e-4; the networks "
        "drawn are the smallest of the ladder that do, or the best of it.",
        lambda: several(
            {
                f"n = {n}, hidden {list(ae.encoder.sizes)}": _curve_through(ae, X)
                for n, (ae, X, _) in found.items()
            },
            size=(4.8, 2.5),
        ),
    )


def _smallest(context: ExperimentContext) -> dict[int, tuple[Autoencoder, Array, float]]:
    """For each number of points the smallest network that learns them, or the best; the points, and the error."""
    found: dict[int, tuple[Autoencoder, Array, float]] = {}
    ladder = context.choose(_LADDER[:2], _LADDER)
    for n in context.choose((5, 10), (5, 10, 20, 50, 100)):
        X = points(context)[:n]
        for rung, hidden in enumerate(ladder):
            ae = autoencoder(
                context,
                1,
                MLP(hidden),
                epochs=context.choose(400, 20_000),
                batch_size=None,
                lr=context.choose(3e-3, 1e-3),
                schedule="one_cycle",
            ).fit(X)
            error = mse(X, ae.reconstruct(X))
            if n not in found or error < found[n][2]:
                found[n] = (ae, X, error)
            if error < _SETTLED:
                # The points are among those of the next n: a network too small for them is too small for those.
                ladder = ladder[rung:]
                break
    return found


def _curve_through(ae: Autoencoder, X: Array) -> Any:
    codes = ae.transform(X)
    return lambda ax: plots.latent_line(ae, codes.min(), codes.max(), X=X, n=2000, ax=ax)
