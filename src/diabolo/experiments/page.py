"""The page of a run: published, obtained and within beside each figure. No script, no request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..report.html import render

if TYPE_CHECKING:
    from .record import Result


def page(result: Result) -> str:
    """The page as one document in the style of the reports; no script, no request."""
    statements = [s for found in result.findings.values() for s in found.statements]
    return render(
        "experiment.html",
        result.experiment.title,
        room=__package__,
        style="experiment.css",
        result=result,
        experiment=result.experiment,
        statements=statements,
        held=sum(s.holds for s in statements),
        within=sum(c.within for c in result.comparisons),
        missing=len(result.experiment.targets) - len(result.comparisons),
        number=number_text,
        named=lambda it: f"{it.name} ({it.unit})" if it.unit else it.name,
    )


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
