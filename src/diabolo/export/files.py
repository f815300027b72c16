"""Writing what is exported: whole or not at all, and never over what is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FileError
from ..storage.atomic import replacing, replacing_folder
from ..storage.text import as_file_error


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
    with as_file_error(f"{target} could not be written"), replacing_folder(target) as fresh:
        yield fresh
        fresh_target(target)


def write_file(target: Path, content: bytes) -> Path:
    """Write a new file whole or not at all."""
    with as_file_error(f"{target} could not be written"), replacing(target) as part:
        part.write_bytes(content)
        fresh_target(target)
    return target
