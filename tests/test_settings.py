"""Settings of parts: what the documentation says of them is what the code does."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import re
import types
import typing
from typing import Any

import pytest
from members import FAMILIES

from diabolo.errors import SettingError
from diabolo.latent import LATENT_SPACES
from diabolo.parts import Family, Part, Setting, settings
from diabolo.penalties import PENALTIES


def documented_defaults(cls: type) -> dict[str, Any]:
    """The defaults that the docstring's parameters name; those that are parts are values of their families."""
    found = re.findall(r"^(\w+) : .*?default (.+)$", inspect.getdoc(cls) or "", flags=re.MULTILINE)
    told = {name: ast.literal_eval(text) for name, text in found if re.match(r"[-\d\"'(\[NTF]", text)}
    for name, text in found:
        family = settings(cls)[name].family if name in settings(cls) else None
        if family is not None and name not in told:
            told[name] = eval(text, {member.__name__: member for member in family.values()})
    return told


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.kind)
def test_defaults_are_those_of_the_documentation(family: Family[Any]) -> None:
    for cls in family.values():
        code = {f.name: f.default for f in dataclasses.fields(cls)}
        told = documented_defaults(cls)
        assert told == {name: code[name] for name in told}, cls
        if family in (PENALTIES, LATENT_SPACES):
            assert set(told) == set(code), cls


DECLARED = {
    f"{cls.__name__}-{name}": (cls, name, spec)
    for family in FAMILIES
    for cls in family.values()
    for name, spec in settings(cls).items()
}


def kinds_of(cls: type, name: str) -> tuple[Any, ...]:
    hint = typing.get_type_hints(cls)[name]
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def moved(bound: float, upwards: bool, kinds: tuple[Any, ...]) -> float:
    """The next number after a bound, of the kind that the setting takes."""
    numbers = [kind for outer in kinds for kind in (outer, *typing.get_args(outer))]
    return (
        math.nextafter(bound, math.inf if upwards else -math.inf)
        if float in numbers
        else bound + 2 * upwards - 1
    )


def edges(cls: type, name: str, spec: Setting) -> tuple[list[float], list[float]]:
    """The values at the edge that are allowed, and those just beyond it."""
    kinds = kinds_of(cls, name)
    closed = [(bound, up) for bound, up in ((spec.ge, False), (spec.le, True)) if bound is not None]
    ajar = [(bound, up) for bound, up in ((spec.gt, False), (spec.lt, True)) if bound is not None]
    allowed = [bound for bound, _ in closed] + [moved(bound, not up, kinds) for bound, up in ajar]
    return allowed, [moved(bound, up, kinds) for bound, up in closed] + [bound for bound, _ in ajar]


def changed(part: Part, name: str, value: Any) -> Part:
    """The part with another value, in the first place of a setting that is a tuple."""
    before = getattr(part, name)
    takes_tuples = any(typing.get_origin(kind) is tuple for kind in kinds_of(type(part), name))
    made = part.replace(**{name: (value, *(before or ())[1:]) if takes_tuples else value})
    assert (getattr(made, name)[0] if takes_tuples else getattr(made, name)) == value
    return made


def refusal(part: Part, name: str, value: Any) -> str:
    try:
        changed(part, name, value)
    except SettingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", [key for key, (*_, spec) in DECLARED.items() if spec.bounds])
def test_bounds_that_are_declared_are_kept(case: str) -> None:
    cls, name, spec = DECLARED[case]
    allowed, refused = edges(cls, name, spec)
    assert refused
    for value in allowed:
        # A rule of the part's own may refuse it, such as that of a kernel shorter than its stride.
        assert f"{name} must be" not in refusal(cls(), name, value)
    for value in refused:
        with pytest.raises(SettingError, match=f"{name} must be"):
            changed(cls(), name, value)


@pytest.mark.parametrize("case", [key for key, (*_, spec) in DECLARED.items() if spec.choices])
def test_choices_that_are_declared_are_kept(case: str) -> None:
    cls, name, spec = DECLARED[case]
    for value in spec.choices or ():
        assert getattr(cls(**{name: value}), name) == value
    with pytest.raises(SettingError, match=f"{name} must be"):
        cls(**{name: (spec.choices or ("",))[0] + "x"})


@pytest.mark.parametrize("name", PENALTIES)
def test_a_weight_and_a_warmup_of_a_penalty_may_be_zero_and_no_less(name: str) -> None:
    for setting, least in (("weight", -math.ulp(0.0)), ("warmup", -1)):
        assert getattr(PENALTIES[name](**{setting: 0}), setting) == 0
        with pytest.raises(SettingError, match=f"{setting} must be"):
            PENALTIES[name](**{setting: least})


@pytest.mark.parametrize(("name", "least"), [("euclidean", 1), ("gaussian", 1), ("sphere", 2)])
def test_the_least_dimension_of_a_code(name: str, least: int) -> None:
    assert LATENT_SPACES[name](least).dim == least
    with pytest.raises(SettingError, match="dim must be"):
        LATENT_SPACES[name](least - 1)


def test_the_weight_comes_first_and_the_warmup_by_name_only() -> None:
    for name in PENALTIES:
        assert PENALTIES[name](0.5).weight == 0.5
        first, *others = inspect.signature(PENALTIES[name]).parameters.values()
        assert first.name == "weight"
        assert [p.kind for p in others if p.name == "warmup"] == [inspect.Parameter.KEYWORD_ONLY]


@pytest.mark.parametrize("family", [PENALTIES, LATENT_SPACES], ids=lambda f: f.kind)
def test_parts_are_values(family: Family[Any]) -> None:
    for cls in family.values():
        assert cls() == cls()
        assert cls() is not cls()
        with pytest.raises(dataclasses.FrozenInstanceError):
            cls().weight = cls().dim = 2
