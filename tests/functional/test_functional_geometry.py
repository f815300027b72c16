"""The sphere and the divergences: closed forms, inverse maps, Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diabolo import functional as F


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


dims = st.integers(2, 6)
seeds = st.integers(0, 2**31 - 1)


def points(dim: int, seed: int, count: int = 8) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(count, dim, generator=g, dtype=torch.float64))


@given(rows=dims.flatmap(lambda d: arrays(np.float64, (4, d), elements=st.floats(-1e6, 1e6, width=32))))
@settings(max_examples=100, deadline=None)
def test_normalised_rows_have_norm_one(rows: np.ndarray) -> None:
    z = F.normalize(torch.from_numpy(rows))
    # One division and one sum of squares in float64.
    torch.testing.assert_close(z.norm(dim=-1), torch.ones(4, dtype=torch.float64), rtol=1e-14, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_zero_row_becomes_the_first_axis_with_a_finite_gradient(dtype: torch.dtype) -> None:
    h = torch.zeros(2, 3, dtype=dtype)
    h[1] = torch.tensor([1.0, 2.0, 2.0])
    h.requires_grad_()
    z = F.normalize(h)
    z.square().sum().backward()
    assert z[0].tolist() == [1.0, 0.0, 0.0]
    assert h.grad.isfinite().all()
    torch.autograd.gradcheck(F.normalize, (torch.randn(3, 4, dtype=torch.float64, requires_grad=True),))


@given(dim=dims, seed=seeds)
@settings(max_examples=50, deadline=None)
def test_spherical_coordinates_invert(dim: int, seed: int) -> None:
    z = points(dim, seed)
    angles = F.to_spherical(z)
    assert angles.shape == (8, dim - 1)
    assert (angles[:, 0].abs() <= math.pi).all()
    assert (angles[:, 1:].abs() <= math.pi / 2).all()
    torch.testing.assert_close(F.from_spherical(angles), z, rtol=0, atol=1e-14)


def test_spherical_coordinates_of_the_globe() -> None:
    # Longitude 90 degrees east on the equator, the two poles, and 45 degrees north on the prime meridian.
    z = torch.tensor([[0, 1, 0], [0, 0, 1], [0, 0, -1], [0.5**0.5, 0, 0.5**0.5]], dtype=torch.float64)
    expected = torch.tensor([[90, 0], [0, 90], [0, -90], [0, 45]], dtype=torch.float64)
    torch.testing.assert_close(F.to_spherical(z).rad2deg(), expected)


@given(dim=dims, seed=seeds)
@settings(max_examples=50, deadline=None)
def test_geodesic_distance_is_a_metric(dim: int, seed: int) -> None:
    a, b, c = points(dim, seed), points(dim, seed + 1), points(dim, seed + 2)
    torch.testing.assert_close(
        F.geodesic_distance(a, b), (a * b).sum(-1).clamp(-1, 1).acos(), atol=1e-7, rtol=0
    )
    assert torch.equal(F.geodesic_distance(a, b), F.geodesic_distance(b, a))
    assert (F.geodesic_distance(a, a) == 0).all()
    rounding = 1e-14
    assert (
        F.geodesic_distance(a, c) <= F.geodesic_distance(a, b) + F.geodesic_distance(b, c) + rounding
    ).all()
    torch.testing.assert_close(F.geodesic_distance(a, -a), torch.full((8,), math.pi, dtype=torch.float64))


def test_geodesic_distance_of_near_points() -> None:
    angle = torch.tensor([1e-3, 1e-8, 1e-12], dtype=torch.float64)
    a = torch.tensor([1.0, 0.0], dtype=torch.float64).expand(3, 2)
    b = torch.stack([angle.cos(), angle.sin()], dim=-1)
    torch.testing.assert_close(F.geodesic_distance(a, b), angle, rtol=1e-12, atol=0)


@given(dim=dims, seed=seeds, t=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_slerp_moves_along_the_great_circle_at_even_speed(dim: int, seed: int, t: float) -> None:
    a, b = points(dim, seed), points(dim, seed + 1)
    where = torch.full((8,), t, dtype=torch.float64)
    between = F.slerp(a, b, where)
    whole, close = F.geodesic_distance(a, b), {"rtol": 0, "atol": 1e-7}
    torch.testing.assert_close(between.norm(dim=-1), torch.ones(8, dtype=torch.float64), **close)
    torch.testing.assert_close(F.geodesic_distance(a, between), t * whole, **close)
    torch.testing.assert_close(F.geodesic_distance(between, b), (1 - t) * whole, **close)


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_slerp_of_equal_and_opposite_points_stays_on_the_sphere(dim: int) -> None:
    a, half = points(dim, 0), torch.full((8,), 0.5, dtype=torch.float64)
    torch.testing.assert_close(F.slerp(a, a, half), a)
    middles = F.slerp(a, -a, half)
    torch.testing.assert_close(middles.norm(dim=-1), torch.ones(8, dtype=torch.float64))
    assert ((middles * a).sum(-1).abs() < 1e-12).all()
    for i in range(dim):
        axis = torch.eye(dim, dtype=torch.float64)[i]
        middle = F.slerp(axis, -axis, torch.tensor(0.5, dtype=torch.float64))
        assert middle.norm().item() == pytest.approx(1, abs=1e-12)
        assert (middle * axis).sum().abs() < 1e-12


def test_slerp_of_opposite_points_does_not_depend_on_the_pairs_beside_them() -> None:
    a, b, half = points(3, 0), points(3, 1), torch.full((8,), 0.5, dtype=torch.float64)
    b[::2] = -a[::2]
    alone = torch.stack([F.slerp(x, y, half[0]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(F.slerp(a, b, half), alone)


def test_sphere_area() -> None:
    known = {2: 2 * math.pi, 3: 4 * math.pi, 4: 2 * math.pi**2}
    for dim, area in known.items():
        assert F.sphere_log_area(dim) == pytest.approx(math.log(area), rel=1e-14)


def test_gaussian_kl_is_its_monte_carlo_estimate() -> None:
    mean = torch.tensor([0.5, -1.0, 0.0], dtype=torch.float64)
    log_variance = torch.tensor([0.3, -2.0, 0.0], dtype=torch.float64)
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    prior = torch.distributions.Normal(
        torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    )
    z = q.sample((200_000,))
    ratio = (q.log_prob(z) - prior.log_prob(z)).sum(-1)
    error = ratio.std() / math.sqrt(len(ratio))
    assert (F.gaussian_kl(mean, log_variance) - ratio.mean()).abs() < 4 * error
    exact = torch.distributions.kl_divergence(q, prior)
    torch.testing.assert_close(F.gaussian_kl_per_dimension(mean, log_variance), exact, rtol=1e-13, atol=1e-15)


def test_gaussian_kl_near_the_prior_keeps_its_digits() -> None:
    # (exp(u) - 1 - u) / 2 is u^2 / 4 for small u; the plain form would give 0 in float32.
    u = torch.tensor([1e-3], dtype=torch.float32)
    assert F.gaussian_kl(torch.zeros(1), u).item() == pytest.approx(2.5e-7, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("normalize", [(4, 3)]),
        ("to_spherical", [(4, 3)]),
        ("from_spherical", [(4, 2)]),
        ("geodesic_distance", [(4, 3), (4, 3)]),
        ("slerp", [(4, 3), (4, 3), (4,)]),
        ("gaussian_kl", [(4, 3), (4, 3)]),
        ("gaussian_kl_per_dimension", [(4, 3), (4, 3)]),
    ],
)
def test_a_stack_equals_each_alone(name: str, shapes: list[tuple[int, ...]]) -> None:
    function = getattr(F, name)
    stacked = [torch.randn(5, *shape, dtype=torch.float64) for shape in shapes]
    together = function(*stacked)
    alone = torch.stack([function(*(s[i] for s in stacked)) for i in range(5)])
    # Vectorised and scalar forms of sine and exponential may differ in the last bit.
    torch.testing.assert_close(together, alone, rtol=1e-14, atol=1e-15)


def test_every_listed_function_is_there_and_a_typo_is_not() -> None:
    for name in F.__all__:
        assert getattr(F, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'gausian_kl'"):
        F.gausian_kl  # noqa: B018
