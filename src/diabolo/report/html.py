"""The report as a page of its own: no script, no request, pictures inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from .figures import Figures
from .findings import Finding
from .pictures import Picture
from .tables import Table, tables

__all__ = ["document", "fragment", "page", "whole_page"]

# Every rule is under one class, so that a report in a notebook leaves the rest of the notebook alone.
_STYLE = """
.diabolo-report{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--card:#f6f8fa;
--severe:#b3261e;--warning:#8a5a00;--note:#0b5cad;
color:var(--ink);background:var(--paper);font:16px/1.5 system-ui,sans-serif;
box-sizing:border-box;max-width:1180px;margin:0 auto;padding:16px;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){.diabolo-report{--ink:#e6edf3;--soft:#9da7b3;--line:#3d444d;--paper:#0d1117;
--card:#161b22;--severe:#ff8a80;--warning:#e3b341;--note:#79b8ff}}
.diabolo-report *{box-sizing:border-box}
.diabolo-report h1{font-size:1.6rem;line-height:1.25;margin:.3em 0}
.diabolo-report h2{font-size:1.15rem;margin:0 0 .5em}
.diabolo-report p{margin:.4em 0}
.diabolo-report .soft{color:var(--soft);font-size:.875rem}
.diabolo-report .columns{columns:2;column-gap:16px;margin-bottom:8px}
.diabolo-report section,.diabolo-report figure{margin:0 0 16px;padding:16px;background:var(--card);
border:1px solid var(--line);border-radius:8px;break-inside:avoid}
.diabolo-report ul{margin:0;padding:0;list-style:none}
.diabolo-report li{margin:0 0 .6em;padding-left:12px;border-left:4px solid var(--line)}
.diabolo-report li b{text-transform:uppercase;font-size:.75rem;letter-spacing:.05em}
.diabolo-report li.severe{border-color:var(--severe)}
.diabolo-report li.severe b{color:var(--severe)}
.diabolo-report li.warning{border-color:var(--warning)}
.diabolo-report li.warning b{color:var(--warning)}
.diabolo-report li.note{border-color:var(--note)}
.diabolo-report li.note b{color:var(--note)}
.diabolo-report table{width:100%;border-collapse:collapse;font-size:.9rem;background:none;color:inherit}
.diabolo-report th,.diabolo-report td{padding:4px 6px;border:0;border-bottom:1px solid var(--line);text-align:right;
font-variant-numeric:tabular-nums;vertical-align:top;background:none;white-space:nowrap;overflow-wrap:normal}
.diabolo-report th:first-child{text-align:left;padding-left:0;white-space:normal;overflow-wrap:anywhere}
.diabolo-report thead th{color:var(--soft);font-weight:600}
.diabolo-report tbody th{font-weight:400}
.diabolo-report img{display:block;max-width:100%;height:auto;margin:0 auto;background:#fff;border-radius:4px}
.diabolo-report figcaption{margin-top:.6em}
@media(max-width:760px){.diabolo-report .columns{columns:1}
.diabolo-report .many td{white-space:normal;overflow-wrap:anywhere}
.diabolo-report .many td:empty{display:none}
.diabolo-report .many thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.diabolo-report .many tr,.diabolo-report .many th,.diabolo-report .many td{display:block;border:0;
text-align:left;padding:1px 0}
.diabolo-report .many tbody tr{padding:6px 0;border-bottom:1px solid var(--line)}
.diabolo-report .many tbody th{font-weight:600}
.diabolo-report .many td::before{content:attr(data-label)": ";color:var(--soft)}}
"""
# The page around the report; the notebook has its own.
_PAGE_STYLE = (
    """:root{color-scheme:light dark}body{margin:0;background:#fff}
@media(prefers-color-scheme:dark){body{background:#0d1117}}
"""
    + _STYLE
)

_MANY = 4


def page(figures: Figures, findings: Sequence[Finding], pictures: Sequence[Picture], title: str) -> str:
    """A report as a whole document."""
    return whole_page(_body(figures, findings, pictures, title), title)


def document(title: str, under: str, shown: Sequence[Table], pictures: Sequence[Picture]) -> str:
    """A page of pictures and tables in the report's style: a title, a line under it, pictures, tables."""
    parts = [
        '<main class="diabolo-report">',
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(under)}</p>',
        _table(shown[0]) if shown else "",
        '<div class="columns">',
        *map(_picture, pictures),
        "</div>",
        *map(_table, shown[1:]),
        "</main>",
    ]
    return whole_page("\n".join(parts), title)


def whole_page(body: str, title: str, more_style: str = "") -> str:
    """A whole document, whose policy allows its own style and pictures and nothing else."""
    style = _PAGE_STYLE + more_style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def fragment(figures: Figures, findings: Sequence[Finding], pictures: Sequence[Picture]) -> str:
    """The report as a piece of a notebook's page."""
    return f"<style>{_STYLE}</style>\n{_body(figures, findings, pictures, 'Health report')}"


def _body(figures: Figures, findings: Sequence[Finding], pictures: Sequence[Picture], title: str) -> str:
    shown = tables(figures)
    narrow, many = ([t for t in shown if (len(t.head) >= _MANY) is kind] for kind in (False, True))
    parts = [
        '<main class="diabolo-report">',
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(figures.model)}</p>',
        _findings(findings),
        *map(_table, many),
        '<div class="columns">',
        *map(_picture, pictures),
        '</div>\n<div class="columns">',
        *map(_table, narrow),
        "</div>",
        _notes(figures.notes),
        "</main>",
    ]
    return "\n".join(parts)


def _findings(findings: Sequence[Finding]) -> str:
    items = "\n".join(
        f'<li class="{f.severity}"><b>{f.severity}</b> {escape(f.sentence)}</li>' for f in findings
    )
    inside = (
        f"<ul>\n{items}\n</ul>" if items else "<p>None: nothing is wrong by the rules of this report.</p>"
    )
    return f"<section><h2>Findings</h2>\n{inside}</section>"


def _table(table: Table) -> str:
    many = len(table.head) >= _MANY
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "\n".join(_row(row, table.head) for row in table.rows)
    note = f'<p class="soft">{escape(table.note)}</p>' if table.note else ""
    kind = ' class="many"' if many else ""
    return (
        f"<section><h2>{escape(table.title)}</h2>\n<table{kind}>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>\n{note}</section>"
    )


def _row(row: Sequence[str], head: Sequence[str]) -> str:
    first, *others = row
    cells = "".join(
        f'<td data-label="{escape(name)}">{escape(cell)}</td>'
        for name, cell in zip(head[1:], others, strict=True)
    )
    return f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    return (
        f'<figure><h2>{escape(picture.title)}</h2>\n<img src="data:image/png;base64,{data}" '
        f'alt="{escape(picture.alt)}">\n<figcaption class="soft">{escape(picture.alt)}</figcaption></figure>'
    )


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<section><h2>Notes</h2>\n<ul>{items}</ul></section>"
