"""Names that are looked up when they are asked for: in a file that is slow to import, or in a new home.

Old names go on for one version, and say where to go.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import ModuleType
from typing import Any


def lazy(
    module: str, files: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package, given the names that each of its files has for it.

    Examples
    --------
    >>> look_up, names = lazy("json", {"decoder": ["JSONDecoder"], "encoder": ["JSONEncoder"]})
    >>> look_up("JSONEncoder"), names()
    (<class 'json.encoder.JSONEncoder'>, ['JSONDecoder', 'JSONEncoder'])
    """
    homes = {name: file for file, names in files.items() for name in names}

    def look_up(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{module}.{homes[name]}"), name)

    return look_up, lambda: sorted(homes)


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


def left(package: str, modules: Mapping[str, Mapping[str, str]]) -> None:
    """Let those who import a module by the place that it had find its names, with no file there.

    Parameters
    ----------
    package : str
        Where the modules were; it is being imported.
    modules : mapping of str to mapping
        For each module the names that it had, as :func:`moved` takes them.
    """
    for name, homes in modules.items():
        path = f"{package}.{name}"
        stand_in = ModuleType(path, f"What was in ``{path}``, by its old names.")
        stand_in.__dict__["__getattr__"] = moved(path, homes)
        sys.modules[path] = stand_in
        setattr(sys.modules[package], name, stand_in)


class Renamed:
    """A method or property under its old name: it warns, and gives what has the new one.

    Parameters
    ----------
    new : str
        The name that it has now.
    """

    def __init__(self, new: str) -> None:
        self.new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self.old = name

    def __get__(self, instance: Any, owner: type) -> Any:
        _warn(owner.__name__, self.old, self.new, stacklevel=3)
        return getattr(owner if instance is None else instance, self.new)


def take_over(cls: type, old: str, new: str) -> None:
    """Let a class that defines a method under its old name have it under the new one, with a warning."""
    if old in vars(cls) and not isinstance(vars(cls)[old], Renamed):
        _warn(cls.__name__, old, new, stacklevel=5)
        setattr(cls, new, vars(cls)[old])


def _warn(owner: str, old: str, new: str, stacklevel: int) -> None:
    message = f"{owner}.{old} is called {new} now; the old name goes with the next version."
    warnings.warn(message, FutureWarning, stacklevel=stacklevel)


class _Mark:
    """Base of what a part derived from before an attribute of its own said the same."""

    _instead: str
    _given: Mapping[str, Any] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for mark in cls.__bases__:
            if issubclass(mark, _Mark) and mark.__module__ == __name__ != cls.__module__:
                message = f"{mark.__name__}, which {cls.__name__} derives from, goes with the next version;"
                warnings.warn(f"{message} {mark._instead}.", FutureWarning, stacklevel=4)
                for name, value in mark._given.items():
                    setattr(cls, name, value)


def _mark(name: str, instead: str, **given: Any) -> type[Any]:
    return type(name, (_Mark,), {"_instead": instead, "_given": given, "__module__": __name__})


Unstackable = _mark("Unstackable", "say stackable = False in the class", stackable=False)
NeedsInputGradient = _mark(
    "NeedsInputGradient", "say needs_input_gradient = True in the class", needs_input_gradient=True
)
MatchesPrior = _mark("MatchesPrior", "say matches_prior = True in the class", matches_prior=True)
Learnt = _mark("Learnt", "its property initial is enough")
Noisy = _mark(
    "Noisy",
    "give it noise(latent), which returns {name: draw(shape, generator)}",
    noise=lambda self, latent: {"draw": partial(self.draw, latent)},
)
