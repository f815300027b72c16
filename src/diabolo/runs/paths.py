"""Paths that a person typed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from ..errors import FileError


def existing(path: Path, what: str) -> Path:
    """A path that is there, or an error with the nearest name in the same folder."""
    if path.exists():
        return path
    folder = path.parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    hint = f" Did you mean {str(folder / close[0])!r}?" if close else ""
    raise FileError(f"there is no {what} {str(path)!r}.{hint}")


def fresh(path: Path, force: bool) -> Path:
    """A file that is not there yet, or may be written over.

    Raises
    ------
    FileError
        If it is there.
    """
    if path.exists() and not force:
        raise FileError(f"{path} exists; write over it with --force, or give another --out.")
    return path


def check_output(path: Path, *inputs: str, force: bool = True, also: Sequence[str] = ()) -> Path:
    """An output that can be written, told before anything is computed.

    Parameters
    ----------
    path : Path
    *inputs : str
        What is read.
    force : bool, default True
        Whether a file that is there may be written over.
    also : sequence of str
        Suffixes beside those that every output may have.

    Raises
    ------
    FileError
        If its suffix is unknown, its folder is missing, it is there, or it is one of the inputs.
    """
    from ..datasets.writing import WRITERS

    known = (*WRITERS, *also)
    if path.suffix.lower() not in known:
        raise FileError(f"{path} has the suffix {path.suffix!r}, expected one of {', '.join(known)}.")
    if not path.parent.is_dir():
        raise FileError(
            f"there is no folder {str(path.parent)!r} to write {path.name!r} into; make it first."
        )
    for given in inputs:
        if path.exists() and Path(given).exists() and path.samefile(given):
            raise FileError(f"{path} is the input; give another --out.")
    return fresh(path, force)
