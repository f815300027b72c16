"""The cost of a training step, and of a whole small ``fit``, beside bare loops and other toolkits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from harness import OURS, Race, Rival, main, pictures, training_floor
from loops import Task, bare, course, ours, with_lightning, with_pyod, with_pythae, with_sklearn, with_skorch

from diabolo import datasets
from diabolo.training.control import cores, multiplies_bfloat16


def whole(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Widths from the data to the code and back."""
    return (*widths, *widths[-2::-1])


def deep(quick: bool) -> Race:
    """The step of 784-392-64-2."""
    shape = ((784, 392, 64, 2), "prelu", 128)
    task = Task(pictures(1280 if quick else 20_000), *shape, 3, bernoulli=True, threads=cores())
    short = Task(task.X, *shape, 1, bernoulli=True, threads=cores())
    rivals = [
        Rival(OURS, partial(ours, task)),
        Rival("bare loop, fused Adam, logits", partial(bare, task), 1.10, compared=True),
        Rival("Lightning, DataLoader", partial(with_lightning, task), 0.65, "lightning", compared=True),
        Rival("skorch", partial(with_skorch, short), None, "skorch", short.steps),
        Rival("pythae", partial(with_pythae, short), 0.55, "pythae", short.steps),
        Rival("the courses' loop", partial(course, task), 0.40, compared=True),
        Rival("pyod", partial(with_pyod, short), 0.35, "pyod", short.steps),
        Rival("scikit-learn's MLPRegressor", partial(with_sklearn, short), units=short.steps),
    ]
    floor = training_floor(whole(task.widths), task.batch, task.threads)
    return Race("784-392-64-2, PReLU, batch 128", rivals, task.steps, "step", "training loss", 0.10, floor)


def deep_compiled(quick: bool) -> Race:
    """The same with ``Training(compile=True)``; tracing is counted, what the compiler keeps on disk is warm."""
    shape = ((784, 392, 64, 2), "prelu", 128)
    task = Task(
        pictures(1280 if quick else 20_000), *shape, 1 if quick else 8, bernoulli=True, threads=cores()
    )
    short = Task(task.X, *shape, 1, bernoulli=True, threads=cores())
    rivals = [
        Rival(OURS + ", compile=True", partial(ours, task, compiled=True)),
        Rival("bare loop, fused Adam, logits", partial(bare, task), compared=True),
        Rival("Lightning, DataLoader", partial(with_lightning, short), 0.65, "lightning", short.steps),
        Rival("pythae", partial(with_pythae, short), 0.55, "pythae", short.steps),
        Rival("the courses' loop", partial(course, short), 0.40, units=short.steps),
        Rival("pyod", partial(with_pyod, short), 0.35, "pyod", short.steps),
    ]
    floor = training_floor(whole(task.widths), task.batch, task.threads)
    return Race("784-392-64-2, compiled, batch 128", rivals, task.steps, "step", "training loss", 0.10, floor)


def deep_bfloat16(quick: bool) -> Race:
    """The same in bfloat16, where the processor has units for it."""
    shape = ((784, 392, 64, 2), "prelu", 1024)
    task = Task(pictures(2048 if quick else 20_000), *shape, 3, bernoulli=True, threads=cores())
    rivals = [
        Rival(OURS + ", bfloat16", partial(ours, task, precision="bfloat16")),
        Rival("bare loop, fused Adam, logits", partial(bare, task), compared=True),
        Rival("the courses' loop", partial(course, task), 0.45, compared=True),
    ]
    floor = training_floor(whole(task.widths), task.batch, task.threads)
    return Race(
        "784-392-64-2, bfloat16, batch 1024", rivals, task.steps, "step", "training loss", 0.10, floor
    )


def small(quick: bool) -> Race:
    """The step of 2-50-50-50-1."""
    X = datasets.make_moons(1000)[0].astype(np.float32)
    task = Task(X, (2, 50, 50, 50, 1), "relu", 32, 5 if quick else 20)
    short = Task(X, task.widths, "relu", 32, 5)
    rivals = [
        Rival(OURS, partial(ours, task)),
        Rival("bare loop, fused Adam", partial(bare, task), 1.15),
        Rival("Lightning, DataLoader", partial(with_lightning, short), 0.40, "lightning", short.steps),
        Rival("skorch", partial(with_skorch, short), None, "skorch", short.steps),
    ]
    floor = training_floor(whole(task.widths), task.batch, 1)
    return Race("2-50-50-50-1, ReLU, batch 32", rivals, task.steps, "step", "training loss", 0.5, floor)


def small_compiled(quick: bool) -> Race:
    """The same with ``Training(compile=True)``."""
    X = datasets.make_moons(1000)[0].astype(np.float32)
    task = Task(X, (2, 50, 50, 50, 1), "relu", 32, 10 if quick else 200)
    short = Task(X, task.widths, "relu", 32, 5)
    rivals = [
        Rival(OURS + ", compile=True", partial(ours, task, compiled=True)),
        Rival("bare loop, fused Adam", partial(bare, task)),
        Rival("Lightning, DataLoader", partial(with_lightning, short), 0.40, "lightning", short.steps),
    ]
    floor = training_floor(whole(task.widths), task.batch, 1)
    return Race("2-50-50-50-1, compiled, batch 32", rivals, task.steps, "step", "training loss", 0.5, floor)


def table(quick: bool) -> Race:
    """A whole fit on a small table."""
    X = np.random.default_rng(0).random((1000, 20), np.float32)
    task = Task(X, (20, 128, 128, 2), "relu", 128, 10 if quick else 50, lr=2e-3)
    rivals = [
        Rival(OURS, partial(ours, task)),
        Rival("bare loop, fused Adam", partial(bare, task), 1.2, compared=True),
        Rival("skorch", partial(with_skorch, task), None, "skorch", compared=True),
    ]
    return Race(f"fit on 1000 x 20, {task.epochs} epochs, 128-128-2", rivals, 1, "run", "training loss", 0.10)


def variational(quick: bool) -> Race:
    """An epoch of a beta-VAE."""
    task = Task(
        pictures(1280 if quick else 6400), (784, 400, 20), "relu", 128, 3, bernoulli=True, threads=cores()
    )

    def mine() -> float:
        from diabolo import Training, recipes
        from diabolo.networks import MLP

        training = Training(epochs=task.epochs, batch_size=task.batch, lr=task.lr, schedule="constant")
        model = recipes.beta_vae(
            20,
            beta=2.0,
            encoder=MLP((400,)),
            reconstruction="bernoulli",
            training=training,
            scaling=None,
            verbose=False,
        )
        return float(model.fit(task.X).history_["loss"][-1])

    rivals = [
        Rival(OURS, mine),
        Rival("pythae", partial(with_pythae, task, 2.0), 0.6, "pythae", compared=True),
    ]
    # Ours is the mean over the last epoch, pythae's is the loss after it, which is lower.
    return Race("beta-VAE 784-400-20, batch 128", rivals, task.steps, "step", "loss", 0.15)


def races(quick: bool) -> Sequence[Race]:
    """All of them."""
    return [
        deep(quick),
        deep_compiled(quick),
        *([deep_bfloat16(quick)] if multiplies_bfloat16(torch.device("cpu")) else []),
        small(quick),
        small_compiled(quick),
        table(quick),
        variational(quick),
    ]


if __name__ == "__main__":
    main("training", "Training", races)
