"""Files and folders that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What a killed process may leave behind ends so, and starts with a dot.
PART = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place for a file's new content; it takes the file's name when the block ends without an error.

    Until then, and after an error, the file is as it was. What was written has reached the disk before it is
    renamed, so that a power cut leaves the old file or the new one.

    Parameters
    ----------
    path : Path
        In a folder that is there.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "codes.csv"
    ...     with replacing(file) as part:
    ...         _ = part.write_text("id,z0")
    ...         file.exists()
    ...     file.read_text()
    False
    'id,z0'
    """
    path = _meant(path)
    part = _beside(path)
    try:
        yield part
        _flush(part)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    _flush_names(path.parent)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, which is made here; one that is there is taken away as a whole at the last moment."""
    path = _meant(path)
    part, old = _beside(path), _beside(path)
    try:
        part.mkdir()
        yield part
        for file in part.iterdir():
            _flush(file)
        # A reader finds the old folder or the new one; elsewhere than on Linux there is none for a moment.
        if path.exists() and _exchange(part, path):
            return
        if path.exists():
            path.rename(old)
        try:
            part.rename(path)
        except BaseException:
            if old.exists():
                old.rename(path)
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        _flush_names(path.parent)


def _meant(path: Path) -> Path:
    """Where a link leads, so that the link stays: models are kept as ``current -> v3``."""
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, "it is a link that leads back to itself", str(path))
    if not target.parent.is_dir():
        raise OSError(errno.ENOENT, f"it is a link into {target.parent}, which is not there", str(path))
    return target


def _exchange(first: Path, second: Path) -> bool:
    """Let two folders take each other's name in one step, where the system can; whether it did."""
    rename = (
        getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    )
    here, both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename is not None and rename(here, os.fsencode(first), here, os.fsencode(second), both) == 0


def _beside(path: Path) -> Path:
    """A name in the same folder, so that the last step is a rename within one file system."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}{PART}")


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_names(folder: Path) -> None:
    """Let what files are called reach the disk as well, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
