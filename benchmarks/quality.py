"""Recipes as they are beside PCA with as many codes, on rows that neither has seen; writes docs/quality.md if asked to.

Of each set 70 % of the rows train. Tables are standardised by these, pictures with values in [0, 1] are left as they
are, and errors are squared errors in those units on the other 30 %. Models of several seeds, which also decide the
split, train as one stack; seconds are those of a model's share, on one thread.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import machine, write_part
from numpy.typing import NDArray
from quality_sets import CHOOSING, CONFIRMING, PICTURES, SETS, present
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from diabolo import Autoencoder, recipes
from diabolo.studies import fit_stack

Float = NDArray[np.float64]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "quality.md"
HALVES = {"confirming": CONFIRMING, "choosing": CHOOSING}
CODES = (2, 8)
# How much larger than PCA's an error may be; and what share of the variance is too small to be told from none.
TOLERANCE, NOTHING = 1.01, 1e-3

#: The recipes of general use, by name: what makes them for a number of codes.
RECIPES: dict[str, Callable[..., Autoencoder]] = {
    "Autoencoder()": Autoencoder,
    "deep": recipes.deep,
    "deep_wide": recipes.deep_wide,
    "shallow": recipes.shallow,
    "residual": recipes.residual,
    "denoising": recipes.denoising,
}


@dataclass(frozen=True)
class Split:
    """The rows of a set that train, and those that judge."""

    train: Float
    test: Float

    def error(self, rebuilt: Any) -> float:
        """The mean squared error of the rows that judge, as they were rebuilt."""
        return float(np.mean((np.asarray(rebuilt, np.float64) - self.test) ** 2))


def split(name: str, seed: int) -> Split:
    """The two parts of a set, in the units that errors are told in."""
    rng = np.random.default_rng(seed)
    X = SETS[name](rng)
    order = rng.permutation(len(X))
    n = round(0.7 * len(X))
    train, test = X[order[:n]], X[order[n:]]
    if name not in PICTURES:
        mean, spread = train.mean(0), train.std(0)
        train, test = ((part - mean) / np.where(spread > 0, spread, 1.0) for part in (train, test))
    return Split(train, test)


def by_pca(of: Split, codes: int) -> float:
    """The error of PCA."""
    least = min(of.train.shape)
    solver = "arpack" if least > 500 else "full"
    pca = PCA(min(codes, least), svd_solver=solver, random_state=0).fit(of.train)
    return of.error(pca.inverse_transform(pca.transform(of.test)))


def by_sklearn(of: Split, codes: int, seed: int) -> float:
    """The error of scikit-learn's network with as many codes, the best of three by rows that it holds out."""
    wide = min(128, max(16, 2 * of.train.shape[1]))
    settings = {"activation": "tanh", "early_stopping": True, "max_iter": 400, "random_state": seed}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        each = [
            MLPRegressor(hidden_layer_sizes=(wide, codes, wide), alpha=alpha, **settings).fit(
                of.train, of.train
            )
            for alpha in (1e-4, 1e-2, 1.0)
        ]
    best = max(each, key=lambda model: model.best_validation_score_)
    return of.error(best.predict(of.test).reshape(of.test.shape))


@dataclass(frozen=True)
class Found:
    """What a set has shown: errors by contestant, one for each seed, and seconds of a fit."""

    errors: dict[str, Float]
    seconds: dict[str, float]

    def ratio(self, who: str) -> float:
        """The error as a share of PCA's, over all seeds."""
        return float(self.ratios(who, whole=True))

    def worst(self, who: str) -> float:
        """The largest share among the seeds."""
        return float(np.max(self.ratios(who)))

    def ratios(self, who: str, *, whole: bool = False) -> Any:
        """The share of each seed; what is less than a thousandth of the variance counts as that."""
        ours, pca, least = self.errors[who], self.errors["PCA"], NOTHING * self.errors["mean"]
        if whole:
            ours, pca, least = ours.mean(), pca.mean(), least.mean()
        return (ours + least) / (pca + least)


