"""Sphinx configuration."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent

project = "Diabolo"
author = "The Diabolo developers"
copyright = f"2026, {author}"
version = release = installed("diabolo")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
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


def setup(app: object) -> None:
    """Connect the gallery to the build."""
    app.connect("builder-inited", draw_gallery)  # type: ignore[attr-defined]
