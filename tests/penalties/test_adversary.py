"""Penalties with a critic: what the critic finds, whose gradients reach whom, and its own learning rate."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from tolerances import WHOLE_TRAINING, assert_near

from diabolo import MLP, Autoencoder, Gaussian, Training, datasets
from diabolo.data.domain import Domain
from diabolo.errors import SettingError
from diabolo.latent import Euclidean
from diabolo.likelihoods import SquaredError
from diabolo.metrics import mmd
from diabolo.model import Architecture, Model, draw_noise, noise_names
from diabolo.objective import term_weights, terms, total
from diabolo.parts import Widths
from diabolo.passes import Pass
from diabolo.penalties import KL, AdversarialPrior, AdversarialTC
from diabolo.studies import fit_stack
from diabolo.training.optimizers import make_optimizer
from diabolo.training.settings import SGD, Adam, AdamW

X = datasets.load_digits()[0][:256]
SHORT = Training(epochs=4, batch_size=64, precision="float64")


def estimator(*penalties: Any, **settings: Any) -> Autoencoder:
    made = {"training": SHORT, "random_state": 0, "verbose": False} | settings
    return Autoencoder(Gaussian(3), encoder=MLP((16,)), penalties=list(penalties), **made)


def codes_pass(z: torch.Tensor, critic: torch.nn.Module, **noise: torch.Tensor) -> Pass:
    """A pass of which only codes, critic and random numbers matter."""
    fields: dict[str, Any] = dict.fromkeys((f.name for f in dataclasses.fields(Pass)), z)
    fields |= {"noise": {"it": noise}, "modules": {"it": critic}, "term": "it", "draws": 1, "hidden": ()}
    fields |= {"mask": None, "weight": None, "context": None, "n_samples": 0}
    return Pass(**fields)


def test_the_critic_at_its_best_gives_the_total_correlation() -> None:
    generator = torch.Generator().manual_seed(0)
    penalty, r = AdversarialTC(hidden=(64, 64)), 0.8
    critic = penalty.build(Widths(2, 2), generator)
    optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3)
    mixed = torch.linalg.cholesky(torch.tensor([[1.0, r], [r, 1.0]]))

    def sample(n: int) -> Pass:
        z = torch.randn(n, 2, generator=generator) @ mixed.T
        return codes_pass(z, critic, order=torch.rand(n, 2, generator=generator))

    for step in range(1000):
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / 1000)
        optimizer.zero_grad()
        penalty.critic_loss(sample(1024)).backward()
        optimizer.step()
    found = float(penalty.value(sample(50_000)))
    assert found == pytest.approx(-0.5 * math.log(1 - r * r), rel=0.05)


def test_a_critic_that_cannot_tell_has_the_loss_of_a_coin() -> None:
    for penalty in (AdversarialTC(), AdversarialPrior()):
        critic = penalty.build(Widths(2, 2), torch.Generator())
        torch.nn.init.zeros_(critic.last.weight)
        torch.nn.init.zeros_(critic.last.bias)
        z = torch.randn(7, 2)
        p = codes_pass(z, critic, order=torch.rand(7, 2), draw=torch.randn(7, 2))
        assert float(penalty.critic_loss(p).detach()) == pytest.approx(math.log(2))
        assert float(penalty.value(p).detach()) == pytest.approx(math.log(2) if penalty.matches_prior else 0)


@pytest.mark.parametrize("penalty", [AdversarialTC(hidden=(8,)), AdversarialPrior(hidden=(8,))])
def test_one_gradient_trains_the_model_by_the_total_and_the_critic_by_its_loss(penalty: Any) -> None:
    encoder = MLP((5,))
    parts = Architecture(encoder, encoder.mirrored(), Gaussian(3), SquaredError(), (KL(), penalty))
    model = Model(parts, Domain(6), torch.Generator().manual_seed(0)).double()
    generators = {name: torch.Generator().manual_seed(i) for i, name in enumerate(noise_names(parts))}
    noise = draw_noise(parts, Domain(6), (9,), generators)
    p = model(torch.rand(9, 6, dtype=torch.float64), noise)
    values, weights = terms(parts, p), term_weights(parts)
    name = next(iter(parts.critics))
    named = dict(model.named_parameters())
    loss = total(parts, values, weights)
    together = torch.autograd.grad(loss, list(named.values()), retain_graph=True)
    model_alone = values["reconstruction"] + values["kl"] + penalty.weight * values[name]
    assert float(loss.detach()) == pytest.approx(float(model_alone.detach()), rel=1e-15)
    for (path, parameter), found in zip(named.items(), together, strict=True):
        by, other = values[f"{name}_critic"], model_alone
        if not path.startswith("components."):
            by, other = other, by
        (expected,) = torch.autograd.grad(by, parameter, retain_graph=True)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)
        (nothing,) = torch.autograd.grad(
            other, parameter, retain_graph=True, materialize_grads=True, allow_unused=True
        )
        assert not nothing.any()


@pytest.mark.parametrize("spec", [Adam(), AdamW(decay=0.1), SGD(momentum=0.9)])
def test_a_rate_of_its_own_is_that_of_a_group_in_torch(spec: Any) -> None:
    torch.manual_seed(0)
    flat = torch.randn(32, dtype=torch.float64)
    fast, slow = (torch.nn.Parameter(flat[s].clone()) for s in (slice(0, 16), slice(16, 32)))
    cls = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW, "SGD": torch.optim.SGD}[type(spec).__name__]
    options: dict[str, Any] = {"momentum": spec.momentum} if isinstance(spec, SGD) else {"betas": spec.betas}
    if isinstance(spec, AdamW):
        options["weight_decay"] = spec.decay
    theirs = cls([{"params": [fast], "lr": 0.01}, {"params": [slow], "lr": 0.003}], **options)
    ours = make_optimizer(spec, flat, paces=[(slice(16, 32), 0.3)])
    for _ in range(20):
        gradient = torch.randn(32, dtype=torch.float64)
        fast.grad, slow.grad = gradient[:16].clone(), gradient[16:].clone()
        theirs.step()
        ours.step([gradient], [(0.01, None)], [flat])
    assert_near(flat, torch.cat([fast, slow]).detach(), 1e-12)


def test_a_critic_stands_nearly_still_at_a_small_rate_and_the_history_has_its_loss() -> None:
    still = estimator(KL(), AdversarialTC(hidden=(8,), rate=1e-9)).fit(X)
    first = estimator(
        KL(), AdversarialTC(hidden=(8,)), training=Training(epochs=1, lr=1e-12, precision="float64")
    )
    start = first.fit(X).module_.component("adversarial_tc")
    for a, b in zip(still.module_.component("adversarial_tc").parameters(), start.parameters(), strict=True):
        assert_near(a.detach(), b.detach(), 1e-6)
    line = still.history_.epochs[-1]
    assert line["loss"] == pytest.approx(line["reconstruction"] + line["kl"] + 10 * line["adversarial_tc"])
    assert "adversarial_tc_critic" in line


def test_a_stack_trains_each_critic_as_alone() -> None:
    models = [
        estimator(
            KL(), AdversarialTC(hidden=(8,), rate=0.5), training=SHORT.replace(lr=lr), random_state=seed
        )
        for seed, lr in enumerate((1e-3, 3e-3, 3e-3))
    ]
    for stacked, alone in zip(fit_stack(models, X), models, strict=True):
        assert_near(stacked.transform(X), alone.fit(X).transform(X), WHOLE_TRAINING)
        assert stacked.history_.epochs[-1]["adversarial_tc_critic"] == pytest.approx(
            alone.history_.epochs[-1]["adversarial_tc_critic"], rel=1e-8
        )


def test_codes_learn_to_pass_for_draws_from_the_prior() -> None:
    rows, prior = datasets.load_digits()[0], np.random.default_rng(0).normal(size=(1000, 2))
    settings: dict[str, Any] = {
        "encoder": MLP((32,)),
        "training": Training(epochs=100, batch_size=64),
        "random_state": 0,
    }
    apart = {}
    for weight in (0.0, 1.0):
        penalty = AdversarialPrior(weight, hidden=(256, 256))
        codes = Autoencoder(2, penalties=penalty, verbose=False, **settings).fit_transform(rows)
        apart[weight] = mmd(codes[:1000], prior).value
    assert apart[1.0] < 0.02 * apart[0.0]


def test_a_single_dimension_has_no_total_correlation() -> None:
    with pytest.raises(SettingError, match="has one; leave the penalty out"):
        Autoencoder(Euclidean(1), penalties=AdversarialTC(), verbose=False).fit(X)
