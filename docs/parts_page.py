"""What the documentation says of all parts and recipes: the families' tables, the parts' examples and docstrings."""

from __future__ import annotations

import inspect
from typing import Any

from diabolo.latent import PRIORS
from diabolo.recipes import RECIPES
from diabolo.slots import SLOTS

HEAD = """# Parts and recipes

All that there is, by the name that the command line, a file and a search take; what each setting does is said by the
[API](api/index.md), and `diabolo recipes NAME` lists those of a recipe by their paths. A part of your own joins by
[one file](extend.md).
"""


def first_line(thing: Any) -> str:
    """The sentence that a docstring begins with, fit for a cell of a table."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].replace("|", "\\|")


def page() -> str:
    """The page, in Markdown."""
    lines = [HEAD]
    shown = {
        name: (slot.doc, slot.family) for name, slot in SLOTS.items() if name not in ("decoder", "training")
    }
    shown["prior"] = (
        "What the codes of a latent space that draws them are to follow: `latent__prior`.",
        PRIORS,
    )
    for name, (doc, family) in shown.items():
        lines += [
            f"## {name.capitalize()}",
            "",
            f"{doc}",
            "",
            "| name | such as | what it is |",
            "| --- | --- | --- |",
        ]
        for member, cls in family.items():
            examples = ", ".join(f"`{example!r}`" for example in cls.examples()[:3])
            lines.append(f"| `{member}` | {examples} | {first_line(cls)} |")
        lines.append("")
    lines += ["## Recipes", "", "| name | use it when |", "| --- | --- |"]
    lines += [f"| `{name}` | {first_line(make)} |" for name, make in RECIPES.items()]
    return "\n".join(lines) + "\n"
