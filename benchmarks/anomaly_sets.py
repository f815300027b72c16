"""Sets of rows with known anomalies: published ones of ``DIABOLO_DATA``, scikit-learn's, and generated ones.

Each is split by name into a half on which rules are chosen and a half that confirms them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Labelled = tuple[Float, NDArray[np.intp]]

# Anomalies are at most this share of the normal rows, and there are at most so many normal rows.
SHARE, MOST = 0.2, 4000

SETS: dict[str, Callable[[np.random.Generator], Labelled]] = {}


def named(name: str) -> Callable[[Callable[[np.random.Generator], Labelled]], None]:
    """Add a maker of a set to the table."""

    def add(make: Callable[[np.random.Generator], Labelled]) -> None:
        SETS[name] = make

    return add


def _published(file: str) -> Callable[[np.random.Generator], Labelled]:
    def make(rng: np.random.Generator) -> Labelled:
        kept = np.load(Path(os.environ["DIABOLO_DATA"]) / "adbench" / file, allow_pickle=False)
        return _few(kept["X"].astype(np.float64), kept["y"].astype(np.intp), rng, share=1.0)

    return make


def _few(X: Float, y: NDArray[np.intp], rng: np.random.Generator, share: float = SHARE) -> Labelled:
    """No more rows than the limits allow, drawn at random."""
    normal, strange = (rng.permutation(np.flatnonzero(y == v)) for v in (0, 1))
    normal = normal[:MOST]
    rows = np.concatenate([normal, strange[: max(10, int(share * len(normal)))]])
    return X[rows], y[rows]


def _one_class(load: str, normal: tuple[int, ...]) -> Callable[[np.random.Generator], Labelled]:
    def make(rng: np.random.Generator) -> Labelled:
        from sklearn import datasets

        X, y = getattr(datasets, f"load_{load}")(return_X_y=True)
        return _few(np.asarray(X, np.float64), (~np.isin(y, normal)).astype(np.intp), rng)

    return make


def _pictures(folder: str, normal: int) -> Callable[[np.random.Generator], Labelled]:
    def make(rng: np.random.Generator) -> Labelled:
        X, y = _idx(folder)
        pooled = X.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49)
        return _few(pooled, (y != normal).astype(np.intp), rng)

    return make


def _idx(folder: str) -> Labelled:
    import gzip

    place = Path(os.environ["DIABOLO_DATA"]) / folder
    with gzip.open(place / "t10k-images-idx3-ubyte.gz") as file:
        X = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784) / 255.0
    with gzip.open(place / "t10k-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.intp)
    return X, y


for _file in ("20_letter", "30_satellite", "32_shuttle", "38_thyroid", "4_breastw", "6_cardio"):
    SETS[_file.partition("_")[2]] = _published(f"{_file}.npz")
SETS["digits 3"] = _one_class("digits", (3,))
SETS["digits 0 to 4"] = _one_class("digits", (0, 1, 2, 3, 4))
SETS["wine"] = _one_class("wine", (1, 2))
SETS["cancer"] = _one_class("breast_cancer", (1,))
SETS["iris"] = _one_class("iris", (1, 2))
SETS["fashion coat"] = _pictures("fashion-mnist", 4)
SETS["fashion sandal"] = _pictures("fashion-mnist", 5)
SETS["mnist 4"] = _pictures("mnist", 4)
SETS["mnist 8"] = _pictures("mnist", 8)


@named("clusters with local outliers")
def _clusters(rng: np.random.Generator) -> Labelled:
    """Six clusters of very different spread; anomalies are near one, at three to five of its spreads."""
    centres, spreads = rng.normal(size=(6, 8)) * 6, np.geomspace(0.1, 2, 6)
    of = rng.integers(6, size=1200)
    normal = centres[of] + spreads[of, None] * rng.normal(size=(1200, 8))
    way = rng.normal(size=(100, 8))
    far = spreads[of[:100]] * rng.uniform(3, 5, 100) * np.sqrt(8) / 1.5
    strange = centres[of[:100]] + way / np.linalg.norm(way, axis=1)[:, None] * far[:, None]
    return _together(normal, strange)


@named("swiss roll in 10-D")
def _roll(rng: np.random.Generator) -> Labelled:
    """A roll turned into ten features; anomalies lie between its layers."""
    from sklearn.datasets import make_swiss_roll

    turn = np.linalg.qr(rng.normal(size=(10, 10)))[0][:3]
    rows = make_swiss_roll(1300, noise=0.2, random_state=int(rng.integers(2**31)))[0]
    strange = rows[:100] + 2.5 * rng.normal(size=(100, 3))
    return _together(*(r @ turn + 0.1 * rng.normal(size=(len(r), 10)) for r in (rows[100:], strange)))


@named("broken dependence")
def _dependence(rng: np.random.Generator) -> Labelled:
    """Twelve curves of three factors; in an anomaly three features come from another row."""
    mix, phase = rng.normal(size=(3, 12)), rng.uniform(0, 6, 12)
    rows = np.sin(rng.normal(size=(1300, 3)) @ mix + phase) + 0.1 * rng.normal(size=(1300, 12))
    strange = rows[:100].copy()
    for row in strange:
        at = rng.choice(12, 3, replace=False)
        row[at] = rows[rng.integers(100, 1300)][at]
    return _together(rows[100:], strange)


@named("cover types")
def _cover(rng: np.random.Generator) -> Labelled:
    """Ten skewed measures, some of mixed units, and six indicators of an area; a rare type at other heights."""

    def draw(n: int, height: float) -> Float:
        up = rng.normal(height, 250, n)
        measures = np.column_stack(
            [rng.gamma(2, 100 + up[:, None] / 30, (n, 5)), rng.beta(2, 5, (n, 4)) * 254]
        )
        return np.column_stack([up, measures, np.eye(6)[np.clip((up // 400).astype(int) - 4, 0, 5)]])

    return _together(draw(1500, 2900.0), draw(60, 2300.0))


@named("heavy tails")
def _tails(rng: np.random.Generator) -> Labelled:
    """Student's t with four degrees of freedom; anomalies are a small dense cluster off the axis."""
    normal = rng.standard_t(4, size=(1000, 10)) @ rng.normal(size=(10, 10))
    way = rng.normal(size=10) * 6
    return _together(normal, way + rng.normal(size=(40, 10)))


