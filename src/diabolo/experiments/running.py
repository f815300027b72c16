"""Run an experiment, compare with what was published, and leave a folder."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic import replacing
from ..errors import FileError, SettingError, UnknownNameError
from ..text_files import read_text
from .catalogue import EXPERIMENTS
from .record import Comparison, Experiment, Figure, Measure, Section, Statement

if TYPE_CHECKING:
    from .bench import Findings

__all__ = ["Result", "reproduce"]

MARK = "results.json"
_FORMAT = 1


@dataclass
class Result:
    """What a run of an experiment obtained.

    Attributes
    ----------
    experiment : Experiment
    quick : bool
    seeds : tuple of int
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


def _earlier(result: Result, again: Sequence[Section]) -> None:
    """Take in what an earlier run of the same form and versions left in the folder.

    A section that holds fewer seeds stays, to be given those that it lacks. Of a run with as many seeds the
    sections that are whole and to run again are left out.

    Raises
    ------
    FileError
        If what is there cannot be read.
    """
    path = result.folder / MARK
    if not path.exists():
        return
    now = result.to_dict()
    try:
        kept = json.loads(read_text(path, "what a run found"))
        n = len(kept["seeds"])
        if any(kept[key] != now[key] for key in ("format", "experiment", "quick", "versions")):
            return
        if n > len(result.seeds):
            return
        for section in result.experiment.sections:
            if section.name in kept["sections"]:
                plain = kept["sections"][section.name]
                result.findings[section.name] = _findings(plain, result.folder / "figures")
                result.seconds[section.name] = plain["seconds"]
        for section in again if n == len(result.seeds) else ():
            if section.name in result.findings and not _lacking(result, section):
                del result.findings[section.name], result.seconds[section.name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is no whole result ({error}); give another folder.") from error


def _findings(plain: dict[str, Any], figures: Path) -> Findings:
    """What :func:`_plain` described, with the pictures beside."""
    from .bench import Findings

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


def reproduce(
    name: str,
    quick: bool = False,
    seeds: int = 1,
    out: str | Path | None = None,
    *,
    sections: Sequence[str] | None = None,
    reference: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Run a published experiment and say what was obtained.

    The folder holds ``results.json`` (every number by seed), ``figures/`` and ``index.html``, which puts
    published, obtained and within beside each figure. Results are written after every section, so that a run
    that is stopped leaves what it has.

    Parameters
    ----------
    name : str
        A key of :data:`EXPERIMENTS`.
    quick : bool, default False
        Small data and few epochs: it ends within a minute, and its numbers are not compared with the
        published ones.
    seeds : int, default 1
        Runs of each section that has published numbers, with seeds 0, 1, ...; the mean is compared. Figures
        and the other sections are those of seed 0. A folder that holds fewer seeds gets those that it lacks.
    out : path or None, default None
        The run folder; None is ``runs/<name>`` or ``runs/<name>-quick``.
    sections : sequence of str or None, default None
        Names of the sections to run; None: all. What the folder holds of other sections, from a run of the
        same form, stays.
    reference : path or None, default None
        A saved model in place of the one that ``neuromatch-3`` trains once and keeps.
    progress : callable or None, default None
        Called with a line when a section begins and ends.

    Returns
    -------
    Result

    Raises
    ------
    UnknownNameError
        If there is no such experiment or section.
    SettingError
        If ``seeds`` is no whole number above 0.
    FileError
        If the folder holds something else, or the reference is missing.

    Examples
    --------
    >>> reproduce("rectangel")
    Traceback (most recent call last):
    ...
    diabolo.errors.UnknownNameError: unknown experiment 'rectangel'. Did you mean 'rectangle'? Known: ...
    """
    entry = EXPERIMENTS[name]
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise SettingError(f"seeds must be a whole number >= 1, got {seeds!r}.")
    given = None if reference is None else Path(reference)
    if given is not None and not given.exists():
        raise FileError(f"there is no saved model {str(given)!r} to take as the reference.")
    folder = _folder(Path(out) if out is not None else Path("runs") / (f"{name}-quick" if quick else name))
    experiment = entry.load()
    chosen = _chosen(experiment, sections)
    result = Result(experiment, quick, tuple(range(seeds)), folder)
    _earlier(result, chosen)
    _run(result, chosen, given, progress or _silent)
    return result


def _silent(line: str) -> None:
    pass


def _folder(path: Path) -> Path:
    if path.is_file() or (path.is_dir() and any(path.iterdir()) and not (path / MARK).exists()):
        raise FileError(f"{str(path)!r} exists and is no folder of an experiment; give another folder.")
    path.mkdir(parents=True, exist_ok=True)
    return path


def _chosen(experiment: Experiment, names: Sequence[str] | None) -> list[Section]:
    known = {section.name: section for section in experiment.sections}
    for name in names or ():
        if name not in known:
            raise UnknownNameError(f"section of {experiment.name!r}", name, known)
    return [section for section in experiment.sections if names is None or section.name in names]


def _lacking(result: Result, section: Section) -> tuple[int, ...]:
    """The seeds of a section that its findings do not hold yet."""
    seeds = result.seeds if section.targets else result.seeds[:1]
    done = min((len(c.obtained) for c in result.compare(section)), default=1)
    return seeds[done if section.name in result.findings else 0 :]


def _run(
    result: Result, chosen: Sequence[Section], reference: Path | None, say: Callable[[str], None]
) -> None:
    """Section by section, all seeds of each, so that every part of the page is whole once it is there."""
    import pooch

    from .bench import Bench, Findings

    memories: dict[int, dict[Any, Any]] = {seed: {} for seed in result.seeds}
    # Not DIABOLO_DATA: a folder of published data may be shared and is only read.
    cache = result.folder / "models" if result.quick else Path(pooch.os_cache("diabolo")) / "experiments"
    for section in chosen:
        findings, start = result.findings.get(section.name, Findings()), time.perf_counter()
        for seed in _lacking(result, section):
            say(f"{result.experiment.name}: {section.title}" + (f" (seed {seed})" if section.targets else ""))
            first = seed == result.seeds[0]
            section.run(Bench(result.quick, seed, first, cache, reference, say, findings, memories[seed]))
        result.findings[section.name] = findings
        result.seconds[section.name] = result.seconds.get(section.name, 0.0) + time.perf_counter() - start
        write(result)


def write(result: Result) -> None:
    """Write the folder of a run as far as it has come."""
    from .page import page

    figures = result.folder / "figures"
    figures.mkdir(exist_ok=True)
    for found in result.findings.values():
        for figure in found.figures:
            (figures / f"{figure.name}.png").write_bytes(figure.png)
    told = json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n"
    for path, text in ((result.folder / MARK, told), (result.page, page(result))):
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8")
