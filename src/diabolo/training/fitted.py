"""What a fit has learnt as one value, and models built from it or taken over by other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.domain import Domain
from ..data.scaling import Scaler
from ..data.schema import Schema
from ..errors import SettingError, UnknownNameError
from ..model import FIXED, Architecture, Model
from .flat import Layout, under
from .history import History

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Fitted:
    """All that a fit has learnt, as one value: what is saved, what processes send, and what an estimator takes over.

    Attributes
    ----------
    parts : Architecture
    domain : Domain
    scaler : Scaler
    parameters : Tensor, shape (size,)
        All of the model's, flat, as :class:`~diabolo.training.flat.Layout` lays them.
    buffers : mapping of str to Tensor
        What modules keep beside parameters, such as running means.
    history : History
    status : str
        "finished", "early_stopped", "stopped", "interrupted" or "diverged".
    message : str
        What happened, where the status is "diverged"; else empty.
    seed : int
        What ``random_state`` came to.
    n_threads : int
        Threads that it computes with.
    codes : array of shape (rows kept, dim)
        Codes of training rows.
    moments : dict of str to Tensor, or None
        The optimiser's state, to go on with; None after a divergence, and in what was saved.
    feature_names : tuple of str, or None
        None where the data had no names.
    schema : Schema or None
        How frames become the features, where they are not numbers already.
    """

    parts: Architecture
    domain: Domain
    scaler: Scaler
    parameters: torch.Tensor
    buffers: Mapping[str, torch.Tensor]
    history: History
    status: str
    message: str
    seed: int
    n_threads: int
    codes: Array
    moments: dict[str, torch.Tensor] | None = None
    feature_names: tuple[str, ...] | None = None
    schema: Schema | None = None

    @property
    def n_epochs(self) -> int:
        """Epochs trained."""
        return len(self.history)

    def model(self) -> Model:
        """The trained network, on the device of its parameters."""
        return build_model(self.parts, self.domain, self.parameters, self.buffers)

    def to(self, device: str) -> Fitted:
        """The same on another device."""
        moved = {name: _each(getattr(self, name), lambda t: t.to(device)) for name in _TENSORS}
        return replace(self, **moved)

    def __getstate__(self) -> dict[str, Any]:
        # Arrays are sent between processes many times faster than tensors are.
        return vars(self) | {name: _each(getattr(self, name), lambda t: t.cpu().numpy()) for name in _TENSORS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        tensors = {name: _each(state[name], lambda a: torch.from_numpy(a.copy())) for name in _TENSORS}
        vars(self).update(state | tensors)


_TENSORS = ("parameters", "buffers", "moments")


def _each(value: Any, function: Callable[[Any], Any]) -> Any:
    """A function of a tensor, or of each in a mapping; None stays None."""
    if isinstance(value, Mapping):
        return {name: function(item) for name, item in value.items()}
    return None if value is None else function(value)


def build_model(
    parts: Architecture,
    domain: Domain,
    parameters: torch.Tensor,
    buffers: Mapping[str, torch.Tensor] | None = None,
) -> Model:
    """A model of flat parameters, on their device, that is trained no more; buffers None: as they are built."""
    model = Model(parts, domain, torch.Generator()).to(dtype=parameters.dtype, device=parameters.device)
    put_parameters(model, parameters, buffers)
    return model


def count_parameters(model: Model) -> int:
    """How many numbers a model learns."""
    return sum(p.numel() for p in model.parameters())


def put_parameters(
    model: Model, parameters: torch.Tensor, buffers: Mapping[str, torch.Tensor] | None = None
) -> None:
    """Give a model flat parameters, of which its own become views, and buffers; it is trained no more."""
    Layout.of(model).bind(model, parameters)
    for p in model.parameters():
        p.requires_grad_(False)
    if buffers is not None:
        for name, value in model.float_buffers().items():
            value.copy_(buffers[name])


def transfer(old: Model, parts: Architecture, fresh: torch.Generator, reset: Sequence[str]) -> Model:
    """A model of these parts with the weights that an old one has learnt, but for what starts anew.

    Raises
    ------
    SettingError
        If a parameter that does not start anew has no match in the old model.
    """
    model = Model(parts, old.domain, fresh).to(device=old.device, dtype=old.dtype)
    learnt, kept = dict(old.named_parameters()), old.float_buffers()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if under(name, reset) or (name.startswith("components.") and name not in learnt):
                continue
            if name not in learnt or learnt[name].shape != p.shape:
                found = tuple(learnt[name].shape) if name in learnt else "no such parameter"
                raise SettingError(
                    f"fine_tune: {name} of the parts as they are set now has shape {tuple(p.shape)}, the learnt "
                    f"model has {found}; reset that part, or set the parts as they were."
                )
            p.copy_(learnt[name])
        for name, value in model.float_buffers().items():
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
    names = [name for name, _ in model.named_parameters() if not under(name, FIXED)]
    for prefix in prefixes:
        if not any(under(name, (prefix,)) for name in names):
            raise UnknownNameError(f"parameter to {what}", prefix, {n.partition(".")[0] for n in names})
    if what == "freeze" and all(under(name, prefixes) for name in names):
        raise SettingError(f"freeze={list(prefixes)} freezes every parameter; leave one to train.")
    return prefixes
