"""Penalties on real passes: one model, a stack of models, evaluation, one row."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import pytest
import torch
from members import examples, takes

from diabolo import functional as F
from diabolo.data.domain import Domain
from diabolo.errors import SettingError
from diabolo.latent import LATENT_SPACES, Euclidean, Gaussian, LatentSpace, Sphere
from diabolo.likelihoods import SquaredError
from diabolo.model import Architecture, Model, draw_noise, noise_names
from diabolo.networks import MLP
from diabolo.objective import terms
from diabolo.passes import Batch, Pass
from diabolo.penalties import (
    KL,
    L1,
    L2,
    MMD,
    PENALTIES,
    BatchPenalty,
    KLSparsity,
    Penalty,
    SamplePenalty,
    Topological,
    WeightDecay,
    WeightL1,
)
from diabolo.training.flat import Layout


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


FEATURES, MODELS = 6, 3
SPACES: list[LatentSpace] = [cls.examples()[0] for cls in LATENT_SPACES.values()]
CASES: list[tuple[Penalty, LatentSpace]] = [
    *((penalty, space) for penalty in examples(PENALTIES) for space in SPACES if takes(penalty, space)),
    (MMD(estimator="unbiased", kernel="gaussian"), Euclidean(2)),
    (KLSparsity(on="hidden", sigmoid=False), Euclidean(3)),
]
every_case = pytest.mark.parametrize(("penalty", "latent"), CASES, ids=repr)


def architecture(penalty: Penalty, latent: LatentSpace, hidden: tuple[int, ...] = (8, 5)) -> Architecture:
    encoder = MLP(hidden, activation="sigmoid", init="xavier_normal")
    return Architecture(encoder, encoder.mirrored(), latent, SquaredError(), (penalty,))


def build(parts: Architecture, seed: int, dtype: torch.dtype = torch.float64) -> Model:
    return Model(parts, Domain(FEATURES), torch.Generator().manual_seed(seed)).to(dtype)


def stack(models: list[Model]) -> Model:
    """One model whose parameters have a leading axis of models."""
    together = copy.deepcopy(models[0])
    layout = Layout.of(together)
    layout.bind(together, torch.stack([layout.flatten(m) for m in models]))
    return together


def rows(batch: int, *models: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(*models, batch, FEATURES, dtype=dtype)


def noise_for(parts: Architecture, shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Any:
    generators = {name: torch.Generator().manual_seed(7 + i) for i, name in enumerate(noise_names(parts))}
    drawn = draw_noise(parts, Domain(FEATURES), shape, generators)
    return {use: {key: value.to(dtype) for key, value in kinds.items()} for use, kinds in drawn.items()}


def run(model: Model, x: torch.Tensor, noise: Any) -> Pass:
    p = model(Batch(x.clone().requires_grad_(model.needs_input_gradient), x), noise)
    return p.seen_by(next(iter(model.parts.named_penalties)))


@every_case
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_stack_has_the_values_and_gradients_of_each_alone(
    penalty: Penalty, latent: LatentSpace, dtype: torch.dtype
) -> None:
    parts = architecture(penalty, latent)
    models = [build(parts, seed, dtype) for seed in range(MODELS)]
    x, noise = rows(16, MODELS, dtype=dtype), noise_for(parts, (MODELS, 16), dtype)
    together = stack(models)
    value = penalty.value(run(together, x, noise))
    assert value.dtype == dtype
    assert value.shape == ((MODELS, 16) if isinstance(penalty, SamplePenalty) else (MODELS,))
    value.sum().backward()
    # The networks' products round otherwise in a stack; a few units in the last place, amplified by sums.
    close = {"rtol": 2e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-11, "atol": 1e-13}
    for i, model in enumerate(models):
        mine = {use: {k: v[i] for k, v in kinds.items()} for use, kinds in noise.items()}
        alone = penalty.value(run(model, x[i], mine))
        torch.testing.assert_close(alone, value[i], **close)
        alone.sum().backward()
        for name, parameter in model.named_parameters():
            stacked = together.get_parameter(name).grad
            if parameter.grad is None:
                assert stacked is None, name
            else:
                torch.testing.assert_close(stacked[i], parameter.grad, **close)


@every_case
@pytest.mark.parametrize("models", [(), (MODELS,)])
def test_a_batch_of_one_row_is_finite_and_so_is_its_gradient(
    penalty: Penalty, latent: LatentSpace, models: tuple[int, ...]
) -> None:
    parts = architecture(penalty, latent)
    model = stack([build(parts, s) for s in range(MODELS)]) if models else build(parts, 0)
    value = penalty.value(run(model, rows(1, *models), noise_for(parts, (*models, 1))))
    assert value.isfinite().all()
    assert value.shape == (*models, *([1] if isinstance(penalty, SamplePenalty) else []))
    if value.requires_grad:
        value.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    if isinstance(penalty, Topological) or getattr(penalty, "estimator", "") == "unbiased":
        assert (value == 0).all()


@every_case
def test_the_gradient_is_that_of_finite_differences(penalty: Penalty, latent: LatentSpace) -> None:
    parts = architecture(penalty, latent, hidden=(4,))
    model, x, noise = build(parts, 0), rows(5), noise_for(parts, (5,))
    weight = model.encoder.layers[0].weight

    def value() -> torch.Tensor:
        return penalty.value(run(model, x, noise)).sum()

    (gradient,) = torch.autograd.grad(value(), weight)
    direction = torch.randn_like(weight)
    ahead, h = (gradient * direction).sum(), 1e-6
    with torch.no_grad():
        weight += h * direction
    up = value().detach()
    with torch.no_grad():
        weight -= 2 * h * direction
    down = value().detach()
    # Central differences: rounding of 1e-16 / h times the size of the value.
    torch.testing.assert_close((up - down) / (2 * h), ahead, rtol=1e-5, atol=1e-6)


@every_case
def test_evaluation_gives_the_value_of_training_without_a_graph(
    penalty: Penalty, latent: LatentSpace
) -> None:
    parts = architecture(penalty, latent)
    model, x, noise = build(parts, 0), rows(8), noise_for(parts, (8,))
    trained = penalty.value(run(model, x, noise))
    with torch.no_grad():
        if penalty.needs_input_gradient:
            with torch.enable_grad():
                p = run(model, x, noise)
        else:
            p = run(model, x, noise)
        value = penalty.value(p)
    assert not value.requires_grad
    torch.testing.assert_close(value, trained.detach(), rtol=1e-13, atol=0)


@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_is_tried_above(name: str) -> None:
    assert any(type(penalty) is PENALTIES[name] for penalty, _ in CASES)


def bare_pass(z: torch.Tensor, latent: LatentSpace | None = None, **more: Any) -> Pass:
    """A pass of which only the named tensors matter."""
    needed = (f.name for f in dataclasses.fields(Pass) if f.default is dataclasses.MISSING)
    fields: dict[str, Any] = dict.fromkeys(needed, z)
    empty = {"hidden": (), "weights": (), "noise": {}, "modules": {}, "term": ""}
    return Pass(**(fields | empty | {"latent": latent or Euclidean(z.shape[-1])} | more))


def test_sums_over_units_and_layers() -> None:
    z = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    maps = torch.arange(8.0).reshape(2, 1, 2, 2)  # two rows of one channel of 2 x 2
    p = bare_pass(z, hidden=(z, maps))
    assert L1().value(p).tolist() == [3.0, 3.0]
    assert L2().value(p).tolist() == [5.0, 9.0]
    assert L1(on="hidden").value(p).tolist() == [3.0 + 6.0, 3.0 + 22.0]
    assert L2(on="hidden").value(p).tolist() == [5.0 + 14.0, 9.0 + 126.0]
    one_layer = KLSparsity(on="hidden").value(bare_pass(z, hidden=(z,)))
    assert KLSparsity().value(p) == one_layer
    both = one_layer + KLSparsity(on="hidden").value(bare_pass(z, hidden=(maps.flatten(1),)))
    assert KLSparsity(on="hidden").value(p) == both


def test_hidden_layers_must_exist() -> None:
    for penalty in (L1(on="hidden"), L2(on="hidden"), KLSparsity(on="hidden")):
        with pytest.raises(SettingError, match=r"needs an encoder with hidden layers.*on='code'\.$"):
            penalty.value(bare_pass(torch.zeros(2, 2)))


def test_rates_must_be_rates() -> None:
    with pytest.raises(SettingError, match=r"mean activations in \[0, 1\], got 0.5 to 1.5 .*sigmoid=True\.$"):
        KLSparsity(sigmoid=False).value(bare_pass(torch.tensor([[0.5, 1.5]])))
    assert KLSparsity(sigmoid=False).value(bare_pass(torch.full((2, 2), math.nan))).isnan()
    assert KLSparsity(sigmoid=False).value(bare_pass(torch.tensor([[0.0, 1.0]]))).isfinite()


def test_weight_decay_leaves_biases_out() -> None:
    model = build(architecture(WeightDecay(), Euclidean(2)), 0)
    expected = sum(w.square().sum() for name, w in model.named_parameters() if name.endswith("weight"))
    value = WeightDecay().value(run(model, rows(4), {}))
    torch.testing.assert_close(value, expected)
    assert WeightDecay().value(bare_pass(torch.zeros(MODELS, 4, 2))).tolist() == [0.0] * MODELS


def test_the_l1_of_weights_leaves_biases_out() -> None:
    model = build(architecture(WeightL1(), Euclidean(2)), 0)
    expected = sum(w.abs().sum() for name, w in model.named_parameters() if name.endswith("weight"))
    torch.testing.assert_close(WeightL1().value(run(model, rows(4), {})), expected)


def test_topological_uses_clean_rows_and_learns_its_scalar() -> None:
    parts = architecture(Topological(), Euclidean(2))
    model, x = build(parts, 0), rows(10)
    assert model.component("topological").value.item() == Topological().initial == 1.0
    p = model(Batch(torch.zeros_like(x) + torch.randn_like(x), x), {})
    value = Topological().value(p.seen_by("topological"))
    torch.testing.assert_close(value, F.topological_loss(x, p.z, 1.0))
    value.backward()
    assert model.component("topological").value.grad != 0


def prior_moments(penalty: MMD, latent: LatentSpace) -> tuple[torch.Tensor, float]:
    draws = penalty.noise(latent)["draw"]((20_000, latent.dim), torch.Generator().manual_seed(0))
    squared = F.squared_distances(draws[:2000], draws[2000:4000]).mean().item()
    return draws, squared


@pytest.mark.parametrize(
    "latent", [Euclidean(2), Euclidean(16), Gaussian(3), Sphere(2), Sphere(32)], ids=repr
)
def test_the_middle_bandwidth_is_the_priors_own_size(latent: LatentSpace) -> None:
    draws, squared = prior_moments(MMD(), latent)
    assert draws.shape == (20_000, latent.dim)
    # 4 million dependent pairs.
    assert latent.geometry.spread(latent.dim) ** 2 == pytest.approx(squared, rel=0.03)
    noise, z = {"": {"draw": draws[:50]}}, draws[50:100]
    stated = MMD(scale=latent.geometry.spread(latent.dim)).value(bare_pass(z, latent, noise=noise))
    assert MMD().value(bare_pass(z, latent, noise=noise)) == stated
    assert MMD(scale=0.5).value(bare_pass(z, latent, noise=noise)) != stated
    if isinstance(latent, Sphere):
        torch.testing.assert_close(draws.norm(dim=-1), torch.ones(20_000))


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_minimising_mmd_gives_codes_the_priors_mean_and_spread(kernel: str, estimator: str) -> None:
    penalty, latent, generator = MMD(kernel=kernel, estimator=estimator), Euclidean(2), torch.Generator()
    shift, log_spread = (
        torch.tensor([3.0, -2.0], requires_grad=True),
        torch.full((2,), -1.0, requires_grad=True),
    )
    optimiser = torch.optim.Adam([shift, log_spread], lr=0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, total_iters=100)
    for _ in range(100):
        noise = {"mmd": {"draw": penalty.noise(latent)["draw"]((128, 2), generator)}}
        z = shift + log_spread.exp() * torch.randn(128, 2)
        optimiser.zero_grad()
        penalty.value(bare_pass(z, latent, noise=noise, term="mmd")).backward()
        optimiser.step()
        schedule.step()
    # Each step sees 128 codes and 128 draws, whose means have a standard error of 0.09.
    assert shift.tolist() == pytest.approx([0, 0], abs=0.15)
    assert log_spread.exp().tolist() == pytest.approx([1, 1], abs=0.15)


def test_what_a_pass_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="draws from the prior under 'mmd'"):
        MMD().value(bare_pass(torch.zeros(2, 2), term="mmd"))
    with pytest.raises(ValueError, match="a module under 'topological'"):
        Topological().value(bare_pass(torch.zeros(2, 2), term="topological"))


def test_two_penalties_of_a_kind_have_their_own_draws_and_scalars() -> None:
    parts = dataclasses.replace(
        architecture(MMD(), Euclidean(2)), penalties=(Topological(), MMD(), Topological(), MMD())
    )
    assert list(parts.named_penalties) == ["topological", "mmd", "topological_2", "mmd_2"]
    model, x = build(parts, 0), rows(10)
    with torch.no_grad():
        model.component("topological_2").value.fill_(3.0)
    values = terms(parts, model(x, noise_for(parts, (10,))))
    assert values["topological"] != values["topological_2"]
    assert values["mmd"] != values["mmd_2"]


@pytest.mark.parametrize("space", SPACES, ids=repr)
def test_validation_refuses_only_what_makes_no_sense(space: LatentSpace) -> None:
    assert takes(KL(), space) == bool(space.noise())
    assert takes(L2(), space) == (not space.geometry.unit_norm)
    assert takes(L2(on="hidden"), space)
    for penalty in (KL(), L2()):
        if not takes(penalty, space):
            with pytest.raises(SettingError, match=r"got|constant"):
                penalty.validate(space)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_of_a_sample_or_of_a_batch(name: str) -> None:
    assert issubclass(PENALTIES[name], SamplePenalty) != issubclass(PENALTIES[name], BatchPenalty)


@pytest.mark.parametrize("latent", [Euclidean(2), Gaussian(2), Sphere(3)], ids=repr)
def test_the_generator_decides_the_draws_from_the_prior(latent: LatentSpace) -> None:
    first, again, other = (
        MMD().noise(latent)["draw"]((4, latent.dim), torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_penalty_that_leaves_out_what_it_owes_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="value"):
        type("Unfinished", (SamplePenalty,), {})()
