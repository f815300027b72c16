"""Models that are each fitted without one fold of the rows: what they leave of rows that they have not seen.

A committee gives ``residuals`` of shape (members, rows, features), in the units of the rows. The small
networks of :class:`LinearStart` train in one stack, by a loop that is shorter than what a study would need to be told:
five members, one learning rate, and each judged on the rows that it left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
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

STEPS, BATCH, RATE, WARMUP, AVERAGE = 2000, 64, 3e-3, 100, 0.99
# How often members are judged on the fold that they left out, and on how many of its rows at most.
EVERY, JUDGED = 200, 512
# The share of the variance that the autoencoder's codes explain at the start, and its input's noise.
EXPLAINED, NOISE = 0.9, 0.1


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


class LinearStart:
    """Small autoencoders that start at the principal components of their rows, and train on what these leave.

    Each keeps the weights, averaged over steps, that were best on the rows that it does not see.

    Parameters
    ----------
    rows : array of shape (rows, features)
        Standardised.
    of : array of int of shape (rows,)
        The member that does not see a row.
    count : int
        Members.
    seed : int
        Decides the first weights, the batches and the noise.
    steps : int
        Batches.
    """

    def __init__(self, rows: Float, of: NDArray[np.intp], count: int, seed: int, steps: int) -> None:
        rng, given = generator(seed, "autoencoder"), torch.from_numpy(rows).float()
        own = [given[of != member] for member in range(count)]
        starts = [_principal(seen) for seen in own]
        features, dim = given.shape[1], max(len(axes) for axes, _, _ in starts)
        self.mean = torch.stack([mean for _, _, mean in starts])[:, None]
        self.axes, self.scale = torch.zeros(count, dim, features), torch.ones(count, 1, dim)
        for m, (axes, scale, _) in enumerate(starts):
            self.axes[m, : len(axes)], self.scale[m, 0, : len(axes)] = axes, scale
        hidden = min(256, max(64, 2 * features))
        encoder = _layers((features, hidden, hidden, dim), count, rng)
        self.layers = encoder + _layers((dim, hidden, hidden, features), count, rng)
        judged = min(JUDGED, *np.bincount(of, minlength=count))
        left_out = torch.stack([given[of == member][:judged] for member in range(count)])

        def loss(layers: list[Tensor]) -> Tensor:
            x = torch.stack([seen[torch.randint(len(seen), (BATCH,), generator=rng)] for seen in own])
            noisy = x + NOISE * torch.randn(x.shape, generator=rng)
            return (self._rebuild(noisy, layers) - x).square().mean((-2, -1)).sum()

        def judge(layers: list[Tensor]) -> Tensor:
            return (self._rebuild(left_out, layers) - left_out).square().mean((-2, -1))

        if dim:
            self.layers = _fit(self.layers, loss, judge, steps)
        self.layers = [layer.double() for layer in self.layers]
        self.mean, self.axes, self.scale = self.mean.double(), self.axes.double(), self.scale.double()

    def _rebuild(self, x: Tensor, layers: list[Tensor]) -> Tensor:
        x = x - self.mean
        if self.axes.shape[1] == 0:
            return self.mean.expand_as(x)
        half = len(layers) // 2
        code = x @ self.axes.mT / self.scale + _apply(layers[:half], x)
        return self.mean + (code * self.scale) @ self.axes + _apply(layers[half:], code)

    def residuals(self, rows: Float) -> Float:
        """What each member's reconstruction of rows (rows, features) leaves: (members, rows, features)."""
        x = torch.from_numpy(rows).expand(len(self.axes), *rows.shape)
        return np.asarray((x - self._rebuild(x, self.layers)).numpy())


def _layers(sizes: tuple[int, ...], members: int, rng: torch.Generator) -> list[Tensor]:
    """Weights (members, in, out) and biases (members, 1, out) in turns; those of the last layer are zero."""
    made = []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        scale = 0.0 if i == len(sizes) - 2 else max(1, a) ** -0.5
        made += [torch.randn(members, a, b, generator=rng) * scale, torch.zeros(members, 1, b)]
    return made


def _apply(layers: list[Tensor], x: Tensor) -> Tensor:
    for i in range(0, len(layers), 2):
        x = torch.baddbmm(layers[i + 1], functional.silu(x) if i else x, layers[i])
    return x


def _fit(
    params: list[Tensor],
    loss: Callable[[list[Tensor]], Tensor],
    judge: Callable[[list[Tensor]], Tensor],
    steps: int,
) -> list[Tensor]:
    """Train all members at once by AdamW; their averaged weights where each judged best."""
    average, best = ([p.clone() for p in params] for _ in range(2))
    least = judge(params)
    params = [p.requires_grad_() for p in params]
    optimizer = torch.optim.AdamW(params, lr=RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    for step in range(1, steps + 1):
        decayed = RATE * min(1.0, step / WARMUP) * 0.5 * (1 + np.cos(np.pi * step / steps))
        optimizer.param_groups[0]["lr"] = decayed
        optimizer.zero_grad()
        loss(params).backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, params, 1 - min(AVERAGE, step / (step + 10)))
            if step % EVERY == 0:
                found = judge(average)
                better = found < least
                for b, a in zip(best, average, strict=True):
                    b[better] = a[better]
                least = torch.where(better, found, least)
    return best


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
