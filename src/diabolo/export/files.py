"""Writing what is exported: whole or not at all, and never over what is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FileError

__all__ = ["fresh_target", "write_file", "writing_folder"]


def fresh_target(path: str | Path) -> Path:
    """A place to write to, told before anything is computed.

    Raises
    ------
    FileError
        If something is there already, or its folder is missing.
    """
    target = Path(path).absolute()
    if os.path.lexists(target):
        raise FileError(
            f"{path} is there already, and an export replaces nothing; remove it or name another."
        )
    if not target.parent.is_dir():
        raise FileError(
            f"there is no folder {str(target.parent)!r} to write {target.name!r} into; make it first."
        )
    return target


@contextmanager
def writing_folder(target: Path) -> Iterator[Path]:
    """A folder beside a target that takes the target's name when everything is in it, and is gone otherwise."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as place:
            fresh = Path(place) / "new"
            fresh.mkdir()
            yield fresh
            for file in fresh.iterdir():
                _sync(file)
            fresh_target(target)
            fresh.rename(target)
    except OSError as error:
        raise FileError(f"{target} could not be written: {error.strerror or error}.") from error


def write_file(target: Path, content: bytes) -> Path:
    """Write a new file whole or not at all."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as place:
            fresh = Path(place) / "new"
            fresh.write_bytes(content)
            _sync(fresh)
            fresh_target(target)
            fresh.rename(target)
    except OSError as error:
        raise FileError(f"{target} could not be written: {error.strerror or error}.") from error
    return target


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
