"""Sphinx configuration."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent

project = "Diabolo"
author = "The Diabolo developers"
copyright = f"2026, {author}"
version = release = installed("diabolo")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
# A tutorial is executed whenever its page is written; a cell that fails ends the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True
html_theme = "furo"
html_title = "Diabolo"
html_static_path: list[str] = []
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
# Words in a type, such as the axes of a shape, are no references.
napoleon_use_param = False
napoleon_use_keyword = False
suppress_warnings = ["ref.python"]


def draw_gallery(_app: object) -> None:
    """Draw the gallery's pictures anew and list them, so that the page shows what the code draws today."""
    sys.path.insert(0, str(HERE))
    import gallery

    lines = [
        "# Gallery",
        "",
        "Drawn from the digits, two moons and PCA; the code is in `docs/gallery.py`.",
        "",
    ]
    for path in gallery.draw_all(HERE / "images" / "gallery"):
        said = (gallery.DRAWINGS[path.stem].__doc__ or "").strip()
        lines += [f"## {path.stem}", "", said, "", f"![{said}](images/gallery/{path.name})", ""]
    (HERE / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


def list_members(_app: object) -> None:
    """List all parts and recipes, as the tables of this code have them."""
    sys.path.insert(0, str(HERE))
    import parts_page

    (HERE / "parts.md").write_text(parts_page.page(), encoding="utf-8")
    (HERE / "_parts").mkdir(exist_ok=True)
    for name, slot in parts_page.SLOTS.items():
        (HERE / "_parts" / f"{name}.inc").write_text(parts_page.modules(slot.family), encoding="utf-8")


def escape(_app: object, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Let shapes such as (*models, batch) and norms such as |x| stand in docstrings as they are read."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            pieces = re.split(r"(``.*?``|:\w+:`.*?`|\*\*.+?\*\*)", line)
            pieces[::2] = [re.sub(r"(?<!\\)([*|])", r"\\\1", piece) for piece in pieces[::2]]
            lines[i] = "".join(pieces)


def skip(_app: object, _what: str, name: str, _obj: object, skipped: bool, _options: object) -> bool:
    """Leave out the setters of metadata routing, which scikit-learn adds and explains."""
    return skipped or bool(re.fullmatch(r"set_\w+_request", name))


def setup(app: object) -> None:
    """Connect the gallery, the page of parts and the docstrings to the build."""
    app.connect("builder-inited", draw_gallery)  # type: ignore[attr-defined]
    app.connect("builder-inited", list_members)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", escape, priority=400)  # type: ignore[attr-defined]
    app.connect("autodoc-skip-member", skip)  # type: ignore[attr-defined]
