"""The names of the package: lazy, complete, and known to type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from members import FAMILIES

import diabolo

SOURCE = Path(diabolo.__file__)

USER_CODE = """
from diabolo import MLP, Autoencoder, Sphere, load, plots, recipes

ae = Autoencoder(latent=Sphere(3), encoder=MLP((8,)))
reveal_type(MLP)
reveal_type(ae.fit([[0.0, 1.0]]))
reveal_type(load("model"))
reveal_type(recipes.deep)
reveal_type(plots)
"""


def in_fresh_process(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    env = {"PYTHONPATH": str(SOURCE.parents[1]), "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout


def told(source: Path) -> set[str]:
    """The names that a type checker finds public in a file: "X as X", what is defined there, "*" followed."""
    names = set[str]()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            room = source.parent.joinpath(*(node.module or "").split("."))
            names |= told(room / "__init__.py" if room.is_dir() else room.with_suffix(".py"))
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname for alias in node.names if alias.asname == alias.name}
        elif (
            isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper()
        ):
            names.add(node.target.id)
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def test_type_checkers_are_told_the_names_that_there_are() -> None:
    assert told(SOURCE) == set(diabolo.__all__) - {"__version__"}


def test_a_part_of_a_table_is_a_name_of_its_room_and_of_the_package() -> None:
    for family in FAMILIES:
        for cls in family.values():
            if cls.__module__.startswith("diabolo."):
                assert getattr(diabolo, cls.__name__) is cls
                assert cls.__name__ in diabolo.__all__


def test_every_name_is_there_by_star() -> None:
    shown = in_fresh_process("from diabolo import *; print(*sorted(globals()))").split()
    assert set(diabolo.__all__) <= set(shown)


def test_the_version_is_looked_up_when_it_is_asked_for() -> None:
    shown = in_fresh_process(
        "import sys, diabolo; print('importlib.metadata' in sys.modules, diabolo.__version__)"
    )
    assert shown.split() == ["False", diabolo.__version__]


def test_a_name_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Autoencodr'"):
        _ = diabolo.Autoencodr


@pytest.mark.slow
def test_user_code_is_type_checked_against_the_real_names(tmp_path: Path) -> None:
    from mypy import api

    (tmp_path / "user.py").write_text(USER_CODE + "from diabolo import Autoencodr\n")
    (tmp_path / "mypy.ini").write_text(
        f"[mypy]\nstrict = True\nmypy_path = {SOURCE.parents[1]}\n"
        "[mypy-diabolo.*]\nfollow_imports = silent\n[mypy-sklearn.*]\nignore_missing_imports = True\n"
    )
    command = [
        "--config-file",
        tmp_path / "mypy.ini",
        "--cache-dir",
        tmp_path / "cache",
        tmp_path / "user.py",
    ]
    shown, problems, _ = api.run([str(c) for c in command])
    assert not problems
    errors = [line for line in shown.splitlines() if "error:" in line]
    assert len(errors) == 1, shown
    assert 'has no attribute "Autoencodr"' in errors[0]
    for told in (
        "diabolo.networks.mlp.MLP",
        'is "diabolo.estimator.autoencoder.Autoencoder"',
        "types.ModuleType",
    ):
        assert told in shown
    assert 'is "Any"' not in shown
