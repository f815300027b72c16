"""Networks: specifications that are values, and the modules they build."""

from __future__ import annotations

from ..parts import Family
from .base import Network, Socket
from .mirror import Mirror
from .mlp import MLP
from .names import ACTIVATIONS, INITIALISERS

__all__ = ["ACTIVATIONS", "INITIALISERS", "MLP", "NETWORKS", "Mirror", "Network", "Socket"]

NETWORKS: Family[Network] = Family("network", Network, {"mlp": MLP, "mirror": Mirror})
