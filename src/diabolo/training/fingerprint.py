"""What a model computes besides its numbers, as a value: two that are equal belong to steps of the same operations."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..model import Model

# What every module has: parameters, buffers and modules have entries of their own, hooks have one for all.
_OF_EVERY_MODULE = frozenset(vars(nn.Module())) - {"training"}
_HOOKS = tuple(name for name in vars(nn.Module()) if name.endswith("_hooks"))
_OURS = ("diabolo.", "torch.", "_operator", "builtins", "math")


class UnknownStateError(Exception):
    """There is something of which nobody but its author knows on what it depends."""


class _Same:
    """Equal only to a mark of the same object, which is kept, so that no other takes its address."""

    def __init__(self, it: object) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)


def fingerprint(model: Model) -> tuple[Any, ...]:
    """Everything that decides which operations a step runs, but for the numbers in parameters and buffers.

    Modules by identity with their plain attributes, the forward of each (of its class, or put on it alone), whether
    they train, hooks; parts by their settings; parameters and buffers by identity, type and shape; what PyTorch is
    set to as a whole.

    Parameters
    ----------
    model : Model

    Raises
    ------
    UnknownStateError
        If a part, a module or a function is not this package's or PyTorch's, or an attribute is of a kind that cannot
        be compared; says which.

    Examples
    --------
    >>> from diabolo import MLP, Autoencoder, Training
    >>> model = Autoencoder(encoder=MLP(), training=Training(epochs=1)).fit([[0.0, 1.0], [1.0, 0.5]]).module_
    >>> before = fingerprint(model)
    >>> before == fingerprint(model)
    True
    >>> activation = model.encoder.activations[0]
    >>> activation.training = True
    >>> before == fingerprint(model)
    False
    """
    inside = {id(m) for m in model.modules()}
    return (
        _settings(),
        *(_module(name, m, inside) for name, m in model.named_modules(remove_duplicate=False)),
        *(_tensor(name, p) for name, p in model.named_parameters(remove_duplicate=False)),
        *(_tensor(name, b) for name, b in model.named_buffers(remove_duplicate=False)),
    )


def hooked(module: nn.Module) -> bool:
    """Whether a pass through a module calls functions that were registered on it, or on every module.

    Examples
    --------
    >>> layer = nn.Linear(1, 1)
    >>> handle = layer.register_full_backward_pre_hook(lambda *_: None)
    >>> hooked(layer), handle.remove(), hooked(layer)
    (True, None, False)
    """
    return any(getattr(module, name) for name in _HOOKS if "_state_dict_" not in name) or _hooked_everywhere()


def _hooked_everywhere() -> bool:
    found = (v for k, v in vars(torch.nn.modules.module).items() if k.startswith("_global_") and "hook" in k)
    return any(bool(hooks) for hooks in found if isinstance(hooks, Mapping))


def _settings() -> tuple[Any, ...]:
    return (
        torch.get_default_dtype(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.is_anomaly_enabled(),
        _hooked_everywhere(),
    )


def _module(name: str, module: nn.Module, inside: Collection[int]) -> tuple[Any, ...]:
    _require_known(type(module), type(module).__name__)
    _require_known(type(module).forward, f"{type(module).__name__}.forward")
    own = {k: v for k, v in vars(module).items() if k not in _OF_EVERY_MODULE}
    hooks = tuple(k for k in _HOOKS if getattr(module, k))
    plain = tuple((k, _plain(v, f"{type(module).__name__}.{k}", inside)) for k, v in sorted(own.items()))
    return name, _Same(module), _Same(type(module).forward), hooks, plain


def _tensor(name: str, tensor: Tensor) -> tuple[Any, ...]:
    form = tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()
    return name, _Same(tensor), form, tensor.requires_grad, bool(tensor._backward_hooks)


def _plain(value: Any, where: str, inside: Collection[int]) -> Any:
    """An attribute as something that can be compared."""
    kind = type(value)
    if value is None or isinstance(
        value, bool | int | str | bytes | torch.dtype | torch.device | enum.Enum | type
    ):
        return kind, value
    if isinstance(value, float):
        return kind, "nan" if math.isnan(value) else value
    if isinstance(value, Tensor):
        # The numbers of parameters and buffers may change; those of other tensors are constants of the step.
        return _Same(value), None if isinstance(value, nn.Parameter) else value._version
    if isinstance(value, nn.Module):
        if id(value) in inside:
            return _Same(value)
        raise UnknownStateError(f"{where} is a module that PyTorch does not find among those of the model")
    if isinstance(value, Mapping):
        return kind, tuple((_plain(k, where, inside), _plain(v, where, inside)) for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return kind, tuple(_plain(v, where, inside) for v in value)
    return kind, _content(value, where, inside)


def _content(value: Any, where: str, inside: Collection[int]) -> Any:
    """What a function or an object is made of."""
    if isinstance(value, functools.partial):
        return tuple(_plain(v, where, inside) for v in (value.func, value.args, value.keywords))
    if isinstance(value, types.MethodType):
        return (
            _Same(value.__self__),
            _plain(value.__self__, where, inside),
            _plain(value.__func__, where, inside),
        )
    if callable(value) and not dataclasses.is_dataclass(value):
        _require_known(value, f"{getattr(value, '__qualname__', type(value).__name__)} ({where})")
        return _Same(value)
    _require_known(type(value), type(value).__name__)
    own = list(_attributes(value))
    # The modules that a part holds are what those of the model were copied from.
    held = {id(v) for _, v in own if isinstance(v, nn.Module)} if dataclasses.is_dataclass(value) else set()
    return tuple((k, _plain(v, where, {*inside, *held})) for k, v in own)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(value):
        yield from ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
    elif hasattr(value, "__dict__"):
        yield from sorted(vars(value).items())
    else:
        raise UnknownStateError(f"{type(value).__name__} cannot be checked for changes")


def _require_known(thing: Any, name: str) -> None:
    home = getattr(thing, "__module__", None) or ""
    if not f"{home}.".startswith(_OURS) and not home.startswith(_OURS):
        raise UnknownStateError(f"{name} may compute something else at each step")
