"""Sphinx configuration."""

from __future__ import annotations

import re
import sys
import warnings
from importlib.metadata import version as installed
from pathlib import Path

from diabolo.parts import Part

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

# Autodoc looks at every name of a class, at the old ones too.
warnings.filterwarnings(
    "ignore", message=".* the old name goes with the next version", category=FutureWarning
)
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]  # else names lose their last underscore
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


def write_reference(_app: object) -> None:
    """Write the pages of the API reference, so that they are those of the code of today."""
    import gallery
    import reference

    reference.write_all(HERE / "api", gallery.DRAWINGS)


def public_bases(_app: object, _name: str, _obj: object, _options: object, bases: list[type]) -> None:
    """Name as bases only what a reader can look up."""
    import reference

    public = {entry.value for entry in reference.everything() if entry.kind == "class"}
    bases[:] = [b for b in bases if b in public or not b.__module__.startswith("diabolo")] or [object]


def describe_settings(
    _app: object, what: str, _name: str, obj: object, _options: object, lines: list[str]
) -> None:
    """Describe a part's settings by their declarations, where the docstring does not."""
    if what == "class" and isinstance(obj, type) and issubclass(obj, Part):
        import reference

        reference.add_settings(obj, lines)


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
    app.connect("builder-inited", write_reference)  # type: ignore[attr-defined]
    app.connect("autodoc-process-bases", public_bases)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", describe_settings, priority=300)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", escape, priority=400)  # type: ignore[attr-defined]
    app.connect("autodoc-skip-member", skip)  # type: ignore[attr-defined]
