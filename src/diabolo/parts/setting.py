"""What is declared of one setting of a part, and the decorator that makes a class of declarations a part."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from dataclasses import MISSING, Field, dataclass, field
from typing import Any, TypeVar, dataclass_transform

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
    family: Any = None
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
