"""What a description read from a file must look like: one value of checks for every field it may have.

A check takes a value and the path to it, and raises a FileError that says which field it is, what it holds and what is
allowed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import FileError

__all__ = [
    "EPOCHS",
    "Check",
    "anything",
    "integer",
    "listing",
    "mapping",
    "number",
    "one_of",
    "one_of_kinds",
    "optional",
    "record",
    "text",
]

_LARGEST = sys.float_info.max

Check = Callable[[Any, str], None]


def _refuse(value: Any, path: str, expected: str) -> None:
    raise FileError(f"{path} is {value!r:.60}, expected {expected}; the file was changed or is damaged.")


def anything(value: Any, path: str) -> None:
    """Whatever JSON holds: what reads it further checks it."""


def integer(low: int, high: int | None = None) -> Check:
    """A whole number in [low, high], which True and 1.0 are not."""
    bounds = f"an integer >= {low}" if high is None else f"an integer from {low} to {high}"

    def check(value: Any, path: str) -> None:
        if type(value) is not int or value < low or (high is not None and value > high):
            _refuse(value, path, bounds)

    return check


def number(*, low: float | None = None, finite: bool = True) -> Check:
    """A number, which True is not; NaN and infinity only where a training may have led to them."""
    words = f"{'a finite' if finite else 'a'} number{'' if low is None else f' >= {low:g}'}"

    def check(value: Any, path: str) -> None:
        fits = type(value) in (int, float) and -_LARGEST <= value <= _LARGEST
        fits = fits or (not finite and type(value) is float)
        if not fits or (low is not None and not value >= low):
            _refuse(value, path, words)

    return check


def text(value: Any, path: str) -> None:
    """A string."""
    if not isinstance(value, str):
        _refuse(value, path, "a text")


def one_of(*allowed: Any) -> Check:
    """One of some values, of the same type: 1 is not True."""
    words = ", ".join("null" if a is None else repr(a) for a in allowed)

    def check(value: Any, path: str) -> None:
        if not any(type(value) is type(a) and value == a for a in allowed):
            _refuse(value, path, f"one of {words}")

    return check


def one_of_kinds(*kinds: type) -> Check:
    """A value of one of some types; a number must be finite."""
    words = " or ".join(kind.__name__ for kind in kinds)

    def check(value: Any, path: str) -> None:
        if type(value) not in kinds or (type(value) is float and not -_LARGEST <= value <= _LARGEST):
            _refuse(value, path, words)

    return check


def optional(inner: Check) -> Check:
    """None, or what another check takes."""

    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def listing(inner: Check, *counts: int) -> Check:
    """A list of one kind of items, of one of some lengths if any are given."""

    expected = f"a list of {' or '.join(map(str, counts))} items" if counts else "a list"

    def check(value: Any, path: str) -> None:
        if not isinstance(value, list) or (counts and len(value) not in counts):
            _refuse(value, path, expected)
        for i, item in enumerate(value):
            inner(item, f"{path}[{i}]")

    return check


def mapping(inner: Check, *needed: str) -> Check:
    """An object with any names, some of them needed, and one kind of values."""
    expected = f"an object{' with ' if needed else ''}{' and '.join(needed)}"

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping) or not value.keys() >= {*needed}:
            _refuse(value, path, expected)
        for name, item in value.items():
            inner(item, f"{path}.{name}")

    return check


def record(fields: Mapping[str, Check], more: Mapping[str, Check] | None = None) -> Check:
    """An object with these names; those of ``more`` may be missing, and there are no others."""
    known = {**fields, **(more or {})}

    def check(value: Any, path: str) -> None:
        where = path or "the description"
        if not isinstance(value, Mapping):
            _refuse(value, where, "an object")
        for name in fields:
            if name not in value:
                raise FileError(f"{where} lacks {name!r}; the file was changed or is damaged.")
        for name, item in value.items():
            if name not in known:
                raise FileError(
                    f"{where} has a field {name!r} that it cannot have; the file was changed or is damaged."
                )
            known[name](item, f"{path}.{name}" if path else str(name))

    return check


#: What a file may say of the epochs; the loss of a training that diverged is not finite.
EPOCHS = listing(mapping(number(finite=False), "epoch", "loss"))
