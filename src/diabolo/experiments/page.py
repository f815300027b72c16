"""The page of a run: published, obtained and within beside each figure. No script, no request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from .record import Comparison, Figure, Measure, Section, Statement

if TYPE_CHECKING:
    from .bench import Findings
    from .running import Result

__all__ = ["page"]

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--card:#f6f8fa;
--good:#1a7f37;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#3d444d;--paper:#0d1117;
--card:#161b22;--good:#56d364;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:16px;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:.3em 0}
h2{font-size:1.2rem;margin:0 0 .6em}
h3{font-size:1rem;margin:0 0 .4em}
p{margin:.4em 0}
.soft{color:var(--soft);font-size:.9rem}
section{margin:0 0 16px;padding:16px;background:var(--card);border:1px solid var(--line);border-radius:8px}
.beside{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:20px;align-items:start}
.alone{display:block}
figure{margin:0 0 20px}
img{display:block;max-width:100%;height:auto;background:#fff;border-radius:4px}
table{width:100%;border-collapse:collapse;font-size:.9rem;margin:0 0 14px}
th,td{padding:4px 6px;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;
font-variant-numeric:tabular-nums;overflow-wrap:normal}
td,thead th{white-space:nowrap}
td[colspan]{white-space:normal}
tbody th{overflow-wrap:anywhere}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{color:var(--soft);font-weight:600}
tbody th{font-weight:400}
ul{margin:0 0 14px;padding:0;list-style:none}
li{margin:0 0 .6em;padding-left:12px;border-left:4px solid var(--line)}
li.holds{border-color:var(--good)}
li.fails{border-color:var(--bad)}
.yes{color:var(--good);font-weight:600}
.no{color:var(--bad);font-weight:600}
@media(max-width:800px){.beside{display:block}}
"""


def page(result: Result) -> str:
    """The page as one document, whose policy allows its own style and pictures and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    body = "\n".join(
        [_head(result), *(_section(result, s) for s in result.experiment.sections), _foot(result)]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(result.experiment.title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(result: Result) -> str:
    e = result.experiment
    form = f"Quick form: {e.quick}" if result.quick else f"Full form: {e.data}"
    seeds = f"{len(result.seeds)} seed" + ("s, means shown" if len(result.seeds) > 1 else "")
    return (
        f'<h1>{escape(e.title)}</h1>\n<p class="soft">{escape(e.source)}</p>\n<p>{escape(form)}. {seeds}.</p>\n'
        + _summary(result)
    )


def _summary(result: Result) -> str:
    compared = result.comparisons
    statements = [s for found in result.findings.values() for s in found.statements]
    held = f"{sum(s.holds for s in statements)} of {len(statements)} statements hold in this run."
    if result.quick:
        return f"<p>Published numbers belong to the full form; here they are shown and not judged. {held}</p>"
    within = sum(c.within for c in compared)
    missing = len(result.experiment.targets) - len(compared)
    more = f" {missing} belong to sections that have not run." if missing else ""
    return f"<p><b>{within} of {len(compared)} published numbers obtained.</b>{more} {held}</p>"


def _section(result: Result, section: Section) -> str:
    if section.name not in result.findings:
        return ""
    found = result.findings[section.name]
    pictures = "\n".join(map(_figure, found.figures))
    words = "\n".join(
        [
            _comparisons(result.compare(section), judged=not result.quick),
            _statements(found.statements),
            _measures(found, section),
            *(f'<p class="soft">{escape(note)}</p>' for note in found.notes),
        ]
    )
    inside = f'<div class="beside">\n<div>{pictures}</div>\n<div>{words}</div>\n</div>' if pictures else words
    return f'<section id="{escape(section.name)}">\n<h2>{escape(section.title)}</h2>\n{inside}\n</section>'


def _figure(figure: Figure) -> str:
    data = base64.b64encode(figure.png).decode()
    return (
        f'<figure><h3>{escape(figure.title)}</h3>\n<img src="data:image/png;base64,{data}" '
        f'alt="{escape(figure.title)}">\n<figcaption class="soft">{escape(figure.reading)}</figcaption></figure>'
    )


def _comparisons(compared: Sequence[Comparison], judged: bool) -> str:
    if not compared:
        return ""
    rows = []
    for c in compared:
        verdict = '<td class="soft">quick</td>'
        if judged:
            verdict = f'<td class="{"yes" if c.within else "no"}">{"yes" if c.within else "no"}</td>'
        rows.append(
            f'<tr><th scope="row">{escape(_named(c.target.name, c.target.unit))}</th><td>{c.target.published:g}</td>'
            f"<td>{escape(number_text(c.obtained))}</td>{verdict}</tr>"
            f'<tr><td class="soft" colspan="4">asked: {escape(c.target.limit)}</td></tr>'
        )
    return _table(("", "published", "obtained", "within"), rows)


def _statements(statements: Sequence[Statement]) -> str:
    if not statements:
        return ""
    items = []
    for s in statements:
        numbers = "; ".join(f"{name} {value:.4g}" for name, value in s.numbers.items())
        verdict = "Holds here" if s.holds else "Does not hold here"
        kind = "yes" if s.holds else "no"
        items.append(
            f'<li class="{"holds" if s.holds else "fails"}">{escape(s.text)} <span class="{kind}">{verdict}.</span>'
            f'<br><span class="soft">{escape(numbers)}</span></li>'
        )
    return "<ul>" + "\n".join(items) + "</ul>"


def _measures(found: Findings, section: Section) -> str:
    targets = {target.name for target in section.targets}
    shown = [m for m in found.measures.values() if m.name not in targets]
    rows = [_measure(m) for m in shown]
    return _table(("measured", ""), rows) if rows else ""


def _measure(m: Measure) -> str:
    name = escape(_named(m.name, m.unit))
    return f'<tr><th scope="row">{name}</th><td>{escape(number_text(m.values))}</td></tr>'


def _named(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def number_text(values: Sequence[float]) -> str:
    """The mean of a number over seeds, and its range where there are several.

    Examples
    --------
    >>> number_text([0.17412]), number_text([1.0, 3.0])
    ('0.1741', '2 (1 to 3)')
    """
    mean = sum(values) / len(values)
    text = f"{mean:,.0f}" if abs(mean) >= 1e4 else f"{mean:.4g}"
    return text if len(values) == 1 else f"{text} ({min(values):.4g} to {max(values):.4g})"


def _table(head: Iterable[str], rows: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _foot(result: Result) -> str:
    corrections = "".join(f"<li>{escape(text)}</li>" for text in result.experiment.corrections)
    listed = f"<h2>Done otherwise than in the source</h2><ul>{corrections}</ul>" if corrections else ""
    times = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in result.seconds.items())
    return f'<section>{listed}<p class="soft">Time: {escape(times)}.</p></section>'
