"""Runs that were stopped: what goes on with them, and what does not."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import FileError, SettingError
from ..storage.text import as_file_error, parse_yaml
from . import folder as runs

# What the trainers write to go on from.
_KEPT = ("*.safetensors", "*.ckpt")


def folder_of(place: Path) -> Path:
    """Where a run keeps its checkpoints while it is unfinished."""
    return place / runs.CHECKPOINT


def holds_work(folder: Path) -> bool:
    """Whether a folder of checkpoints holds one."""
    return any(True for pattern in _KEPT for _ in folder.glob(pattern))


def recorded(place: Path) -> Path | None:
    """The file of the settings that an unfinished run was started with; None if there is none."""
    path = folder_of(place) / runs.CONFIG
    return path if path.is_file() else None


def resumable(out: Path | None) -> Path:
    """The run to go on with: as told, or the only unfinished one in ``runs``.

    Raises
    ------
    FileError
        If it is not told, and there is none or more than one.
    """
    if out is not None:
        return out
    found = sorted(path.parent.parent for path in Path("runs").glob(f"*/{runs.CHECKPOINT}/{runs.CONFIG}"))
    if len(found) == 1:
        return found[0]
    there = f"runs holds {len(found)}: {', '.join(map(str, found))}" if found else "runs holds none"
    raise FileError(f"--resume needs --out, the folder of an unfinished run; {there}.")


def how_to_go_on(place: Path) -> str:
    """The command that goes on with a run."""
    return f"diabolo fit --resume --out {shlex.quote(str(place))}"


def check(place: Path, plan: Mapping[str, Any], resume: bool) -> None:
    """Refuse to go on with a run of other settings, or with one where it was not asked to.

    Raises
    ------
    SettingError
        With what to type, and with every setting that differs.
    """
    from ..storage.checkpoints import newest
    from ..training.resume import differences

    path = recorded(place)
    saved = newest(folder_of(place)) if path is not None else None
    if path is None or not holds_work(folder_of(place)):
        return
    now = parse_yaml(runs.dump(plan), "the settings")
    other = differences(runs.read_config(path), now)
    if other or not resume:
        told = (
            f" with other settings: {'; '.join(other)}"
            if other
            else f", {saved.metadata['epoch']} epochs done"
            if saved is not None
            else ""
        )
        raise SettingError(
            f"{place} holds an unfinished run{told}. To go on with it, type `{how_to_go_on(place)}`; to train anew, "
            "give another --out or remove it."
        )


@contextmanager
def opened(place: Path, plan: Mapping[str, Any]) -> Iterator[Path]:
    """A run folder for this process alone, while it trains; gives the folder of its checkpoints.

    Where nothing came of it that a later process could go on with, nothing is left.

    Raises
    ------
    FileError
        If another process is at it, or the folder cannot be written.
    """
    from ..storage.lock import Lock

    made = [folder for folder in (place, *place.parents) if not folder.exists()]
    folder = folder_of(place)
    try:
        with Lock(place):
            _remove_hidden(place)
            try:
                _record(folder, plan)
                yield folder
            finally:
                if not holds_work(folder):
                    shutil.rmtree(folder, ignore_errors=True)
    finally:
        for path in made:
            with suppress(OSError):
                path.rmdir()


def clear(place: Path) -> None:
    """Remove what a finished run needs no more."""
    shutil.rmtree(folder_of(place), ignore_errors=True)


def tidy(place: Path) -> None:
    """Remove what is left where a run was killed when it was finished, but had not cleared up after itself."""
    from ..storage.lock import LOCK_NAME, Lock

    if any((place / name).exists() for name in (LOCK_NAME, runs.CHECKPOINT)):
        with suppress(FileError), Lock(place):  # else its process is just about to do this itself
            _remove_hidden(place)
            clear(place)


def _remove_hidden(place: Path) -> None:
    for left in place.glob(f"{runs.WRITING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _record(folder: Path, plan: Mapping[str, Any]) -> None:
    with as_file_error(f"{folder} cannot be written to"):
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{runs.WRITING}{runs.CONFIG}"
        fresh.write_text("# What this run was started with.\n" + runs.dump(plan), encoding="utf-8")
        fresh.replace(folder / runs.CONFIG)
