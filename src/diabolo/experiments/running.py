"""Run an experiment, compare with what was published, and leave a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import FileError, SettingError, UnknownNameError
from ..storage.atomic import replacing
from ..storage.text import read_text
from .catalogue import EXPERIMENTS
from .findings import Findings
from .record import Experiment, Result, Section, findings_from

MARK = "results.json"


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
                result.findings[section.name] = findings_from(plain, result.folder / "figures")
                result.seconds[section.name] = plain["seconds"]
        for section in again if n == len(result.seeds) else ():
            if section.name in result.findings and not _lacking(result, section):
                del result.findings[section.name], result.seconds[section.name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is damaged: no complete result ({error}); give another folder.") from error


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
    return run(entry.load(), folder, quick, seeds, sections=sections, reference=given, progress=progress)


def run(
    experiment: Experiment,
    folder: Path,
    quick: bool = False,
    seeds: int = 1,
    *,
    sections: Sequence[str] | None = None,
    reference: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Run an experiment into a folder that is there; :func:`reproduce` says what of it is told by which argument.

    Raises
    ------
    UnknownNameError
        If there is no such section.
    FileError
        If the folder holds what is no whole result.
    """
    chosen = _chosen(experiment, sections)
    result = Result(experiment, quick, tuple(range(seeds)), folder)
    _earlier(result, chosen)
    _run(result, chosen, reference, progress or _silent)
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

    from .context import ExperimentContext

    memories: dict[int, dict[Any, Any]] = {seed: {} for seed in result.seeds}
    # Not DIABOLO_DATA: a folder of published data may be shared and is only read.
    cache = result.folder / "models" if result.quick else Path(pooch.os_cache("diabolo")) / "experiments"
    for section in chosen:
        findings, start = result.findings.get(section.name, Findings()), time.perf_counter()
        for seed in _lacking(result, section):
            say(f"{result.experiment.name}: {section.title}" + (f" (seed {seed})" if section.targets else ""))
            first = seed == result.seeds[0]
            section.run(
                ExperimentContext(result.quick, seed, first, cache, reference, say, findings, memories[seed])
            )
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
    as_json = json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n"
    for path, text in ((result.folder / MARK, as_json), (result.page, page(result))):
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8")
