"""Sparsity of rates, and Jacobians against finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.special import expit, rel_entr

from diabolo import functional as F


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


def test_sparsity_is_scipys_relative_entropy() -> None:
    a = torch.randn(9, 4, dtype=torch.float64)
    rate = expit(a.numpy()).mean(0)
    expected = (rel_entr(0.05, rate) + rel_entr(0.95, 1 - rate)).sum()
    for given, sigmoid in ((a, True), (a.sigmoid(), False)):
        got = F.sparsity_kl(*F.log_rates(given, sigmoid), 0.05)
        assert got.item() == pytest.approx(expected, rel=1e-12)


def test_sparsity_is_zero_at_the_target_only() -> None:
    at = torch.full((3, 2), math.log(0.2 / 0.8), dtype=torch.float64)
    assert F.sparsity_kl(*F.log_rates(at, True), 0.2).abs() < 1e-15  # rounding
    assert F.sparsity_kl(*F.log_rates(at + 0.1, True), 0.2) > 1e-4


@pytest.mark.parametrize("size", [200.0, -200.0])
def test_saturated_units_still_have_a_gradient(size: float) -> None:
    # In float32 the sigmoid of -200 is 0 and its logarithm infinite; the loss is computed without it.
    a = torch.full((4, 2), size, requires_grad=True)
    loss = F.sparsity_kl(*F.log_rates(a, True), 0.05)
    loss.backward()
    assert loss.isfinite()
    assert (a.grad.sign() == math.copysign(1, size)).all()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_silent_and_saturated_rates_are_finite(rate: float) -> None:
    assert F.sparsity_kl(*F.log_rates(torch.full((4, 2), rate), False), 0.05).isfinite()


def test_sparsity_gradient_and_a_target_for_each_model() -> None:
    a = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0.05, 0.3], dtype=torch.float64)
    torch.autograd.gradcheck(lambda a: F.sparsity_kl(*F.log_rates(a, True), targets), (a,))
    value = F.sparsity_kl(*F.log_rates(a, True), targets)
    for i in range(2):
        alone = F.sparsity_kl(*F.log_rates(a[i], True), float(targets[i]))
        torch.testing.assert_close(value[i], alone, rtol=1e-14, atol=0)


def encoder(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x @ w) * x.square().sum(-1, keepdim=True)


@pytest.mark.parametrize("models", [(), (3,)])
def test_jacobian_norm_is_that_of_finite_differences(models: tuple[int, ...]) -> None:
    x = torch.randn(*models, 4, 5, dtype=torch.float64, requires_grad=True)
    w = torch.randn(*models, 5, 2, dtype=torch.float64)
    got = F.squared_jacobian_norm(encoder(x, w), x)
    assert got.shape == (*models, 4)
    with torch.no_grad():
        expected, h = torch.zeros_like(got), 1e-6
        for j in range(5):
            step = torch.zeros(5, dtype=torch.float64)
            step[j] = h
            expected += ((encoder(x + step, w) - encoder(x - step, w)) / (2 * h)).square().sum(-1)
    # Central differences: h^2 of truncation and 1e-16 / h of rounding.
    torch.testing.assert_close(got.detach(), expected, rtol=1e-7, atol=1e-7)


def test_jacobian_norm_is_that_of_jacrev() -> None:
    x = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    w = torch.randn(5, 3, dtype=torch.float64)
    jacobians = torch.func.vmap(torch.func.jacrev(lambda row: encoder(row, w)))(x)
    got = F.squared_jacobian_norm(encoder(x, w), x)
    torch.testing.assert_close(got, jacobians.square().sum((-2, -1)), rtol=1e-13, atol=0)


def test_jacobian_norm_can_be_differentiated() -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    w = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda w: F.squared_jacobian_norm(encoder(x, w), x), (w,))
    assert not F.squared_jacobian_norm(encoder(x, w), x, create_graph=False).requires_grad


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_jacobian_norm_has_the_type_of_the_code(dtype: torch.dtype) -> None:
    x = torch.tensor([[1.0, 2.0]], dtype=dtype, requires_grad=True)
    norm = F.squared_jacobian_norm(x.square(), x)
    assert norm.dtype == dtype
    assert norm.tolist() == [20.0]


def test_a_pass_without_gradient_is_refused() -> None:
    x, w = torch.randn(3, 4), torch.randn(4, 2)
    with pytest.raises(ValueError, match=r"requires a gradient was expected.*enable_grad"):
        F.squared_jacobian_norm(encoder(x, w), x)
    x.requires_grad_()
    with torch.no_grad():
        z = encoder(x, w)
    with pytest.raises(ValueError, match="enable_grad"):
        F.squared_jacobian_norm(z, x)
