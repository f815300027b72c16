"""The command that runs published experiments."""

from __future__ import annotations

import sys
from typing import Any

import typer

from ..errors import SettingError
from ..experiments import EXPERIMENTS, listing
from .show import columns


def reproduce(name: str | None, given: dict[str, Any]) -> None:
    """Run an experiment, or list them.

    Parameters
    ----------
    name : str or None
        Its name; None with ``given["list"]``.
    given : dict
        The options of the command by name.
    """
    if given["list"]:
        _list()
        return
    if name is None:
        raise SettingError(
            f"no experiment: give one of {', '.join(EXPERIMENTS)}; --list tells what they are."
        )
    from ..experiments.running import reproduce as run
    from .fit import open_page

    result = run(
        name,
        quick=given["quick"],
        seeds=given["seeds"],
        out=given["out"],
        sections=given["section"] or None,
        reference=given["reference"],
        progress=_say,
    )
    for c in result.comparisons:
        verdict = "quick form, not compared" if result.quick else "within" if c.within else "not within"
        typer.echo(f"{c.target.name}: published {c.target.published:g}, obtained {c.mean:.4g}, {verdict}")
    statements = [s for found in result.findings.values() for s in found.statements]
    typer.echo(f"{sum(s.holds for s in statements)} of {len(statements)} statements hold; see {result.page}")
    if given["open"]:
        open_page(result.page)
    typer.echo(result.folder)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress goes beside what is piped on


def _list() -> None:
    typer.echo(columns(((name, f"{title} ({data}).") for name, title, data in listing()), indent=""))
    typer.echo("\n`diabolo reproduce NAME --quick` ends within a minute and needs no download.")
