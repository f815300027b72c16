"""Many small models: a stack beside a bare PyTorch loop, Lightning if it is installed, and scikit-learn's search.

Every ratio is measured within one run, rivals in turns, and the median is printed. ``--quick`` is for a busy or
small machine: fewer models, fewer turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV
from torch import nn

from diabolo import MLP, Autoencoder, Training, datasets
from diabolo.studies import StackedGridSearchCV, fit_stack

LAYERS = {"relu": nn.ReLU, "prelu": nn.PReLU}


def widths(model: Autoencoder, n_features: int) -> tuple[int, ...]:
    """Widths of the encoder, input and code included."""
    return (n_features, *model.encoder.hidden, model.latent)


def network(sizes: tuple[int, ...], activation: str) -> nn.Sequential:
    """Encoder and mirrored decoder in plain PyTorch."""
    layers: list[nn.Module] = []
    for half in (sizes, sizes[::-1]):
        for a, b in itertools.pairwise(half):
            layers += [nn.Linear(a, b), LAYERS[activation]()]
        layers.pop()
    return nn.Sequential(*layers)


def bare(X: np.ndarray, sizes: tuple[int, ...], activation: str, training: Training) -> None:
    """The fastest loop that a person would write by hand: data in memory, fused Adam, one thread."""
    torch.set_num_threads(1)
    rows, model = torch.from_numpy(X), network(sizes, activation)
    optimizer = torch.optim.Adam(model.parameters(), lr=training.lr, fused=True)
    for _ in range(training.epochs or 1):
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), training.batch_size or len(rows)):
            x = rows[order[start : start + (training.batch_size or len(rows))]]
            loss = (model(x) - x).square().sum(-1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()


def with_lightning(X: np.ndarray, sizes: tuple[int, ...], activation: str, training: Training) -> None:
    """The same under Lightning's Trainer with a DataLoader."""
    import lightning
    from torch.utils.data import DataLoader, TensorDataset

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = network(sizes, activation)

        def training_step(self, batch: Any, number: int) -> torch.Tensor:
            (x,) = batch
            return (self.net(x) - x).square().sum(-1).mean()

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=training.lr)

    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = lightning.Trainer(
        max_epochs=training.epochs, accelerator="cpu", enable_model_summary=False, **quiet
    )
    trainer.fit(Module(), DataLoader(TensorDataset(torch.from_numpy(X)), training.batch_size, shuffle=True))


def seconds(function: Callable[[], Any]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turns(rivals: dict[str, Callable[[], Any]], turns: int) -> dict[str, float]:
    """Median seconds of each, run in turns so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(turns):
        for name, function in rivals.items():
            taken[name].append(seconds(function))
    return {name: statistics.median(times) for name, times in taken.items()}


def stacks(name: str, X: np.ndarray, base: Autoencoder, models: int, turns: int) -> None:
    """A stack against models one by one."""
    sizes, activation, training = widths(base, X.shape[1]), base.encoder.activation, base.training
    estimators = [
        Autoencoder(**base.get_params(deep=False)).set_params(random_state=i) for i in range(models)
    ]
    few = max(1, models // 32)
    rivals: dict[str, Callable[[], Any]] = {
        "stack": lambda: fit_stack(estimators, X),
        "stack, 2 processes": lambda: fit_stack(estimators, X, n_jobs=2),
        "bare": lambda: [bare(X, sizes, activation, training) for _ in range(few)],
        "alone": lambda: [Autoencoder(**base.get_params(deep=False)).fit(X) for _ in range(few)],
    }
    if importlib.util.find_spec("lightning"):
        rivals["lightning"] = lambda: with_lightning(X, sizes, activation, training)
    counts = {"stack": models, "stack, 2 processes": models, "bare": few, "alone": few, "lightning": 1}
    for function in rivals.values():
        function()
    taken = {rival: t / counts[rival] for rival, t in in_turns(rivals, turns).items()}
    steps = training.steps_per_epoch(len(X)) * (training.epochs or 1)
    best = min(taken["stack"], taken["stack, 2 processes"])
    for rival, each in taken.items():
        per_step = each / steps * 1e6
        print(f"{name:<34} {rival:<20} {per_step:9.1f} us a model and step {each / best:7.1f} x the stack's")


def search(n_jobs: int, X: np.ndarray, turns: int) -> None:
    """The stacked grid search against scikit-learn's."""
    training = Training(epochs=20, batch_size=32)
    base = Autoencoder(latent=8, encoder=MLP((32,), activation="relu"), training=training, random_state=0)
    grid = {"training__lr": np.logspace(-4, -2, 12).tolist(), "random_state": [0, 1, 2, 3]}
    options = {"cv": 5, "refit": False}
    found = {}
    ours, theirs = (
        StackedGridSearchCV(base, grid, n_jobs=2, **options),
        GridSearchCV(base, grid, n_jobs=n_jobs, **options),
    )
    rivals = {
        "stacked": lambda: found.update(ours=ours.fit(X)),
        "own": lambda: found.update(theirs=theirs.fit(X)),
    }
    taken = in_turns(rivals, turns)
    equal = np.array_equal(
        found["ours"].cv_results_["mean_test_score"], found["theirs"].cv_results_["mean_test_score"]
    )
    ratio = taken["own"] / taken["stacked"]
    print(
        f"grid search, 48 x 5 fits, GridSearchCV n_jobs={n_jobs}: {ratio:.1f} x; scores equal to the bit: {equal}"
    )


def growth(X: np.ndarray, base: Autoencoder, sizes: tuple[int, ...]) -> None:
    """How the cost of a step grows with the number of models."""
    steps = base.training.steps_per_epoch(len(X)) * (base.training.epochs or 1)
    for models in sizes:
        estimators = [
            Autoencoder(**base.get_params(deep=False)).set_params(random_state=i) for i in range(models)
        ]
        fit_stack(estimators[:2], X)
        taken = statistics.median(seconds(lambda: fit_stack(estimators, X)) for _ in range(3))  # noqa: B023
        print(f"{models:5} models: {taken:8.2f} s, {taken / models / steps * 1e6:8.1f} us a model and step")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    turns, share = (1, 8) if quick else (5, 1)
    moons = datasets.make_moons(1000)[0].astype(np.float32)
    digits = datasets.load_digits()[0]
    for activation in ("relu", "prelu"):
        deep = MLP((50, 50, 50), activation=activation)
        training = Training(epochs=5, batch_size=32, lr=1e-3, schedule="constant")
        base = Autoencoder(latent=1, encoder=deep, training=training, scaling=None, verbose=False)
        stacks(f"moons 2-50-50-50-1 {activation}", moons, base, 128 // share, turns)
    small = MLP((32,), activation="relu")
    training = Training(epochs=5, batch_size=32, lr=1e-3, schedule="constant")
    stacks(
        "digits 64-32-8 relu", digits, Autoencoder(8, encoder=small, training=training), 64 // share, turns
    )
    for n_jobs in (1, 2):
        search(n_jobs, digits[: len(digits) // share], max(1, turns // 2))
    base = Autoencoder(
        1, encoder=MLP((50, 50, 50), activation="relu"), training=Training(epochs=2, batch_size=32)
    )
    growth(moons, base, (1, 8, 32) if quick else (1, 8, 32, 128, 512, 2048))


if __name__ == "__main__":
    main()
