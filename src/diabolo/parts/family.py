"""The tables of parts by name, and the paths that lead into parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING
from typing import Any, Generic, TypeVar, cast

from ..errors import SettingError, UnknownNameError
from .part import Part, settings

P = TypeVar("P", bound=Part)


class Family(Mapping[str, type[P]], Generic[P]):
    """The explicit table of the parts of one kind: name to class.

    Parameters
    ----------
    kind : str
        What its members are called in messages, such as ``"penalty"``.
    base : type
        The class that every member derives from.
    table : mapping of str to type
        The members.
    shorthand : callable or None
        Turns a plain value (such as the ``2`` of ``latent=2``) into a part, or returns None.
    """

    def __init__(
        self,
        kind: str,
        base: type[P],
        table: Mapping[str, type[P]],
        shorthand: Callable[[Any], P | None] | None = None,
    ) -> None:
        self.kind, self.base, self.shorthand = kind, base, shorthand
        self._table = dict(table)

    def __getitem__(self, name: str) -> type[P]:
        if name not in self._table:
            raise UnknownNameError(self.kind, name, self._table)
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, for the names that a room gives out."""
        return [cls.__name__ for cls in self._table.values()]

    def register(self, name: str, cls: type[P]) -> None:
        """Add a part of your own, so that it can be named, saved and loaded."""
        if name in self._table and self._table[name] is not cls:
            raise SettingError(f"the {self.kind} {name!r} exists already; choose another name.")
        self._table[name] = cls

    def name_of(self, value: P) -> str:
        """The name under which the table holds the class of a part."""
        for name, cls in self._table.items():
            if type(value) is cls:
                return name
        raise SettingError(
            f"{type(value).__name__} is a {self.kind} without a name to be saved and set under; before it is used, "
            f"enter it in the table that has {', '.join(self)}, by its method register(name, class)."
        )

    def resolve(self, value: Any, label: str = "") -> P:
        """A part from a part, a name, a dict as :meth:`to_dict` gives, or a shorthand.

        Parameters
        ----------
        value : object
            What the user gave.
        label : str
            What messages call the setting; empty: the kind of the family.

        Raises
        ------
        UnknownNameError
            If the name is not in the table.
        SettingError
            If the value is none of these.
        """
        if isinstance(value, self.base):
            return value
        if isinstance(value, str):
            return self[value]()
        if isinstance(value, Mapping):
            return self.from_dict(value)
        short = self.shorthand(value) if self.shorthand is not None else None
        if short is not None:
            return short
        raise SettingError(
            f"{label or self.kind} must be a {self.kind} (one of {', '.join(self)}), got {value!r}."
        )

    def named(self, parts: Sequence[P]) -> dict[str, P]:
        """Parts by table name, in order; a second one of a kind is ``name_2``.

        >>> from diabolo.penalties import PENALTIES, L1
        >>> list(PENALTIES.named((L1(0.1), L1(0.2))))
        ['l1', 'l1_2']
        """
        found: dict[str, P] = {}
        counts: dict[str, int] = {}
        for value in parts:
            name = self.name_of(value)
            counts[name] = counts.get(name, 0) + 1
            found[name if counts[name] == 1 else f"{name}_{counts[name]}"] = value
        return found

    def to_dict(self, value: P) -> dict[str, Any]:
        """A plain dict that JSON can hold and :meth:`from_dict` turns back."""
        plain: dict[str, Any] = {"kind": self.name_of(value)}
        for name, spec in settings(type(value)).items():
            if spec.local:
                continue
            item = getattr(value, name)
            if spec.family is not None and isinstance(item, Part):
                item = spec.family.to_dict(item)
            plain[name] = list(item) if isinstance(item, tuple) else item
        return plain

    def from_dict(self, plain: Mapping[str, Any]) -> P:
        """The part that :meth:`to_dict` described; unknown kinds and settings are refused."""
        if not isinstance(plain.get("kind"), str):
            raise SettingError(f"a {self.kind} needs a 'kind' (one of {', '.join(self)}), got {plain!r}.")
        cls = self[plain["kind"]]
        given = {str(name): value for name, value in plain.items() if name != "kind"}
        known = settings(cls)
        for name in given:
            if name not in known:
                raise UnknownNameError(f"setting of {cls.__name__}", name, known)
        for f in dataclasses.fields(cast(Any, cls)):
            if f.default is MISSING and f.name not in given:
                raise SettingError(f"{cls.__name__} needs the setting {f.name!r}.")
        return cls(**given)


def get_path(value: Part, path: str) -> Any:
    """The setting at a path such as ``optimizer__momentum``.

    Parameters
    ----------
    value : Part
        The part to look into.
    path : str
        Names of settings, joined by ``__``.
    """
    head, _, rest = path.partition("__")
    known = settings(type(value))
    if head not in known:
        raise UnknownNameError(f"setting of {type(value).__name__}", head, known)
    item = getattr(value, head)
    return get_path(item, rest) if rest else item


def set_path(value: Part, path: str, new: Any) -> Part:
    """A copy of a part with the setting at a path changed.

    Parameters
    ----------
    value : Part
        The part, which stays as it is.
    path : str
        Names of settings, joined by ``__``.
    new : object
        The setting's new value.
    """
    head, _, rest = path.partition("__")
    if rest:
        inner = get_path(value, head)
        if not isinstance(inner, Part):
            raise SettingError(f"{type(value).__name__}: {head} is {inner!r}, which has no setting {rest!r}.")
        new = set_path(inner, rest, new)
    return value.replace(**{head: new})
