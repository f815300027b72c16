"""Bounds with a way back, and lengths at the ends of the range of numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from diabolo import Autoencoder, Custom, Gaussian, Sphere, Training
from diabolo import functional as F
from diabolo.density import Gaussian as GaussianDensity
from diabolo.density import GaussianMixture, KernelDensity
from diabolo.penalties import WeightDecay, WeightL1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e30, 1e-30, 1e37, 1e-37, 1.0])
def test_a_row_of_any_length_has_a_direction(dtype: torch.dtype, size: float) -> None:
    h = (torch.tensor([[3.0, -4.0], [-5.0, 12.0]], dtype=dtype) * size).requires_grad_()
    z = F.normalize(h)
    torch.testing.assert_close(z.detach(), torch.tensor([[0.6, -0.8], [-5 / 13, 12 / 13]], dtype=dtype))
    assert torch.equal(z.detach(), Sphere(2).mean(h.detach()))
    (grad,) = torch.autograd.grad(z[:, 0].sum(), h)
    assert torch.isfinite(grad).all()
    expected = torch.tensor([[0.64 / 5, 0.48 / 5], [144 / 13**3, 60 / 13**3]], dtype=dtype) / size
    torch.testing.assert_close(grad, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("d", [2, 3, 300])
def test_every_row_that_is_not_zero_has_a_direction_and_a_finite_gradient(dtype: torch.dtype, d: int) -> None:
    """From the smallest number that there is, whose reciprocal is none, to the largest."""
    info, unit = torch.finfo(dtype), torch.randn(40, d, generator=torch.Generator().manual_seed(0)).double()
    unit = unit / unit.norm(dim=-1, keepdim=True)
    low, high = math.log2(info.smallest_normal) - 12, math.log2(info.max) - 1
    for power in [*np.linspace(low, high, 60), math.log2(info.smallest_normal)]:
        h = (unit * 2.0**power).to(dtype)
        h = h[(h != 0).any(dim=-1) & torch.isfinite(h).all(dim=-1)].requires_grad_()
        z = F.normalize(h)
        (grad,) = torch.autograd.grad(z.sum(), h)
        assert torch.isfinite(grad).all(), power
        exact = h.detach().double()
        exact = exact / exact.abs().amax(dim=-1, keepdim=True)
        exact = exact / exact.norm(dim=-1, keepdim=True)
        torch.testing.assert_close(z.detach().double(), exact, rtol=0, atol=8 * info.eps)


def test_usual_rows_are_divided_by_their_length_to_the_bit() -> None:
    h = torch.randn(200, 7, generator=torch.Generator().manual_seed(0)) * 10.0
    assert torch.equal(F.normalize(h), h / h.norm(dim=-1, keepdim=True))


def test_a_log_variance_comes_back_from_outside() -> None:
    h = torch.tensor([[0.0, 40.0], [0.0, -40.0], [0.0, 1.5]], requires_grad=True)
    latent = Gaussian(1)

    def kl(h: torch.Tensor) -> torch.Tensor:
        return latent.prior.kl_per_dimension(latent.posterior(h)).sum()

    assert latent.posterior(h).log_variance.flatten().tolist() == [20.0, -20.0, 1.5]
    (grad,) = torch.autograd.grad(kl(h), h)
    # The divergence pulls towards 0 from both sides.
    assert grad[0, 1] > 0
    assert grad[1, 1] < 0
    h = h.detach().requires_grad_()
    for _ in range(100):
        (grad,) = torch.autograd.grad(kl(h), h)
        h = (h - grad.clamp(-0.5, 0.5)).detach().requires_grad_()
    assert h[:, 1].abs().max() < 0.5


def test_a_rate_of_zero_is_pulled_up() -> None:
    rate = torch.zeros(4, 2, requires_grad=True)
    F.sparsity_kl(*F.log_rates(rate, sigmoid=False), 0.05).backward()
    assert (rate.grad < 0).all()


def test_weights_are_matrices_and_kernels_only() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 6))
    half = nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.PReLU(), nn.Linear(4, 2))
    ae = Autoencoder(encoder=Custom(half, nn.Linear(2, 6)), training=Training(epochs=1), random_state=0).fit(
        rows
    )
    p = ae.module_(torch.zeros(3, 6), {})
    assert sorted(tuple(w.shape) for w in p.weights) == [(2, 4), (4, 6), (6, 2)]
    total = sum(float(w.square().sum()) for w in p.weights)
    assert float(WeightDecay().value(p)) == pytest.approx(total)
    assert float(WeightL1().value(p)) == pytest.approx(sum(float(w.abs().sum()) for w in p.weights))


@pytest.mark.parametrize("density", [GaussianDensity(), GaussianMixture(2), KernelDensity()])
@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_a_density_does_not_depend_on_the_unit_of_codes(density: object, size: float) -> None:
    codes = np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 0.1, 3.0]
    one = density.fit(codes).log_prob(codes)  # type: ignore[attr-defined]
    other = density.fit(codes * size).log_prob(codes * size)  # type: ignore[attr-defined]
    np.testing.assert_allclose(other + 3 * np.log(size), one, rtol=1e-4, atol=1e-4)
