"""One process at a time in a folder."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from ..errors import FileError, in_words

LOCK_NAME = ".lock"
_LARGEST = 4096

# Open lock files of this process. A forked child inherits them, and would hold the lock for as long as it lives.
_HELD: set[int] = set()


def _let_go() -> None:
    for handle in _HELD:
        os.close(handle)
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _try(handle: int) -> bool:
    """Take the operating system's lock on an open file; False where another has it.

    The system lets go of it when its process ends, however that ends, so a dead process holds nothing. A file
    system that has no locks is used without.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _LARGEST, os.SEEK_SET)  # past what others read: Windows locks hinder readers
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


class Lock:
    """A lock on a folder, which is made if there is none.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FileError
        On entering, if another process (or another run of this one) holds it; the message says which, on which
        machine and since when. Or if the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Lock(folder), Lock(folder):
    ...     pass
    Traceback (most recent call last):
    ...
    diabolo.errors.FileError: ... is in use by process ...
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / LOCK_NAME
        self._handle: int | None = None

    def __enter__(self) -> Lock:
        try:
            while self._handle is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._take()
        except OSError as error:
            self.__exit__()
            raise FileError(f"{self.folder} cannot be written to: {in_words(error)}.") from error
        return self

    def __exit__(self, *exc: object) -> None:
        if self._handle in _HELD:
            if self.held:
                with suppress(OSError):
                    self.path.unlink()
            _HELD.discard(self._handle)
            os.close(self._handle)
        self._handle = None

    @property
    def held(self) -> bool:
        """Whether the file in the folder is still the one that is locked: a folder may be removed and made anew."""
        try:
            return self._handle in _HELD and os.path.samestat(os.fstat(self._handle), os.stat(self.path))
        except OSError:
            return False

    def _take(self) -> None:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _try(handle):
            os.close(handle)
            raise FileError(
                f"{self.folder} is in use by {self._holder()}. Wait until it ends, or give another folder."
            )
        _HELD.add(handle)
        self._handle = handle
        if not self.held:  # its holder removed it between our opening and our locking it
            self.__exit__()
            return
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, json.dumps(holder).encode())

    def _holder(self) -> str:
        try:
            with open(self.path, "rb") as file:
                holder = json.loads(file.read(_LARGEST))
            return f"process {int(holder['pid'])} on {str(holder['host'])[:80]} since {str(holder['since'])[:40]}"
        except (OSError, ValueError, LookupError, TypeError):
            return "another process"
