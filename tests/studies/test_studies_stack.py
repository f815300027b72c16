"""Members of a stack equal the same models alone, to the bit: weights, history, codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from diabolo import Autoencoder
from diabolo.corruption import GaussianNoise
from diabolo.recipes import RECIPES, make
from diabolo.studies import fit_stack

MEMBERS = 16
# Narrow forms of the recipes: what is compared is arithmetic, not what is learnt.
NARROW: dict[str, dict[str, Any]] = {
    "deep": {"encoder__hidden": (17, 8)},
    "deep_wide": {"encoder__hidden": (18, 9, 5)},
    "spherical": {"encoder__hidden": (17, 8)},
    "sparse": {"latent_dim": 11},
    "beta_vae": {"latent_dim": 3},
    "contractive": {"latent_dim": 3, "encoder__width": 10},
}
STACKABLE = [name for name in RECIPES if name not in ("convolutional",)]


def rows(n: int = 70, width: int = 9, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, width)).astype(np.float32)


def varied(base: Autoencoder, count: int = MEMBERS, **extra: Any) -> list[Autoencoder]:
    """Copies of an estimator with rates, weights, noise, schedules and seeds of their own."""
    found = []
    for i in range(count):
        own: dict[str, Any] = {"training__lr": 10 ** (-4 + 2.0 * i / count), "random_state": i}
        own["training__schedule"] = ("constant", "cosine", "one_cycle")[i % 3]
        own["corruption"] = (None, GaussianNoise(0.02 * i), GaussianNoise(0.3, fresh=False))[i % 3]
        for path, value in base.get_params().items():
            if path.startswith("penalties__") and path.endswith("__weight"):
                own[path] = value * (0.5 + i / count)
                own[path.removesuffix("weight") + "warmup"] = i % 4
        found.append(clone(base).set_params(**own, **extra))
    return found


def assert_same(stacked: Autoencoder, alone: Autoencoder) -> None:
    assert (stacked.status_, stacked.n_iter_, stacked.seed_) == (alone.status_, alone.n_iter_, alone.seed_)
    assert stacked.message_ == alone.message_
    mine, theirs = dict(stacked.module_.named_parameters()), dict(alone.module_.named_parameters())
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_array_equal(mine[name].detach(), theirs[name].detach(), err_msg=name)
    for own, other in zip(stacked.history_.epochs, alone.history_.epochs, strict=True):
        assert {**own, "seconds": 0} == {**other, "seconds": 0}
    for name, steps in alone.history_.steps.items():
        np.testing.assert_array_equal(stacked.history_.steps[name], steps, err_msg=name)
    np.testing.assert_array_equal(stacked.codes_, alone.codes_)


def compare(estimators: list[Autoencoder], Xs: Any, **options: Any) -> list[Autoencoder]:
    fitted = fit_stack(estimators, Xs, **options)
    many = isinstance(Xs, list)
    for i, (own, estimator) in enumerate(zip(fitted, estimators, strict=True)):
        assert_same(own, clone(estimator).fit(Xs[i] if many else Xs))
    return fitted


def small(name: str, epochs: int, **extra: Any) -> Autoencoder:
    training = {"training__epochs": epochs, "training__batch_size": 16, "verbose": False}
    return make(
        name, **{"latent_dim": 2 if name != "spherical" else 3} | NARROW.get(name, {}), **training, **extra
    )


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", STACKABLE)
def test_every_recipe(name: str, precision: str) -> None:
    base = small(name, epochs=4, training__precision=precision)
    compare(varied(base, 5), [rows(seed=i % 2) for i in range(5)])


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", STACKABLE)
def test_every_recipe_for_500_steps(name: str, precision: str) -> None:
    base = small(name, epochs=100, training__precision=precision)
    compare(varied(base), [rows(seed=i % 3) for i in range(MEMBERS)])
