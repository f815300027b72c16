"""Settings of parts: what the documentation says of them is what the code does."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import re
from typing import Any

import pytest
from members import FAMILIES

from diabolo.errors import SettingError
from diabolo.latent import LATENT_SPACES
from diabolo.parts import Family, settings
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


TINY = math.ulp(0.0)
# The part and its setting, the values at the edge that are allowed, and those just beyond it.
EDGES: list[tuple[type, str, tuple[float, ...], tuple[float, ...]]] = [
    *[(PENALTIES[name], "weight", (0.0, TINY, 1e300), (-TINY,)) for name in PENALTIES],
    *[(PENALTIES[name], "warmup", (0, 1, 10**6), (-1,)) for name in PENALTIES],
    *[(LATENT_SPACES[name], "dim", (1, 1000), (0,)) for name in ("euclidean", "gaussian")],
    (LATENT_SPACES["sphere"], "dim", (2, 1000), (1,)),
    (PENALTIES["mmd"], "bandwidths", (3, 7), (2, 8)),
    (PENALTIES["mmd"], "scale", (TINY,), (0.0,)),
    (PENALTIES["topological"], "x_scale", (TINY,), (0.0,)),
    (PENALTIES["kl_sparsity"], "target", (TINY, math.nextafter(1, 0)), (0.0, 1.0)),
]


@pytest.mark.parametrize(
    ("cls", "name", "allowed", "refused"), EDGES, ids=[f"{c.__name__}-{n}" for c, n, *_ in EDGES]
)
def test_bounds(cls: Any, name: str, allowed: tuple[float, ...], refused: tuple[float, ...]) -> None:
    for value in allowed:
        assert getattr(cls(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(SettingError, match=f"{name} must be"):
            cls(**{name: value})


CHOICES = [
    *[(PENALTIES[name], "on", ("code", "hidden")) for name in ("l1", "l2", "kl_sparsity")],
    (PENALTIES["mmd"], "kernel", ("gaussian", "imq")),
    (PENALTIES["mmd"], "estimator", ("biased", "unbiased")),
]


@pytest.mark.parametrize(
    ("cls", "name", "allowed"), CHOICES, ids=[f"{c.__name__}-{n}" for c, n, _ in CHOICES]
)
def test_choices(cls: Any, name: str, allowed: tuple[str, ...]) -> None:
    for value in allowed:
        assert getattr(cls(**{name: value}), name) == value
    with pytest.raises(SettingError, match=f"{name} must be"):
        cls(**{name: allowed[0] + "x"})


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
