"""Neighbourhood measures against loops over all pairs, scikit-learn, and what must not change them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from diabolo import metrics
from diabolo.errors import DataError, SettingError
from diabolo.metrics import distances

Array = npt.NDArray[Any]


def ranks(points: Array) -> Array:
    """rank[i, j] of j among the neighbours of i: 0 for i itself, then by distance, then by row number."""
    d = cdist(points, points)
    n = len(d)
    rank = np.zeros((n, n), dtype=int)
    for i in range(n):
        order = sorted((j for j in range(n) if j != i), key=lambda j, i=i: (d[i, j], j))
        for place, j in enumerate(order, start=1):
            rank[i, j] = place
    return rank


def loops(X: Array, Z: Array, ks: list[int], sigmas: list[float]) -> dict[str, float]:
    """The definitions of Moor et al. 2020, written as sums over pairs."""
    n = len(X)
    d_x, d_z, r_x, r_z = cdist(X, X), cdist(Z, Z), ranks(X), ranks(Z)
    scores = {}
    for sigma in sigmas:
        f_x = np.exp(-((d_x / d_x.max()) ** 2) / sigma).sum(axis=1)
        f_z = np.exp(-((d_z / d_z.max()) ** 2) / sigma).sum(axis=1)
        p, q = f_x / f_x.sum(), f_z / f_z.sum()
        scores[f"kl_{sigma:g}"] = float((p * np.log(p / q)).sum())
    by_k = []
    for k in ks:
        trust = cont = mrre_zx = mrre_xz = 0.0
        for i in range(n):
            for j in set(range(n)) - {i}:
                in_x, in_z = r_x[i, j] <= k, r_z[i, j] <= k
                trust += (r_x[i, j] - k) * (in_z and not in_x)
                cont += (r_z[i, j] - k) * (in_x and not in_z)
                mrre_zx += in_z * abs(r_x[i, j] - r_z[i, j]) / r_z[i, j]
                mrre_xz += in_x * abs(r_x[i, j] - r_z[i, j]) / r_x[i, j]
        norm = 2 / (n * k * (2 * n - 3 * k - 1))
        c = n * sum(abs(2 * j - n - 1) / j for j in range(1, k + 1))
        by_k.append(((mrre_zx + mrre_xz) / (2 * c), 1 - norm * cont, 1 - norm * trust))
    scores |= dict(zip(("mrre", "continuity", "trustworthiness"), np.mean(by_k, axis=0), strict=True))
    scores["rmse"] = float(np.sqrt(((d_x - d_z) ** 2).sum() / n**2))
    return scores


def swiss(n: int, features: int, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, features)) @ rng.normal(size=(features, features))
    return X, np.tanh(X[:, :2]) + 0.1 * rng.normal(size=(n, 2))


# Narrow data go through differences, wide data through a matrix product.
@pytest.mark.parametrize("features", [3, 40])
def test_all_measures_equal_loops_over_pairs(features: int) -> None:
    X, Z = swiss(60, features)
    expected = loops(X, Z, [3, 7, 20], [0.01, 0.1, 1.0])
    scores = metrics.neighbourhood(X, Z, ks=[3, 7, 20])
    assert list(scores) == list(expected)
    # Both are float64; what differs is the order of sums.
    np.testing.assert_allclose(list(scores.values()), list(expected.values()), rtol=1e-9)


@pytest.mark.parametrize("features", [2, 20])
@pytest.mark.parametrize("few", [0, 64])  # shared distances are sorted, or counted
def test_ties_are_ranked_by_row_number(features: int, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.metrics.ranks.FEW", few)
    rng = np.random.default_rng(1)
    X = rng.integers(0, 3, size=(50, features)).astype(float)
    Z = rng.integers(0, 4, size=(50, 1)).astype(float)
    X[10], X[20] = X[0], X[0]  # duplicates too
    expected = loops(X, Z, [2, 9], [0.1])
    scores = metrics.neighbourhood(X, Z, ks=[2, 9], sigmas=[0.1])
    np.testing.assert_allclose(list(scores.values()), list(expected.values()), rtol=1e-9)


@pytest.mark.parametrize("k", [1, 5, 100, 249])
def test_trustworthiness_is_that_of_scikit_learn(k: int) -> None:
    X, Z = swiss(500, 30)
    expected = sklearn_trustworthiness(X, Z, n_neighbors=k)
    assert metrics.trustworthiness(X, Z, k) == pytest.approx(expected, abs=1e-12)
    assert metrics.continuity(X, Z, k) == pytest.approx(
        sklearn_trustworthiness(Z, X, n_neighbors=k), abs=1e-12
    )


def test_single_functions_equal_the_shared_pass() -> None:
    X, Z = swiss(120, 6)
    scores = metrics.neighbourhood(X, Z)
    single = {
        "kl_0.01": metrics.density_kl(X, Z, 0.01),
        "kl_0.1": metrics.density_kl(X, Z),
        "kl_1": metrics.density_kl(X, Z, 1),
        "mrre": metrics.mrre(X, Z),
        "continuity": metrics.continuity(X, Z),
        "trustworthiness": metrics.trustworthiness(X, Z),
        "rmse": metrics.distance_rmse(X, Z),
    }
    assert single == scores


@pytest.mark.parametrize("features", [3, 40])
def test_blocks_of_any_size_give_the_same(features: int, monkeypatch: pytest.MonkeyPatch) -> None:
    X, Z = swiss(90, features)
    whole = metrics.neighbourhood(X, Z)
    monkeypatch.setattr(distances, "BLOCK_ENTRIES", 90 * 7)
    split = metrics.neighbourhood(X, Z)
    np.testing.assert_allclose(list(split.values()), list(whole.values()), rtol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1e4, 1e4))
def test_rotation_shift_scale_and_order_change_nothing(seed: int, scale: float, shift: float) -> None:
    X, Z = swiss(45, 20, seed)
    rng = np.random.default_rng(seed)
    rotation = scipy.stats.ortho_group.rvs(20, random_state=rng)
    order = rng.permutation(45)
    before = metrics.neighbourhood(X, Z)
    after = metrics.neighbourhood((scale * X @ rotation + shift)[order], (-Z)[order])
    del before["rmse"], after["rmse"]  # the one that depends on the scale
    # A shift of 1e4 leaves 1e-12 of the data's digits; the divergences are sums of logarithms of them.
    np.testing.assert_allclose(list(after.values()), list(before.values()), rtol=1e-6, atol=1e-9)


def test_a_copy_of_the_data_is_perfect() -> None:
    X, _ = swiss(70, 20)
    scores = metrics.neighbourhood(X, X)
    assert (scores["mrre"], scores["continuity"], scores["trustworthiness"]) == (0, 1, 1)
    assert scores["rmse"] == scores["kl_0.1"] == 0


def test_distances_far_from_the_origin_keep_their_digits() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 50)) + 1e6
    X[40:60] = X[:20] + 1e-5 * rng.normal(size=(20, 50))  # near pairs, where a product cancels
    X[60:] = X[:20]
    d = distances.SquaredDistances(X).block(slice(0, 80))
    # Data at 1e6 hold the difference of 1e-5 to five digits; the differences themselves are exact.
    np.testing.assert_allclose(d, cdist(X, X, "sqeuclidean"), rtol=1e-4, atol=1e-18)
    assert (d[np.arange(60, 80), np.arange(20)] == 0).all()


def test_distances_between_integers_are_exact() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, 256, size=(2, 30, 100)).astype(float)
    expected = ((X[:, None] - Y[None]) ** 2).sum(axis=2)
    assert (distances.SquaredDistances(X, Y).block(slice(0, 30)) == expected).all()


def test_collapsed_codes_have_a_score() -> None:
    X, _ = swiss(60, 5)
    scores = metrics.neighbourhood(X, np.zeros((60, 2)))
    assert np.isfinite(list(scores.values())).all()
    assert scores["kl_0.1"] > 0


def test_default_ks_are_those_below_half_of_the_rows() -> None:
    X, Z = swiss(45, 5)
    assert metrics.mrre(X, Z) == metrics.mrre(X, Z, ks=[10, 20])
    with pytest.raises(DataError, match="more than 20 samples, got 20"):
        metrics.neighbourhood(X[:20], Z[:20])


@pytest.mark.parametrize("k", [0, 30, 2.5, True, "3"])
def test_a_k_out_of_range_is_refused(k: Any) -> None:
    X, Z = swiss(60, 5)
    with pytest.raises(SettingError, match="k must be an integer from 1 to 29"):
        metrics.trustworthiness(X, Z, [k])


def test_input_that_does_not_fit_is_refused() -> None:
    X, Z = swiss(60, 5)
    with pytest.raises(DataError, match="X has 60 samples and Z 59 codes"):
        metrics.neighbourhood(X, Z[1:])
    with pytest.raises(DataError, match="1 values that are NaN"):
        metrics.neighbourhood(np.where(X[3, 3] == X, np.nan, X), Z)
    with pytest.raises(DataError, match=r"reshape\(-1, 1\)"):
        metrics.neighbourhood(X, Z[:, 0])
    with pytest.raises(SettingError, match="sigma must be a number > 0"):
        metrics.density_kl(X, Z, 0)
    with pytest.raises(SettingError, match="at least one"):
        metrics.mrre(X, Z, [])
    with pytest.raises(DataError, match="real numbers"):
        metrics.neighbourhood(X.astype(str), Z)


def test_knn_accuracy_leaves_each_row_out() -> None:
    X, Z = swiss(80, 3)
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    hits = 0
    for i in range(80):
        rest = np.arange(80) != i
        model = KNeighborsClassifier(7).fit(Z[rest], y[rest])
        hits += int(model.predict(Z[i : i + 1])[0] == y[i])
    assert metrics.knn_accuracy(Z, y, k=7) == hits / 80
    held = KNeighborsClassifier(7).fit(Z[:50], y[:50]).score(Z[50:], y[50:])
    assert metrics.knn_accuracy(Z[:50], y[:50], 7, Z[50:], y[50:]) == held


def test_knn_accuracy_refuses_half_a_test_set() -> None:
    _, Z = swiss(20, 3)
    y = np.arange(20) % 2
    with pytest.raises(SettingError, match="both Z_test and y_test"):
        metrics.knn_accuracy(Z, y, Z_test=Z)
    with pytest.raises(SettingError, match="from 1 to 19"):
        metrics.knn_accuracy(Z, y, k=20)
    with pytest.raises(DataError, match="one label for each of 20 samples"):
        metrics.knn_accuracy(Z, y[1:])


def test_spearman_is_that_of_scipy() -> None:
    X, Z = swiss(50, 4)
    expected = scipy.stats.spearmanr(pdist(X), pdist(Z)).statistic
    assert metrics.distance_spearman(X, Z) == pytest.approx(expected, abs=1e-12)


def test_spearman_of_a_draw_of_pairs_is_near_that_of_all() -> None:
    X, Z = swiss(400, 4)
    every = metrics.distance_spearman(X, Z)
    drawn = metrics.distance_spearman(X, Z, max_pairs=20_000)
    assert drawn != every
    assert drawn == pytest.approx(every, abs=0.03)  # four standard errors of 20,000 pairs
    assert drawn == metrics.distance_spearman(X, Z, max_pairs=20_000, random_state=0)


def test_spearman_of_collapsed_codes_is_zero() -> None:
    X, Z = swiss(20, 4)
    assert metrics.distance_spearman(X, 0 * Z) == 0


def test_drawn_pairs_are_different_rows_and_each_once() -> None:
    i, j = distances.draw_pairs(40, 700, 0)
    assert ((i >= 0) & (i < j) & (j < 40)).all()
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == 700


@pytest.mark.parametrize(("n", "most"), [(60, 10_000), (60, 200), (300, 300)])
def test_distances_of_pairs_are_those_of_the_differences(n: int, most: int) -> None:
    """Of all pairs, of many and of a few: a matrix product forms them where that is quicker."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (n, 40)).astype(float)
    i, j = distances.draw_pairs(n, most, 0)
    np.testing.assert_array_equal(
        distances.SquaredDistances(X).of_pairs(i, j), ((X[i] - X[j]) ** 2).sum(axis=1)
    )
    far = 1e4 + 1e-3 * rng.normal(size=(n, 40))
    expected = ((far[i] - far[j]) ** 2).sum(axis=1)
    np.testing.assert_allclose(distances.SquaredDistances(far).of_pairs(i, j), expected, rtol=1e-8)


def test_spearman_of_wide_data_takes_no_longer_than_a_matrix_product() -> None:
    """Differences of 44,850 pairs of 4,000 numbers took 40 times as long."""
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(300, 4000)), rng.normal(size=(300, 2))
    measures = {
        "spearman": lambda: metrics.distance_spearman(X, Z),
        "product": lambda: metrics.distance_rmse(X, Z),
    }
    seconds = dict.fromkeys(measures, np.inf)
    for _ in range(3):
        for name, measure in measures.items():
            start = time.process_time()
            measure()
            seconds[name] = min(seconds[name], time.process_time() - start)
    assert seconds["spearman"] < 5 * seconds["product"], seconds
