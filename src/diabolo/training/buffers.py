"""What modules keep beside parameters while they train, such as the running means of batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..model import Model
from .flat import under


class BufferKeeper:
    """The running statistics of a model in training, with safe copies beside those of its parameters.

    Parameters
    ----------
    model : Model
    frozen : sequence of str
        Prefixes of names: modules under them stay in evaluation mode, so that what they compute stays as it is.
    """

    def __init__(self, model: Model, frozen: Sequence[str]) -> None:
        self.model, self._prefixes = model, frozen
        self._find()
        first = self._copy()
        self.kept: dict[Literal["good", "pending", "best"], dict[str, Tensor]] = {
            "good": first,
            "pending": first,
            "best": first,
        }

    def _find(self) -> None:
        self.now = self.model.float_buffers()
        modules = dict(self.model.named_modules())
        self.frozen = [m for name, m in modules.items() if name and under(name, self._prefixes)]
        resting = {id(m) for m in self.frozen}
        self.norms: list[nn.Module] = [
            m for m in modules.values() if isinstance(m, _BatchNorm) and id(m) not in resting
        ]

    def follow(self) -> None:
        """Heed modules and statistics that were replaced: of what is new, the present stands for all copies."""
        self._find()
        for which, copy in self.kept.items():
            kept = {n: v for n, v in copy.items() if n in self.now and v.shape == self.now[n].shape}
            self.kept[which] = {n: v.clone() for n, v in self.now.items() if n not in kept} | kept

    def train(self) -> None:
        """Training mode, but for what is frozen."""
        self.model.train()
        for module in self.frozen:
            module.eval()

    def expect(self, rows: int) -> None:
        """Get ready for batches of so many rows: one row alone has no variance, so it takes the running one."""
        for norm in self.norms:
            norm.train(rows > 1)

    def advance(self) -> None:
        """What was pending is good, and the present is pending."""
        if self.now:
            self.kept["good"], self.kept["pending"] = self.kept["pending"], self._copy()

    def mark_best(self) -> None:
        """Keep the present as those of the best epoch."""
        if self.now:
            self.kept["best"] = self._copy()

    def restore(self, which: Literal["good", "pending", "best"]) -> None:
        """Go back to a kept copy."""
        with torch.no_grad():
            for name, value in self.kept[which].items():
                self.now[name].copy_(value)

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.now.items()}
