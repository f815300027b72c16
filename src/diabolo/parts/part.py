"""The base of every part."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING
from typing import Any, ClassVar, Self, cast

from ..errors import SettingError, UnknownNameError
from ..moved import take_over
from .coercion import coerce, is_tensor
from .setting import Setting


class Part:
    """Base of every value that an autoencoder is described with.

    A subclass is decorated with :func:`part` and declares its fields with :func:`setting`. Values
    are checked when the part is made: numbers against their bounds, strings against their choices;
    NumPy scalars become Python numbers, lists become tuples, and tensors pass through unchecked (a
    stack of models holds one value a model).

    Raises
    ------
    SettingError
        If a value has the wrong type or is out of its bounds.

    Examples
    --------
    >>> from diabolo import Sphere
    >>> Sphere(4)
    Sphere(dim=4)
    >>> Sphere(-1)
    Traceback (most recent call last):
    ...
    diabolo.errors.SettingError: Sphere: dim must be an integer >= 2, got -1.
    """

    #: Whether models with this part can be trained as a stack; those that cannot run one by one.
    stackable: ClassVar[bool] = True

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        """Members of the class that show what it can do: the common tests try all of them, the docs print the first.

        The part with its defaults, then with every choice and member of a family, every flag, its least size, and a
        number for None: one changed at a time, where the other defaults allow it. Override it where that is not enough.

        >>> from diabolo import Sphere, L1
        >>> Sphere.examples(), L1.examples()
        ((Sphere(), Sphere(dim=2)), (L1(), L1(on='hidden')))
        """
        first = cls()
        found = {first: None}
        for name, spec in settings(cls).items():
            for value in () if spec.local else _tried(getattr(first, name), spec):
                with suppress(SettingError):
                    found[first.replace(**{name: value})] = None
        return tuple(found)

    def shared(self) -> tuple[Any, ...]:
        """What models of one stack have in common: the class, and the settings in which they may not differ."""
        declared = settings(type(self)).items()
        return (type(self), *(getattr(self, name) for name, s in declared if not s.varies and not s.local))

    #: Old names of methods, which subclasses may still define, and the new ones.
    renamed: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for old, new in cls.renamed.items():
            take_over(cls, old, new)

    def __post_init__(self) -> None:
        hints = _hints(type(self))
        for name, spec in settings(type(self)).items():
            value = coerce(getattr(self, name), hints[name], spec, f"{type(self).__name__}: {name}")
            object.__setattr__(self, name, value)
        self.check()

    def check(self) -> None:
        """Check settings against each other; override where single bounds are not enough."""

    def replace(self, **changes: Any) -> Self:
        """A copy with some settings changed, checked like a new part."""
        known = settings(type(self))
        for name in changes:
            if name not in known:
                raise UnknownNameError(f"setting of {type(self).__name__}", name, known)
        return cast(Self, dataclasses.replace(cast(Any, self), **changes))

    def values(self) -> dict[str, Any]:
        """The settings by name, not copied."""
        return {name: getattr(self, name) for name in settings(type(self))}

    def __repr__(self) -> str:
        shown = []
        for f in dataclasses.fields(cast(Any, self)):
            value = getattr(self, f.name)
            if f.default is MISSING or is_tensor(value) or value != f.default:
                shown.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __sklearn_clone__(self) -> Self:
        return self


def _tried(default: Any, spec: Setting) -> tuple[Any, ...]:
    """Values of a setting that make another example than its default does."""
    if isinstance(default, bool):
        return (not default,)
    if spec.size and isinstance(default, int):
        return (spec.ge,)
    if spec.family is not None:
        return tuple(cls() for cls in spec.family.values())
    return spec.choices or ((0.5,) if default is None else ())


_HINTS: dict[type, dict[str, Any]] = {}
_SETTINGS: dict[type, dict[str, Setting]] = {}


def _hints(cls: type) -> dict[str, Any]:
    if cls not in _HINTS:
        _HINTS[cls] = typing.get_type_hints(cls)
    return _HINTS[cls]


def settings(cls: type[Part]) -> Mapping[str, Setting]:
    """The settings that a class of parts declares, in order."""
    if cls not in _SETTINGS:
        declared = getattr(cls, "__dataclass_fields__", {})
        _SETTINGS[cls] = {n: f.metadata["setting"] for n, f in declared.items() if "setting" in f.metadata}
    return _SETTINGS[cls]
