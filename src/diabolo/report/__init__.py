"""The health report: is the model any good, against what, and what is wrong with it.

:func:`health_report` works on any fitted object with ``transform`` and ``inverse_transform``; what only an
autoencoder of this package shows (loss terms, hidden layers, the untrained network) is added where it is there.
Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..moved import lazy

if TYPE_CHECKING:
    from .build import Report as Report
    from .build import health_report as health_report
    from .comparison import Options as Options
    from .dimension import DimensionCurve as DimensionCurve
    from .dimension import dimensions as dimensions
    from .dimension import knee as knee
    from .findings import FINDINGS as FINDINGS
    from .findings import Finding as Finding
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "build": ("Report", "health_report"),
            "comparison": ("Options",),
            "dimension": ("DimensionCurve", "dimensions", "knee"),
            "findings": ("FINDINGS", "Finding"),
        },
    )
    __all__ = __dir__()
