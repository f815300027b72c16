"""Docstrings of the public names: every parameter of each is described, and the reference shows nothing else."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from diabolo.parts import Part, settings

DOCS = Path(__file__).parents[1] / "docs"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


pytest.importorskip("lightning", reason="the extra 'lightning', whose room is documented, is not installed")
reference = _load("reference")


def _parameters(called: Callable[..., Any]) -> list[str]:
    try:
        names = list(inspect.signature(called).parameters)
    except ValueError:  # written in C, by another library
        return []
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def _described(*documented: Any) -> dict[str, str]:
    """What docstrings say of parameters; of a part, what the declarations of its settings say too."""
    found: dict[str, str] = {}
    for value in documented:
        if inspect.isclass(value) and issubclass(value, Part):
            found |= {name: spec.doc for name, spec in settings(value).items()}
        found |= reference.described(inspect.cleandoc(value.__doc__ or "").splitlines())
    return found


def _function(value: Any) -> Any:
    return inspect.unwrap(getattr(value, "__func__", value))


def _methods(cls: type) -> Iterator[tuple[str, list[Any]]]:
    """The methods that a page shows, each with those that it overrides: their docstrings hold for it."""
    elsewhere = set(reference.shown_bases(cls, PUBLIC))
    shown = [base for base in cls.__mro__ if base not in elsewhere]
    for name in sorted({name for base in shown for name in vars(base) if not name.startswith("_")}):
        family = [_function(vars(base)[name]) for base in cls.__mro__ if name in vars(base)]
        if inspect.isfunction(family[0]):
            yield name, family


PUBLIC = {entry.value for entry in reference.everything() if entry.kind == "class"}


def _documented() -> Iterator[tuple[str, Callable[..., Any], list[Any]]]:
    """Every public function, class and method: where it is, what is called, whose docstrings describe it."""
    for entry in reference.everything():
        if entry.kind != "data":
            yield entry.path, entry.value, [entry.value]
        if entry.kind == "class":
            for name, family in _methods(entry.value):
                yield f"{entry.path}.{name}", family[0], family


CASES = {path: (called, documented) for path, called, documented in _documented()}


@pytest.mark.parametrize("path", CASES)
def test_every_parameter_is_described(path: str) -> None:
    called, documented = CASES[path]
    names, said = _parameters(called), _described(*reversed(documented))
    # What overrides a method of another library is described there.
    foreign = any(not value.__module__.startswith("diabolo") for value in documented)
    if said or (len(names) >= 2 and not foreign):
        assert [name for name in names if not said.get(name)] == [], "these have no description"
    assert [name for name, words in said.items() if not words] == [], "these entries say nothing"


@pytest.mark.parametrize("path", CASES)
def test_every_public_name_has_a_sentence(path: str) -> None:
    assert any(value.__doc__ for value in CASES[path][1])


def test_the_reference_shows_the_public_names_and_nothing_else(tmp_path: Path) -> None:
    pages = reference.write_all(tmp_path, {})
    shown = re.findall(r"^\.\. auto(?:class|function):: (\S+)", "\n".join(map(_read, pages)), re.MULTILINE)
    assert sorted(shown) == sorted(e.path for e in reference.everything() if e.kind != "data")
    assert [path for path in shown if re.search(r"(^|\.)_", path)] == []
    index = _read(tmp_path / "index.md")
    assert [path for path in shown if f"<{path}.md>" not in index] == []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_what_is_public_in_diabolo_has_a_page() -> None:
    import diabolo

    known = {id(e.value) for e in reference.everything()}
    assert [
        n
        for n in diabolo.__all__
        if inspect.isclass(getattr(diabolo, n)) and id(getattr(diabolo, n)) not in known
    ] == []


def test_the_parser_finds_what_is_missing() -> None:
    said = reference.described(
        [
            "Do it.",
            "",
            "Parameters",
            "----------",
            "a, b : int",
            "    Both.",
            "c : str",
            "",
            "Returns",
            "-------",
            "int",
        ]
    )
    assert said == {"a": "Both.", "b": "Both.", "c": ""}


def test_settings_of_a_part_are_described_by_their_declarations() -> None:
    from diabolo import Sphere

    lines = ["A sphere.", "", "Examples", "--------", ">>> 1"]
    reference.add_settings(Sphere, lines)
    assert reference.described(lines)["dim"] == settings(Sphere)["dim"].doc
    assert lines[-3:] == ["Examples", "--------", ">>> 1"]
    again = list(lines)
    reference.add_settings(Sphere, again)
    assert again == lines
