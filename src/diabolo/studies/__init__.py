"""Many models at once: stacks, searches and studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .files import from_yaml
    from .search import StackedGridSearchCV, StackedRandomizedSearchCV
    from .stack import fit_stack
    from .study import Study

_ROOMS = {
    "Study": "study",
    "StackedGridSearchCV": "search",
    "StackedRandomizedSearchCV": "search",
    "fit_stack": "stack",
    "from_yaml": "files",
}

__all__ = ["StackedGridSearchCV", "StackedRandomizedSearchCV", "Study", "fit_stack", "from_yaml"]


def __getattr__(name: str) -> Any:
    # A name is resolved when it is asked for, so that the package costs nothing until it is used.
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_ROOMS[name]}", __name__), name)
