"""The study of the two moons: 3240 models of 108 shapes and sizes; and what a bare loop would need for them."""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
import warnings

import numpy as np
import torch
from harness import finish
from loops import Task, bare

from diabolo import MLP, Autoencoder, Training, datasets
from diabolo.studies import Study

POINTS, EPOCHS, RATES = [100, 300, 1000, 3000], [10, 50, 200], [3e-4, 1e-3, 3e-3]
WIDTHS, DEPTHS, REPEATS, TEST = [10, 50, 100], [1, 2, 3], 10, 2000


def study(batch: int, repeats: int) -> Study:
    """Test error over training points, epochs, rate, width and depth, with repeats."""
    base = Autoencoder(
        latent=1,
        encoder=MLP(width=10, depth=1),
        training=Training(epochs=10, batch_size=batch, schedule="constant"),
        scaling=None,
    )
    axes = {
        "data.n_samples": POINTS,
        "training.epochs": EPOCHS,
        "training.lr": RATES,
        "encoder.width": WIDTHS,
        "encoder.depth": DEPTHS,
    }
    return Study(base, axes, repeats, "moons", data_options={"noise": 0.1}, held_out=TEST)


def loop_seconds(batch: int, repeats: int) -> float:
    """What a bare loop on one process would take: its measured seconds a step, times the steps of all models."""
    seconds = 0.0
    for width, depth in itertools.product(WIDTHS, DEPTHS):
        X = datasets.make_moons(10 * batch)[0].astype(np.float32)
        task = Task(X, (2, *[width] * depth, 1), "relu", batch, 10)
        bare(task)
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            bare(task)
            taken.append((time.perf_counter() - start) / task.steps)
        steps = sum(-(-n // batch) * epochs for n, epochs in itertools.product(POINTS, EPOCHS))
        seconds += statistics.median(taken) * steps * len(RATES) * repeats
    return seconds


def run() -> None:
    """Train them all, and estimate the loop."""
    parser = argparse.ArgumentParser(description="The study of the two moons.")
    parser.add_argument("--quick", action="store_true", help="one repeat; writes nothing")
    parser.add_argument("--batch", type=int, default=32, help="rows of a step")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    repeats = 1 if options.quick else REPEATS
    whole, start = study(options.batch, repeats), time.perf_counter()
    table = whole.run(n_jobs=2, progress=lambda done, due, _: print(f"{done} of {due}", flush=True))
    seconds = time.perf_counter() - start
    torch.set_num_threads(1)
    by_hand = loop_seconds(options.batch, repeats)
    row = {
        "installed": True,
        "low": None,
        "high": None,
        "ratio": 1,
        "worse": False,
        "wanted": None,
        "reached": None,
    }
    settings = [c for c in table if c.startswith(("data__", "training__", "encoder__"))]
    best = float(table.groupby(settings)["mse"].mean().min())
    line = {
        "work": f"{len(table)} models, batches of {options.batch}",
        "unit": "run",
        "score": "best mean MSE",
        "floor": None,
        "rivals": [
            row | {"name": "Study, two processes", "seconds": seconds, "score": best},
            row
            | {
                "name": "bare loop, one process (its steps timed, the rest reckoned)",
                "seconds": by_hand,
                "score": None,
                "ratio": seconds / by_hand,
            },
        ],
    }
    print(f"{len(table)} models in {seconds:.0f} s; a bare loop would take {by_hand:.0f} s.", flush=True)
    finish("moons_study", "The study of the two moons", [line], write=not options.quick)


if __name__ == "__main__":
    run()
