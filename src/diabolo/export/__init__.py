"""A trained model for where Diabolo is not: ONNX files, torch programs, and the Hugging Face hub.

The explorer of a model as one page is :func:`diabolo.explorer.to_html`. Nothing slow is imported until something
is exported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..moved import moved

if TYPE_CHECKING:
    from .programs import OPSET as OPSET
    from .programs import to_onnx as to_onnx
    from .programs import to_torch as to_torch

__all__ = ["OPSET", "to_onnx", "to_torch"]


def _load(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".programs", __name__), name)


__getattr__ = moved(__name__, {"to_html": "diabolo.explorer"}, _load)
