"""Functions of a training step, compiled on request."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

import torch

from ..errors import SettingError
from ..model import Architecture

_COMPILERS = ("g++", "clang++", "c++", "cl")


def check_compilable(parts: Architecture) -> None:
    """Refuse what cannot be compiled, before anything is trained.

    Raises
    ------
    SettingError
        If a penalty needs gradients of gradients, or if there is no C++ compiler.
    """
    for name, penalty in parts.named_penalties.items():
        if penalty.needs_input_gradient:
            raise SettingError(
                f"training.compile cannot be used with the penalty {name}: torch.compile has no double backward. "
                "Leave training.compile out."
            )
    named = os.environ.get("CXX")
    if not any(shutil.which(name) for name in ((named,) if named else _COMPILERS)):
        looked = (
            f"CXX names {named!r}, which is not there"
            if named
            else f"none of {', '.join(_COMPILERS)} is there"
        )
        raise SettingError(
            f"training.compile needs a C++ compiler, and {looked}. Install one, or leave training.compile out."
        )


def compiled(method: Callable[..., Any]) -> Callable[..., Any]:
    """A bound method, compiled when it is first called, for each shape that it meets."""
    plain = method.__func__  # type: ignore[attr-defined]
    # What was compiled is kept with the code object, a few shapes of each: every training has a code of its own.
    own = FunctionType(
        plain.__code__.replace(), plain.__globals__, plain.__name__, plain.__defaults__, plain.__closure__
    )
    bound = MethodType(own, method.__self__)  # type: ignore[attr-defined]
    return torch.compile(bound, dynamic=False)
