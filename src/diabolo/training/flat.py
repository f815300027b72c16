"""All parameters of a model as one flat, padded vector of numbers.

A model in a stack is one row of a matrix, so that an optimiser step, a checkpoint, a snapshot and a model
that leaves the stack are row operations.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..model import Model

# A segment starts at a multiple of 16 numbers, as aligned as a tensor of its own: kernels of products round by the
# alignment of what they are given, and a copy of a model must give the model's bits.
_PAD = 16
# Gradients of this many numbers are worth leaving where autograd put them.
_LARGE = 4096


@dataclass(frozen=True)
class Segment:
    """Where one parameter lies in the flat parameters."""

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def numbers(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def stop(self) -> int:
        """One past its last number."""
        return self.start + self.numbers

    @property
    def slice(self) -> slice:
        """Its place as a slice of the flat parameters."""
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
    """Where each parameter of a model lies in its flat parameters.

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
        """A copy of the parameters as a vector (size,), zeros between them."""
        parameters = dict(module.named_parameters())
        first = next(iter(parameters.values()))
        flat = torch.zeros(self.size, dtype=first.dtype, device=first.device)
        for s in self.segments:
            flat[s.start : s.stop] = parameters[s.name].detach().reshape(-1)
        return flat

    def views(self, flat: Tensor) -> list[Tensor]:
        """The parameters as views into flat parameters: (*models, size) to (*models, *shape) each."""
        return [
            flat[..., s.start : s.stop].unflatten(-1, s.shape) if s.shape else flat[..., s.start]
            for s in self.segments
        ]

    def bind(self, module: nn.Module, flat: Tensor) -> None:
        """Put parameters that are views into flat parameters in the module's place for them.

        They are new parameters: autograd remembers the shape of one that it has seen.
        """
        places: dict[int, list[str]] = {}
        for name, p in module.named_parameters(remove_duplicate=False):
            places.setdefault(id(p), []).append(name)
        # The first of the names of a parameter that layers share is its segment's.
        named = {names[0]: names for names in places.values()}
        for s, view in zip(self.segments, self.views(flat), strict=True):
            fresh = nn.Parameter(view)
            for path in named[s.name]:
                _put(module, path, fresh)
        if isinstance(module, Model):
            module.refresh()

    def rebind(self, module: nn.Module, flat: Tensor) -> None:
        """Make parameters that were replaced or moved views into the flat parameters again, which take their numbers.

        Raises
        ------
        SettingError
            If there are other parameters than those of the layout, or one has another shape, type or device.
        """
        views, moved = self.named(flat), False
        found = dict(module.named_parameters())
        if refused := _differences(found, views):
            # The model goes on to be used: it gets back what it had, where there is still a place for it.
            for name, view in views.items():
                # A module may be gone, or what it computes now may stand under the name.
                with suppress(AttributeError, KeyError):
                    _put(module, name, nn.Parameter(view))
            raise SettingError(f"a callback changed the model: {refused}.")
        for name, p in found.items():
            view = views[name]
            if p.data_ptr() != view.data_ptr() or p.stride() != view.stride():
                view.copy_(p.detach())
                p.data, moved = view, True
        if moved and isinstance(module, Model):
            module.refresh()

    def paced(self, paces: Mapping[str, float]) -> list[tuple[slice, float]]:
        """Where parameters lie that learn at a rate of their own, and how many times the others' it is."""
        return [(s.slice, paces[s.name]) for s in self.segments if s.name in paces]

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """The parameters by name, as views into flat parameters."""
        return dict(zip((s.name for s in self.segments), self.views(flat), strict=True))


def _put(module: nn.Module, path: str, p: nn.Parameter) -> None:
    owner, _, name = path.rpartition(".")
    holder = module.get_submodule(owner)
    if isinstance(holder, nn.ParameterDict):
        holder[name] = p
    else:
        setattr(holder, name, p)


def _differences(found: Mapping[str, Tensor], views: Mapping[str, Tensor]) -> str:
    """In what parameters cannot be taken over by views, in words; empty if they can."""
    if other := found.keys() ^ views.keys():
        name = min(other)
        return (
            f"its parameter {name} {'is not there any more' if name in views else 'is new'}, and a training goes on "
            "with the parameters that it began with. Change their numbers, or fit a new estimator"
        )
    for name, p in found.items():
        view = views[name]
        if (p.shape, p.dtype, p.device) != (view.shape, view.dtype, view.device):
            return (
                f"its parameter {name} has shape {tuple(p.shape)}, {p.dtype}, on {p.device}, and a training goes on as "
                f"it began, with shape {tuple(view.shape)}, {view.dtype}, on {view.device}"
            )
    return ""


class Gradient:
    """The gradient of flat parameters in pieces: large ones stay where autograd put them, others are copied together.

    Parameters
    ----------
    layout : Layout
    flat : Tensor
        Flat parameters: (*models, size).
    trained : collection of str
        Names of the parameters that have gradients; the others are in no piece, and in a stack zero.
    whole : bool
        One piece only, in :attr:`flat`.

    Attributes
    ----------
    flat : Tensor
        Like the flat parameters: where gradients are copied to.
    places : list of slice
        What each piece is the gradient of.
    """

    def __init__(self, layout: Layout, flat: Tensor, trained: Collection[str], *, whole: bool) -> None:
        self.flat = torch.zeros_like(flat)
        views = layout.named(self.flat)
        names = [s.name for s in layout.segments if s.name in trained]
        large = {s.name for s in layout.segments if not whole and s.numbers >= _LARGE} & set(names)
        self._copied = [i for i, name in enumerate(names) if name not in large]
        self._views = [views[names[i]] for i in self._copied]
        self.places, self._pieces, start = list[slice](), list[Tensor | int](), 0
        for s in layout.segments:
            # Pieces of several models are not contiguous, which the fused optimiser would not notice.
            if flat.dim() > 1 or (s.name in trained and s.name not in large):
                continue
            self._add(start, s.start)
            start = s.stop
            if s.name in large:
                self.places.append(s.slice)
                self._pieces.append(names.index(s.name))
        self._add(start, layout.size)

    def _add(self, start: int, stop: int) -> None:
        # What lies between parameters that are trained is zeros.
        if start < stop:
            self.places.append(slice(start, stop))
            self._pieces.append(self.flat[..., start:stop])

    def collect(self, grads: Sequence[Tensor]) -> list[Tensor]:
        """The pieces, contiguous, out of the gradients of the trained parameters in their order."""
        torch._foreach_copy_(self._views, [grads[i] for i in self._copied])
        return [grads[p].reshape(-1) if isinstance(p, int) else p for p in self._pieces]
