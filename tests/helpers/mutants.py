"""Small changes to a module's source, one at a time: what mutation testing asks the tests to notice.

The changes are those of mutmut and Cosmic Ray that change what is computed: operators, comparisons, numbers,
conditions, loops, keyword arguments, returned values, decorators and statements. Strings, annotations and
what only a type checker reads are left alone.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_UNREAD = ("annotation", "returns", "type_comment", "type_params")
# Words for people: the help of a setting.
_WORDS = ("doc",)


@dataclass(frozen=True)
class Change:
    """A field of a node of the syntax tree, an item of it where it is a list, and what comes in its place.

    ``shown`` is the node that a reader is shown before and after; None shows the old and the new value.
    """

    owner: ast.AST
    field: str
    at: int | None
    new: Any
    shown: ast.AST | None
    scope: tuple[str, ...]

    def apply(self) -> Any:
        """Put the new value in its place and give back the old one."""
        values = getattr(self.owner, self.field)
        if self.at is None:
            setattr(self.owner, self.field, self.new)
            return values
        old = values[self.at]
        values[self.at : self.at + 1] = [] if self.new is None else [self.new]
        return old

    def undo(self, old: Any) -> None:
        """The tree as it was."""
        if self.at is None:
            setattr(self.owner, self.field, old)
        else:
            values = getattr(self.owner, self.field)
            values[self.at : self.at + (self.new is not None)] = [old]


@dataclass(frozen=True)
class Mutant:
    """One change to one module.

    Attributes
    ----------
    path : Path
        The module.
    number : int
        The place of the change among those of :func:`changes`.
    name : str
        The module, the function and the code before and after: the same as long as the code there is.
    """

    path: Path
    number: int
    name: str

    def code(self) -> Any:
        """The changed module, compiled."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        list(changes(tree))[self.number].apply()
        return compile(ast.fix_missing_locations(tree), str(self.path), "exec")


def mutants(path: Path, root: Path) -> list[Mutant]:
    """All mutants of a module, whose names begin with its path from ``root``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    found = []
    for number, change in enumerate(changes(tree)):
        before = _line(change.shown) if change.shown else ""
        old = change.apply()
        before, after = before or _line(old), _line(change.shown or change.new)
        change.undo(old)
        name = f"{path.relative_to(root)} {'.'.join(change.scope)}: {before} → {after}"
        seen[name] += 1
        found.append(Mutant(path, number, name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return found


def sample(found: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """``count`` of the mutants; what is drawn of one function does not depend on the others' code."""
    return sorted(found, key=lambda m: hashlib.sha256(f"{seed} {m.name}".encode()).digest())[:count]


def _line(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        decorators = "".join(f"@{ast.unparse(d)} " for d in node.decorator_list)
        return f"{decorators}{'class' if isinstance(node, ast.ClassDef) else 'def'} {node.name}"
    if isinstance(node, ast.For):
        return f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
    if isinstance(node, ast.If | ast.While):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())


def changes(node: ast.AST, scope: tuple[str, ...] = ()) -> Iterator[Change]:
    """All changes inside a node, in the order of the source."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        for at in range(len(node.decorator_list)):
            yield Change(node, "decorator_list", at, None, node, (*scope, node.name))
        scope = (*scope, node.name)
    for field, value in ast.iter_fields(node):
        if field in _UNREAD or field == "decorator_list":
            continue
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_words(child):
                continue
            yield from _here(node, field, at, child, scope)
            yield from changes(child, scope)


def _is_words(node: ast.AST) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return (
        docstring or isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg in _WORDS)
    )


def _here(
    owner: ast.AST, field: str, at: int | None, child: ast.AST, scope: tuple[str, ...]
) -> Iterator[Change]:
    """What can come in the place of one child of a node."""

    def to(new: Any, shown: ast.AST | None = owner) -> Change:
        return Change(owner, field, at, new, shown, scope)

    if type(child) in _OPERATORS:
        yield to(_OPERATORS[type(child)]())
    elif isinstance(child, ast.Constant) and isinstance(child.value, bool):
        yield to(ast.Constant(not child.value))
    elif isinstance(child, ast.Constant) and isinstance(child.value, int | float):
        yield to(ast.Constant(child.value + 1))
    elif isinstance(child, ast.UnaryOp):
        yield to(child.operand)
    elif isinstance(child, ast.keyword) and isinstance(owner, ast.Call) and child.arg is not None:
        yield to(None)
    elif isinstance(child, ast.Break | ast.Continue):
        yield to(ast.Continue() if isinstance(child, ast.Break) else ast.Break())
    elif isinstance(child, ast.Raise | ast.AugAssign) or (
        isinstance(child, ast.Expr) and isinstance(child.value, ast.Call)
    ):
        yield to(ast.Pass(), None)
    negated = isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.Not)
    if (field == "test" and not negated) or (field == "ifs" and isinstance(owner, ast.comprehension)):
        yield to(ast.UnaryOp(ast.Not(), child))
    if field == "iter":
        yield to(ast.Tuple([], ast.Load()))
    if isinstance(owner, ast.Return) and not (isinstance(child, ast.Constant) and child.value is None):
        yield to(ast.Constant(None))
