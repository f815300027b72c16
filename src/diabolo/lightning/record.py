"""The course of a training as ``history_`` keeps it, and what guards the weights, under another's loop."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..model import Model
from ..objective import RECONSTRUCTION, TOTAL
from ..training.flat import Layout
from ..training.history import History


class Record:
    """The steps of the running epoch: terms of each, and how many rows it had.

    Parameters
    ----------
    names : sequence of str
        The total and the terms.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.waiting: list[Tensor] = []
        self.seen: list[Tensor] = []
        self.sizes: list[float] = []

    @property
    def taken(self) -> int:
        """Steps that have been added up over processes."""
        return sum(len(steps) for steps in self.seen)

    def add(self, loss: Tensor, values: Mapping[str, Tensor], share: float, size: float) -> None:
        """Note a process's part of a step; nothing is synchronised with the device."""
        self.waiting.append(torch.stack([v.detach() for v in (loss, *values.values())]) * share)
        self.sizes.append(size)

    def take(self, whole: Tensor) -> None:
        """Take in the waiting steps, added up over processes: (steps, names)."""
        self.waiting.clear()
        self.seen.append(whole.detach().cpu())

    def finish(self, history: History, epoch: int) -> dict[str, float]:
        """Write the steps into a history; the means over the rows of the epoch, with its number from 1."""
        steps = torch.cat(self.seen)
        history.extend_steps({name: steps[:, j].float().numpy() for j, name in enumerate(self.names)})
        counts = np.array(self.sizes, np.float64)[:, None]
        means = (steps.double().numpy() * counts).sum(0) / counts.sum()
        self.seen, self.sizes = [], []
        return {"epoch": epoch} | dict(zip(self.names, means.tolist(), strict=True))

    def state(self) -> dict[str, Any]:
        """What a checkpoint in the middle of an epoch needs."""
        return {"seen": torch.cat(self.seen) if self.seen else None, "sizes": list(self.sizes)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.seen = [] if state["seen"] is None else [state["seen"]]
        self.sizes = [float(n) for n in state["sizes"]]


class Guard:
    """Copies of weights that have given a finite loss."""

    def __init__(self, model: Model) -> None:
        self.model, self.layout = model, Layout.of(model)
        self.good = self.pending = self.layout.flatten(model)

    def look(self, whole: Tensor) -> int | None:
        """The first of the steps (steps, names) that failed, after going back to good weights; None if none did."""
        finite = torch.isfinite(whole).all(-1)
        now = self.layout.flatten(self.model)
        if bool(finite.all()) and bool(torch.isfinite(now).all()):
            # The pending weights gave these losses; what is reached now is still to be proved.
            self.good, self.pending = self.pending, now
            return None
        bad = len(whole) - 1 if bool(finite.all()) else int((~finite).nonzero()[0])
        put_weights(self.model, self.pending if bad > 0 else self.good)
        return bad


def put_weights(model: Model, flat: Tensor) -> None:
    """Copy a row of parameters into a model."""
    named = Layout.of(model).named(flat)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(named[name])


def divergence(names: Sequence[str], values: Sequence[float], where: str, lr: float) -> str:
    """What to tell a person whose training diverged."""
    broken = [n for n, v in zip(names, values, strict=True) if not math.isfinite(v)]
    term = next((n for n in broken if n != TOTAL), TOTAL)
    what = f"the term {term!r} became {values[list(names).index(term)]}"
    what = what if broken else "the weights became NaN or infinite"
    return (
        f"{what} in {where}. Training stopped with the last good "
        f"weights. Lower the learning rate (training.lr is {lr:g}), clip the gradient "
        "(Trainer(gradient_clip_val=...)), or look for extreme values in the data."
    )


def epoch_line(
    means: Mapping[str, float], weights: Mapping[str, float], lr: float, judged: Mapping[str, float]
) -> dict[str, float]:
    """One line of the epochs of a history."""
    line = dict(means) | {f"weight_{name}": w for name, w in weights.items() if name != RECONSTRUCTION}
    return line | {"lr": lr} | {f"val_{name}": value for name, value in judged.items()}
