"""onnxruntime-web for a page: fetched once from the npm registry, checked, and kept beside the data sets.

It is the build for WebAssembly alone, in one thread: it asks for no file, no worker and no network.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from ...datasets.fetch import Remote, fetch
from ...errors import FileError

VERSION = "1.30.0"
_PACKAGE = f"onnxruntime-web-{VERSION}.tgz"
RUNTIME = Remote(
    "onnxruntime-web",
    ("https://registry.npmjs.org/onnxruntime-web/-/",),
    {_PACKAGE: "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"},
)
LICENCE = Path(__file__).with_name("onnxruntime.LICENSE")
_SCRIPT = "package/dist/ort.wasm.bundle.min.mjs"
_BINARY = "package/dist/ort-wasm-simd-threaded.wasm"
_EXPORTS = re.compile(r"export\s*\{([^{}]*)\};?\s*(//# sourceMappingURL=\S*)?\s*$")


@dataclass(frozen=True)
class Runtime:
    """The two parts of onnxruntime-web.

    Attributes
    ----------
    script : str
        A module that puts its exports into the global ``ort``.
    binary : bytes
        The WebAssembly that it runs.
    """

    script: str
    binary: bytes


def load_runtime() -> Runtime:
    """onnxruntime-web out of the cache, into which it is fetched on first use (33 MB).

    Raises
    ------
    FileError
        If it is neither in the cache nor to be had from the network, or is not what was expected.
    """
    try:
        path = fetch(RUNTIME, _PACKAGE)
    except FileError as error:
        raise FileError(
            f"a page with this model holds onnxruntime-web, which is fetched once: {error} "
            "Or export decodes made beforehand, with engine='atlas' (--engine atlas)."
        ) from error
    return take_apart(path)


def take_apart(package: Path) -> Runtime:
    """What a page needs of the published package.

    Raises
    ------
    FileError
        If it does not hold the files that are expected, or the script ends otherwise.
    """
    with tarfile.open(package) as tar:
        script, binary = (_read(tar, name) for name in (_SCRIPT, _BINARY))
    return Runtime(_as_global(script.decode("utf-8")), binary)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise FileError(f"{_PACKAGE} holds no file {name}.")
    return file.read()


def _as_global(script: str) -> str:
    """A module whose exports are in the global ``ort``: a script in a page cannot be imported by another."""
    found = _EXPORTS.search(script)
    if found is None:
        raise FileError(f"{_SCRIPT} of {_PACKAGE} does not end in a list of exports.")
    pairs = (entry.strip().partition(" as ") for entry in found[1].split(",") if entry.strip())
    listed = ",".join(f'"{name or local}":{local}' for local, _, name in pairs)
    return f"{script[: found.start()]}globalThis.ort={{{listed}}};"
