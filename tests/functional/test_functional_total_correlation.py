"""The densities of the codes of a whole data set, against sums over all of it."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from diabolo.functional import aggregate_log_densities
from diabolo.latent.posteriors import Normal


def posteriors(n: int, dim: int, seed: int = 0) -> Normal:
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance = torch.randn(2, n, dim, generator=generator, dtype=torch.float64)
    return Normal(mean, log_variance - 1)


def by_dimension(z: torch.Tensor, q: Normal) -> torch.Tensor:
    apart = (z.unsqueeze(-2) - q.mean.unsqueeze(-3)) ** 2 * (-q.log_variance).exp().unsqueeze(-3)
    return -0.5 * (apart + q.log_variance.unsqueeze(-3) + math.log(2 * math.pi))


def test_a_batch_of_all_rows_is_exact() -> None:
    q = posteriors(7, 3)
    z = q.mean + 0.3
    each = by_dimension(z, q)
    joint, product = aggregate_log_densities(each)
    torch.testing.assert_close(joint, each.sum(-1).exp().mean(-1).log(), rtol=1e-12, atol=0)
    torch.testing.assert_close(product, each.exp().mean(-2).log().sum(-1), rtol=1e-12, atol=0)


def test_the_mean_over_all_batches_is_the_density_of_the_whole() -> None:
    n, size = 7, 3
    q = posteriors(n, 2)
    each = by_dimension(q.mean + 0.2, q)
    exact = each.sum(-1).exp().mean(-1)
    found = torch.zeros(n, dtype=torch.float64)
    times = torch.zeros(n, dtype=torch.float64)
    for batch in itertools.combinations(range(n), size):
        rows = torch.tensor(batch)
        joint, _ = aggregate_log_densities(each[rows][:, rows], n)
        found[rows] += joint.exp()
        times[rows] += 1
    torch.testing.assert_close(found / times, exact, rtol=1e-12, atol=0)


def test_copies_of_one_row_have_no_total_correlation() -> None:
    q = Normal(torch.ones(5, 3, dtype=torch.float64), torch.zeros(5, 3, dtype=torch.float64))
    joint, product = aggregate_log_densities(by_dimension(q.mean, q), 5)
    torch.testing.assert_close(joint, product, rtol=1e-13, atol=0)


@pytest.mark.parametrize("rows", [0, 9])
def test_a_batch_of_one_row_has_none_either(rows: int) -> None:
    joint, product = aggregate_log_densities(torch.randn(2, 1, 1, 4), rows)
    torch.testing.assert_close(joint, product)


def test_mutual_information_total_correlation_and_dimensions_add_up_to_the_divergence() -> None:
    n, draws = 40, 400
    q = posteriors(n, 2, seed=1)
    generator = torch.Generator().manual_seed(2)
    sums = torch.zeros(4, dtype=torch.float64)
    for _ in range(draws):
        noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        z = q.rsample({"normal": noise})
        joint, product = aggregate_log_densities(by_dimension(z, q))
        prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
        own = q.log_prob(z)
        sums += torch.stack([own - joint, joint - product, product - prior, own - prior]).mean(-1)
    information, correlation, dimensions, divergence = (sums / draws).tolist()
    assert information + correlation + dimensions == pytest.approx(divergence, rel=1e-12)
    assert divergence == pytest.approx(float(q.kl_to_standard_normal().sum(-1).mean()), rel=0.02)
    assert min(information, correlation, dimensions) > 0


def test_a_weight_of_two_is_the_row_twice() -> None:
    q = posteriors(5, 2)
    each = by_dimension(q.mean + 0.1, q)
    weight = torch.tensor([1.0, 2.0, 0.0, 1.0, 3.0], dtype=torch.float64)
    again = torch.repeat_interleave(torch.arange(5), weight.long())
    joint, product = aggregate_log_densities(each, weight=weight)
    wide, wide_product = aggregate_log_densities(each[again][:, again])
    torch.testing.assert_close(joint[again], wide, rtol=1e-12, atol=0)
    torch.testing.assert_close(product[again], wide_product, rtol=1e-12, atol=0)
