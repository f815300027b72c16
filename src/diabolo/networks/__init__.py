"""Networks: specifications that are values, and the modules they build."""

from __future__ import annotations

from typing import Any

from ..errors import SettingError
from ..moved import moved
from ..parts import Family
from .base import BuildContext, Network
from .convolutional import Convolutional
from .custom import UNSAVED, Custom
from .describe import LayerRow, Summary, describe
from .mirror import Mirror
from .mlp import MLP
from .names import ACTIVATIONS, INITIALISERS
from .residual import Residual

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "MLP",
    "NETWORKS",
    "Convolutional",
    "Custom",
    "LayerRow",
    "Mirror",
    "Network",
    "Residual",
    "BuildContext",
    "Summary",
    "describe",
]


class _Networks(Family[Network]):
    """The networks that a name or a file can stand for; :class:`Custom` holds modules and is none of them."""

    def to_dict(self, value: Network) -> dict[str, Any]:
        if isinstance(value, Custom):
            raise SettingError(f"{value!r}: {UNSAVED}")
        return super().to_dict(value)


NETWORKS: Family[Network] = _Networks(
    "network",
    Network,
    {"mlp": MLP, "residual": Residual, "convolutional": Convolutional, "mirror": Mirror},
)

__getattr__ = moved(__name__, {"Socket": "diabolo.networks:BuildContext"})
