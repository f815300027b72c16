"""Models that are each fitted without one fold of the rows: what they leave of rows that they have not seen.

A committee gives ``residuals`` of shape (members, rows, features), in the units of the rows. The small
networks of :class:`LinearStart` train in one stack, by a loop that is shorter than what a study would need to be told:
five members, one learning rate, and each judged on the rows that it left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from torch import Tensor
from torch.nn import functional

from ..data.columns import expected_outside
from ..data.rng import generator

Float = NDArray[np.float64]
Layers = list[tuple[Tensor, Tensor]]

STEPS, BATCH, RATE, WARMUP, AVERAGE = 2000, 64, 3e-3, 100, 0.99
# How often members are judged on the fold that they left out, and on how many of its rows at most.
EVERY, JUDGED = 200, 512
# The share of the variance that the autoencoder's codes explain at the start, and its input's noise.
EXPLAINED, NOISE = 0.9, 0.1


@dataclass(frozen=True)
class Folds:
    """Which rows each member leaves out.

    Attributes
    ----------
    rows : Tensor of shape (rows, features)
        Standardised.
    of : array of int of shape (rows,)
        The member that has not seen a row.
    count : int
    """

    rows: Tensor
    of: NDArray[np.intp]
    count: int

    def seen(self, member: int) -> Tensor:
        """The rows that a member trains on."""
        return self.rows[self.of != member]

    def drawer(self, rng: torch.Generator) -> Callable[[], Tensor]:
        """What gives a batch for each member: (members, BATCH, features)."""
        own = [self.seen(m) for m in range(self.count)]

        def draw() -> Tensor:
            return torch.stack([rows[torch.randint(len(rows), (BATCH,), generator=rng)] for rows in own])

        return draw

    def left_out(self) -> Tensor:
        """Rows that members are judged on, as many for each: (members, rows, features)."""
        own = [self.rows[self.of == m] for m in range(self.count)]
        n = min(JUDGED, *(len(rows) for rows in own))
        return torch.stack([rows[:n] for rows in own])


class Refitted:
    """Clones of an estimator that reconstructs, each fitted to the rows outside a fold.

    Parameters
    ----------
    estimator : estimator
        With ``reconstruct``, or ``transform`` and ``inverse_transform``.
    rows : array of shape (rows, features)
    of : array of int of shape (rows,)
        The member that does not see a row.
    count : int
        Members.
    """

    def __init__(self, estimator: Any, rows: Float, of: NDArray[np.intp], count: int) -> None:
        self.members = [clone(estimator).fit(rows[of != member]) for member in range(count)]

    def residuals(self, rows: Float) -> Float:
        """What each member's reconstruction of rows (rows, features) leaves: (members, rows, features)."""
        with expected_outside():
            return np.stack([rows - reconstructed(member, rows) for member in self.members])


def reconstructed(model: Any, rows: Float) -> Float:
    """Rows as a fitted model gives them back, in float64: a float32 sum would depend on the order of rows."""
    if hasattr(model, "reconstruct"):
        return np.asarray(model.reconstruct(rows), dtype=np.float64)
    return np.asarray(model.inverse_transform(model.transform(rows)), dtype=np.float64)


def _hidden(features: int) -> int:
    return min(256, max(64, 2 * features))


def _layers(sizes: tuple[int, ...], members: int, rng: torch.Generator) -> Layers:
    """Weights (members, in, out) and biases (members, 1, out); those of the last layer are zero."""
    made = []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        scale = 0.0 if i == len(sizes) - 2 else max(1, a) ** -0.5
        made.append((torch.randn(members, a, b, generator=rng) * scale, torch.zeros(members, 1, b)))
    return made


def _apply(layers: Layers, x: Tensor) -> Tensor:
    for i, (weight, bias) in enumerate(layers):
        x = torch.baddbmm(bias, functional.silu(x) if i else x, weight)
    return x


