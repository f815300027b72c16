"""All parameters of a model as one padded row of numbers.

A model in a stack is one row of a matrix, so that an optimiser step, a checkpoint, a snapshot and a model
that leaves the stack are row operations. Segments are padded to 16 numbers: vectorised loops treat their
tails otherwise, and a model in a stack must equal the model alone to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..model import Model

_PAD = 16


@dataclass(frozen=True)
class Segment:
    """Where one parameter lies in the row."""

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def stop(self) -> int:
        """One past its last number."""
        return self.start + math.prod(self.shape)

    @property
    def slice(self) -> slice:
        """Its place as a slice of the row."""
        return slice(self.start, self.stop)


def under(name: str, prefixes: Sequence[str]) -> bool:
    """Whether a parameter is, or belongs to, one of the parts named.

    Examples
    --------
    >>> under("encoder.layers.10.weight", ["encoder.layers.1"]), under("decoder.bias", ["decoder"])
    (False, True)
    """
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@dataclass(frozen=True)
class Layout:
    """Where each parameter of a model lies in its row.

    Examples
    --------
    >>> from torch import nn
    >>> Layout.of(nn.Linear(3, 2)).size
    32
    """

    segments: tuple[Segment, ...]
    size: int

    @classmethod
    def of(cls, module: nn.Module) -> Layout:
        """The layout of a single model's parameters, in their order."""
        segments, start = [], 0
        for name, p in module.named_parameters():
            segments.append(Segment(name, tuple(p.shape), start))
            start += math.ceil(p.numel() / _PAD) * _PAD
        return cls(tuple(segments), start)

    def flatten(self, module: nn.Module) -> Tensor:
        """A copy of the parameters as a row (size,), zeros between them."""
        parameters = dict(module.named_parameters())
        first = next(iter(parameters.values()))
        row = torch.zeros(self.size, dtype=first.dtype, device=first.device)
        for s in self.segments:
            row[s.start : s.stop] = parameters[s.name].detach().reshape(-1)
        return row

    def views(self, row: Tensor) -> list[Tensor]:
        """The parameters as views into a row or rows: (*models, size) to (*models, *shape) each."""
        return [
            row[..., s.start : s.stop].unflatten(-1, s.shape) if s.shape else row[..., s.start]
            for s in self.segments
        ]

    def bind(self, module: nn.Module, row: Tensor) -> None:
        """Put parameters that are views into a row or rows in the module's place for them.

        They are new parameters: autograd remembers the shape of one that it has seen.
        """
        places: dict[int, list[str]] = {}
        for name, p in module.named_parameters(remove_duplicate=False):
            places.setdefault(id(p), []).append(name)
        # The first of the names of a parameter that layers share is its segment's.
        named = {names[0]: names for names in places.values()}
        for s, view in zip(self.segments, self.views(row), strict=True):
            fresh = nn.Parameter(view)
            for path in named[s.name]:
                owner, _, name = path.rpartition(".")
                holder = module.get_submodule(owner)
                if isinstance(holder, nn.ParameterDict):
                    holder[name] = fresh
                else:
                    setattr(holder, name, fresh)
        if isinstance(module, Model):
            module.refresh()

    def named(self, row: Tensor) -> dict[str, Tensor]:
        """The parameters by name, as views into a row or rows."""
        return dict(zip((s.name for s in self.segments), self.views(row), strict=True))
