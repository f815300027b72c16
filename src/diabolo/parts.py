"""Parts: small frozen values that say what an autoencoder is made of.

A :class:`Part` is a frozen dataclass whose fields are declared with :func:`setting`. The declaration
is the one source of validation, of the command line's options and help, of a saved model's JSON, of
the paths that ``set_params`` and grid search use, and of labels. A :class:`Family` is the explicit
table of the parts of one kind.

Neither PyTorch nor scikit-learn is imported here, so that a mistyped setting is answered at once.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, dataclass_transform

from .errors import SettingError, UnknownNameError
from .moved import Unstackable as Unstackable
from .moved import take_over

__all__ = ["Family", "Part", "Setting", "get_path", "part", "set_path", "setting", "settings"]

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What is known of one setting of a part: its documentation, its bounds, its family.

    Attributes
    ----------
    doc : str
        One sentence, with units.
    ge, gt, le, lt : float or None
        Bounds: greater or equal, greater, less or equal, less.
    choices : tuple of str or None
        The strings it may be.
    family : Family or None
        The family of parts it is chosen from; a name stands for the part with its defaults.
    local : bool
        Whether it is a place on this machine, which files and the command line's options leave out.
    size : bool
        Whether it decides the shapes of what is computed or learnt.
    varies : bool
        Whether models that train as one stack may differ in it. The training must apply it to each model apart; all
        other settings are one value for a stack.
    amount : bool
        Whether it says how much is done: from nothing at 0 to most at its upper bound, or at 1 where it has none.
    """

    doc: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[str, ...] | None = None
    family: Family[Any] | None = None
    local: bool = False
    size: bool = False
    varies: bool = False
    amount: bool = False

    @property
    def bounds(self) -> str:
        """The allowed range in words, empty if there is none."""
        signs = ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
        return " and ".join(f"{sign} {bound:g}" for sign, bound in signs if bound is not None)

    def within(self, number: float) -> bool:
        """Whether a number is inside the bounds (NaN never is)."""
        return (
            number == number
            and (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
            and (self.lt is None or number < self.lt)
        )


def setting(*, doc: str, default: Any = MISSING, kw_only: bool = False, **limits: Any) -> Any:
    """Declare a field of a :class:`Part`; the other keywords are those of :class:`Setting`.

    A field that a base declares too keeps what is not said anew, such as its bounds.

    Parameters
    ----------
    doc : str
        One sentence, with units.
    default : object
        The value where none is given; without it the setting must be given.
    kw_only : bool, default False
        Whether it is given by name only.
    **limits : object
        Bounds, choices or family: the attributes of :class:`Setting`.
    """
    said = {"doc": doc, **limits}
    return field(default=default, kw_only=kw_only, metadata={"setting": Setting(**said), "said": said})


@dataclass_transform(frozen_default=True, field_specifiers=(setting,))
def part(cls: type[T]) -> type[T]:
    """Class decorator: a frozen, comparable dataclass that prints as the call that made it."""
    if cls.__module__ not in sys.modules:
        # Code run by exec, or a file run by its path, may name a module that nobody can look up; then
        # annotations that are strings mean something only here.
        here = sys._getframe(1)
        cls.__annotations__ = inspect.get_annotations(
            cls, globals=here.f_globals, locals=here.f_locals, eval_str=True
        )
    inherited = getattr(cls, "__dataclass_fields__", {})
    for name, declared in vars(cls).items():
        if isinstance(declared, Field) and name in inherited:
            whole = dataclasses.replace(inherited[name].metadata["setting"], **declared.metadata["said"])
            declared.metadata = types.MappingProxyType({**declared.metadata, "setting": whole})
    return dataclass(frozen=True, repr=False)(cls)


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


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

        The part with its defaults, then with every choice, every flag, its least size, and a number for None: one
        changed at a time, where the other defaults allow it. Override it where that is not enough.

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
            value = _coerce(getattr(self, name), hints[name], spec, f"{type(self).__name__}: {name}")
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
            if f.default is MISSING or _is_tensor(value) or value != f.default:
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


_WORDS = {int: "an integer", float: "a number", bool: "True or False", str: "a string"}


def _coerce(value: Any, hint: Any, spec: Setting, label: str) -> Any:
    """Turn a user's value into the declared type, or raise a sentence."""
    if _is_tensor(value):
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


P = TypeVar("P", bound="Part")


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
        raise UnknownNameError(self.kind, type(value).__name__, self._table)

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
