"""Many small models: a stack beside loops and Lightning, and the stacked search beside scikit-learn's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from harness import DOCS, Race, Rival, finish, main, run
from loops import Score, Task, bare, with_lightning
from sklearn.model_selection import GridSearchCV

from diabolo import MLP, Autoencoder, Training, datasets
from diabolo.studies import StackedGridSearchCV, fit_stack

SIZES = (1, 8, 32, 128, 512, 2048)


def members(task: Task, count: int) -> list[Autoencoder]:
    """Estimators that differ in their seeds."""
    training = Training(epochs=task.epochs, batch_size=task.batch, lr=task.lr, schedule="constant")
    encoder = MLP(task.widths[1:-1], activation=task.activation)
    common: dict[str, Any] = {"encoder": encoder, "training": training, "scaling": None, "verbose": False}
    return [Autoencoder(task.widths[-1], random_state=seed, **common) for seed in range(count)]


def stacks(task: Task, models: int, name: str, wanted: tuple[float, float]) -> Race:
    """A stack against models one by one; the first few are judged, which alone round otherwise."""
    few, estimators = max(1, models // 32), members(task, models)

    def loss(fitted: Sequence[Autoencoder]) -> Score:
        return lambda: statistics.mean(-model.score(task.X) for model in fitted[:few])

    def many(n_jobs: int | None) -> Score:
        return loss(fit_stack(estimators, task.X, n_jobs=n_jobs))

    def loop(train: Callable[[Task], Score], count: int) -> Score:
        scores = [train(task) for _ in range(count)]
        return lambda: statistics.mean(score() for score in scores)

    def alone() -> Score:
        return loss([model.fit(task.X) for model in members(task, few)])

    steps = task.steps
    rivals = [
        Rival("stack, two processes", partial(many, 2)),
        Rival("stack, one process", partial(many, None), compared=True),
        Rival("bare loop, fused Adam", partial(loop, bare, few), 1 / wanted[0], units=few * steps),
        Rival("alone", alone, units=few * steps, compared=True),
        Rival("Lightning, DataLoader", partial(loop, with_lightning, 1), 1 / wanted[1], "lightning", steps),
    ]
    return Race(f"{models} models {name}", rivals, models * steps, "model and step", "loss")


def search(n_jobs: int, X: np.ndarray, wanted: float) -> Race:
    """The stacked grid search against scikit-learn's, in float32: most scores are the same but for rounding."""
    training = Training(epochs=20, batch_size=32)
    base = Autoencoder(latent=8, encoder=MLP((32,)), training=training, random_state=0)
    grid = {"training__lr": np.logspace(-4, -2, 12).tolist(), "random_state": [0, 1, 2, 3]}
    ours = StackedGridSearchCV(base, grid, n_jobs=2, cv=5, refit=False)
    theirs = GridSearchCV(base, grid, n_jobs=n_jobs, cv=5, refit=False)

    def fit(one: Any) -> float:
        one.fit(X)
        return -float(one.cv_results_["mean_test_score"].max())

    def check() -> str:
        names = [f"split{i}_test_score" for i in range(5)]
        # Half of them: a few trainings make as much of a rounding as of another seed.
        apart = [np.abs(ours.cv_results_[n] / theirs.cv_results_[n] - 1) for n in names]
        same = np.median(apart) < 1e-3
        return "" if same else "the stacked search's scores are not those of GridSearchCV."

    rivals = [
        Rival("StackedGridSearchCV, n_jobs=2", partial(fit, ours)),
        Rival(f"GridSearchCV, n_jobs={n_jobs}", partial(fit, theirs), 1 / wanted),
    ]
    return Race("48 candidates x 5 folds", rivals, score="best loss", warm=False, check=check)


def growth(task: Task, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """How the cost of a step grows with the number of models."""
    rows: list[dict[str, Any]] = []
    for count in sizes:
        estimators, taken = members(task, count), []
        fit_stack(estimators[:2], task.X)
        for _ in range(3 if count < 512 else 1):
            start = time.perf_counter()
            fit_stack(estimators, task.X)
            taken.append((time.perf_counter() - start) / count / task.steps)
        row = {
            "name": f"{count} models",
            "installed": True,
            "seconds": statistics.median(taken),
            "score": None,
        }
        row |= {
            "low": min(taken),
            "high": max(taken),
            "wanted": None,
            "reached": None,
            "ratio": 1,
            "worse": False,
        }
        rows.append(row)
        print(f"{count:5} models: {rows[-1]['seconds'] * 1e6:8.1f} us a model and step", flush=True)
    line = {"work": "2-50-50-50-1, ReLU, one process", "unit": "model and step", "score": "", "floor": None}
    return [line | {"rivals": rows}]


def draw_growth(lines: list[dict[str, Any]]) -> None:
    """The cost of a model over the number of models, for the page."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    costs = [row["seconds"] * 1e6 for row in lines[0]["rivals"]]
    _, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    ax.plot(SIZES, costs, "o-", color="#0072B2")
    ax.set(xscale="log", yscale="log", xlabel="models in the study", ylabel="µs a model and step")
    ax.set_xticks(SIZES, [str(n) for n in SIZES])
    ax.minorticks_off()
    for size, cost in zip(SIZES, costs, strict=True):
        ax.annotate(f"{cost:.0f}", (size, cost), textcoords="offset points", xytext=(0, 7), ha="center")
    ax.set_ylim(min(costs) / 1.5, max(costs) * 2)
    ax.set_title("2-50-50-50-1, ReLU, batch 32, one process", loc="left")
    plt.savefig(DOCS / "images" / "growth.png", dpi=130)
    plt.close()


def tasks() -> dict[str, tuple[Task, int, tuple[float, float]]]:
    """Tasks with the number of models, and what is to be reached: times a bare loop, times Lightning."""
    moons = datasets.make_moons(1000)[0].astype(np.float32)
    digits = datasets.load_digits()[0]
    deep = (2, 50, 50, 50, 1)
    return {
        "2-50-50-50-1, ReLU": (Task(moons, deep, "relu", 32, 5), 128, (15, 40)),
        "2-50-50-50-1, PReLU": (Task(moons, deep, "prelu", 32, 5), 128, (11, 35)),
        "64-32-8, ReLU": (Task(digits, (64, 32, 8), "relu", 32, 5), 64, (16, 40)),
    }


def races(quick: bool) -> Sequence[Race]:
    """The stacks, with an eighth of the models when quick."""
    share = 8 if quick else 1
    return [stacks(task, models // share, name, wanted) for name, (task, models, wanted) in tasks().items()]


def everything() -> None:
    """Stacks, searches and growth in one report."""
    digits = datasets.load_digits()[0]
    lines = [run(race, 5) for race in races(False)]
    lines += [run(search(2, digits, 5), 1), run(search(1, digits, 8), 1)]
    moons = datasets.make_moons(1000)[0].astype(np.float32)
    grown = growth(Task(moons, (2, 50, 50, 50, 1), "relu", 32, 2), SIZES)
    draw_growth(grown)
    picture = "\n![The cost of a model and step falls with the number of models](images/growth.png)\n"
    finish("studies", "Many models at once", lines + grown, note=picture)


if __name__ == "__main__":
    import sys
    import warnings

    warnings.simplefilter("ignore")
    if "--quick" in sys.argv:
        main("studies", "Many models at once", races)
    everything()
