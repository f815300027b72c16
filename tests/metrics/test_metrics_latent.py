"""Latent health against closed forms, Monte Carlo and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from scipy.integrate import trapezoid
from sklearn.datasets import make_blobs

from diabolo import metrics
from diabolo.errors import DataError, SettingError

RNG = np.random.default_rng(0)


def test_active_units_are_those_whose_mean_varies() -> None:
    z = RNG.normal(size=(1000, 4)) * np.sqrt([1, 0.02, 0.005, 0])
    assert metrics.active_units(z).tolist() == [True, True, False, False]


def test_kl_per_dimension_is_the_integral() -> None:
    mean, log_variance = np.array([[0.3, -1.0]]), np.array([[-0.5, 0.7]])
    found = metrics.kl_per_dimension(mean, log_variance)
    grid = np.linspace(-15, 15, 200_001)
    for j in range(2):
        q = scipy.stats.norm(mean[0, j], np.exp(log_variance[0, j] / 2))
        integrand = q.pdf(grid) * (q.logpdf(grid) - scipy.stats.norm.logpdf(grid))
        assert found[j] == pytest.approx(trapezoid(integrand, grid), abs=1e-9)
    assert (metrics.kl_per_dimension(np.zeros((5, 3)), np.zeros((5, 3))) == 0).all()


@pytest.mark.parametrize("count", [metrics.effective_rank, metrics.participation_ratio])
def test_dimensions_are_counted(count: object) -> None:
    assert callable(count)
    corners = np.array([[1.0 if i == j else 0.0 for j in range(5)] for i in range(5)])
    even = np.concatenate([corners, -corners])
    assert count(even) == pytest.approx(5)
    rotation = scipy.stats.ortho_group.rvs(5, random_state=0)
    assert count(3 * even @ rotation + 7) == pytest.approx(5)
    line = np.outer(np.arange(10.0), np.ones(5))
    assert count(line) == pytest.approx(1, abs=1e-9)
    assert count(np.full((10, 5), 0.1)) == 0


def test_effective_rank_and_participation_ratio_of_a_spectrum() -> None:
    s = np.array([4.0, 2.0, 1.0])
    z = np.concatenate([np.diag(s), -np.diag(s)])
    p = s / s.sum()
    assert metrics.effective_rank(z) == pytest.approx(np.exp(-(p * np.log(p)).sum()))
    assert metrics.participation_ratio(z) == pytest.approx((s**2).sum() ** 2 / (s**4).sum())


def test_dead_units_are_zero_on_more_than_the_share() -> None:
    h = np.zeros((1000, 3))
    h[:10, 1] = 1  # zero on exactly 99 %
    h[:9, 2] = 1
    assert metrics.dead_units(h).tolist() == [True, False, True]
    with pytest.raises(SettingError, match="share"):
        metrics.dead_units(h, share=99)


def test_code_histogram_against_the_prior() -> None:
    z = RNG.normal(size=(5000, 2)) * [1, 0.1]
    found = metrics.code_histogram(z, bins=30)
    width = np.diff(found.edges)
    np.testing.assert_allclose((found.density * width).sum(axis=1), 1)
    expected = [scipy.stats.kstest(column, "norm").statistic for column in z.T]
    np.testing.assert_allclose(found.distance, expected, atol=1e-12)
    assert found.distance[0] < 0.03 < 0.3 < found.distance[1]
    flat = metrics.code_histogram(RNG.random((500, 1)), prior_cdf=scipy.stats.uniform.cdf)
    assert flat.distance[0] < 0.08


def sphere(n: int, dim: int) -> np.ndarray:
    z = RNG.normal(size=(n, dim))
    return z / np.linalg.norm(z, axis=1, keepdims=True)


@pytest.mark.parametrize("dim", [3, 20])
def test_uniformity_equals_a_double_loop(dim: int) -> None:
    u = sphere(40, dim)
    pairs = [np.exp(-2 * ((u[i] - u[j]) ** 2).sum()) for i in range(40) for j in range(i)]
    assert metrics.uniformity(u) == pytest.approx(np.log(np.mean(pairs)), abs=1e-12)
    assert metrics.uniformity(7 * u) == pytest.approx(metrics.uniformity(u), abs=1e-12)
    assert metrics.uniformity(np.ones((4, 3))) == 0


def test_rayleigh_p_values_are_uniform_for_uniform_codes() -> None:
    p = [metrics.rayleigh_test(sphere(200, 3)).p_value for _ in range(300)]
    # Kolmogorov-Smirnov at 300 values: 0.094 is the distance exceeded once in a hundred.
    assert scipy.stats.kstest(p, "uniform").statistic < 0.094
    one_side = sphere(200, 3) + [1, 0, 0]
    one_side /= np.linalg.norm(one_side, axis=1, keepdims=True)
    assert metrics.rayleigh_test(one_side).p_value < 1e-10
    assert 0.3 < metrics.rayleigh_test(one_side).mean_length < 1


def test_codes_off_the_sphere_are_refused() -> None:
    with pytest.raises(DataError, match="got lengths from"):
        metrics.uniformity(RNG.normal(size=(10, 3)))
    with pytest.raises(DataError, match="lengths from 0"):
        metrics.rayleigh_test(np.zeros((10, 3)))


def test_clusters_against_labels_beside_those_of_pca() -> None:
    data, y = make_blobs(300, n_features=10, centers=4, cluster_std=0.5, random_state=0)
    scores = metrics.cluster_agreement(RNG.normal(size=(300, 2)), y, data=data)
    assert scores["ari"] < 0.05 < 0.95 < scores["pca_ari"]
    assert scores["nmi"] < 0.1 < 0.95 < scores["pca_nmi"]
    collapsed = metrics.cluster_agreement(np.zeros((300, 2)), y)
    assert collapsed == {"ari": 0.0, "nmi": 0.0}
