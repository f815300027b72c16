"""Missing values filled in: root mean squared error beside the mean, nearest neighbours and chained equations.

Values are missing completely at random. Every imputer is fitted to the rows with their gaps and fills them in; errors
are over the missing values, in standard deviations of the whole column. One setting of ours for all sets.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - lets the next be imported
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

from diabolo import MLP, Autoencoder, EarlyStopping, Masking, Training

Float = NDArray[np.float64]

RATES = (0.1, 0.3, 0.5)
#: Settings were tried on these, and are judged on the others.
CHOSEN_ON = ("wine", "breast_cancer", "diabetes")
BUNDLED = ("wine", "breast_cancer", "diabetes", "iris", "digits")
MOST = 1500


def sets() -> Iterator[tuple[str, Float]]:
    """Names and standardised rows: scikit-learn's, then those of ``DIABOLO_DATA/adbench``."""
    found = {name: getattr(datasets, f"load_{name}")().data for name in BUNDLED}
    folder = Path(os.environ.get("DIABOLO_DATA", ""), "adbench")
    for path in sorted(folder.glob("*.npz")):
        found[path.stem.partition("_")[2]] = np.load(path, allow_pickle=False)["X"]
    for name, X in found.items():
        rows = np.asarray(X, float)[np.random.default_rng(0).permutation(len(X))[:MOST]]
        rows = rows[:, rows.std(0) > 0]
        yield name, (rows - rows.mean(0)) / rows.std(0)


def by_autoencoder(rows: Float, seed: int = 0) -> Float:
    """As many codes as columns; half of what is there hidden in training."""
    ae = Autoencoder(
        latent=rows.shape[1],
        encoder=MLP((128, 128), activation="silu", skip="pca"),
        missing="mask",
        corruption=Masking(0.5, fill=None),
        training=Training(epochs=400, lr=3e-3, validation=0.15, early_stopping=EarlyStopping(patience=None)),
        random_state=seed,
        verbose=False,
    )
    filled: Float = ae.fit(rows).impute(rows)
    return filled


IMPUTERS: dict[str, Callable[[Float], Float]] = {
    "mean": lambda X: SimpleImputer().fit_transform(X),
    "kNN": lambda X: KNNImputer().fit_transform(X),
    "iterative": lambda X: IterativeImputer(random_state=0).fit_transform(X),
    "diabolo": by_autoencoder,
}


def errors(X: Float, rate: float) -> dict[str, float]:
    """The error of each imputer with such a share of values missing."""
    gaps = np.random.default_rng(1).random(X.shape) < rate
    holed = np.where(gaps, np.nan, X)
    return {
        name: float(np.sqrt(np.square(impute(holed) - X)[gaps].mean())) for name, impute in IMPUTERS.items()
    }


def main() -> None:
    """Print a line for each set and share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="sets to look at; none: all")
    names = parser.parse_args().names
    warnings.simplefilter("ignore")
    print("set | rows x columns | missing |", " | ".join(IMPUTERS))
    below = dict.fromkeys(IMPUTERS, 0)
    count = 0
    for name, X in sets():
        if names and name not in names:
            continue
        for rate in RATES:
            found = errors(X, rate)
            count += 1
            for other, error in found.items():
                below[other] += found["diabolo"] <= error
            marked = f"{name} *" if name in CHOSEN_ON else name
            shown = " | ".join(f"{error:.3f}" for error in found.values())
            print(f"{marked} | {X.shape[0]} x {X.shape[1]} | {rate:.0%} | {shown}", flush=True)
    print(f"of {count}, ours is no worse than", {k: v for k, v in below.items() if k != "diabolo"})
    print("* settings were chosen on these")


if __name__ == "__main__":
    main()
