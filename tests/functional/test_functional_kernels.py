"""Kernels and the maximum mean discrepancy against double loops."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from tolerances import ONE_PASS, assert_near
from torch import Tensor

from diabolo import functional as F


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


LENGTHS = [0.5, 1.0, 2.0]


def k_scalar(u: Tensor, v: Tensor, kernel: str) -> float:
    d2 = sum((a - b) ** 2 for a, b in zip(u.tolist(), v.tolist(), strict=True))
    if kernel == "gaussian":
        return sum(math.exp(-d2 / (2 * s**2)) for s in LENGTHS)
    return sum(s**2 / (s**2 + d2) for s in LENGTHS)


def mmd_by_loops(a: Tensor, b: Tensor, kernel: str, estimator: str) -> float:
    n, m, unbiased = len(a), len(b), estimator == "unbiased"
    aa = [k_scalar(a[i], a[j], kernel) for i in range(n) for j in range(n) if i != j or not unbiased]
    bb = [k_scalar(b[i], b[j], kernel) for i in range(m) for j in range(m) if i != j or not unbiased]
    ab = [k_scalar(u, v, kernel) for u in a for v in b]
    return sum(aa) / len(aa) + sum(bb) / len(bb) - 2 * sum(ab) / len(ab)


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize(("n", "m", "dim"), [(2, 2, 1), (5, 7, 3), (6, 4, 2)])
def test_mmd_is_the_double_loop(kernel: str, estimator: str, n: int, m: int, dim: int) -> None:
    a, b = torch.randn(n, dim, dtype=torch.float64), torch.randn(m, dim, dtype=torch.float64) + 1
    got = F.squared_mmd(a, b, LENGTHS, kernel, estimator)
    # Sums of a few dozen terms of order 1 in float64.
    assert got.item() == pytest.approx(mmd_by_loops(a, b, kernel, estimator), abs=1e-13)


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("dim", [1, 2, 8])
@pytest.mark.parametrize("n", [1, 7, 32])
def test_a_stack_equals_each_alone(kernel: str, estimator: str, dim: int, n: int) -> None:
    a, b = torch.randn(3, n, dim), torch.randn(3, n, dim)
    stacked = a.clone().requires_grad_()
    value = F.squared_mmd(stacked, b, LENGTHS, kernel, estimator)
    assert value.shape == (3,)
    gradient = torch.autograd.grad(value.sum() + 0 * stacked.sum(), stacked)[0]
    for i in range(3):
        alone = a[i].clone().requires_grad_()
        v = F.squared_mmd(alone, b[i], LENGTHS, kernel, estimator)
        # Of alike samples, terms of order 1 cancel.
        assert_near(value[i], v, ONE_PASS[a.dtype], scale=1.0)
        assert_near(gradient[i], torch.autograd.grad(v + 0 * alone.sum(), alone)[0], ONE_PASS[a.dtype])


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_mmd_gradient(kernel: str, estimator: str) -> None:
    a, b = torch.randn(4, 2, dtype=torch.float64, requires_grad=True), torch.randn(5, 2, dtype=torch.float64)
    torch.autograd.gradcheck(lambda z: F.squared_mmd(z, b, LENGTHS, kernel, estimator), (a,))


def test_mmd_gradient_of_equal_rows_is_finite() -> None:
    a = torch.zeros(4, 3, requires_grad=True)
    F.squared_mmd(a, torch.zeros(4, 3), LENGTHS).backward()
    assert torch.equal(a.grad, torch.zeros(4, 3))


def test_one_row() -> None:
    a, b = torch.zeros(1, 2), torch.ones(1, 2)
    assert F.squared_mmd(a, b, LENGTHS, "gaussian", "unbiased") == 0
    expected = 2 * len(LENGTHS) - 2 * k_scalar(a[0], b[0], "gaussian")
    assert F.squared_mmd(a, b, LENGTHS, "gaussian", "biased").item() == pytest.approx(expected)


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
def test_samples_of_one_distribution_have_no_discrepancy(kernel: str) -> None:
    values = torch.stack(
        [
            F.squared_mmd(torch.randn(64, 2), torch.randn(64, 2), LENGTHS, kernel, "unbiased")
            for _ in range(200)
        ]
    )
    # Five standard errors of the mean of 200 unbiased estimates.
    assert values.mean().abs() < 5 * values.std() / math.sqrt(200)
    shifted = F.squared_mmd(torch.randn(64, 2) + 1, torch.randn(64, 2), LENGTHS, kernel, "unbiased")
    assert shifted > 10 * values.std()


def test_biased_is_zero_only_for_equal_samples() -> None:
    a = torch.randn(10, 3, dtype=torch.float64)
    assert F.squared_mmd(a, a.flip(0), LENGTHS).abs() < 1e-14  # rounding of sums of order 1
    assert F.squared_mmd(a, a + 0.1, LENGTHS) > 0


def test_bandwidths_double_and_centre() -> None:
    for count in range(3, 8):
        lengths = F.bandwidths(1.7, count)
        assert [b / a for a, b in itertools.pairwise(lengths)] == pytest.approx([2] * (count - 1))
        assert math.prod(lengths) ** (1 / count) == pytest.approx(1.7)


def test_a_bandwidth_for_each_model() -> None:
    a, b, scales = torch.randn(2, 5, 3), torch.randn(2, 5, 3), torch.tensor([0.5, 2.0])
    value = F.squared_mmd(a, b, F.bandwidths(scales, 3), "imq")
    for i in range(2):
        alone = F.squared_mmd(a[i], b[i], F.bandwidths(float(scales[i]), 3), "imq")
        torch.testing.assert_close(value[i], alone)


def test_near_pairs_far_from_the_origin_keep_their_distance() -> None:
    a = torch.tensor([[1000.0, 0.0], [1000.0, 0.25]])
    assert F.squared_distances(a, a).tolist() == [[0.0, 0.0625], [0.0625, 0.0]]
