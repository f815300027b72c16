"""A trained model for where Diabolo is not: ONNX files, torch programs, and the Hugging Face hub.

The explorer of a model as one page is :func:`diabolo.explorer.to_html`. Nothing slow is imported until something
is exported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..moved import lazy, moved

if TYPE_CHECKING:
    from .programs import OPSET as OPSET
    from .programs import to_onnx as to_onnx
    from .programs import to_torch as to_torch

__all__ = ["OPSET", "to_onnx", "to_torch"]


__getattr__ = moved(__name__, {"to_html": "diabolo.explorer"}, lazy(__name__, {"programs": __all__})[0])
