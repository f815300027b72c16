"""A file larger than memory: what its rows cost beside rows in memory, and how much memory a fit on 12 GB takes.

The file is sparse, but for a gigabyte of real values: pages of zeros go through the page cache as any other. The
network is small, 784-32-2-32-784, so that moving rows weighs as much as it ever does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from harness import OURS, Race, Rival, finish, pictures, run

from diabolo import MLP, Autoencoder, Training
from diabolo.data import streams

COLUMNS = 784
ALLOWED_BYTES, SLOWDOWN = 1.5e9, 1 / 0.8
NETWORK = "784-32-2-32-784, batch 1024"


def model() -> Autoencoder:
    """One epoch of a small network."""
    training = Training(epochs=1, batch_size=1024)
    return Autoencoder(2, encoder=MLP((32,)), training=training, random_state=0, verbose=False)


def make(path: Path, n_bytes: float, real_bytes: float) -> None:
    """A ``.npy`` file whose first rows are pictures, and whose other rows are a hole."""
    rows = int(n_bytes // (4 * COLUMNS))
    real = min(rows, int(real_bytes // (4 * COLUMNS)))
    with path.open("wb") as file:
        head = {"descr": "<f4", "fortran_order": False, "shape": (rows, COLUMNS)}
        np.lib.format.write_array_header_1_0(file, head)
        start = file.tell()
        block = pictures(10_000)
        for first in range(0, real, len(block)):
            file.write(block[: real - first].tobytes())
        file.truncate(start + 4 * COLUMNS * rows)


class Watch:
    """The most anonymous memory that this process has had."""

    def __init__(self) -> None:
        self.most, self.stop = 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.stop.wait(0.05):
            self.most = max(self.most, anonymous())


def anonymous() -> int:
    """Bytes of memory of this process that are no pages of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """What a function gives, and its seconds."""
    start = time.perf_counter()
    return function(), time.perf_counter() - start


def whole(path: Path) -> dict[str, float]:
    """One epoch and ``transform`` on all of a file: seconds a row and the peak of anonymous memory."""
    X = np.load(path, mmap_mode="r")
    with Watch() as watch:
        fitted, fit_seconds = timed(lambda: model().fit(X))
        codes, seconds = timed(lambda: fitted.transform(X, out=path.with_name("codes.npy")))
    n, epoch = len(X), float(fitted.history_["seconds"][0])
    real = slice(0, 1000)
    same = np.array_equal(codes[real], fitted.transform(np.array(X[real])))
    return {
        "rows": n,
        "fit": fit_seconds,
        "epoch": epoch / n,
        "transform": seconds / n,
        "anonymous": watch.most,
        "same": float(same),
    }


def small_races(path: Path, epochs: list[float]) -> list[Race]:
    """The same rows from the file and from memory, in turns; seconds a row of each epoch in memory are noted."""
    mapped = np.load(path, mmap_mode="r")
    loaded = np.array(mapped)
    streams.LARGE = 0  # a file of any size stays where it is
    fitted = model().fit(loaded)
    codes: dict[str, Any] = {}

    def epoch(X: Any) -> float:
        history = model().fit(X).history_
        if X is loaded:
            epochs.append(float(history["seconds"][0]) / len(X))
        return float(history["loss"][0])

    def encode(name: str, X: Any) -> float:
        codes[name] = fitted.transform(X)
        return float(np.abs(codes[name]).mean())

    def same() -> str:
        equal = np.array_equal(codes["file"], codes["memory"])
        return "" if equal else "codes of rows in the file differ from those of rows in memory."

    fits = [
        Rival(OURS, lambda: epoch(mapped)),
        Rival("the same rows in memory", lambda: epoch(loaded), SLOWDOWN, compared=True),
    ]
    transforms = [
        Rival(OURS, lambda: encode("file", mapped)),
        Rival("the same rows in memory", lambda: encode("memory", loaded), SLOWDOWN, compared=True),
    ]
    n = len(loaded)
    size = f"{loaded.nbytes / 1e9:.1f} GB in a file"
    return [
        Race(f"fit, one epoch, {size}; {NETWORK}", fits, n, "row", "loss", 0.0),
        Race(f"transform, {size}", transforms, n, "row", "mean size", 0.0, check=same),
    ]


def line_of(found: dict[str, float], memory: dict[str, float], size: float) -> list[dict[str, Any]]:
    """The lines of the report for the whole file: its rates beside those of rows in memory, and its memory."""
    lines = []
    for what in ("epoch", "transform"):
        ratio = found[what] / memory[what]
        own = {
            "name": OURS,
            "installed": True,
            "seconds": found[what],
            "ratio": 1,
            "wanted": None,
            "score": None,
        }
        own |= {"reached": None, "worse": False}
        other = own | {"name": "1 GB of rows in memory", "seconds": memory[what], "ratio": ratio}
        other |= {"wanted": SLOWDOWN, "reached": ratio <= SLOWDOWN}
        work = f"{what}, {found['rows']:,.0f} rows, {size / 1e9:.0f} GB in a file"
        lines.append({"work": work, "unit": "row", "score": "", "floor": None, "rivals": [own, other]})
    peak = found["anonymous"]
    lines[0]["rivals"][0]["score"] = peak / 1e6
    lines[0]["score"] = f"MB of anonymous memory (at most {ALLOWED_BYTES / 1e6:.0f}):"
    failures = []
    if peak > ALLOWED_BYTES:
        failures.append(f"fit and transform took {peak / 1e6:.0f} MB of memory.")
    if not found["same"]:
        failures.append("codes that were written differ from those of the same rows in memory.")
    lines[0]["failure"] = " ".join(failures)
    return lines


def main() -> None:
    """Make the file, measure, and remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size; writes nothing")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the file is made")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--whole", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.whole:
        print(json.dumps(whole(Path(options.whole))))
        return
    share = 0.05 if options.quick else 1.0
    size, real = 12e9 * share, 1e9 * share
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        small, large = Path(folder, "small.npy"), Path(folder, "large.npy")
        make(small, real, real)
        epochs: list[float] = []
        lines = [run(race, 1 if options.quick else options.turns) for race in small_races(small, epochs)]
        memory = {"epoch": statistics.median(epochs[1:]), "transform": lines[1]["rivals"][1]["seconds"]}
        make(large, size, real)
        command = [sys.executable, __file__, "--whole", str(large)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), flush=True)
    lines += line_of(found, memory, size)
    finish("larger_than_memory", "Data larger than memory", lines, write=not options.quick)


if __name__ == "__main__":
    main()
