"""Members of a stack equal the same models alone, up to rounding: weights, history, codes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from members import examples, narrowed, takes
from sklearn.base import clone
from tolerances import SHARE_OF_NOISE, TEN_STEPS, WHOLE_TRAINING, assert_near, differences
from torch import Tensor

from diabolo import MLP, Autoencoder, Training, load
from diabolo.corruption import GaussianNoise
from diabolo.errors import DivergedError, SettingError
from diabolo.latent import LATENT_SPACES, PRIORS, Gaussian
from diabolo.likelihoods import LIKELIHOODS
from diabolo.networks.names import ACTIVATIONS
from diabolo.penalties import PENALTIES, Penalty
from diabolo.recipes import RECIPES, make
from diabolo.slots import resolve
from diabolo.studies import fit_stack
from diabolo.studies.groups import chunks
from diabolo.training import SGD, Adam, AdamW, EarlyStopping, Optimizer
from diabolo.training.control import cores, threads

MEMBERS = 16
STACKABLE = [name for name in RECIPES if resolve("encoder", make(name).encoder).stackable]


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
                own[path.removesuffix("weight") + "warmup"] = (0, 0.25, 1, 0.5)[i % 4]
        found.append(clone(base).set_params(**own | extra))
    return found


def of_a_term(loss: np.ndarray, name: str) -> float | None:
    """What a term is measured by: itself, but a difference of large numbers by the loss that it is added to."""
    if name not in ("total_correlation", "adversarial_tc"):
        return None
    return float(np.abs(loss).max())


def assert_same(stacked: Autoencoder, alone: Autoencoder, tolerance: float = WHOLE_TRAINING) -> None:
    assert (stacked.status_, stacked.n_iter_, stacked.seed_) == (alone.status_, alone.n_iter_, alone.seed_)
    assert stacked.message_ == alone.message_
    for name, got, expected in pairs(stacked, alone):
        assert_near(got, expected, tolerance, name)
    assert len(stacked.history_) == len(alone.history_)
    for name in set(alone.history_.epochs[0]) - {"seconds"} if alone.history_.epochs else ():
        loss = alone.history_["loss"]
        assert_near(
            stacked.history_[name],
            alone.history_[name],
            tolerance,
            name,
            scale=of_a_term(loss, name),
        )
    for name, steps in alone.history_.steps.items():
        scale = of_a_term(alone.history_.steps["loss"], name)
        assert_near(stacked.history_.steps[name], steps, tolerance, name, scale=scale)
    assert_near(stacked.codes_, alone.codes_, tolerance, "codes")


def pairs(one: Autoencoder, other: Autoencoder) -> Iterator[tuple[str, Tensor, Tensor]]:
    """The parameters of two models, by name."""
    mine, theirs = dict(one.module_.named_parameters()), dict(other.module_.named_parameters())
    assert mine.keys() == theirs.keys()
    for name in mine:
        yield name, mine[name], theirs[name]


def compare(
    estimators: list[Autoencoder], Xs: Any, tolerance: float = WHOLE_TRAINING, **options: Any
) -> list[Autoencoder]:
    fitted = fit_stack(estimators, Xs, **options)
    many = isinstance(Xs, list)
    for i, (own, estimator) in enumerate(zip(fitted, estimators, strict=True)):
        assert_same(own, clone(estimator).fit(Xs[i] if many else Xs), tolerance)
    return fitted


def small(name: str, epochs: int, **extra: Any) -> Autoencoder:
    training = {"training__epochs": epochs, "training__batch_size": 16, "verbose": False}
    training["training__precision"] = "float64"
    return narrowed(make(name), 11).set_params(**training | extra)


@pytest.mark.parametrize("optimizer", [Adam(), AdamW(), SGD(), SGD(0.9)], ids=str)
def test_large_layers_are_stepped_where_autograd_leaves_their_gradient(optimizer: Optimizer) -> None:
    """Alone, gradients of large layers are not copied into the row; models share a rate, or have their own."""
    X = rows(60, 64)
    base = Autoencoder(3, encoder=MLP((96,)), random_state=0)
    training = Training(epochs=3, batch_size=16, optimizer=optimizer, precision="float64")
    members = [clone(base).set_params(training=training.replace(lr=lr)) for lr in (1e-3, 3e-3, 1e-3)]
    assert any(p.numel() >= 4096 for p in clone(members[0]).fit(X).module_.parameters())
    for stack in (members, [members[0], members[2]]):
        for stacked, alone in zip(fit_stack(stack, X), stack, strict=True):
            assert_same(stacked, alone.fit(X))


@pytest.mark.parametrize(("precision", "epochs"), [("float32", 2), ("float64", 4)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_at_odd_sizes(activation: str, precision: str, epochs: int) -> None:
    """Rows times width is no multiple of what a processor takes at once."""
    X = rows(61, 7)
    base = Autoencoder(3, encoder=MLP((11, 5), activation=activation), random_state=0)
    training = Training(epochs=epochs, batch_size=13, precision=precision)
    members = [clone(base).set_params(training=training.replace(lr=lr)) for lr in (1e-3, 3e-3, 1e-2)]
    compare(members, X, WHOLE_TRAINING if precision == "float64" else TEN_STEPS)


@pytest.mark.parametrize("name", STACKABLE)
def test_every_recipe(name: str) -> None:
    compare(varied(small(name, epochs=20), 4), [rows(seed=i % 2) for i in range(4)])


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKABLE)
def test_every_recipe_for_500_steps(name: str) -> None:
    compare(varied(small(name, epochs=100)), [rows(seed=i % 3) for i in range(MEMBERS)])


@pytest.mark.filterwarnings("ignore::diabolo.errors.PoorFitWarning")
@pytest.mark.parametrize("name", STACKABLE)
def test_ten_steps_of_every_recipe_in_float32(name: str) -> None:
    base, Xs = (
        small(name, epochs=2, training__precision="float32"),
        [rows(seed=i % 3) for i in range(MEMBERS)],
    )
    plain = varied(base, training__optimizer=SGD(0.9))
    compare(plain, Xs, TEN_STEPS)
    # By Adam, all parameters but those whose gradient is nothing but rounding.
    members = varied(base)
    for stacked, alone, X in zip(fit_stack(members, Xs), members, Xs, strict=True):
        apart = [differences(got, expected).ravel() for _, got, expected in pairs(stacked, alone.fit(X))]
        assert np.mean(np.concatenate(apart) > TEN_STEPS) <= SHARE_OF_NOISE


@pytest.mark.parametrize("loss", LIKELIHOODS)
@pytest.mark.parametrize("width", [1, 5])
def test_every_loss_at_odd_sizes(loss: str, width: int) -> None:
    training = Training(epochs=2, batch_size=7, precision="float64")
    base = Autoencoder(2, encoder=MLP((6,)), reconstruction=loss, training=training)
    compare(varied(base, 3), [rows(40, width, seed=i) for i in range(3)])


@pytest.mark.parametrize("penalty", examples(PENALTIES), ids=repr)
def test_penalties_at_odd_sizes(penalty: Penalty) -> None:
    training = Training(epochs=2, batch_size=7, precision="float64")
    latent = next(space for space in examples(LATENT_SPACES) if takes(penalty, space))
    base = Autoencoder(latent, encoder=MLP((6,), activation="sigmoid"), penalties=penalty, training=training)
    compare(varied(base, 3), [rows(40, 3, seed=i) for i in range(3)])


@pytest.mark.parametrize("prior", [p for p in examples(PRIORS) if p.geometry.name == "flat"], ids=repr)
def test_every_prior_starts_by_the_seed_of_its_own_model(prior: Any) -> None:
    training = Training(epochs=2, batch_size=7, precision="float64")
    base = Autoencoder(Gaussian(2, prior=prior), encoder=MLP((6,)), penalties="kl", training=training)
    compare(varied(base, 3), [rows(40, 3, seed=i) for i in range(3)])


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", SGD(momentum=0.9)])
def test_optimisers_and_clipping(optimizer: Any) -> None:
    training = Training(epochs=2, batch_size=16, optimizer=optimizer, clip_norm=0.5, drop_last=True)
    base = Autoencoder(2, encoder=MLP((6,)), training=training.replace(precision="float64"))
    compare(varied(base, 3), rows())


@pytest.mark.filterwarnings("ignore::diabolo.errors.PoorFitWarning")
def test_members_leave_early_or_diverge_and_disturb_nobody() -> None:
    base = small("vae", epochs=12)
    estimators = varied(base, 6, training__validation=0.2)
    for i, patience in enumerate((None, 1, 2, True)):
        estimators[i].set_params(training__early_stopping=patience and EarlyStopping(int(patience)))
    estimators[4].set_params(training__lr=1e30)
    estimators[1].set_params(training__lr=2.0, training__schedule="constant")
    fitted = fit_stack(estimators, rows())
    assert {model.status_ for model in fitted} == {"finished", "early_stopped", "diverged"}
    for model, estimator in zip(fitted, estimators, strict=True):
        alone = clone(estimator)
        with pytest.raises(DivergedError) if model.status_ == "diverged" else nullcontext():
            alone.fit(rows())
        assert_same(model, alone)
    assert "became" in fitted[4].message_


def test_all_members_may_diverge() -> None:
    fitted = fit_stack(varied(small("linear", epochs=3), 3, training__lr=1e300), rows())
    assert [model.status_ for model in fitted] == ["diverged"] * 3


def test_a_member_is_an_ordinary_estimator(tmp_path: Path) -> None:
    model = fit_stack(varied(small("vae", epochs=2), 3), rows())[1]
    loaded = load(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.transform(rows()), model.transform(rows()))
    assert_same(pickle.loads(pickle.dumps(model)), model, 0.0)
    assert model.fine_tune(rows(), training=Training(epochs=1), keep_optimizer=True).n_iter_ == 1


def test_targets_validation_and_shapes_of_their_own() -> None:
    base = small("linear", epochs=2)
    estimators = [clone(base).set_params(latent=1 + i % 2, random_state=i) for i in range(4)]
    targets, validations = [rows(seed=9)] * 4, [rows(30, seed=3)] * 4
    fitted = fit_stack(estimators, rows(), targets=targets, validations=validations)
    for model, estimator in zip(fitted, estimators, strict=True):
        assert_same(model, clone(estimator).fit(rows(), target=targets[0], validation=validations[0]))


def test_what_cannot_be_stacked_runs_one_by_one() -> None:
    base = Autoencoder(encoder="convolutional", training=Training(epochs=1, batch_size=16))
    compare([clone(base).set_params(random_state=i) for i in range(2)], rows(32, 16), 0.0)
    watched = small("linear", epochs=2, training__snapshots=3)
    fitted = compare([clone(watched).set_params(random_state=i) for i in range(2)], rows(), 0.0)
    assert len(fitted[0].history_.snapshots) == 3


def test_small_stacks_and_little_memory_change_nothing() -> None:
    estimators = varied(small("linear", epochs=1), 5)
    for options in ({"stack_size": 2}, {"memory": 1}):
        compare(estimators, rows(), **options)


def test_networks_that_need_several_threads_alone() -> None:
    training = Training(epochs=1, batch_size=64, precision="float64")
    base = Autoencoder(2, encoder=MLP((700, 300)), training=training)
    with threads(2):
        fitted = compare([clone(base).set_params(random_state=i) for i in range(2)], rows(128, 40))
        assert fitted[0].n_threads_ == min(2, cores())


@pytest.mark.slow
def test_processes() -> None:
    compare(varied(small("vae", epochs=2), 66), rows(), n_jobs=2)


def test_wrong_lists_and_settings_are_refused() -> None:
    with pytest.raises(SettingError, match="one entry for each of the 2"):
        fit_stack([Autoencoder(), Autoencoder()], [rows()])
    with pytest.raises(SettingError, match="lr"):
        fit_stack([Autoencoder().set_params(training__lr=-1.0)], rows())


def test_chunks_share_evenly() -> None:
    assert [len(c) for c in chunks(range(5), 2)] == [1, 2, 2]
    assert list(chunks([], 4)) == []


def test_a_member_is_built_when_it_is_asked_for_and_travels_unbuilt() -> None:
    X = np.random.default_rng(0).random((70, 6), np.float32)
    settings: dict[str, Any] = {
        "training": Training(epochs=2, batch_size=32, precision="float64"),
        "encoder": MLP((9,), activation="prelu"),
    }
    first, second = fit_stack([Autoencoder(random_state=seed, **settings) for seed in (1, 2)], X)
    alone = Autoencoder(random_state=1, **settings).fit(X)
    assert "_module" not in vars(first)
    copied = pickle.loads(pickle.dumps(first))
    assert "_module" not in vars(copied)
    np.testing.assert_array_equal(copied.transform(X), first.transform(X))
    for one in (first, copied):
        assert_same(one, alone)
        assert_near(one.transform(X), alone.transform(X), WHOLE_TRAINING)
    assert not np.allclose(first.codes_, second.codes_)
    # A new fit forgets what was taken over.
    again = first.set_params(random_state=2).fit(X)
    assert_near(again.transform(X), second.transform(X), WHOLE_TRAINING)
