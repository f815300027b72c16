"""Shared fixtures, and the few settings that all tests need."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import matplotlib
import pytest

matplotlib.use("Agg")

# Workers side by side share the cores: with a thread for every core each, they would wait for one another.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

# What several folders of tests share; pytest's importlib mode puts no folder of tests on the path.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))

# A shell that starts the tests in the background has them ignore Ctrl-C, and their children too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data_dir() -> str:
    """The folder of published data files, or a skip that says how to get it."""
    folder = os.environ.get("DIABOLO_DATA", "")
    if not os.path.isdir(folder):
        pytest.skip("set DIABOLO_DATA to a folder that holds mnist/ and the other published files")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium: the one of the machine (``DIABOLO_CHROMIUM`` or on the path), else Playwright's own,
    else one that is fetched once from the npm registry.

    It lives for one module of tests only: Playwright's event loop would be in the way of tests that run
    their own.
    """
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        refusals = []
        for find in (_chromium_here, _chromium_fetched):
            try:
                for options in find():
                    try:
                        chromium = playwright.chromium.launch(args=_CHROMIUM_ARGUMENTS, **options)
                    except Error as error:
                        refusals.append(str(error).partition("\n")[0])
                    else:
                        yield chromium
                        chromium.close()
                        return
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                refusals.append(str(error))
        _do_without(f"no Chromium: set DIABOLO_CHROMIUM, or put one on the path ({'; '.join(refusals)})")


_CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# A Chromium as an npm package: its address, and the SHA-512 that the registry states for it.
_CHROMIUM_PACKAGE = "@sparticuz/chromium@147.0.0"
_CHROMIUM_SHA512 = (
    "e1929e01041af2ea769adebbe6a4a2b73b4b75b42b95ff0129d0b99da79aa7ee"
    "4cbf5395d4e94974fa14f84242fe9e6c414254426378afeab9f8485a68e507a5"
)


def _do_without(reason: str) -> NoReturn:
    """Skip what needs a tool that is not here; where a machine checks, nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _chromium_here() -> Iterator[dict[str, Any]]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("DIABOLO_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    yield {"executable_path": found}


def _chromium_fetched() -> Iterator[dict[str, Any]]:
    """How to start the Chromium of the npm package: as it is, and with the libraries that come along."""
    folder = _fetch_chromium()
    yield {"executable_path": folder / "chromium"}
    paths = [str(folder / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    libraries = {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, paths))}
    yield {"executable_path": folder / "chromium", "env": {**os.environ, **libraries}}


def _fetch_chromium() -> Path:
    """The folder of the unpacked Chromium: fetched on first use into the user's cache."""
    import pooch
    from filelock import FileLock

    folder = Path(pooch.os_cache("diabolo-tests")) / "chromium-147"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as place:
                _unpack_chromium(Path(place))
                (Path(place) / "ready").rename(folder)
    return folder


def _unpack_chromium(place: Path) -> None:
    command = ["npm", "pack", "--silent", _CHROMIUM_PACKAGE]
    subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=600)
    (archive,) = place.glob("*.tgz")
    if hashlib.sha512(archive.read_bytes()).hexdigest() != _CHROMIUM_SHA512:
        raise ValueError(f"{_CHROMIUM_PACKAGE} is not the file that was expected")
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    inside, ready = place / "package" / "bin", place / "ready"
    ready.mkdir()
    # Python's standard library has no Brotli; node, which npm comes with, has.
    unpack = "const fs = require('fs'); const [from, to] = process.argv.slice(1); "
    unpack += "fs.writeFileSync(to, require('zlib').brotliDecompressSync(fs.readFileSync(from)))"
    for source, target in (("chromium.br", ready / "chromium"), ("al2023.tar.br", place / "lib.tar")):
        files = [str(inside / source), str(target)]
        subprocess.run(["node", "-e", unpack, *files], check=True, capture_output=True, timeout=300)
    with tarfile.open(place / "lib.tar") as tar:
        tar.extractall(ready, filter="data")
    (ready / "chromium").chmod(0o755)


@pytest.fixture(scope="session")
def axe() -> str:
    """The program that looks for barriers, out of the packages of ``explorer/``, installed if they are not."""
    from filelock import FileLock

    folder = Path(__file__).parents[1] / "explorer"
    file = folder / "node_modules" / "axe-core" / "axe.min.js"
    with FileLock(Path(tempfile.gettempdir()) / "diabolo-npm.lock"):
        if not file.is_file():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
            except (OSError, subprocess.SubprocessError) as error:
                _do_without(f"axe-core is not installed, and `npm ci` in explorer/ failed ({error})")
    return file.read_text(encoding="utf-8")
