"""What an experiment is, and what running one leaves: values without behaviour. No PyTorch here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingError
from .findings import Figure, Findings, Measure, Statement

if TYPE_CHECKING:
    from .context import ExperimentContext

_FORMAT = 1
DIRECTIONS = ("at most", "at least", "about")


@dataclass(frozen=True)
class Target:
    """A number that was published, and how near counts as obtained.

    Parameters
    ----------
    name : str
        The measure that it is compared with.
    published : float
        The published value, in ``unit``.
    tolerance : float
        How far beyond it still counts, in the same unit.
    direction : "at most", "at least" or "about", default "at most"
        "at most": lower is as good; "at least": higher is; "about": neither.
    unit : str
        What it is counted in.
    epochs : int or None
        Training that the publication gave it, for the page.

    Raises
    ------
    SettingError
        If the direction is unknown or the tolerance negative.

    Examples
    --------
    >>> Target("test BCE", 0.1741, 0.003).within(0.1765), Target("units", 1, 0, "at least").within(0)
    (True, False)
    """

    name: str
    published: float
    tolerance: float
    direction: str = "at most"
    unit: str = "nats a pixel"
    epochs: int | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise SettingError(f"direction must be one of {DIRECTIONS}, got {self.direction!r}.")
        if self.tolerance < 0:
            raise SettingError(f"tolerance must be >= 0, got {self.tolerance!r}.")

    def within(self, obtained: float) -> bool:
        """Whether a number counts as obtained."""
        beyond = obtained - self.published
        distance = {"at most": beyond, "at least": -beyond, "about": abs(beyond)}[self.direction]
        return bool(distance <= self.tolerance)

    @property
    def limit(self) -> str:
        """What is asked, in words and numbers."""
        if self.direction == "about":
            return f"{self.published:g} ± {self.tolerance:g}"
        sign = 1 if self.direction == "at most" else -1
        return f"{self.direction} {self.published + sign * self.tolerance:g}"


@dataclass(frozen=True)
class Section:
    """One exercise of an experiment.

    Attributes
    ----------
    name : str
        Short, for the command line and the files.
    title : str
        What is asked, as a question or a heading.
    run : callable
        Takes a :class:`~diabolo.experiments.context.ExperimentContext`, does the work, and leaves what it found there.
    targets : tuple of Target
        A section that has some is repeated for every seed; others run once.
    """

    name: str
    title: str
    run: Callable[[ExperimentContext], None]
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A published experiment with every setting pinned.

    Attributes
    ----------
    name, title : str
        Its name on the command line, and its heading.
    source : str
        Whose it is, and where.
    data : str
        What it is run on.
    quick : str
        What the quick form uses instead.
    sections : tuple of Section
        Its exercises, in order.
    corrections : tuple of str
        Mistakes of the source, and what is done instead.
    """

    name: str
    title: str
    source: str
    data: str
    quick: str
    sections: tuple[Section, ...]
    corrections: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """The published numbers of all sections."""
        return tuple(target for section in self.sections for target in section.targets)


@dataclass(frozen=True)
class Comparison:
    """A published number beside what was obtained.

    Attributes
    ----------
    target : Target
        The published number.
    obtained : tuple of float
        One a seed.
    """

    target: Target
    obtained: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return sum(self.obtained) / len(self.obtained)

    @property
    def within(self) -> bool:
        """Whether the mean counts as obtained."""
        return self.target.within(self.mean)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        t = self.target
        return {
            "name": t.name,
            "published": t.published,
            "tolerance": t.tolerance,
            "direction": t.direction,
            "unit": t.unit,
            "obtained": list(self.obtained),
            "mean": self.mean,
            "within": self.within,
        }


@dataclass
class Result:
    """What a run of an experiment obtained.

    Attributes
    ----------
    experiment : Experiment
        What was run.
    quick : bool
        Whether it was the quick form.
    seeds : tuple of int
        The seeds that it was repeated with.
    folder : Path
        Holds ``results.json``, ``index.html`` and ``figures/``.
    findings : dict of str to Findings
        By name of the section.
    seconds : dict of str to float
        By name of the section, all seeds together.
    """

    experiment: Experiment
    quick: bool
    seeds: tuple[int, ...]
    folder: Path
    findings: dict[str, Findings] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def comparisons(self) -> list[Comparison]:
        """Every published number whose section was run."""
        return [c for section in self.experiment.sections for c in self.compare(section)]

    def compare(self, section: Section) -> list[Comparison]:
        """The published numbers of a section beside what was obtained."""
        measures = self.findings[section.name].measures if section.name in self.findings else {}
        return [Comparison(t, tuple(measures[t.name].values)) for t in section.targets if t.name in measures]

    @property
    def page(self) -> Path:
        """The page of the run."""
        return self.folder / "index.html"

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "format": _FORMAT,
            "experiment": self.experiment.name,
            "title": self.experiment.title,
            "quick": self.quick,
            "seeds": list(self.seeds),
            "versions": _versions(),
            "targets": [c.to_dict() for c in self.comparisons],
            "sections": {
                s.name: _plain(self.findings[s.name], self.seconds[s.name])
                for s in self.experiment.sections
                if s.name in self.findings
            },
        }


def _plain(found: Findings, seconds: float) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 2),
        "measures": {m.name: {"unit": m.unit, "values": m.values} for m in found.measures.values()},
        "statements": [
            {"text": s.text, "holds": s.holds, "numbers": dict(s.numbers)} for s in found.statements
        ],
        "figures": [{"name": f.name, "title": f.title, "reading": f.reading} for f in found.figures],
        "notes": found.notes,
    }


def findings_from(plain: dict[str, Any], figures: Path) -> Findings:
    """What :func:`_plain` described, with the pictures beside."""
    return Findings(
        {name: Measure(name, m["unit"], m["values"]) for name, m in plain["measures"].items()},
        [Figure(**f, png=(figures / f"{f['name']}.png").read_bytes()) for f in plain["figures"]],
        [Statement(**s) for s in plain["statements"]],
        plain["notes"],
    )


def _versions() -> dict[str, str]:
    import numpy
    import sklearn
    import torch

    from .. import __version__

    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "diabolo": __version__,
        "python": python,
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
    }
