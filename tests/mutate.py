"""Mutation testing of the mathematics: ``make mutate``.

A sample of the small changes that :mod:`mutants` makes to ``functional/``, ``latent/`` and ``penalties/`` is tried,
each in a child of a warm parent, with the tests and doctests of these rooms. A change that no test notices
survives: it must stand in ``mutants.md`` beside this file with the reason why it may, and at least 85 % must be
noticed all the same.

    python tests/mutate.py --count 400 --minutes 60
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import hypothesis
import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "helpers"), str(HERE.parent / "src")]

from mutants import Mutant, mutants, sample  # noqa: E402

SOURCE = HERE.parent / "src"
PACKAGE = SOURCE / "diabolo"
ROOMS = ("functional", "latent", "penalties")
SEED = 8
SHARE = 0.85
# What the tests import of others, so that a child has it already.
_WARM = (
    *("torch", "torch.distributions", "torch.testing", "torch.nn.functional", "scipy.cluster.hierarchy"),
    *("scipy.sparse.csgraph", "scipy.spatial.distance", "sklearn.base", "sklearn.pipeline", "matplotlib"),
    *("hypothesis.extra.numpy", "pandas", "sklearn.utils.estimator_checks"),
)
_BROKEN = 99
NOTICED, TIME, SURVIVED = "a test failed", "time ran out", "survived"


class Swapped(MetaPathFinder, Loader):
    """Gives the changed code when one module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.relative_to(SOURCE).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.path, self.code = mutant.path, mutant.code()

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        inside = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=inside
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


@dataclass(frozen=True)
class Limits:
    """What a child may take: processor time and wall time, in seconds."""

    cpu: float
    wall: float


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _tests(mutant: Mutant | None) -> list[str]:
    """The tests of the rooms, those nearest to the change first."""
    rooms = sorted(ROOMS, key=lambda room: mutant is not None and room != mutant.path.parent.name)
    near = [str(mutant.path)] if mutant else []
    tests = [HERE / rooms[0], HERE / "test_settings.py", *(HERE / room for room in rooms[1:])]
    return near + [str(path) for path in (*tests, *(PACKAGE / room for room in rooms))]


def _child(mutant: Mutant | None, limits: Limits, log: Path) -> NoReturn:
    """Run the tests on a change; the exit code is pytest's."""
    code = _BROKEN
    try:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(limits.cpu) + 1, int(limits.cpu) + 2))
        if mutant is not None:
            sys.meta_path.insert(0, Swapped(mutant))
        plugins = ("no:cacheprovider", "no:xdist", "no:randomly")
        options = ["-x", "-q", "--no-header", *(part for name in plugins for part in ("-p", name))]
        options += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
        code = int(pytest.main([*options, *_tests(mutant)]))
    except BaseException as error:
        _say(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _outcome(status: int, log: Path) -> str:
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
            return TIME
        return NOTICED  # the interpreter itself broke
    code = os.WEXITSTATUS(status)
    if code not in (0, 1, 2):  # all passed, a test failed, a module could not be imported
        raise RuntimeError(f"pytest ended with {code}:\n{log.read_text()}")
    return SURVIVED if code == 0 else NOTICED


def baseline(folder: Path) -> Limits:
    """Run the tests on the unchanged code; a change may take five times as long."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    log = folder / "unchanged.log"
    child = os.fork()
    if child == 0:
        _child(None, Limits(1200, 1200), log)
    _, status = os.waitpid(child, 0)
    if _outcome(status, log) != SURVIVED:
        raise SystemExit(f"The tests fail on the code as it is:\n{log.read_text()}")
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _say(f"unchanged: {cpu:.1f} s of processor time, {wall:.1f} s")
    return Limits(5 * cpu + 5, 10 * wall + 30)


def try_all(chosen: Sequence[Mutant], workers: int, end: float, folder: Path) -> Iterator[tuple[Mutant, str]]:
    """The outcome of each change, as many children at a time as there are workers, until time is up."""
    limits = baseline(folder)
    waiting = list(enumerate(chosen))
    running: dict[int, tuple[Mutant, float, Path]] = {}
    while running or (waiting and time.monotonic() < end):
        while waiting and len(running) < workers and time.monotonic() < end:
            number, mutant = waiting.pop(0)
            child = os.fork()
            if child == 0:
                _child(mutant, limits, folder / f"{number}.log")
            running[child] = mutant, time.monotonic(), folder / f"{number}.log"
        for child, (mutant, began, log) in list(running.items()):
            if time.monotonic() - began > limits.wall:
                os.kill(child, signal.SIGKILL)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                del running[child]
                yield mutant, _outcome(status, log)
        time.sleep(0.02)


def known_reasons(text: str) -> dict[str, str]:
    """Why changes may survive, by name: an item of the list, the name between backticks, the reason below it."""
    found = re.findall(r"^- `([^`]+)`\n((?:  .+\n)+)", text, flags=re.MULTILINE)
    return {name: " ".join(reason.split()) for name, reason in found}


def verdict(outcomes: dict[Mutant, str], reasons: dict[str, str]) -> tuple[str, bool]:
    """What is printed at the end, and whether the tests are good enough."""
    lines, survivors = [], [m.name for m, outcome in outcomes.items() if outcome == SURVIVED]
    for room in (*ROOMS, ""):
        counts = Counter(o for m, o in outcomes.items() if room in ("", m.path.parent.name))
        killed = counts[NOTICED] + counts[TIME]
        share = killed / max(1, counts.total())
        shown = f"{killed} of {counts.total()} killed ({share:.1%}; {counts[TIME]} ran out of time)"
        lines.append(f"{room or 'all'}: {shown}")
    unexplained = [name for name in survivors if name not in reasons]
    lines += [f"survived: {name}\n    {reasons.get(name, 'NO REASON GIVEN')}" for name in sorted(survivors)]
    return "\n".join(lines), share >= SHARE and not unexplained


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=400, help="how many changes are tried")
    parser.add_argument("--minutes", type=float, default=58.0, help="no change is begun later")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="only changes whose name contains this")
    options = parser.parse_args(arguments)
    end = time.monotonic() + 60 * options.minutes
    # Each child imports the package anew, but compiles none of it again.
    sys.dont_write_bytecode = False
    for name in _WARM:
        importlib.import_module(name)
    hypothesis.settings.register_profile("mutants", database=None, derandomize=True)
    hypothesis.settings.load_profile("mutants")
    found = [
        m for room in ROOMS for path in sorted((PACKAGE / room).glob("*.py")) for m in mutants(path, PACKAGE)
    ]
    chosen = sample([m for m in found if options.only in m.name], options.count, SEED)
    _say(f"{len(found)} changes, {len(chosen)} of them chosen")
    outcomes: dict[Mutant, str] = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        sys.pycache_prefix = folder
        for mutant, outcome in try_all(chosen, options.workers, end, Path(folder)):
            outcomes[mutant] = outcome
            _say(f"{len(outcomes):4d} {outcome}: {mutant.name}")
    text, enough = verdict(outcomes, known_reasons((HERE / "mutants.md").read_text(encoding="utf-8")))
    _say(text)
    if len(outcomes) < len(chosen):
        _say(f"{len(chosen) - len(outcomes)} were not tried: time was up")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