def measure(
    name: str,
    codes: int,
    models: dict[str, Callable[..., Autoencoder]],
    seeds: Sequence[int],
    *,
    rivals: bool = True,
) -> Found | None:
    """Fit everything on one set; None where there are no fewer codes than features."""
    parts = [split(name, seed) for seed in seeds]
    if codes >= parts[0].train.shape[1]:
        return None
    errors = {"PCA": [by_pca(p, codes) for p in parts], "mean": [p.error(p.train.mean(0)) for p in parts]}
    seconds: dict[str, float] = {}
    if rivals:
        start = time.process_time()
        errors["scikit-learn"] = [by_sklearn(p, codes, seed) for p, seed in zip(parts, seeds, strict=True)]
        seconds["scikit-learn"] = (time.process_time() - start) / len(parts)
    for who, make in models.items():
        made = [
            make(codes, random_state=seed, verbose=False, image_shape=PICTURES.get(name)) for seed in seeds
        ]
        start = time.process_time()
        fitted = fit_stack(made, [p.train for p in parts])
        seconds[who] = (time.process_time() - start) / len(parts)
        errors[who] = [p.error(model.reconstruct(p.test)) for p, model in zip(parts, fitted, strict=True)]
    return Found({who: np.array(each) for who, each in errors.items()}, seconds)


def table(
    names: Sequence[str],
    codes: Sequence[int],
    models: dict[str, Callable[..., Autoencoder]],
    seeds: Sequence[int],
) -> tuple[list[str], list[str]]:
    """The lines of a table of markdown, and which defaults lose to PCA where."""
    columns = ["mean", "scikit-learn", *models]
    lines = [_row("set, codes", columns), _row("---", ["---"] * len(columns))]
    kept: list[Found] = []
    lost: list[str] = []
    for name in names:
        for k in codes:
            found = measure(name, k, models, seeds)
            if found is None:
                continue
            kept.append(found)
            cells = [_cell(found, who) for who in columns]
            lines.append(_row(f"{name}, {k}", cells))
            print(lines[-1], flush=True)
            lost += [
                f"{who} on {name}, {k} codes: {found.ratio(who):.3f}"
                for who in models
                if found.ratio(who) > TOLERANCE
            ]
    for label, value in SUMMARIES.items() if kept else ():
        lines.append(_row(f"**{label}**", [f"**{value(kept, who)}**" for who in columns]))
    return lines, lost


def _cell(found: Found, who: str) -> str:
    shown = f"{found.ratio(who):.3f}"
    return shown if found.worst(who) <= TOLERANCE or who == "mean" else f"{shown} ({found.worst(who):.2f})"


def _row(first: str, others: Sequence[str]) -> str:
    return f"| {first} | " + " | ".join(others) + " |"


#: The lines under a table: what each says of a contestant over all sets.
SUMMARIES: dict[str, Callable[[list[Found], str], str]] = {
    "geometric mean": lambda kept, who: f"{np.exp(np.mean([np.log(f.ratio(who)) for f in kept])):.3f}",
    "worst": lambda kept, who: f"{max(f.ratio(who) for f in kept):.2f}",
    "sets lost": lambda kept, who: f"{sum(f.ratio(who) > TOLERANCE for f in kept)} of {len(kept)}",
    "mean seconds": lambda kept, who: (
        f"{np.mean([f.seconds[who] for f in kept]):.1f}" if who in kept[0].seconds else ""
    ),
}


def main() -> None:
    """Measure, print, write the page if asked to; exit with 1 where a default loses to PCA."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--codes", type=int, nargs="+", default=CODES)
    parser.add_argument(
        "--part", choices=HALVES, action="append", help="a half of the sets; both unless given"
    )
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), help="these sets only; writes nothing")
    parser.add_argument(
        "--recipes", nargs="+", choices=list(RECIPES), help="these recipes only; writes nothing"
    )
    parser.add_argument("--write", action="store_true", help="write the tables of docs/quality.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    models = {name: RECIPES[name] for name in given.recipes or RECIPES}
    wrong: list[str] = []
    for part in ["given"] if given.sets else given.part or list(HALVES):
        names = present(tuple(given.sets) if given.sets else HALVES[part])
        lines, lost = table(names, given.codes, models, range(given.seeds))
        print("\n".join(lines), flush=True)
        wrong += lost
        if given.write and not given.sets and not given.recipes:
            about = machine()
            made_with = f"torch {about['torch']}, scikit-learn {about['scikit-learn']}"
            note = f"{given.seeds} seeds; {about['processor']}, {made_with}."
            write_part(PAGE, part, "make quality", [*lines, "", note])
    if wrong:
        raise SystemExit("worse than PCA by more than 1 %:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
