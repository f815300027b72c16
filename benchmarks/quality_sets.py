"""Sets of rows that autoencoders are compared with PCA on: published ones, scikit-learn's, and generated ones.

Each is split by name into a half on which rules are chosen and a half that confirms them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Make = Callable[[np.random.Generator], Float]

# So many rows of a set, at most.
MOST = 3000

SETS: dict[str, Make] = {}
#: Sets of pictures with values in [0, 1], which are left as they are: channels, height, width.
PICTURES: dict[str, tuple[int, int, int]] = {}


def named(name: str, picture: tuple[int, int, int] | None = None) -> Callable[[Make], Make]:
    """Add a maker of a set to the table."""

    def add(make: Make) -> Make:
        SETS[name] = make
        if picture is not None:
            PICTURES[name] = picture
        return make

    return add


def _some(X: NDArray[np.generic], rng: np.random.Generator) -> Float:
    X = np.asarray(X, np.float64)
    return X[rng.permutation(len(X))[:MOST]]


# -- published, from DIABOLO_DATA ---------------------------------------------------------------------------------


def _file(*parts: str) -> Path:
    return Path(os.environ["DIABOLO_DATA"], *parts)


def _anomaly_set(name: str) -> Make:
    return lambda rng: _some(np.load(_file("adbench", ANOMALY_FILES[name]), allow_pickle=False)["X"], rng)


def _numerals(folder: str) -> Make:
    def make(rng: np.random.Generator) -> Float:
        from diabolo import datasets

        pixels = datasets.load(_file(folder, "train-images-idx3-ubyte.gz")).X
        return _some(pixels.reshape(len(pixels), -1), rng)

    return make


ANOMALY_FILES = {
    "breastw": "4_breastw.npz",
    "cardio": "6_cardio.npz",
    "letter": "20_letter.npz",
    "satellite": "30_satellite.npz",
    "shuttle": "32_shuttle.npz",
    "thyroid": "38_thyroid.npz",
}


@named("sprites", (1, 64, 64))
def _sprites(rng: np.random.Generator) -> Float:
    pixels = np.load(_file("dsprites", "dsprites_grid.npz"), allow_pickle=False)["imgs"]
    return _some(pixels.reshape(len(pixels), -1)[rng.permutation(len(pixels))[:MOST]], rng)


# -- scikit-learn's -----------------------------------------------------------------------------------------------


def _bundled(load: str) -> Make:
    def make(rng: np.random.Generator) -> Float:
        from sklearn import datasets

        found = getattr(datasets, f"load_{load}")().data
        return _some(found / 16 if load == "digits" else found, rng)

    return make


def _patches(picture: str) -> Make:
    def make(rng: np.random.Generator) -> Float:
        from sklearn.datasets import load_sample_image

        photo = load_sample_image(picture) / 255
        up, left = (rng.integers(0, size - 8, MOST) for size in photo.shape[:2])
        return np.stack(
            [photo[r : r + 8, c : c + 8].transpose(2, 0, 1).ravel() for r, c in zip(up, left, strict=True)]
        )

    return make


for _name in ANOMALY_FILES:
    named(_name)(_anomaly_set(_name))
for _name, _folder in (("numerals", "mnist"), ("clothes", "fashion-mnist")):
    named(_name, (1, 28, 28))(_numerals(_folder))
for _name in ("wine", "iris", "breast_cancer", "diabetes", "linnerud"):
    named(_name)(_bundled(_name))
named("digits", (1, 8, 8))(_bundled("digits"))
named("patches of a flower", (3, 8, 8))(_patches("flower.jpg"))
named("patches of a temple", (3, 8, 8))(_patches("china.jpg"))


# -- generated ----------------------------------------------------------------------------------------------------


def _turned(rows: Float, width: int, rng: np.random.Generator, noise: float) -> Float:
    """Rows in a space of more features, turned at random, with noise."""
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0][: rows.shape[1]]
    return rows @ turn + noise * rng.normal(size=(len(rows), width))


@named("swiss roll")
def _roll(rng: np.random.Generator) -> Float:
    from sklearn.datasets import make_swiss_roll

    return _turned(make_swiss_roll(1500, random_state=int(rng.integers(2**31)))[0], 20, rng, 0.2)


@named("curved sheet")
def _sheet(rng: np.random.Generator) -> Float:
    from sklearn.datasets import make_s_curve

    return _turned(make_s_curve(800, random_state=int(rng.integers(2**31)))[0], 10, rng, 0.05)


@named("moons")
def _moons(rng: np.random.Generator) -> Float:
    from sklearn.datasets import make_moons

    return _turned(make_moons(1000, noise=0.05, random_state=int(rng.integers(2**31)))[0], 6, rng, 0.02)


@named("spheres in a sphere")
def _spheres(rng: np.random.Generator) -> Float:
    rows = rng.normal(size=(1000, 21))
    rows *= 5 / np.linalg.norm(rows, axis=1, keepdims=True)
    return (
        rows
        + np.where(rng.random(1000) < 0.2, 0, 1)[:, None]
        * rng.normal(size=(5, 21))[rng.integers(5, size=1000)]
    )


@named("clusters")
def _clusters(rng: np.random.Generator) -> Float:
    centres = rng.normal(size=(7, 12)) * 3
    return centres[rng.integers(7, size=700)] + rng.normal(size=(700, 12)) * rng.uniform(0.3, 1.5, 12)


@named("noise")
def _noise(rng: np.random.Generator) -> Float:
    return rng.normal(size=(400, 15))


@named("few rows of noise")
def _few(rng: np.random.Generator) -> Float:
    return rng.normal(size=(40, 10))


@named("a plane, exactly")
def _plane(rng: np.random.Generator) -> Float:
    return rng.normal(size=(500, 3)) @ rng.normal(size=(3, 12))


@named("a plane with noise")
def _noisy_plane(rng: np.random.Generator) -> Float:
    return rng.normal(size=(300, 5)) @ rng.normal(size=(5, 20)) + 0.5 * rng.normal(size=(300, 20))


@named("heavy tails")
def _tails(rng: np.random.Generator) -> Float:
    return rng.standard_t(3, size=(800, 10)) @ rng.normal(size=(10, 10))


@named("incomes")
def _incomes(rng: np.random.Generator) -> Float:
    return np.exp(rng.normal(size=(900, 3)) @ rng.normal(size=(3, 9)) * 0.7 + 0.3 * rng.normal(size=(900, 9)))


@named("counts of words")
def _words(rng: np.random.Generator) -> Float:
    topics = rng.dirichlet(np.full(40, 0.2), 5) * 80
    return rng.poisson(rng.dirichlet(np.full(5, 0.4), 800) @ topics).astype(np.float64)


@named("counts of genes")
def _genes(rng: np.random.Generator) -> Float:
    rate = np.exp(rng.normal(size=(500, 4)) @ rng.normal(size=(4, 60)) * 0.5) * rng.gamma(0.5, 4.0, 60)
    return rng.poisson(rng.gamma(2.0, 0.5, size=rate.shape) * rate).astype(np.float64)


@named("heart beats")
def _beats(rng: np.random.Generator) -> Float:
    """Five waves of a heart beat, each of a height, width and place of its own in every beat."""
    t = np.linspace(0, 1, 80)
    place, width = np.array([0.2, 0.37, 0.4, 0.43, 0.65]), np.array([0.025, 0.01, 0.012, 0.01, 0.05])
    height = np.array([0.15, -0.12, 1.0, -0.25, 0.3])
    late = rng.normal(0, 0.02, (1200, 1)) + rng.normal(0, 0.01, (1200, 5))
    size = height * rng.lognormal(0, 0.25, (1200, 5))
    waves = np.exp(-0.5 * ((t - (place + late)[..., None]) / width[:, None]) ** 2)
    return (size[..., None] * waves).sum(1) + 0.02 * rng.normal(size=(1200, 80))


@named("tones")
def _tones(rng: np.random.Generator) -> Float:
    t = np.linspace(0, 1, 50)
    pitch, phase = rng.uniform(1, 4, (1000, 1)), rng.uniform(0, 2 * np.pi, (1000, 1))
    return np.sin(2 * np.pi * pitch * t + phase) + 0.1 * rng.normal(size=(1000, 50))


@named("more features than rows")
def _wide(rng: np.random.Generator) -> Float:
    return rng.normal(size=(70, 4)) @ rng.normal(size=(4, 800)) * 0.6 + rng.normal(size=(70, 800))


@named("two kinds, more features than rows")
def _wide_kinds(rng: np.random.Generator) -> Float:
    kinds = rng.normal(size=(2, 500)) * (rng.random(500) < 0.2)
    return 2 * kinds[rng.integers(2, size=90)] + rng.normal(size=(90, 500))


@named("constant and doubled columns")
def _doubled(rng: np.random.Generator) -> Float:
    X = np.tanh(rng.normal(size=(600, 3)) @ rng.normal(size=(3, 6))) + 0.1 * rng.normal(size=(600, 6))
    return np.column_stack([X, X, np.full(600, 7.0), X[:, 0], np.zeros(600)])


@named("outliers")
def _outliers(rng: np.random.Generator) -> Float:
    X = np.sin(rng.normal(size=(700, 2)) @ rng.normal(size=(2, 10)) * 1.5) + 0.1 * rng.normal(size=(700, 10))
    far = rng.random(700) < 0.03
    return X + far[:, None] * rng.normal(size=(700, 10)) * 15


@named("answers of a survey")
def _survey(rng: np.random.Generator) -> Float:
    chance = 1 / (1 + np.exp(-(rng.normal(size=(900, 3)) @ rng.normal(size=(3, 24)) * 2)))
    return (rng.random(chance.shape) < chance).astype(np.float64)


@named("sensors")
def _sensors(rng: np.random.Generator) -> Float:
    rows = np.tanh(rng.normal(size=(1300, 4)) @ rng.normal(size=(4, 30)))
    return (rows + 0.15 * rng.normal(size=rows.shape)) * rng.uniform(0.1, 10, 30)


@named("dependent curves")
def _curves(rng: np.random.Generator) -> Float:
    mix, phase = rng.normal(size=(3, 12)), rng.uniform(0, 6, 12)
    return np.sin(rng.normal(size=(1300, 3)) @ mix + phase) + 0.1 * rng.normal(size=(1300, 12))


@named("a robot's arm")
def _arm(rng: np.random.Generator) -> Float:
    """Where the joints of an arm of five parts are, from its angles."""
    angles = rng.normal(0, 0.7, (1500, 5)).cumsum(1)
    joints = np.stack([np.cos(angles), np.sin(angles)], -1).cumsum(1)
    return joints.reshape(1500, -1) + 0.02 * rng.normal(size=(1500, 10))


@named("spots", (1, 16, 16))
def _spots(rng: np.random.Generator) -> Float:
    """A bright spot anywhere in a picture."""
    at, size = rng.uniform(3, 13, (1500, 2, 1)), rng.uniform(1, 2.5, (1500, 1))
    up, across = (np.exp(-0.5 * ((np.arange(16) - at[:, i]) / size) ** 2) for i in (0, 1))
    return (up[:, :, None] * across[:, None, :]).reshape(1500, -1)


@named("bars", (1, 8, 8))
def _bars(rng: np.random.Generator) -> Float:
    """Rows and columns of a picture, each lit by a chance of its own (P. Foldiak, 1990)."""
    up, across = (rng.random((1000, 8)) < 0.15 for _ in range(2))
    return np.maximum(up[:, :, None], across[:, None, :]).reshape(1000, -1).astype(np.float64)


# Those that come from files, which are not part of the project.
FROM_FILES = {*ANOMALY_FILES, "numerals", "clothes", "sprites"}


def present(names: tuple[str, ...]) -> tuple[str, ...]:
    """The sets that can be made here; says which others need ``DIABOLO_DATA``."""
    kept = tuple(name for name in names if name not in FROM_FILES or "DIABOLO_DATA" in os.environ)
    if len(kept) < len(names):
        print(f"left out without DIABOLO_DATA: {', '.join(sorted({*names} - {*kept}))}", flush=True)
    return kept


# Every second name of each kind, by the alphabet: pictures, published tables, generated ones.
_PUBLISHED = {*ANOMALY_FILES, "wine", "iris", "breast_cancer", "diabetes", "linnerud"}
_KINDS = (sorted(PICTURES), sorted(_PUBLISHED), sorted({*SETS} - {*PICTURES} - _PUBLISHED))
CHOOSING = tuple(name for kind in _KINDS for name in kind[::2])
CONFIRMING = tuple(name for kind in _KINDS for name in kind[1::2])
