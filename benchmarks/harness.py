"""Races: rivals run in turns in one process tree, judged by the median of their seconds and by their score.

A benchmark is a list of :class:`Race`. :func:`main` runs them, prints a table, writes
``docs/benchmarks/NAME.json`` and ``docs/performance.md`` anew, and exits with 1 if our score is worse than a rival's
whose score can be compared. A target that is not reached is shown as such, since it depends on the machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

DOCS = Path(__file__).resolve().parents[1] / "docs"
OURS = "diabolo"


@dataclass(frozen=True)
class Rival:
    """One contestant.

    Attributes
    ----------
    name : str
    run : callable
        Does the work; gives its score (lower is better), or a function that finds it once the clock has stopped, or
        None where there is none.
    wanted : float or None
        Our seconds over this rival's that are to be reached, at most.
    module : str or None
        What must be installed for it.
    units : int or None
        Units of work in its run; None: those of the race.
    compared : bool
        Whether our score must not be worse than its.
    """

    name: str
    run: Callable[[], float | Callable[[], float] | None]
    wanted: float | None = None
    module: str | None = None
    units: int | None = None
    compared: bool = False

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return self.module is None or importlib.util.find_spec(self.module) is not None


@dataclass(frozen=True)
class Race:
    """Contestants over one kind of work, ours first.

    Attributes
    ----------
    work : str
    rivals : sequence of Rival
    units : int
        Units of work in a run.
    unit : str
        What one is called.
    score : str
        What the score is.
    tolerance : float
        How much worse, relatively, our score may be: two trainings from different first weights differ by as much.
    floor : float or None
        Seconds a unit that arithmetic alone takes, at the rate measured on this machine.
    warm : bool
        Whether a turn that is not counted comes first.
    check : callable
        Says after the last turn what is wrong; nothing is "".
    """

    work: str
    rivals: Sequence[Rival]
    units: int = 1
    unit: str = "run"
    score: str = ""
    tolerance: float = 0.05
    floor: float | None = None
    warm: bool = True
    check: Callable[[], str] = str


@dataclass
class Taken:
    """What one rival took: seconds a unit in each turn, and its last score."""

    seconds: list[float] = field(default_factory=list)
    score: float | None = None


def run(race: Race, turns: int) -> dict[str, Any]:
    """Run a race, rivals in turns, and give its line of the report."""
    able = [rival for rival in race.rivals if rival.installed]
    taken = {rival.name: Taken() for rival in able}
    for turn in range(0 if race.warm else 1, turns + 1):
        for rival in able:
            start = time.perf_counter()
            result = rival.run()
            seconds = (time.perf_counter() - start) / (rival.units or race.units)
            if turn:
                taken[rival.name].seconds.append(seconds)
                taken[rival.name].score = result() if callable(result) else result
    ours = taken[able[0].name]
    rows = [_row(rival, taken.get(rival.name), ours, race) for rival in race.rivals]
    line = {"work": race.work, "unit": race.unit, "score": race.score, "floor": race.floor, "rivals": rows}
    line["failure"] = race.check()
    print(_table([line]), flush=True)
    return line


def _row(rival: Rival, taken: Taken | None, ours: Taken, race: Race) -> dict[str, Any]:
    if taken is None:
        return {"name": rival.name, "installed": False}
    # Turn by turn: what slowed one of two neighbours slowed the other too.
    ratios = [a / b for a, b in zip(ours.seconds, taken.seconds, strict=True)]
    ratio = statistics.median(ratios)
    scores = (ours.score, taken.score)
    worse = None not in scores and rival.compared and scores[0] > scores[1] * (1 + race.tolerance)  # type: ignore[operator]
    return {
        "name": rival.name,
        "installed": True,
        "seconds": statistics.median(taken.seconds),
        "low": min(taken.seconds),
        "high": max(taken.seconds),
        "ratio": ratio,
        "wanted": rival.wanted,
        "reached": None if rival.wanted is None else ratio <= rival.wanted,
        "score": taken.score,
        "worse": worse,
    }


def matmul_rate(shape: tuple[int, int, int], threads: int) -> float:
    """Floating-point operations a second of a float32 product (m, k) x (k, n) on this machine."""
    m, k, n = shape
    a, b = torch.rand(m, k), torch.rand(k, n)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    best = float("inf")
    for _ in range(30):
        start = time.perf_counter()
        for _ in range(5):
            torch.mm(a, b)
        best = min(best, (time.perf_counter() - start) / 5)
    torch.set_num_threads(before)
    return 2 * m * k * n / best


def training_floor(widths: Sequence[int], batch: int, threads: int) -> float:
    """Seconds that the matrix products of a training step take at this machine's own rates.

    Three products a layer: forward, and the gradients of weights and of inputs (not of the data).
    """
    seconds = 0.0
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        times = 3 if i else 2
        seconds += times * 2 * batch * a * b / matmul_rate((batch, a, b), threads)
    return seconds


def pictures(n: int) -> np.ndarray:
    """Rows of 28 x 28 pixels in [0, 1] out of the bundled digits, (n, 784) float32: no download."""
    from diabolo import datasets

    small = datasets.load_digits()[0].reshape(-1, 8, 8)
    large = np.pad(np.kron(small, np.ones((1, 3, 3), np.float32)), ((0, 0), (2, 2), (2, 2)))
    return np.ascontiguousarray(np.resize(large.reshape(len(small), -1), (n, 784)))


def write_part(page: Path, part: str, command: str, lines: Sequence[str]) -> None:
    """Put what a command measured into a page, between the marks of a part."""
    begin, end = f"<!-- {part}: written by {command} -->", f"<!-- end of {part} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    page.write_text("\n".join([before + begin, "", *lines, "", end]) + after, encoding="utf-8")


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    from diabolo.training.control import cores

    found = {
        "processor": model,
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        # Above the number of cores, others were computing too: trust the ratios only, and those of two cores less.
        found["load"] = round(os.getloadavg()[1], 1)
    for name in ("torch", "numpy", "scikit-learn", "lightning", "pythae", "pyod", "skorch", "gudhi"):
        if importlib.util.find_spec(name.replace("scikit-learn", "sklearn")):
            found[name] = version(name)
    return found


def main(
    name: str, title: str, races: Callable[[bool], Sequence[Race]], turns: int = 5, note: str = ""
) -> None:
    """Run a benchmark from the command line; the note stands under its table."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--quick", action="store_true", help="one turn of less work; writes nothing")
    parser.add_argument(
        "--turns", type=int, default=turns, help="how often rivals take turns; the median counts"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = [run(race, 1 if options.quick else options.turns) for race in races(options.quick)]
    finish(name, title, lines, write=not options.quick, note=note)


def finish(name: str, title: str, lines: list[dict[str, Any]], *, write: bool = True, note: str = "") -> None:
    """Write what was measured, with a note under the table, and exit with 1 if a score is worse than it may be."""
    if write:
        folder = DOCS / "benchmarks"
        folder.mkdir(exist_ok=True)
        report = {"title": title, "machine": machine(), "races": lines, "note": note}
        (folder / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n")
        write_page()
    failures = [line["failure"] for line in lines if line.get("failure")]
    for line in lines:
        mine = line["rivals"][0]["score"]
        failures += [
            f"{line['work']}: our {line['score']} is {mine:.4g}, that of {row['name']} is {row['score']:.4g}."
            for row in line["rivals"]
            if row.get("worse")
        ]
    if failures:
        sys.exit("\n".join(failures))


def write_page() -> None:
    """``docs/performance.md`` out of the reports in ``docs/benchmarks``."""
    text = (Path(__file__).parent / "performance.md").read_text()
    for path in sorted((DOCS / "benchmarks").glob("*.json")):
        report = json.loads(path.read_text())
        about = report["machine"]
        versions = ", ".join(
            f"{k} {v}" for k, v in about.items() if k not in ("processor", "cores", "system")
        )
        text += f"\n## {report['title']}\n\n`make bench-{path.stem}`, on {about['cores']} cores of "
        text += f"{about['processor']}; {versions}.\n"
        text += "\n" + _table(report["races"]) + "\n" + report.get("note", "")
    (DOCS / "performance.md").write_text(text)


def _table(lines: Sequence[dict[str, Any]]) -> str:
    head = ["work", "who", "time", "ours / theirs", "to reach", "score"]
    rows = []
    for line in lines:
        work = f"{line['work']} (a {line['unit']})" if line["unit"] != "run" else line["work"]
        if line["floor"]:
            ours = line["rivals"][0]["seconds"]
            rows.append(
                [work, "matrix products alone", _time(line["floor"]), f"{ours / line['floor']:.2f}", "", ""]
            )
        rows += [_cells(work, line["score"], row) for row in line["rivals"]]
    shown = [
        [cell if i or n == 0 or rows[n - 1][0] != cell else "" for i, cell in enumerate(r)]
        for n, r in enumerate(rows)
    ]
    return "\n".join(f"| {' | '.join(r)} |" for r in [head, ["---"] * len(head), *shown])


def _cells(work: str, score: str, row: dict[str, Any]) -> list[str]:
    if not row["installed"]:
        return [work, row["name"], "not installed", "", "", ""]
    wanted = row["wanted"]
    reach = "" if wanted is None else f"{wanted:.3g}: {'reached' if row['reached'] else 'not reached'}"
    shown = "" if row["score"] is None else f"{score} {row['score']:.4g}"
    ratio = "" if row["ratio"] == 1 else f"{row['ratio']:.3g}"
    return [work, row["name"], _time(row["seconds"]), ratio, reach, shown]


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"
