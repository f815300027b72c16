"""Pages of their own: no script, no request, pictures inside. What they look like stands in ``templates``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .figures import Figures
from .findings import Finding
from .pictures import Picture
from .tables import Table, tables

if TYPE_CHECKING:
    from jinja2 import Environment


def page(figures: Figures, findings: Sequence[Finding], pictures: Sequence[Picture], title: str) -> str:
    """A report as a whole document."""
    return render(
        "report.html", title, figures=figures, findings=findings, pictures=pictures, tables=tables(figures)
    )


def fragment(figures: Figures, findings: Sequence[Finding], pictures: Sequence[Picture]) -> str:
    """The report as a piece of a notebook's page: every rule of its style is under one class."""
    from markupsafe import Markup

    return (
        _environment(__package__)
        .get_template("fragment.html")
        .render(
            style=Markup(_css(__package__, "report.css")),
            title="Health report",
            figures=figures,
            findings=findings,
            pictures=pictures,
            tables=tables(figures),
        )
    )


def document(title: str, under: str, shown: Sequence[Table], pictures: Sequence[Picture]) -> str:
    """A page of pictures and tables in the report's style: a title, a line under it, pictures, tables."""
    return render("document.html", title, under=under, tables=shown, pictures=pictures)


def render(template: str, title: str, *, room: str = __package__, style: str = "", **values: Any) -> str:
    """A whole document, whose policy allows its own style and pictures and nothing else.

    Parameters
    ----------
    template : str
        A file in the ``templates`` of a room or of the reports, which extends ``base.html``.
    title : str
    room : str
        The package that the template lies in.
    style : str
        A file beside it with rules beyond those of the reports.
    **values
        What the template shows; all text in them is escaped.
    """
    from markupsafe import Markup

    css = (
        _css(__package__, "page.css") + _css(__package__, "report.css") + (_css(room, style) if style else "")
    )
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    found = _environment(room).get_template(template)
    return found.render(title=title, style=Markup(css), digest=digest, **values)


def _css(room: str, name: str) -> str:
    return files(room).joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment(room: str) -> Environment:
    """Templates of a room and, where it has none of the name, of the reports."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in dict.fromkeys((room, __package__))]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["data_uri"] = lambda png: f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return made
