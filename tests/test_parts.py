"""What holds for every part of every table; a new member is covered by being in its table."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import types
import typing
from typing import Any

import numpy as np
import pytest
import torch
from members import FAMILIES
from sklearn.base import clone

from diabolo import Autoencoder
from diabolo.errors import SettingError, UnknownNameError
from diabolo.latent import LATENT_SPACES, Euclidean
from diabolo.parts import Family, Part, Setting, part, setting, settings
from diabolo.penalties import KL, L1, PENALTIES
from diabolo.slots import may_vary

MEMBERS = [pytest.param(f, name, id=f"{f.kind}-{name}") for f in FAMILIES for name in f]
NUMBERS = (1, 2, 3, 4, 5, 7, 16, 0.5, 0.25, 0.05)


def options(cls: type[Part], name: str) -> tuple[Any, ...]:
    hint = typing.get_type_hints(cls)[name]
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def good_values(option: Any, spec: Setting) -> list[Any]:
    """Values that a declaration allows."""
    if spec.family is not None:
        return [spec.family[name]() for name in spec.family]
    if option is bool:
        return [True, False]
    if option is str:
        return list(spec.choices or ("a", "b"))
    if option in (int, float):
        return [option(v) for v in NUMBERS if float(option(v)) == v and spec.within(v)]
    if option is type(None):
        return [None]
    if typing.get_origin(option) is tuple:
        items = typing.get_args(option)
        values = good_values(items[0], spec)
        return [tuple(values[:2] if items[-1] is Ellipsis else values[: len(items)])]
    return []


def default(cls: type[Part]) -> Part:
    """The part with its defaults, and with the first good value where there is none."""
    given = {}
    for f in dataclasses.fields(cls):
        if f.default is dataclasses.MISSING:
            given[f.name] = good_values(options(cls, f.name)[0], settings(cls)[f.name])[0]
    return cls(**given)


def variants(cls: type[Part]) -> list[Part]:
    """The part with its defaults, and with each setting changed in turn."""
    first = default(cls)
    made = [first]
    for name, spec in settings(cls).items():
        for value in [v for option in options(cls, name) for v in good_values(option, spec)]:
            try:
                made.append(first.replace(**{name: value}))
            except SettingError:  # allowed alone, but not beside the other defaults
                continue
    return made


def test_a_part_that_is_in_no_table_is_told_how_it_gets_there() -> None:
    @part
    class Lone(L1):
        """A penalty that nobody registered."""

    with pytest.raises(
        SettingError, match=r"Lone is a penalty without a name .* method register\(name, class\)"
    ):
        Autoencoder(penalties=Lone()).get_params()


@pytest.mark.parametrize(("family", "name"), MEMBERS)
class TestEveryPart:
    def test_is_of_its_family_and_concrete(self, family: Family[Any], name: str) -> None:
        assert issubclass(family[name], family.base)
        assert not inspect.isabstract(family[name])
        assert family.name_of(default(family[name])) == name

    def test_gives_examples(self, family: Family[Any], name: str) -> None:
        found = family[name].examples()
        assert found[0] == family[name]()
        assert len(set(found)) == len(found)
        assert all(type(example) is family[name] for example in found)

    def test_says_what_it_is(self, family: Family[Any], name: str) -> None:
        doc = inspect.getdoc(family[name]) or ""
        assert "Examples" in doc
        for setting_name, spec in settings(family[name]).items():
            assert spec.doc.endswith("."), setting_name

    def test_every_setting_can_be_changed(self, family: Family[Any], name: str) -> None:
        cls = family[name]
        seen = variants(cls)
        for setting_name in settings(cls):
            assert len({repr(getattr(v, setting_name)) for v in seen}) > 1, setting_name

    def test_round_trip_through_json(self, family: Family[Any], name: str) -> None:
        for value in variants(family[name]):
            again = family.from_dict(json.loads(json.dumps(family.to_dict(value))))
            assert again == value
            assert repr(again) == repr(value)

    def test_repr_evaluates_back(self, family: Family[Any], name: str) -> None:
        known = {cls.__name__: cls for f in FAMILIES for cls in f.values()}
        for value in variants(family[name]):
            assert eval(repr(value), known) == value

    def test_is_a_value(self, family: Family[Any], name: str) -> None:
        for value in variants(family[name]):
            assert value.replace() == value
            assert hash(value.replace()) == hash(value)
            assert clone(value) is value
            assert pickle.loads(pickle.dumps(value)) == value
        first = default(family[name])
        for setting_name in settings(family[name]):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(first, setting_name, getattr(first, setting_name))

    def test_bad_values_get_a_sentence(self, family: Family[Any], name: str) -> None:
        first = default(family[name])
        for setting_name, spec in settings(family[name]).items():
            for bad in self.bad_values(options(family[name], setting_name), spec):
                with pytest.raises(SettingError) as caught:
                    first.replace(**{setting_name: bad})
                message = str(caught.value)
                assert setting_name in message or (spec.family is not None), message
                assert "\n" not in message
                assert message.endswith("."), message

    @staticmethod
    def bad_values(allowed: tuple[Any, ...], spec: Setting) -> list[Any]:
        if not all(o in (int, float, bool, str, type(None)) for o in allowed) and spec.family is None:
            return []
        bad: list[Any] = [object(), [], {"a": 1}] if spec.family is None else [object(), "no such name"]
        if str not in allowed and spec.family is None:
            bad.append("many")
        if str in allowed and spec.choices is not None:
            bad.append("no such choice")
        if int in allowed or float in allowed:
            bad += [float("nan")] + ([] if bool in allowed else [True])
            bad += [v for v in (-1, 0, 1, 2, 8, -0.5, 1e9) if not spec.within(v)]
        if int in allowed and float not in allowed:
            bad.append(2.5)
        if type(None) not in allowed:
            bad.append(None)
        return bad

    def test_numpy_scalars_become_python_numbers(self, family: Family[Any], name: str) -> None:
        first = default(family[name])
        kinds = {int: np.int64, float: np.float64, bool: np.bool_, str: np.str_}
        for setting_name, spec in settings(family[name]).items():
            for option in options(family[name], setting_name):
                for value in good_values(option, spec) if option in kinds else []:
                    try:
                        made = getattr(first.replace(**{setting_name: kinds[option](value)}), setting_name)
                    except SettingError:
                        continue
                    assert type(made) in (int, float, bool, str)
                    assert made == value

    def test_a_tensor_passes_through(self, family: Family[Any], name: str) -> None:
        rates = torch.tensor([0.1, 0.2])
        for setting_name in settings(family[name]):
            if float in options(family[name], setting_name):
                stacked = default(family[name]).replace(**{setting_name: rates})
                assert getattr(stacked, setting_name) is rates
                assert setting_name in repr(stacked)

    def test_a_typo_names_the_nearest(self, family: Family[Any], name: str) -> None:
        with pytest.raises(UnknownNameError, match="Did you mean") as caught:
            family.resolve(name + "x")
        assert all(known in str(caught.value) for known in family)
        for setting_name in settings(family[name]):
            for attempt in (
                lambda typo: default(family[name]).replace(**{typo: 1}),
                lambda typo: family.from_dict({"kind": name, typo: 1}),
            ):
                with pytest.raises(UnknownNameError, match=f"Did you mean '{setting_name}'"):
                    attempt(setting_name + "x")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.kind)
class TestEveryFamily:
    def test_resolves_parts_names_and_dicts(self, family: Family[Any]) -> None:
        for name, cls in family.items():
            value = default(cls)
            assert family.resolve(value) is value
            assert family.resolve(family.to_dict(value)) == value
            if all(f.default is not dataclasses.MISSING for f in dataclasses.fields(cls)):
                assert family.resolve(name) == value

    @pytest.mark.parametrize("bad", [None, 2.5, object(), {}, {"kind": 3}, []])
    def test_refuses_what_is_no_part(self, family: Family[Any], bad: object) -> None:
        with pytest.raises(SettingError, match=family.kind):
            family.resolve(bad)

    def test_a_name_cannot_be_taken_twice(self, family: Family[Any]) -> None:
        name, *_ = family
        with pytest.raises(SettingError, match="exists already"):
            family.register(name, family.base)


def test_a_number_is_a_euclidean_space() -> None:
    assert LATENT_SPACES.resolve(2) == Euclidean(2)
    assert LATENT_SPACES.resolve(np.int64(3)) == Euclidean(3)
    for bad in (True, 0, -1):
        with pytest.raises(SettingError):
            LATENT_SPACES.resolve(bad)


def test_a_second_part_of_a_kind_is_numbered() -> None:
    assert list(PENALTIES.named((L1(), KL(), L1(0.1), L1(0.2)))) == ["l1", "kl", "l1_2", "l1_3"]


@part
class Ring(Part):
    """A part that has one of everything."""

    width: int = setting(default=4, doc="Width.", ge=1, le=9, size=True)
    rate: float = setting(default=0.5, doc="Rate.", gt=0, varies=True)
    on: str = setting(default="code", doc="Where.", choices=("code", "hidden"))
    clip: bool = setting(default=True, doc="Clip.")
    scale: float | None = setting(default=None, doc="Scale.", gt=0)
    folder: str | None = setting(default=None, doc="Folder.", local=True)

    def check(self) -> None:
        if self.on == "hidden" and not isinstance(self.rate, torch.Tensor) and self.width == 4:
            raise SettingError("Ring: a width of 4 is for codes.")


def test_examples_change_one_setting_at_a_time_where_the_others_allow_it() -> None:
    assert Ring.examples() == (Ring(), Ring(width=1), Ring(clip=False), Ring(scale=0.5))


def test_what_a_stack_shares_leaves_out_what_varies_and_what_is_local() -> None:
    assert Ring().shared() == Ring(rate=0.1, folder="here").shared()
    assert all(Ring().shared() != Ring(**other).shared() for other in ({"width": 5}, {"clip": False}))
    assert Ring(rate=torch.tensor([0.1, 0.2])).shared() == Ring().shared()


def test_a_setting_that_is_declared_again_keeps_what_it_does_not_say_anew() -> None:
    @part
    class Thin(Ring):
        width: int = setting(default=2, doc="A small width.", le=3)
        rate: float = setting(default=0.1, doc="Another rate.")

    width, rate = settings(Thin)["width"], settings(Thin)["rate"]
    assert (width.doc, width.ge, width.le, width.size) == ("A small width.", 1, 3, True)
    assert (rate.doc, rate.gt, rate.varies) == ("Another rate.", 0, True)
    assert settings(Ring)["width"].le == 9
    with pytest.raises(SettingError, match="width must be an integer >= 1 and <= 3, got 0"):
        Thin(width=0)


VARIES = ["training__lr", "training__schedule__floor", "training__early_stopping__patience"]
VARIES += ["penalties__kl__weight", "penalties__l1_2__warmup", "corruption", "corruption__masking__share"]
SHARED = [
    "training",
    "training__epochs",
    "training__optimizer__momentum",
    "latent",
    "latent__dim",
    "encoder__hidden",
]
SHARED += ["penalties", "penalties__kl", "penalties__mmd__scale", "seed", "data.n_samples"]


@pytest.mark.parametrize(("path", "varies"), [*((p, True) for p in VARIES), *((p, False) for p in SHARED)])
def test_models_of_a_stack_may_differ_in_what_says_so_alone(path: str, varies: bool) -> None:
    assert may_vary(path) == varies


def test_parts_are_made_in_code_that_no_module_holds():
    code = """
from __future__ import annotations
from diabolo.latent import LatentSpace
from diabolo.parts import Part, part, setting

@part
class Ring(Part):
    radius: float | None = setting(default=1.0, doc="Radius.", gt=0)
    space: LatentSpace | None = setting(default=None, doc="A space.")

def local():
    class Own: ...

    @part
    class Inner(Ring):
        own: Own | None = setting(default=None, doc="A class of the function.")
    return Inner
"""
    names = {"__name__": "no_such_module"}
    exec(code, names)
    assert repr(names["Ring"](2)) == "Ring(radius=2.0)"
    assert names["local"]()(radius=3).replace(radius=4).radius == 4.0
    with pytest.raises(SettingError, match="radius must be a number > 0 or None, got -1"):
        names["Ring"](-1)
