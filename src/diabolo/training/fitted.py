"""Trained models as values: their weights taken out, put back, and taken over by models of other parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.domain import Domain
from ..errors import SettingError, UnknownNameError
from ..model import Architecture, Model
from .member import Ended
from .row import Layout, under

Array = NDArray[np.floating]


def rebuild(
    parts: Architecture,
    domain: Domain,
    row: torch.Tensor,
    device: torch.device | str,
    statistics: Mapping[str, torch.Tensor] | None = None,
) -> Model:
    """A model from its parts, its row of parameters, and what its modules keep beside them (None: as built)."""
    model = Model(parts, domain, torch.Generator()).to(dtype=row.dtype)
    put_row(model, row, statistics)
    return model.to(device)


@dataclass(frozen=True)
class Kept:
    """All that a trained model is, to be built again from when it is needed.

    Attributes
    ----------
    parts : Architecture
    domain : Domain
    row : Tensor, shape (size,)
        Its parameters.
    statistics : mapping of str to Tensor
        What its modules keep beside parameters.
    """

    parts: Architecture
    domain: Domain
    row: torch.Tensor
    statistics: Mapping[str, torch.Tensor]

    def rebuild(self) -> Model:
        """The model, on the device of its row."""
        return rebuild(self.parts, self.domain, self.row, self.row.device, self.statistics)

    def to(self, device: str) -> Kept:
        """The same on another device."""
        statistics = {name: value.to(device) for name, value in self.statistics.items()}
        return Kept(self.parts, self.domain, self.row.to(device), statistics)

    def __getstate__(self) -> tuple[Any, ...]:
        statistics = {name: value.numpy() for name, value in self.statistics.items()}
        return self.parts, self.domain, self.row.numpy(), statistics

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        parts, domain, row, statistics = state
        tensors = {name: torch.from_numpy(value.copy()) for name, value in statistics.items()}
        values = (parts, domain, torch.from_numpy(row.copy()), tensors)
        for f, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, f.name, value)


@dataclass(frozen=True)
class Trained:
    """What a fit takes over of a model that was trained elsewhere.

    Attributes
    ----------
    ended : Ended
        With the row of parameters.
    codes : array of shape (rows kept, dim)
    n_threads : int
        Threads that it computes with.
    seconds : float
        Its share of the time that its stack took.
    """

    ended: Ended
    codes: Array
    n_threads: int
    seconds: float


def count_parameters(model: Model) -> int:
    """How many numbers a model learns."""
    return sum(p.numel() for p in model.parameters())


def put_row(model: Model, row: torch.Tensor, statistics: Mapping[str, torch.Tensor] | None = None) -> None:
    """Give a model the parameters that are views into a row, and what its modules keep; train them no more."""
    Layout.of(model).bind(model, row)
    for p in model.parameters():
        p.requires_grad_(False)
    if statistics is not None:
        for name, value in model.statistics().items():
            value.copy_(statistics[name])


def take_over(old: Model, parts: Architecture, fresh: torch.Generator, reset: Sequence[str]) -> Model:
    """A model of these parts with the weights that an old one has learnt, but for what starts anew.

    Raises
    ------
    SettingError
        If a parameter that does not start anew has no match in the old model.
    """
    like = next(old.parameters())
    model = Model(parts, old.domain, fresh).to(device=like.device, dtype=like.dtype)
    learnt, kept = dict(old.named_parameters()), old.statistics()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if under(name, reset) or (name.startswith("learnt.") and name not in learnt):
                continue
            if name not in learnt or learnt[name].shape != p.shape:
                found = tuple(learnt[name].shape) if name in learnt else "no such parameter"
                raise SettingError(
                    f"fine_tune: {name} of the parts as they are set now has shape {tuple(p.shape)}, the learnt "
                    f"model has {found}; reset that part, or set the parts as they were."
                )
            p.copy_(learnt[name])
        for name, value in model.statistics().items():
            if name in kept and not under(name, reset):
                value.copy_(kept[name])
    return model


def require_parameters(model: Model, what: str, prefixes: str | Sequence[str]) -> tuple[str, ...]:
    """Prefixes of names of parameters to "freeze" or "reset", each of which there is.

    Raises
    ------
    UnknownNameError
        If no parameter has such a name.
    SettingError
        If everything would be frozen.
    """
    prefixes = (prefixes,) if isinstance(prefixes, str) else tuple(prefixes)
    names = [name for name, _ in model.named_parameters()]
    for prefix in prefixes:
        if not any(under(name, (prefix,)) for name in names):
            raise UnknownNameError(f"parameter to {what}", prefix, {n.partition(".")[0] for n in names})
    if what == "freeze" and all(under(name, prefixes) for name in names):
        raise SettingError(f"freeze={list(prefixes)} freezes every parameter; leave one to train.")
    return prefixes
