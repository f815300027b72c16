"""The von Mises-Fisher distribution against SciPy's Bessel functions and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import special, stats

from diabolo import functional as F

CONCENTRATIONS = torch.tensor([1e-4, 0.1, 1.0, 7.0, 60.0, 900.0, 1e5], dtype=torch.float64)
every_dimension = pytest.mark.parametrize("dim", [2, 3, 5, 10, 50])


@every_dimension
def test_the_normaliser_and_the_mean_cosine_are_those_of_bessel_functions(dim: int) -> None:
    k = CONCENTRATIONS.numpy()
    order = dim / 2 - 1
    bessel = np.log(special.ive(order, k)) + k
    usable = np.isfinite(bessel)
    exact = dim / 2 * math.log(2 * math.pi) - order * np.log(k) + bessel
    np.testing.assert_allclose(
        F.vmf_log_normaliser(CONCENTRATIONS, dim).numpy()[usable], exact[usable], rtol=1e-12, atol=1e-9
    )
    cosine = special.ive(order + 1, k) / np.where(usable, special.ive(order, k), np.nan)
    np.testing.assert_allclose(
        F.vmf_mean_cosine(CONCENTRATIONS, dim).numpy()[usable], cosine[usable], rtol=1e-9, atol=1e-12
    )


@every_dimension
def test_the_derivative_of_the_normaliser_is_the_mean_cosine(dim: int) -> None:
    k = CONCENTRATIONS.clone().requires_grad_()
    (slope,) = torch.autograd.grad(F.vmf_log_normaliser(k, dim).sum(), k)
    torch.testing.assert_close(slope, F.vmf_mean_cosine(CONCENTRATIONS, dim), rtol=1e-9, atol=1e-12)
    mean = k.detach()[:-1].requires_grad_()
    torch.autograd.gradcheck(
        lambda k: F.vmf_mean_cosine(k, dim), (mean[1:].detach().requires_grad_(),), atol=1e-5
    )


@every_dimension
@pytest.mark.parametrize("k", [0.01, 3.0, 200.0])
def test_angles_have_the_probabilities_that_were_asked_for(dim: int, k: float) -> None:
    u = torch.linspace(0.001, 0.999, 61, dtype=torch.float64)
    angles = F.vmf_angle(torch.full_like(u, k), u, dim).numpy()
    at = np.linspace(0, math.pi, 2_000_001)
    density = np.exp(k * (np.cos(at) - 1)) * np.sin(at) ** (dim - 2)
    below = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    np.testing.assert_allclose(np.interp(angles, at, below / below[-1]), u.numpy(), atol=1e-7)


@every_dimension
def test_an_angle_moves_with_the_concentration_as_its_quantile_does(dim: int) -> None:
    u = torch.linspace(0.01, 0.99, 25, dtype=torch.float64)
    for k in (0.5, 4.0, 300.0):
        at = torch.full_like(u, k).requires_grad_()
        (slope,) = torch.autograd.grad(F.vmf_angle(at, u, dim).sum(), at)
        step = 1e-4 * k
        ends = [F.vmf_angle(torch.full_like(u, k + s), u, dim) for s in (-step, step)]
        torch.testing.assert_close(slope, (ends[1] - ends[0]) / (2 * step), rtol=1e-5, atol=1e-8)


def test_derivatives_of_every_order_are_exact() -> None:
    k = torch.tensor([0.7, 3.0, 40.0], dtype=torch.float64, requires_grad=True)
    u = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    assert torch.autograd.gradgradcheck(lambda k: F.vmf_angle(k, u, 4), (k,), atol=1e-6)


@pytest.mark.parametrize("dim", [3, 10])
def test_the_concentration_of_codes_is_found_again(dim: int) -> None:
    mean = np.zeros(dim)
    mean[0] = 1.0
    z = torch.from_numpy(stats.vonmises_fisher(mean, 25.0).rvs(4000, random_state=0))
    k = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([k], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = -(k * z[:, 0]).mean() + F.vmf_log_normaliser(k, dim)
        loss.backward()
        return loss

    optimiser.step(closure)
    assert k.item() == pytest.approx(25.0, rel=0.05)
