"""Pages of their own: no request, pictures inside, no script but that of a map that answers.

What they look like stands in ``templates``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .figures import Figures
from .findings import Finding
from .pictures import Picture
from .tables import Table, tables

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Living:
    """What a page needs for a map that answers.

    Attributes
    ----------
    data : str
        The content of the explorer, packed.
    script, style : str
        The explorer's own.
    links : mapping of str to (str, str)
        For a finding: what the samples are that show it, and their rows.
    said : str
        Which samples are on the map.
    """

    data: str
    script: str
    style: str
    links: Mapping[str, tuple[str, str]]
    said: str


def page(
    figures: Figures,
    findings: Sequence[Finding],
    pictures: Sequence[Picture],
    title: str,
    *,
    about: Mapping[str, str] | None = None,
    living: Living | None = None,
) -> str:
    """A report as a whole document.

    Parameters
    ----------
    figures, findings, pictures
        What the report holds.
    title : str
    about : mapping of str to str, or None
        Facts under the title.
    living : Living or None
        The explorer of the samples; without it the page has no script.
    """
    own = _css(__package__, "report.js") if living else ""
    scripts = (own, living.script) if living else ()
    return render(
        "report.html", title, figures=figures, findings=findings, pictures=pictures, tables=tables(figures),
        about=about or {}, living=living, own=own, scripts=scripts, first=living.style if living else "",
    )  # fmt: skip


def fragment(figures: Figures, findings: Sequence[Finding], pictures: Sequence[Picture]) -> str:
    """The report as a piece of a notebook's page: every rule of its style is under one class."""
    from markupsafe import Markup

    return (
        _environment(__package__)
        .get_template("fragment.html")
        .render(
            style=Markup(_css(__package__, "report.css")),
            title="Health report",
            about={},
            living=None,
            figures=figures,
            findings=findings,
            pictures=pictures,
            tables=tables(figures),
        )
    )


def document(title: str, under: str, shown: Sequence[Table], pictures: Sequence[Picture]) -> str:
    """A page of pictures and tables in the report's style: a title, a line under it, pictures, tables."""
    return render("document.html", title, under=under, tables=shown, pictures=pictures)


def render(
    template: str,
    title: str,
    *,
    room: str = __package__,
    style: str = "",
    first: str = "",
    scripts: Sequence[str] = (),
    **values: Any,
) -> str:
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
    first : str
        Rules that those of the reports come after.
    scripts : sequence of str
        The scripts that the page may run, as they stand in it.
    **values
        What the template shows; all text in them is escaped.
    """
    from markupsafe import Markup

    css = first + (
        _css(__package__, "page.css") + _css(__package__, "report.css") + (_css(room, style) if style else "")
    )
    found = _environment(room).get_template(template)
    allowed = [_digest(script) for script in scripts]
    return found.render(title=title, style=Markup(css), digest=_digest(css), allowed=allowed, **values)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


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
