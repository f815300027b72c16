"""The results of runs as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def markdown(results: Iterable[Mapping[str, Any]]) -> str:
    """Published numbers and statements of several runs as Markdown.

    Parameters
    ----------
    results : iterable of mapping
        What ``results.json`` holds, one an experiment.

    Returns
    -------
    str

    Examples
    --------
    >>> markdown([]).splitlines()[0]
    '# Published experiments'
    """
    runs = list(results)
    if not runs:
        return "\n".join([*_HEAD[:3], "", "No results of full runs are kept in `docs/experiments/`.", ""])
    return "\n".join(
        [*_HEAD, *_targets(runs), "", "## What the statements came to", "", *_statements(runs), ""]
    )


_HEAD = (
    "# Published experiments",
    "",
    "`diabolo reproduce NAME` runs the work of a published course with every setting pinned and leaves a page that "
    "puts published, obtained and within beside each figure; `diabolo reproduce --list` tells which there are, "
    "`--quick` ends within a minute, `--seeds N` repeats what has published numbers.",
    "",
    "The numbers below are from full runs. Each comes from a file in `docs/experiments/`, which "
    "`diabolo reproduce` wrote as `results.json`; `python docs/experiments.py` writes this page from them.",
    "",
    "## Published and obtained",
    "",
    "| experiment | measure | published | asked | obtained | seeds | within |",
    "| --- | --- | ---: | --- | ---: | ---: | --- |",
)


def _targets(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for run in runs:
        for t in run["targets"]:
            sign = -1 if t["direction"] == "at least" else 1
            asked = f"{t['direction']} {t['published'] + sign * t['tolerance']:g}"
            if t["direction"] == "about":
                asked = f"{t['published']:g} ± {t['tolerance']:g}"
            obtained = f"{t['mean']:.4f}"
            if len(t["obtained"]) > 1:
                obtained += f" ({min(t['obtained']):.4f} to {max(t['obtained']):.4f})"
            lines.append(
                f"| {run['experiment']} | {t['name']} ({t['unit']}) | {t['published']:g} | {asked} | {obtained} "
                f"| {len(t['obtained'])} | {'yes' if t['within'] else '**no**'} |"
            )
    return lines


def _statements(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for run in runs:
        said = [s for section in run["sections"].values() for s in section["statements"]]
        if not said:
            continue
        lines += [f"### {run['title']} (`{run['experiment']}`)", ""]
        for s in said:
            numbers = "; ".join(f"{name} {value:.4g}" for name, value in s["numbers"].items())
            lines.append(f"- {s['text']} **{'Holds' if s['holds'] else 'Does not hold'}**: {numbers}.")
        lines.append("")
    return lines[:-1]