def _fit(params: list[Tensor], loss: Callable[[], Tensor], judge: Callable[[], Tensor], steps: int) -> None:
    """Train all members at once by AdamW with a moving average; each ends where it judged best, in place."""
    for p in params:
        p.requires_grad_()
    optimizer = torch.optim.AdamW(params, lr=RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average, best = ([p.detach().clone() for p in params] for _ in range(2))
    with torch.no_grad():
        least = judge()
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = (
            RATE * min(1.0, step / WARMUP) * 0.5 * (1 + np.cos(np.pi * step / steps))
        )
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, params, 1 - min(AVERAGE, step / (step + 10)))
            if step % EVERY == 0:
                least = _keep_better(params, average, best, judge, least)
    with torch.no_grad():
        for p, b in zip(params, best, strict=True):
            p.copy_(b)
            p.requires_grad_(False)


def _keep_better(
    params: list[Tensor],
    average: list[Tensor],
    best: list[Tensor],
    judge: Callable[[], Tensor],
    least: Tensor,
) -> Tensor:
    """Judge the averaged weights in the place of the trained ones, and keep those of the members that improved."""
    trained = [p.detach().clone() for p in params]
    for p, a in zip(params, average, strict=True):
        p.copy_(a)
    found = judge()
    better = found < least
    for b, a in zip(best, average, strict=True):
        b[better] = a[better]
    for p, t in zip(params, trained, strict=True):
        p.copy_(t)
    return torch.where(better, found, least)


class LinearStart:
    """Autoencoders that start at the principal components of their rows, and train on what these leave."""

    def __init__(self, folds: Folds, seed: int, steps: int) -> None:
        rng = generator(seed, "autoencoder")
        features, members = folds.rows.shape[1], folds.count
        starts = [_principal(folds.seen(m)) for m in range(members)]
        dim = max(len(s) for s, _, _ in starts)
        self.mean = torch.stack([mean for _, _, mean in starts])[:, None]
        self.axes, self.scale = torch.zeros(members, dim, features), torch.ones(members, 1, dim)
        for m, (axes, scale, _) in enumerate(starts):
            self.axes[m, : len(axes)], self.scale[m, 0, : len(axes)] = axes, scale
        hidden = _hidden(features)
        self.encoder = _layers((features, hidden, hidden, dim), members, rng)
        self.decoder = _layers((dim, hidden, hidden, features), members, rng)
        draw, left_out = folds.drawer(rng), folds.left_out()

        def loss() -> Tensor:
            x = draw()
            noisy = x + NOISE * torch.randn(x.shape, generator=rng)
            return (self._rebuild(noisy) - x).square().mean((-2, -1)).sum()

        def judge() -> Tensor:
            return (self._rebuild(left_out) - left_out).square().mean((-2, -1))

        if dim:
            _fit([t for pair in self.encoder + self.decoder for t in pair], loss, judge, steps)
        self.encoder, self.decoder = _double(self.encoder), _double(self.decoder)
        self.mean, self.axes, self.scale = self.mean.double(), self.axes.double(), self.scale.double()

    def _rebuild(self, x: Tensor) -> Tensor:
        x = x - self.mean
        if self.axes.shape[1] == 0:
            return self.mean.expand_as(x)
        code = x @ self.axes.mT / self.scale + _apply(self.encoder, x)
        return self.mean + (code * self.scale) @ self.axes + _apply(self.decoder, code)

    def residuals(self, rows: Float) -> Float:
        """What each member's reconstruction of rows (rows, features) leaves: (members, rows, features)."""
        with torch.no_grad():
            x = torch.from_numpy(rows).expand(len(self.axes), *rows.shape)
            return np.asarray((x - self._rebuild(x)).numpy())


def _double(layers: Layers) -> Layers:
    return [(weight.detach().double(), bias.detach().double()) for weight, bias in layers]


def _principal(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Axes (dim, features) that explain enough of the variance but not all, the codes' spread, and the mean."""
    mean = rows.double().mean(0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov((rows.double() - mean).numpy().T, bias=True)))
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    total = values.sum()
    most = min(len(values) - 1, len(rows) - 1, int((values > 1e-9 * total).sum()))
    dim = min(most, int(np.searchsorted(np.cumsum(values), EXPLAINED * total)) + 1) if total > 0 else 0
    axes = torch.from_numpy(vectors[:, :dim].T.copy()).float()
    return axes, torch.from_numpy(np.sqrt(values[:dim])).float(), mean.float()
