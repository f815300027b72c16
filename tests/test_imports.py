"""No module needs one that needs it, not even for its types, and no file reads what another calls its own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "diabolo"

# The package's face names every room, for type checkers; of it modules take the version alone.
FACE = "diabolo"
# The estimator's convenience methods open rooms that stand above it.
ALLOWED = {
    ("diabolo.estimator.opening", "diabolo.explorer"),
    ("diabolo.estimator.opening", "diabolo.report"),
}


def imports(source: Path) -> dict[str, set[str]]:
    """The modules of a package, each with those of the package that it imports, wherever in the file."""
    found = {}
    for path in source.rglob("*.py"):
        parts = path.relative_to(source.parent).with_suffix("").parts
        found[".".join(parts[:-1] if path.name == "__init__.py" else parts)] = path
    return {name: _imports_of(name, path, found) for name, path in found.items()}


def _imports_of(name: str, path: Path, modules: dict[str, Path]) -> set[str]:
    room = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    named = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = room[: len(room) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            named |= {f"{base}.{a.name}" if f"{base}.{a.name}" in modules else base for a in node.names}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    return {other for other in named if other in modules and other != name}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The sets of two and more that reach one another (R. Tarjan, SIAM Journal on Computing 1(2), 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            at = stack.index(name)
            found.append(set(stack[at:]))
            del stack[at:]

    for name in sorted(graph):
        if name not in number:
            visit(name)
    return [circle for circle in found if len(circle) > 1]


def of_diabolo() -> dict[str, set[str]]:
    graph = imports(SOURCE)
    graph.pop(FACE)
    return {
        name: {o for o in others if o != FACE and (name, o) not in ALLOWED} for name, others in graph.items()
    }


def test_no_module_needs_one_that_needs_it() -> None:
    assert [sorted(circle) for circle in circles(of_diabolo())] == []


def test_no_room_needs_one_that_needs_it() -> None:
    rooms: dict[str, set[str]] = {}
    for name, others in of_diabolo().items():
        own = name.split(".")[1]
        rooms.setdefault(own, set()).update({other.split(".")[1] for other in others} - {own})
    assert [sorted(circle) for circle in circles(rooms)] == []


def test_what_is_allowed_is_still_there() -> None:
    graph = imports(SOURCE)
    assert all(other in graph[name] for name, other in ALLOWED)


# What named tuples and tensors offer, by names that look private.
OFFERED = {"_replace", "_make", "_asdict", "_fields", "_version"}


def private_reads(source: Path) -> list[str]:
    """Where a file reads what another calls its own by an underscore: "file:line name".

    A file whose own name has one belongs to all of its room.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(source.rglob("*.py"))}
    owners: dict[str, set[Path]] = {}
    for path, tree in trees.items():
        for name in (name for node in ast.walk(tree) for name in _defined(node)):
            owners.setdefault(name, set()).add(path)
        for name in filter(_private, path.relative_to(source).with_suffix("").parts):
            owners.setdefault(name, set()).update(p for p in trees if _room(p, source) == _room(path, source))
    return [
        f"{path.relative_to(source)}:{node.lineno} {name}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        for name in _read(node)
        if name not in OFFERED and name in owners and path not in owners[name]
    ]


def _room(path: Path, source: Path) -> str:
    return path.relative_to(source).parts[0]


def _defined(node: ast.AST) -> list[str]:
    names = []
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = [node.name]
    elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
        names = [node.attr if isinstance(node, ast.Attribute) else node.id]
    return [name for name in names if _private(name)]


def _read(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        names = (*(node.module or "").split("."), *(alias.name for alias in node.names))
        return [name for name in names if _private(name)]
    if not isinstance(node, ast.Attribute) or (
        isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    ):
        return []
    return [node.attr] if _private(node.attr) else []


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_no_file_reads_what_another_calls_its_own() -> None:
    assert private_reads(SOURCE) == []


def test_private_reads_are_found(tmp_path: Path) -> None:
    for room, text in {
        "a": "class A:\n    def _own(self): ...",
        "b": "def f(a):\n    return a._own()",
    }.items():
        (tmp_path / room).mkdir()
        (tmp_path / room / "x.py").write_text(text)
    (tmp_path / "a" / "_within.py").write_text("def f(): ...")
    (tmp_path / "a" / "z.py").write_text("from ._within import f\nfrom .x import A\nA()._own()")
    (tmp_path / "b" / "y.py").write_text("from ..a.x import _own\nfrom ..a._within import f")
    assert private_reads(tmp_path) == ["a/z.py:3 _own", "b/x.py:2 _own", "b/y.py:1 _own", "b/y.py:2 _within"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"a": "from .b import x", "b": "from . import c", "c": ""}, []),
        ({"a": "from .b import x", "b": "def f():\n    from . import a"}, [{"p.a", "p.b"}]),
        ({"a": "import p.b", "b": "if TYPE_CHECKING:\n    from .a import X"}, [{"p.a", "p.b"}]),
        ({"__init__": "from .a import x", "a": "from . import y"}, [{"p", "p.a"}]),
    ],
)
def test_circles_are_found(tmp_path: Path, lines: dict[str, str], expected: list[set[str]]) -> None:
    (tmp_path / "p").mkdir()
    for name, text in {"__init__": "", **lines}.items():
        (tmp_path / "p" / f"{name}.py").write_text(text)
    assert circles(imports(tmp_path / "p")) == expected


if __name__ == "__main__":
    sys.stdout.writelines(f"{' '.join(sorted(circle))}\n" for circle in circles(of_diabolo()))
