"""The health report: is the model any good, against what, and what is wrong with it.

:func:`health_report` works on any fitted object with ``transform`` and ``inverse_transform``; what only an
autoencoder of this package shows (loss terms, hidden layers, the untrained network) is added where it is there.
Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .build import Report, health_report
    from .compute import Options
    from .dimension import DimensionCurve, dimensions, knee
    from .findings import FINDINGS, Finding

__all__ = [
    "FINDINGS",
    "DimensionCurve",
    "Finding",
    "Options",
    "Report",
    "dimensions",
    "health_report",
    "knee",
]

_HOME = {
    "Report": "build",
    "Options": "compute",
    "health_report": "build",
    "DimensionCurve": "dimension",
    "dimensions": "dimension",
    "knee": "dimension",
    "FINDINGS": "findings",
    "Finding": "findings",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
