"""The page of a run: published, obtained and within beside each figure. No script, no request."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from ..report.html import whole_page
from .findings import Figure, Measure, Statement
from .record import Comparison, Section

if TYPE_CHECKING:
    from .findings import Findings
    from .record import Result

__all__ = ["page"]

# Beyond the report's own style: pictures and words side by side, and verdicts in colour.
_STYLE = """
.diabolo-report{--good:#1a7f37;--bad:#b3261e}
@media(prefers-color-scheme:dark){.diabolo-report{--good:#56d364;--bad:#ff8a80}}
.diabolo-report .beside{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:20px;align-items:start}
.diabolo-report section figure{margin:0 0 20px;padding:0;background:none;border:0}
.diabolo-report h3{font-size:1rem;margin:0 0 .4em}
.diabolo-report table,.diabolo-report ul{margin:0 0 14px}
.diabolo-report td{white-space:normal}
.diabolo-report tbody th{min-width:5em}
.diabolo-report td[colspan]{text-align:left;padding-left:0}
.diabolo-report li.holds{border-color:var(--good)}
.diabolo-report li.fails{border-color:var(--bad)}
.diabolo-report .yes{color:var(--good);font-weight:600}
.diabolo-report .no{color:var(--bad);font-weight:600}
@media(max-width:800px){.diabolo-report .beside{display:block}}
"""


def page(result: Result) -> str:
    """The page as one document in the style of the reports; no script, no request."""
    body = "\n".join(
        [
            '<main class="diabolo-report">',
            _head(result),
            *(_section(result, s) for s in result.experiment.sections),
            _foot(result),
            "</main>",
        ]
    )
    return whole_page(body, result.experiment.title, _STYLE)


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
