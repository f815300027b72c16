"""Many models at once: stacks, searches and studies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..moved import lazy

if TYPE_CHECKING:
    from .files import from_yaml as from_yaml
    from .search import StackedGridSearchCV as StackedGridSearchCV
    from .search import StackedRandomizedSearchCV as StackedRandomizedSearchCV
    from .stack import fit_stack as fit_stack
    from .study import Study as Study
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "files": ("from_yaml",),
            "search": ("StackedGridSearchCV", "StackedRandomizedSearchCV"),
            "stack": ("fit_stack",),
            "study": ("Study",),
        },
    )
    __all__ = __dir__()
