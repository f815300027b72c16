"""Reconstruction metrics against scikit-learn, PyTorch and loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error

from diabolo import metrics
from diabolo.errors import DataError, SettingError, UnknownNameError

RNG = np.random.default_rng(0)
X, X_HAT = RNG.random((2, 30, 7))


def test_means_are_those_of_scikit_learn_and_pytorch() -> None:
    assert metrics.mse(X, X_HAT) == pytest.approx(mean_squared_error(X, X_HAT), rel=1e-14)
    assert metrics.mae(X, X_HAT) == pytest.approx(mean_absolute_error(X, X_HAT), rel=1e-14)
    expected = torch.nn.functional.binary_cross_entropy(torch.tensor(X_HAT), torch.tensor(X)).item()
    assert metrics.bce(X, X_HAT) == pytest.approx(expected, rel=1e-12)


def test_a_certain_and_wrong_bernoulli_is_finite() -> None:
    assert metrics.bce([[1.0, 0.0]], [[0.0, 0.0]]) == 50  # -100 for one of two features, as in PyTorch


def test_bce_needs_probabilities() -> None:
    with pytest.raises(DataError, match=r"x_hat in \[0, 1\], got values from -1 to 3"):
        metrics.bce([[0.0, 1.0]], [[-1.0, 3.0]])


def test_parts_add_up() -> None:
    images, rebuilt = X.reshape(15, 2, 7), X_HAT.reshape(15, 2, 7)
    parts = metrics.attribution(images, rebuilt)
    assert parts.shape == images.shape
    np.testing.assert_allclose(parts.sum(axis=(1, 2)), metrics.squared_error(images, rebuilt))
    np.testing.assert_allclose(metrics.feature_error(images, rebuilt).mean(), metrics.mse(images, rebuilt))
    np.testing.assert_allclose(
        metrics.squared_error(images, rebuilt).mean() / 14, metrics.mse(images, rebuilt)
    )


@given(st.floats(0.01, 10), st.floats(1, 255))
def test_psnr_of_a_constant_error_has_a_closed_form(error: float, peak: float) -> None:
    flat = np.zeros((2, 5, 5))
    expected = 20 * np.log10(peak / error)
    np.testing.assert_allclose(metrics.psnr(flat, flat + error, data_range=peak), [expected] * 2, atol=1e-9)


def test_psnr_of_a_perfect_image_is_infinite() -> None:
    assert metrics.psnr([[0.5, 0.1]], [[0.5, 0.1]]).tolist() == [np.inf]


def ssim_loops(a: np.ndarray, b: np.ndarray, peak: float, window: int, sigma: float) -> float:
    """Wang et al. 2004, one window at a time."""
    offsets = np.arange(window) - window // 2
    weight = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * sigma**2))
    weight /= weight.sum()
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    values = []
    for i in range(a.shape[0] - window + 1):
        for j in range(a.shape[1] - window + 1):
            p, q = a[i : i + window, j : j + window], b[i : i + window, j : j + window]
            mp, mq = (weight * p).sum(), (weight * q).sum()
            vp, vq = (weight * (p - mp) ** 2).sum(), (weight * (q - mq) ** 2).sum()
            cov = (weight * (p - mp) * (q - mq)).sum()
            top = (2 * mp * mq + c1) * (2 * cov + c2)
            values.append(top / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))


@pytest.mark.parametrize(("window", "sigma"), [(11, 1.5), (7, 1.0)])
def test_ssim_equals_a_loop_over_windows(window: int, sigma: float) -> None:
    a, b = RNG.random((2, 3, 14, 17)) * 255
    expected = [ssim_loops(p, q, 255, window, sigma) for p, q in zip(a, b, strict=True)]
    found = metrics.ssim(a, b, data_range=255, window=window, sigma=sigma)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    colour = metrics.ssim(a[None], b[None], data_range=255, window=window, sigma=sigma)
    np.testing.assert_allclose(colour, [np.mean(expected)], atol=1e-10)


def test_ssim_of_more_images_than_are_filtered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = RNG.random((2, 5, 12, 12))
    whole = metrics.ssim(a, b)
    monkeypatch.setattr("diabolo.metrics.reconstruction.IMAGES_AT_ONCE", 2)
    np.testing.assert_array_equal(metrics.ssim(a, b), whole)


def test_ssim_says_what_to_do_with_small_or_flat_images() -> None:
    with pytest.raises(DataError, match="pass window=7"):
        metrics.ssim(np.zeros((2, 8, 8)), np.zeros((2, 8, 8)))
    assert metrics.ssim(np.ones((2, 8, 8)), np.ones((2, 8, 8)), window=7).tolist() == [1, 1]
    with pytest.raises(DataError, match=r"reshape\(-1, 28, 28\)"):
        metrics.ssim(X, X_HAT)
    with pytest.raises(SettingError, match="odd"):
        metrics.ssim(np.zeros((2, 8, 8)), np.zeros((2, 8, 8)), window=4)


def test_shapes_must_agree() -> None:
    with pytest.raises(DataError, match=r"\(30, 7\) and x_hat \(29, 7\)"):
        metrics.mse(X, X_HAT[1:])
    with pytest.raises(DataError, match="at least one sample"):
        metrics.mse(X[:0], X[:0])


def test_tensors_are_taken_as_arrays() -> None:
    assert metrics.mse(torch.tensor(X), torch.tensor(X_HAT)) == metrics.mse(X, X_HAT)
    with pytest.raises(DataError, match="convert it first"):
        metrics.mse(torch.tensor(X, requires_grad=True), X_HAT)


def test_the_table_names_functions_that_exist() -> None:
    for name, metric in metrics.METRICS.items():
        assert metric.function.__name__ == name
        assert metric.better in ("lower", "higher", "")
    assert set(metrics.METRICS) < set(dir(metrics))
    for name in metrics.__all__:
        assert getattr(metrics, name) is not None
    with pytest.raises(UnknownNameError, match="Did you mean 'mse'"):
        metrics.get("msee")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        metrics.nonsense  # noqa: B018
