"""Two-sample metrics against double loops, and on samples whose answer is known."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from diabolo import metrics
from diabolo.errors import DataError, SettingError
from diabolo.metrics import distances

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.normal(size=(30, 3)) + 0.5


def test_mmd_equals_a_double_loop() -> None:
    def k(a: Any, b: Any) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / (2 * 1.7**2)))

    n, m = len(X), len(Y)
    within_x = sum(k(X[i], X[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(Y[i], Y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    across = sum(k(a, b) for a in X for b in Y) / (n * m)
    found = metrics.mmd(X, Y, bandwidth=1.7, n_permutations=0)
    assert float(found) == pytest.approx(within_x + within_y - 2 * across, abs=1e-12)
    assert found.p_value is None


def test_mmd_p_value_is_uniform_for_equal_distributions() -> None:
    rng = np.random.default_rng(1)
    p = [
        metrics.mmd(*rng.normal(size=(2, 25, 2)), n_permutations=49, random_state=seed).p_value
        for seed in range(100)
    ]
    assert min(p) >= 1 / 50  # type: ignore[type-var]
    # 10 of 100 are expected at or below 0.1, with a standard deviation of 3.
    assert 1 <= np.sum(np.array(p) <= 0.1) <= 20


def test_mmd_sees_a_shift_and_survives_constant_data() -> None:
    assert metrics.mmd(X, X + 1).p_value < 0.02  # type: ignore[operator]
    assert float(metrics.mmd(np.ones((5, 2)), np.ones((6, 2)))) == 0
    with pytest.raises(SettingError, match="bandwidth must be a number > 0"):
        metrics.mmd(X, Y, bandwidth=0)


def test_c2st_is_chance_for_equal_and_certain_for_different() -> None:
    rng = np.random.default_rng(0)
    same = metrics.c2st(rng.normal(size=(150, 2)), rng.normal(size=(400, 2)))
    assert (same.n_real, same.n_synthetic) == (150, 150)
    assert same.p_value > 0.01  # type: ignore[operator]
    other = metrics.c2st(X, X + 10, classifier=LogisticRegression())
    assert (float(other), other.p_value) == (1.0, 0.5**40)


def support_loops(x: Any, y: Any, k: int) -> tuple[float, float, float, float]:
    """Precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

    def radius(points: Any, i: int) -> float:
        return sorted(np.linalg.norm(points[i] - p) for j, p in enumerate(points) if j != i)[k - 1]

    n, m = len(x), len(y)
    r_x, r_y = [radius(x, i) for i in range(n)], [radius(y, j) for j in range(m)]
    in_x = np.array([[np.linalg.norm(x[i] - y[j]) <= r_x[i] for j in range(m)] for i in range(n)])
    in_y = np.array([[np.linalg.norm(x[i] - y[j]) <= r_y[j] for j in range(m)] for i in range(n)])
    return in_x.any(axis=0).mean(), in_y.any(axis=1).mean(), in_x.sum() / (k * m), in_x.any(axis=1).mean()


@pytest.mark.parametrize("k", [1, 4])
def test_support_metrics_equal_double_loops(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK_ENTRIES", 200)
    found = metrics.precision_recall(X, Y, k) | metrics.density_coverage(X, Y, k)
    assert list(found) == ["precision", "recall", "density", "coverage"]
    np.testing.assert_allclose([float(v) for v in found.values()], support_loops(X, Y, k), atol=1e-14)


def test_support_metrics_of_one_distribution_and_of_one_mode() -> None:
    rng = np.random.default_rng(0)
    real, same = rng.normal(size=(2, 1000, 2))
    collapsed = 0.01 * rng.normal(size=(1000, 2))
    good = metrics.density_coverage(real, same)
    # Naeem et al. 2020, lemma 2: the expected coverage is 1 - 1 / 2^k for many rows; density's is 1.
    assert float(good["coverage"]) == pytest.approx(1 - 0.5**5, abs=0.02)
    assert float(good["density"]) == pytest.approx(1, abs=0.05)
    assert float(metrics.precision_recall(real, collapsed)["precision"]) > 0.99
    assert float(metrics.precision_recall(real, collapsed)["recall"]) < 0.05
    assert float(metrics.density_coverage(real, collapsed)["coverage"]) < 0.05


def test_wasserstein_of_a_shift_is_the_shift() -> None:
    score = metrics.wasserstein(X, X + [0.5, -2.0, 0.0])
    np.testing.assert_allclose(score.per_feature, [0.5, 2, 0], atol=1e-14)
    assert float(score) == pytest.approx(2.5 / 3)


def first_two(rows: Any) -> Any:
    return rows[:, :2]


@pytest.mark.parametrize(
    ("features", "name"),
    [
        (None, "raw"),
        (first_two, "first_two"),
        (("two columns", lambda rows: rows[:, :2]), "two columns"),
        (PCA(2).fit(X), "PCA"),
        (("judge", PCA(2).fit(X)), "judge"),
    ],
)
def test_every_score_says_its_features(features: Any, name: str) -> None:
    scores = [
        metrics.mmd(X, Y, features, n_permutations=0),
        metrics.c2st(X, Y, features),
        metrics.wasserstein(X, Y, features),
        *metrics.precision_recall(X, Y, features=features).values(),
        *metrics.density_coverage(X, Y, features=features).values(),
    ]
    assert {score.features for score in scores} == {name}
    assert f"on {name} features (40 real, 30 synthetic" in str(scores[0])
    expected = 3 if features is None else 2
    assert len(scores[2].per_feature) == expected


@pytest.mark.parametrize("features", [lambda rows: rows, functools.partial(first_two)])
def test_features_without_a_name_are_refused(features: Any) -> None:
    with pytest.raises(SettingError, match="pass a pair such as"):
        metrics.mmd(X, Y, features)


def test_samples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match=r"real has shape \(40, 3\) and synthetic \(30, 2\)"):
        metrics.mmd(X, Y[:, :2])
    with pytest.raises(DataError, match="one feature vector per sample"):
        metrics.mmd(X, Y, ("half", lambda rows: rows[::2]))
    with pytest.raises(SettingError, match="a function or a fitted transformer"):
        metrics.mmd(X, Y, ("name", 3))
    with pytest.raises(SettingError, match="k must be an integer from 1 to 39"):
        metrics.density_coverage(X, Y, k=40)
    with pytest.raises(DataError, match="at least 8 samples"):
        metrics.c2st(X[:4], Y)
