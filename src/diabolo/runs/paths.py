"""Paths that a person typed."""

from __future__ import annotations

import difflib
from pathlib import Path

from ..errors import FileError

__all__ = ["check_output", "existing"]


def existing(path: Path, what: str) -> Path:
    """A path that is there, or an error with the nearest name in the same folder."""
    if path.exists():
        return path
    folder = path.parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    hint = f" Did you mean {str(folder / close[0])!r}?" if close else ""
    raise FileError(f"there is no {what} {str(path)!r}.{hint}")


def check_output(path: Path, *inputs: str) -> Path:
    """An output that can be written, told before anything is computed.

    Raises
    ------
    FileError
        If its suffix is unknown, its folder is missing, or it is one of the inputs.
    """
    from ..datasets.writing import WRITERS

    if path.suffix.lower() not in WRITERS:
        raise FileError(f"{path} has the suffix {path.suffix!r}, expected one of {', '.join(WRITERS)}.")
    if not path.parent.is_dir():
        raise FileError(
            f"there is no folder {str(path.parent)!r} to write {path.name!r} into; make it first."
        )
    for given in inputs:
        if path.exists() and Path(given).exists() and path.samefile(given):
            raise FileError(f"{path} is the input; give another --out.")
    return path
