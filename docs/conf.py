"""Sphinx configuration."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version as installed
from pathlib import Path

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
# Docstrings write |x| and ||x|| for norms.
rst_epilog = ""


def draw_gallery(_app: object) -> None:
    """Draw the gallery's pictures anew, so that they show what the code draws today."""
    here = Path(__file__).parent
    subprocess.run([sys.executable, str(here / "gallery.py"), str(here / "images" / "gallery")], check=True)


def setup(app: object) -> None:
    """Connect the gallery to the build."""
    app.connect("builder-inited", draw_gallery)  # type: ignore[attr-defined]
