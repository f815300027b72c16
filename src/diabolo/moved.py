"""Names that have a new home: the old ones go on for one version, and say where to go."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["moved"]


def moved(
    module: str, homes: Mapping[str, str], otherwise: Callable[[str], Any] | None = None
) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module that some names have left.

    Parameters
    ----------
    module : str
        The name of the module that they have left.
    homes : mapping of str to str
        For each name the module that has it now; where it is called otherwise there, ``"module:name"``.
    otherwise : callable or None
        The module's own ``__getattr__``, for all other names.

    Returns
    -------
    callable
        Takes a name, warns with a FutureWarning that names the new one, and gives what is there.

    Examples
    --------
    >>> import warnings
    >>> look_up = moved("old", {"pi": "math", "root": "math:sqrt"})
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     look_up("root")(look_up("pi")) ** 2
    3.14159...
    >>> print(caught[0].message)
    old.root is math.sqrt now; the old name goes with the next version.
    """

    def look_up(name: str) -> Any:
        if name in homes:
            home, _, new = homes[name].partition(":")
            message = f"{module}.{name} is {home}.{new or name} now; the old name goes with the next version."
            warnings.warn(message, FutureWarning, stacklevel=2)
            return getattr(importlib.import_module(home), new or name)
        if otherwise is not None:
            return otherwise(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return look_up
