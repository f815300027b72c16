"""A user's value of a setting in its declared type, or a sentence that says what was expected."""

from __future__ import annotations

import sys
import types
import typing
from typing import Any

from ..errors import SettingError
from .setting import Setting


def is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


_WORDS = {int: "an integer", float: "a number", bool: "True or False", str: "a string"}


def coerce(value: Any, hint: Any, spec: Setting, label: str) -> Any:
    """Turn a user's value into the declared type, or raise a sentence."""
    if is_tensor(value):
        return value
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    if spec.family is not None:
        return spec.family.resolve(value, label)
    for option in options:
        converted = _convert(value, option, spec)
        if converted is not _NO:
            return converted
    raise SettingError(f"{label} must be {_expected(options, spec)}, got {value!r}.")


_NO: Any = object()


def _convert(value: Any, option: Any, spec: Setting) -> Any:
    if typing.get_origin(option) is tuple:
        return _convert_tuple(value, typing.get_args(option), spec)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()
    if option is bool:
        return value if isinstance(value, bool) else _NO
    if option is str:
        allowed = isinstance(value, str) and (spec.choices is None or value in spec.choices)
        return str(value) if allowed else _NO
    if isinstance(value, bool) or not isinstance(value, int | float):
        # A value that is neither number nor string must match a plain class in the annotation.
        plain = isinstance(option, type) and option not in _WORDS and option is not type(None)
        return value if plain and isinstance(value, option) else _NO
    if option is int:
        return int(value) if float(value).is_integer() and spec.within(value) else _NO
    return float(value) if option is float and spec.within(float(value)) else _NO


def _convert_tuple(value: Any, items: tuple[Any, ...], spec: Setting) -> Any:
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 0) == 1:
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return _NO
    kinds = items[:1] * len(value) if items[-1] is Ellipsis else items
    if len(kinds) != len(value):
        return _NO
    converted = tuple(_convert(v, kind, spec) for v, kind in zip(value, kinds, strict=True))
    return _NO if any(v is _NO for v in converted) else converted


def _expected(options: tuple[Any, ...], spec: Setting) -> str:
    words = []
    for option in options:
        if option is type(None):
            words.append("None")
        elif option is str and spec.choices is not None:
            words.append("one of " + ", ".join(repr(c) for c in spec.choices))
        elif typing.get_origin(option) is tuple:
            items = typing.get_args(option)
            size = "any number of" if items[-1] is Ellipsis else str(len(items))
            kind = "integers" if items[0] is int else "numbers"
            words.append(f"a tuple of {size} {kind}{' ' + spec.bounds if spec.bounds else ''}")
        elif option in (int, float):
            words.append(_WORDS[option] + (f" {spec.bounds}" if spec.bounds else ""))
        else:
            words.append(_WORDS.get(option, f"a {getattr(option, '__name__', option)}"))
    return " or ".join(words)
