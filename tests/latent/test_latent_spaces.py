"""Latent spaces: what each promises of its codes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from members import examples
from torch import nn

from diabolo.errors import SettingError
from diabolo.latent import (
    LATENT_SPACES,
    PRIORS,
    Euclidean,
    Gaussian,
    LatentSpace,
    Normal,
    Point,
    Posterior,
    Prior,
    Sphere,
    UniformSphere,
    VampPrior,
)
from diabolo.parts import Widths

EXAMPLES: list[LatentSpace] = examples(LATENT_SPACES)
SPACES = list(dict.fromkeys(made for space in EXAMPLES for made in (space, space.replace(dim=5))))
every_space = pytest.mark.parametrize("space", SPACES, ids=repr)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def outputs(space: LatentSpace, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, space.encoder_width, generator=generator(1), dtype=dtype)


def noise_of(space: LatentSpace, *shape: int, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
    return {name: draw((*shape, space.dim), generator(2)).to(dtype) for name, draw in space.noise().items()}


@every_space
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_codes_have_the_stated_width_and_type(space: LatentSpace, dtype: torch.dtype) -> None:
    h = outputs(space, 7, dtype=dtype)
    q = space.posterior(h)
    for z in (space.mean(h), q.rsample(noise_of(space, 7, dtype=dtype))):
        assert z.shape == (7, space.dim)
        assert z.dtype == dtype
    assert torch.equal(space.mean(h), q.mean)
    assert isinstance(q, Point) == (not space.noise())


@pytest.mark.parametrize("number", [3, np.int64(3)])
def test_a_number_is_a_plane_of_so_many_dimensions(number: int) -> None:
    assert LATENT_SPACES.resolve(number) == Euclidean(3)


@pytest.mark.parametrize("other", [True, 3.0, [3]])
def test_what_is_no_whole_number_is_no_latent_space(other: object) -> None:
    with pytest.raises(SettingError):
        LATENT_SPACES.resolve(other)


def test_a_log_variance_stays_where_its_exponential_is_finite() -> None:
    space, h = Gaussian(1), torch.tensor([[0.0, 1e4], [0.0, -1e4], [0.0, 20.5], [0.0, 3.0]])
    assert space.posterior(h).log_variance.flatten().tolist() == [20.0, -20.0, 20.0, 3.0]


@every_space
def test_a_stack_equals_each_alone(space: LatentSpace) -> None:
    h, t = outputs(space, 3, 8), torch.rand(3, 8, generator=generator(), dtype=torch.float64)
    noise, q = noise_of(space, 3, 8), space.posterior(h)
    together, z = q.rsample(noise), space.mean(h)
    for i in range(3):
        # Vectorised and scalar forms of the exponential and the sine may differ in the last bit.
        close = {"rtol": 1e-14, "atol": 1e-15}
        alone = space.posterior(h[i])
        own = {name: values[i] for name, values in noise.items()}
        torch.testing.assert_close(alone.rsample(own), together[i], **close)
        torch.testing.assert_close(
            space.distance(z[i], z[i].flip(0)), space.distance(z, z.flip(1))[i], **close
        )
        between = space.interpolate(z[i], z[i].flip(0), t[i])
        torch.testing.assert_close(between, space.interpolate(z, z.flip(1), t)[i], **close)
        if space.noise() and space.prior is not None:
            torch.testing.assert_close(alone.log_prob(together[i]), q.log_prob(together)[i], **close)
            kl, kls = space.prior.kl(alone), space.prior.kl(q)
            if kls is not None:
                torch.testing.assert_close(kl, kls[i], **close)


@every_space
def test_vmap_gives_the_same_codes(space: LatentSpace) -> None:
    h = outputs(space, 3, 8)
    torch.testing.assert_close(torch.func.vmap(space.mean)(h), space.mean(h), rtol=1e-14, atol=0)


@every_space
def test_interpolation_starts_and_ends_at_the_codes(space: LatentSpace) -> None:
    z = space.mean(outputs(space, 6))
    a, b = z[:3], z[3:]
    for t, expected in ((0.0, a), (1.0, b)):
        where = torch.full((3,), t, dtype=torch.float64)
        torch.testing.assert_close(space.interpolate(a, b, where), expected, rtol=0, atol=1e-14)
    middle = space.interpolate(a, b, torch.full((3,), 0.5, dtype=torch.float64))
    torch.testing.assert_close(space.distance(a, middle), space.distance(middle, b), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(space.distance(a, middle) * 2, space.distance(a, b), rtol=1e-9, atol=1e-12)


@every_space
def test_codes_of_a_zero_output_have_a_finite_gradient(space: LatentSpace) -> None:
    h = torch.zeros(2, space.encoder_width, requires_grad=True)
    z = space.mean(h)
    z.square().sum().backward()
    assert z.isfinite().all()
    assert h.grad.isfinite().all()


@pytest.mark.parametrize("space", [s for s in SPACES if s.geometry.unit_norm], ids=repr)
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_codes_of_a_sphere_have_norm_one(space: LatentSpace, size: float) -> None:
    norms = space.mean(size * outputs(space, 50, dtype=torch.float32)).norm(dim=-1)
    torch.testing.assert_close(norms, torch.ones(50))


@every_space
def test_codes_are_where_the_geometry_says(space: LatentSpace) -> None:
    geometry, z = space.geometry, space.mean(outputs(space, 6))
    torch.testing.assert_close(geometry.project(z), z, rtol=0, atol=1e-15)
    drawn = geometry.draw((4000, space.dim), generator())
    torch.testing.assert_close(geometry.project(drawn), drawn)
    apart = (drawn[:2000] - drawn[2000:]).square().sum(-1).mean().sqrt().item()
    # 2000 pairs; five standard errors of the mean of a square that varies by no more than sqrt(2) of itself.
    assert geometry.spread(space.dim) == pytest.approx(apart, rel=2.5 * math.sqrt(2 / 2000))
    assert geometry.unit_norm == bool((z.norm(dim=-1) - 1).abs().max() < 1e-12)


def test_what_a_map_draws() -> None:
    charts = [
        space.geometry.chart(space.dim)
        for space in (Euclidean(1), Euclidean(3), Sphere(2), Sphere(3), Sphere(4))
    ]
    assert charts == ["line", "plane", "plane", "globe", "plane"]


@every_space
def test_a_page_without_python_makes_the_same_codes(space: LatentSpace) -> None:
    h = outputs(space, 4)
    operations = {"same": h, "first": h[:, : space.dim], "sphere": h / h.norm(dim=-1, keepdim=True)}
    if space.operation is not None:
        torch.testing.assert_close(operations[space.operation], space.mean(h), rtol=1e-14, atol=0)


with_prior = pytest.mark.parametrize("space", [s for s in SPACES if s.prior is not None], ids=repr)
with_fixed_prior = pytest.mark.parametrize(
    "space", [s for s in SPACES if s.prior is not None and s.prior.fixed], ids=repr
)


@with_fixed_prior
def test_a_coordinate_of_the_prior_has_the_named_density(space: LatentSpace) -> None:
    assert space.prior is not None
    if space.prior.marginal is not None:
        from scipy.stats import kstest

        from diabolo.density import resolve

        z = space.prior.sample((2000, space.dim), generator()).numpy()
        at = np.linspace(-6, 6, 4001)
        density = np.exp(resolve(space.prior.marginal).fit(z[:, :1]).log_prob(at[:, None]))
        grown = np.cumsum(density) * (at[1] - at[0])
        assert kstest(z[:, 0], lambda x: np.interp(x, at, grown)).pvalue > 1e-3


def built(prior: Prior, dim: int) -> nn.Module | None:
    """What a prior owns, with other numbers than its first."""
    module = prior.build(Widths(9, dim), generator(4))
    if module is not None:
        with torch.no_grad():
            for p in module.double().parameters():
                p.add_(0.5 * torch.randn(p.shape, generator=generator(5)))
    return module


def posteriors(space: LatentSpace) -> Callable[[torch.Tensor], Posterior]:
    """An encoder of rows of nine features."""
    weights = torch.randn(9, space.encoder_width, generator=generator(6), dtype=torch.float64) / 3
    return lambda rows: space.posterior(rows @ weights)


@with_prior
def test_a_prior_draws_from_its_density(space: LatentSpace) -> None:
    assert space.prior is not None
    module, encode = built(space.prior, space.dim), posteriors(space)
    z = space.prior.sample((40_000, space.dim), generator(), module, encode).double()
    z = space.geometry.project(z).detach()
    # The mean of g(z) / p(z) over draws from p is the integral of g, a density that has its mass where p has.
    if space.geometry.unit_norm:
        log_g = UniformSphere().log_prob(z)
    else:
        spread = z.std(0)
        log_g = Normal(z.mean(0), (0.7 * spread).log() * 2).log_prob(z)
    ratios = (log_g - space.prior.log_prob(z, module, encode).detach()).exp()
    error = ratios.std().item() / math.sqrt(len(z))
    assert ratios.mean().item() == pytest.approx(1, abs=5 * error + 1e-12)
    assert error < 0.1


@with_fixed_prior
def test_draws_from_the_prior(space: LatentSpace) -> None:
    assert space.prior is not None
    n = 20_000
    z = space.prior.sample((2, n, space.dim), generator())
    assert z.shape == (2, n, space.dim)
    assert z.dtype == torch.float32
    assert torch.equal(z, space.prior.sample((2, n, space.dim), generator()))
    # Both priors are symmetric about 0; five standard errors.
    variance = 1 / space.dim if space.geometry.unit_norm else 1.0
    assert (z.mean((0, 1)).abs() < 5 * math.sqrt(variance / (2 * n))).all()
    assert z.var((0, 1)).tolist() == pytest.approx([variance] * space.dim, rel=0.05)
    if space.geometry.unit_norm:
        # Archimedes: on the globe every coordinate is uniform; in general E z_i^4 = 3 / (d (d + 2)).
        expected = 3 / (space.dim * (space.dim + 2))
        assert z.double().pow(4).mean((0, 1)).tolist() == pytest.approx([expected] * space.dim, rel=0.05)


def test_gaussian_codes_are_drawn_from_the_posterior() -> None:
    space, n = Gaussian(2), 50_000
    h = torch.tensor([1.0, -2.0, 0.5, -1.0], dtype=torch.float64).expand(n, 4)
    z = space.posterior(h).rsample(noise_of(space, n))
    assert z.mean(0).tolist() == pytest.approx([1.0, -2.0], abs=0.03)
    assert z.std(0).tolist() == pytest.approx([math.exp(0.25), math.exp(-0.5)], rel=0.02)
    assert torch.equal(space.mean(h), h[:, :2])


def test_gaussian_codes_are_the_mean_and_so_many_deviations() -> None:
    h = torch.tensor([[1.0, -2.0, 0.5, -1.0]], dtype=torch.float64)
    noise = torch.tensor([[3.0, -0.25]], dtype=torch.float64)
    expected = torch.tensor([[1 + 3 * math.exp(0.25), -2 - 0.25 * math.exp(-0.5)]], dtype=torch.float64)
    found = Gaussian(2).posterior(h).rsample({"normal": noise})
    torch.testing.assert_close(found, expected, rtol=1e-15, atol=0)


def test_gaussian_kl_and_density_are_those_of_torch() -> None:
    space, h = Gaussian(3), outputs(Gaussian(3), 5)
    q = torch.distributions.Normal(h[:, :3], (h[:, 3:] / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(h[:, :3]), torch.ones_like(h[:, :3]))
    exact = torch.distributions.kl_divergence(q, prior)
    found, z = space.posterior(h), outputs(Euclidean(3), 5)
    torch.testing.assert_close(space.prior.kl_per_dimension(found), exact)
    torch.testing.assert_close(found.log_prob(z), q.log_prob(z).sum(-1))
    torch.testing.assert_close(space.prior.log_prob(z), prior.log_prob(z).sum(-1))


@pytest.mark.parametrize("space", [s for s in SPACES if s.noise()], ids=repr)
def test_the_kl_is_the_mean_log_ratio_of_draws(space: LatentSpace) -> None:
    assert space.prior is not None
    n, h = 200_000, outputs(space, 1)
    q = space.posterior(h.expand(n, -1))
    z = q.rsample(noise_of(space, n))
    exact = space.prior.kl(space.posterior(h))
    if exact is not None:
        ratio = q.log_prob(z) - space.prior.log_prob(z)
        error = ratio.std().item() / math.sqrt(n)
        assert ratio.mean().item() == pytest.approx(exact.sum().item(), abs=5 * error)


def test_a_uniform_sphere_has_its_area() -> None:
    for dim, area in ((2, 2 * math.pi), (3, 4 * math.pi), (4, 2 * math.pi**2)):
        z = Sphere(dim).mean(outputs(Sphere(dim), 3))
        assert UniformSphere().log_prob(z).exp().tolist() == pytest.approx([1 / area] * 3, rel=1e-14)


def test_a_prior_of_another_space_is_refused() -> None:
    with pytest.raises(SettingError, match=r"UniformSphere\(\) lie in another space .* geometry is 'flat'"):
        Gaussian(2, prior="uniform_sphere")


def test_a_point_has_no_density() -> None:
    with pytest.raises(NotImplementedError, match="Point has no density"):
        Euclidean(2).posterior(torch.zeros(1, 2)).log_prob(torch.zeros(1, 2))


def test_the_data_as_pseudo_inputs_are_the_aggregate_posterior() -> None:
    space, prior = Gaussian(2), VampPrior(30)
    rows, encode = torch.randn(30, 9, generator=generator(), dtype=torch.float64), posteriors(Gaussian(2))
    module = prior.build(Widths(9, 2), generator()).double()
    with torch.no_grad():
        prior.initialise(module, rows)
    z = outputs(Euclidean(2), 7)
    q = space.posterior(rows @ torch.randn(9, 4, generator=generator(6), dtype=torch.float64) / 3)
    each = torch.distributions.Normal(q.mean, (q.log_variance / 2).exp()).log_prob(z[:, None]).sum(-1)
    aggregate = each.exp().mean(-1).log()
    torch.testing.assert_close(prior.log_prob(z, module, encode), aggregate, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", PRIORS)
def test_every_prior_is_that_of_a_space_above(name: str) -> None:
    assert any(type(space.prior) is PRIORS[name] for space in SPACES)


@pytest.mark.parametrize("size", [1e3, -1e3, 1e30])
def test_wild_log_variances_stay_finite(size: float) -> None:
    h = torch.tensor([[0.0, size]], requires_grad=True)
    space = Gaussian(1)
    q = space.posterior(h)
    kl = space.prior.kl_per_dimension(q)
    (kl.sum() + q.rsample({"normal": torch.ones(1, 1)}).sum()).backward()
    assert kl.isfinite().all()
    assert h.grad.isfinite().all()


@pytest.mark.parametrize(
    ("base", "owed"),
    [
        (LatentSpace, {"mean"}),
        (Posterior, {"rsample"}),
        (Prior, {"log_prob"}),
    ],
)
def test_a_space_that_leaves_out_what_it_owes_cannot_be_made(base: type, owed: set[str]) -> None:
    for missing in owed:
        given = dict.fromkeys(owed - {missing}, repr)
        with pytest.raises(TypeError, match=missing):
            type("Unfinished", (base,), given)()
