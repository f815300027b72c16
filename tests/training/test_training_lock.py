"""The lock of a folder: who holds it, and that the dead hold nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from diabolo.errors import FileError
from diabolo.storage.lock import LOCK_NAME, Lock

_HOLD = (
    "import sys, pathlib; sys.path.insert(0, sys.argv[2]); from diabolo.storage.lock import Lock; "
    "Lock(pathlib.Path(sys.argv[1])).__enter__(); print('held', flush=True); sys.stdin.read()"
)


def _holder(folder: Path) -> subprocess.Popen[str]:
    import diabolo

    source = str(Path(diabolo.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder), source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_holder_is_named_and_a_dead_one_is_taken_over(tmp_path: Path) -> None:
    with _holder(tmp_path) as process:
        since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
        with (
            pytest.raises(FileError, match=rf"is in use by process {process.pid} on \S+ {since}"),
            Lock(tmp_path),
        ):
            pass
        process.kill()
    assert (tmp_path / LOCK_NAME).exists()
    with Lock(tmp_path) as lock:
        assert lock.held
        assert json.loads((tmp_path / LOCK_NAME).read_text())["pid"] == os.getpid()
    assert not (tmp_path / LOCK_NAME).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": null}', b"\xff\xfe", b'{"pid": "x"}'])
def test_a_holder_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    with Lock(tmp_path):
        (tmp_path / LOCK_NAME).write_bytes(content)
        with pytest.raises(FileError, match="is in use by another process"), Lock(tmp_path):
            pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_does_not_hold_it(tmp_path: Path) -> None:
    read, write = os.pipe()
    with Lock(tmp_path):
        child = os.fork()
        if child == 0:
            try:
                os.close(write)
                os.read(read, 1)  # lives until the parent says so
            finally:  # without what Python does at an end: it could bring the child back among the tests
                os.kill(os.getpid(), signal.SIGKILL)
    with Lock(tmp_path) as lock:
        assert lock.held
    os.write(write, b"x")
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)


def test_a_lock_whose_folder_was_removed_is_held_no_more(tmp_path: Path) -> None:
    with Lock(tmp_path / "a") as lock:
        (tmp_path / "a" / LOCK_NAME).unlink()
        assert not lock.held
        with Lock(tmp_path / "a") as other:
            assert other.held
    assert not lock.held


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = re.escape(f"{tmp_path / 'file'} cannot be written to: File exists")
    with pytest.raises(FileError, match=told), Lock(tmp_path / "file"):
        pass


def test_a_file_system_without_locks_is_used_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl", reason="locks of another kind")

    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with Lock(tmp_path) as lock:
        assert lock.held