@named("counts")
def _counts(rng: np.random.Generator) -> Labelled:
    """Counts of fifteen words in four topics; anomalies mix two topics."""
    topics = rng.dirichlet(np.full(15, 0.3), 4) * 60
    normal = rng.poisson(topics[rng.integers(4, size=1000)])
    first = rng.integers(4, size=80)
    strange = rng.poisson((topics[first] + topics[(first + rng.integers(1, 4, 80)) % 4]) / 2)
    return _together(normal.astype(np.float64), strange.astype(np.float64))


@named("sensors")
def _sensors(rng: np.random.Generator) -> Labelled:
    """Thirty sensors of four slow states; an anomaly is one sensor that is off by three of its spreads."""
    state, mix = rng.normal(size=(1300, 4)), rng.normal(size=(4, 30))
    rows = np.tanh(state @ mix) * rng.uniform(0.1, 10, 30)
    rows += 0.15 * rows.std(axis=0) * rng.normal(size=rows.shape)
    strange = rows[:100].copy()
    at = rng.integers(30, size=100)
    strange[np.arange(100), at] += rng.choice([-1.5, 1.5], 100) * rows.std(axis=0)[at]
    return _together(rows[100:], strange)


def _together(normal: Float, strange: Float) -> Labelled:
    y = np.repeat([0, 1], [len(normal), len(strange)])
    return np.concatenate([normal, strange]), y.astype(np.intp)


# Those that come from files, which are not part of the project.
FROM_FILES = frozenset({"breastw", "cardio", "letter", "satellite", "shuttle", "thyroid"}) | {
    name for name in SETS if name.startswith(("fashion", "mnist"))
}


def present(names: tuple[str, ...]) -> tuple[str, ...]:
    """The sets that can be made here; says which others need ``DIABOLO_DATA``."""
    kept = tuple(name for name in names if name not in FROM_FILES or "DIABOLO_DATA" in os.environ)
    if len(kept) < len(names):
        print(f"left out without DIABOLO_DATA: {', '.join(sorted({*names} - {*kept}))}", flush=True)
    return kept


# Every second name of each kind, by the alphabet: published, of a package, generated.
_KINDS = (
    ["breastw", "cardio", "letter", "satellite", "shuttle", "thyroid"],
    sorted(k for k in SETS if k.split()[0] in {"digits", "wine", "cancer", "iris", "fashion", "mnist"}),
    [
        "broken dependence",
        "clusters with local outliers",
        "counts",
        "cover types",
        "heavy tails",
        "sensors",
        "swiss roll in 10-D",
    ],
)
CHOOSING = tuple(name for kind in _KINDS for name in kind[::2])
CONFIRMING = tuple(name for kind in _KINDS for name in kind[1::2])
