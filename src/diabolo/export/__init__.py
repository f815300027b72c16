"""A trained model for where Diabolo is not: ONNX files, torch programs, and a page that needs no server.

Nothing slow is imported until something is exported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .page import to_html
    from .programs import OPSET, to_onnx, to_torch

__all__ = ["OPSET", "to_html", "to_onnx", "to_torch"]

_PLACES = {"to_html": "page", "to_onnx": "programs", "to_torch": "programs", "OPSET": "programs"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_PLACES[name]}", __name__), name)
