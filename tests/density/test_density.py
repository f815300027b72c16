"""Densities: they integrate to one, sample what they score, and survive being saved as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from fresh import in_fresh_process
from scipy import stats
from scipy.integrate import trapezoid
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from diabolo.density import (
    DENSITIES,
    Density,
    Empirical,
    Gaussian,
    GaussianMixture,
    KernelDensity,
    StandardNormal,
    UniformSphere,
    per_class,
    resolve,
)
from diabolo.errors import DataError, SettingError, UnknownNameError

CONTINUOUS = ["standard_normal", "gaussian", "gaussian_mixture", "kernel_density"]


def two_clumps(n: int = 300, d: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.normal(-2, 0.5, (n // 3, d)), rng.normal(2, 0.8, (n - n // 3, d)) * np.linspace(1, 0.5, d)]
    )


def codes_for(name: str, d: int = 2) -> np.ndarray:
    codes = two_clumps(d=d)
    return (
        codes / np.linalg.norm(codes, axis=1, keepdims=True)
        if DENSITIES[name].geometry == "sphere"
        else codes
    )


@pytest.mark.parametrize("name", CONTINUOUS)
def test_integrates_to_one_in_one_dimension(name: str) -> None:
    density = resolve(name).fit(two_clumps(d=1))
    z = np.linspace(-25, 25, 20001)
    # The trapezoid rule on smooth densities that vanish at the ends is exact far below this.
    assert trapezoid(np.exp(density.log_prob(z[:, None])), z) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_integrates_to_one_in_two_dimensions(name: str) -> None:
    density = resolve(name).fit(two_clumps(120))
    z = np.linspace(-14, 14, 401)
    grid = np.stack(np.meshgrid(z, z), axis=-1).reshape(-1, 2)
    total = np.exp(density.log_prob(grid)).sum() * (z[1] - z[0]) ** 2
    # sklearn's tree is allowed rounding of its own (it sums kernels in log space).
    assert total == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "name", ["standard_normal", "gaussian", "gaussian_mixture", "kernel_density", "empirical"]
)
def test_sample_moments(name: str) -> None:
    codes = two_clumps(600)
    drawn = resolve(name).fit(codes).sample(20000, random_state=1)
    mean, covariance = codes.mean(axis=0), np.cov(codes.T, bias=True)
    if name == "standard_normal":
        mean, covariance = np.zeros(2), np.eye(2)
    if name == "kernel_density":  # the bumps add their own variance
        covariance = covariance + np.diag(KernelDensity().fit(codes).bandwidths_ ** 2)
    # 20,000 draws of standard deviation about 2: a mean is known to 0.015; four of them are allowed.
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(np.cov(drawn.T, bias=True), covariance, atol=0.15)


def test_gaussian_is_the_maximum_likelihood_one() -> None:
    codes = two_clumps(d=3)
    g = Gaussian().fit(codes)
    np.testing.assert_allclose(g.mean_, codes.mean(axis=0))
    # The diagonal holds one millionth of the mean variance more.
    np.testing.assert_allclose(g.covariance_, np.cov(codes.T, bias=True), rtol=1e-5)
    oracle = stats.multivariate_normal(g.mean_, g.covariance_).logpdf(codes)
    np.testing.assert_allclose(g.log_prob(codes), oracle, rtol=1e-10)


def test_standard_normal_oracle() -> None:
    codes = two_clumps(d=4)
    oracle = stats.norm.logpdf(codes).sum(axis=1)
    np.testing.assert_allclose(StandardNormal().fit(codes).log_prob(codes), oracle, rtol=1e-12)


@pytest.mark.parametrize(("d", "area"), [(1, 2), (2, 2 * np.pi), (3, 4 * np.pi), (4, 2 * np.pi**2)])
def test_uniform_sphere_is_one_over_the_area(d: int, area: float) -> None:
    sphere = UniformSphere().fit(np.eye(d))
    drawn = sphere.sample(4000, random_state=0)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1)
    np.testing.assert_allclose(sphere.log_prob(drawn), -np.log(area), rtol=1e-12)
    assert sphere.log_prob(1.1 * np.eye(d))[0] == -np.inf
    # Each coordinate has mean 0 and variance 1/d; four standard errors.
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=4 / np.sqrt(4000 * d))


def test_uniform_sphere_takes_single_precision() -> None:
    codes = codes_for("uniform_sphere", 5).astype(np.float32)
    assert np.isfinite(UniformSphere().fit(codes).log_prob(codes)).all()


def test_mixture_chooses_components_by_bic() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [8, 0], [0, 8]])
    codes = np.concatenate([rng.normal(c, 1, (200, 2)) for c in centres])
    mixture = GaussianMixture().fit(codes)
    assert len(mixture.weights_) == 3
    again = GaussianMixture().fit(codes)
    np.testing.assert_array_equal(mixture.means_, again.means_)
    order = np.lexsort(mixture.means_.round().T)
    np.testing.assert_allclose(mixture.means_[order], [[0, 0], [8, 0], [0, 8]], atol=0.25)


def test_mixture_log_prob_is_the_sum_over_components() -> None:
    codes = two_clumps()
    m = GaussianMixture(2).fit(codes)
    terms = [
        np.log(w) + stats.multivariate_normal(mean, c).logpdf(codes)
        for w, mean, c in zip(m.weights_, m.means_, m.covariances_, strict=True)
    ]
    np.testing.assert_allclose(m.log_prob(codes), logsumexp(terms, axis=0), rtol=1e-10)


def test_mixture_samples_are_not_in_order_of_component() -> None:
    drawn = GaussianMixture(2).fit(two_clumps()).sample(400, random_state=0)[:, 0]
    assert 0.2 < (drawn[:200] < 0).mean() < 0.5


def test_mixture_of_repeated_and_constant_codes() -> None:
    codes = np.repeat([[0.0, 3.0], [1.0, 3.0]], 20, axis=0)
    mixture = GaussianMixture().fit(codes)
    assert np.isfinite(mixture.log_prob(codes)).all()
    assert np.isfinite(Gaussian().fit(np.ones((5, 2))).log_prob(np.ones((1, 2)))).all()


def test_kernel_density_is_the_double_loop() -> None:
    codes, at = two_clumps(30), two_clumps(9, seed=5)
    kde = KernelDensity("silverman").fit(codes)
    np.testing.assert_allclose(kde.bandwidths_, codes.std(axis=0) * 30 ** (-1 / 6))
    loop = [np.mean([np.prod(stats.norm.pdf(z, c, kde.bandwidths_)) for c in codes]) for z in at]
    np.testing.assert_allclose(np.exp(kde.log_prob(at)), loop, rtol=1e-8)
    np.testing.assert_array_equal(KernelDensity(0.3).fit(codes).bandwidths_, [0.3, 0.3])


def test_empirical_is_a_probability() -> None:
    codes = np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 2.0], [-0.0, 5.0]])
    e = Empirical().fit(codes)
    np.testing.assert_allclose(np.exp(e.log_prob([[0.0, 1], [2, 2], [0, 5], [9, 9]])), [0.5, 0.25, 0.25, 0])
    assert {tuple(r) for r in e.sample(100, random_state=0)} == {tuple(r) for r in codes}


@pytest.mark.parametrize("name", DENSITIES)
def test_round_trip_through_arrays(name: str) -> None:
    codes = codes_for(name)
    density = resolve(name).fit(codes)
    arrays = density.to_arrays()
    back = type(density).from_arrays(arrays, **density.get_params())
    np.testing.assert_array_equal(back.log_prob(codes), density.log_prob(codes))
    np.testing.assert_array_equal(back.sample(5, random_state=3), density.sample(5, random_state=3))
    assert back.get_params() == density.get_params()
    assert back.n_features_in_ == 2
    for value in arrays.values():  # a copy: changing it does not change the density
        value += 1
    np.testing.assert_array_equal(back.log_prob(codes), density.log_prob(codes))


@pytest.mark.parametrize("name", DENSITIES)
def test_sampling_is_seeded_and_sized(name: str) -> None:
    density = resolve(name).fit(codes_for(name))
    assert density.sample(0).shape == (0, 2)
    assert density.sample(7, random_state=0).shape == (7, 2)
    np.testing.assert_array_equal(density.sample(7, random_state=0), density.sample(7, random_state=0))
    with pytest.raises(SettingError, match="n must be a whole number"):
        density.sample(-1)


@pytest.mark.parametrize("name", [n for n in DENSITIES if DENSITIES[n].geometry != "sphere"])
def test_scikit_learns_own_checks(name: str) -> None:
    # A skipped check is one of an optional array backend.
    check_estimator(resolve(name), on_skip=None)


def test_damaged_arrays_are_refused() -> None:
    arrays = Gaussian().fit(two_clumps()).to_arrays()
    with pytest.raises(DataError, match="made from the arrays mean, covariance; got mean"):
        Gaussian.from_arrays({"mean": arrays["mean"]})
    with pytest.raises(DataError, match=r"'covariance' must be finite with shape \(d, d\), d = 2; got shape"):
        Gaussian.from_arrays({**arrays, "covariance": np.eye(3)})
    with pytest.raises(DataError, match="finite"):
        Gaussian.from_arrays({**arrays, "mean": np.array([np.nan, 0])})


def test_bad_input_is_told_in_a_sentence() -> None:
    with pytest.raises(DataError, match=r"codes of shape \(n, d\).*Expected 2D array"):
        Gaussian().fit(np.zeros(3))
    with pytest.raises(DataError, match="NaN"):
        Gaussian().fit([[np.nan, 1.0], [0.0, 1.0]])
    with pytest.raises(DataError, match="minimum of 2 is required"):
        Gaussian().fit([[1.0, 2.0]])
    with pytest.raises(DataError, match="2 features"):
        Gaussian().fit(two_clumps()).log_prob(np.zeros((1, 3)))
    with pytest.raises(DataError, match="norms from 0 to 0"):
        UniformSphere().fit(np.zeros((2, 2)))
    with pytest.raises(DataError, match="9 components need at least 9 codes"):
        GaussianMixture(9).fit(np.eye(3))
    with pytest.raises(SettingError, match="n_components must be a whole number"):
        GaussianMixture(0).fit(np.eye(3))
    for bad in ("scot", -1.0, float("nan"), True):
        with pytest.raises(SettingError, match="bandwidth must be"):
            KernelDensity(bad).fit(np.eye(3))


def test_resolve() -> None:
    fitted = Gaussian().fit(two_clumps())
    assert resolve(fitted) is fitted
    assert isinstance(resolve(GaussianMixture), GaussianMixture)
    with pytest.raises(UnknownNameError, match="Did you mean 'gaussian_mixture'"):
        resolve("gaussian_mixtur")
    with pytest.raises(SettingError, match="density must be one of"):
        resolve(3)
    assert "gaussian_mixture" in DENSITIES
    assert all(issubclass(DENSITIES[name], Density) for name in DENSITIES)


def test_clone_forgets_what_was_learnt() -> None:
    copy = clone(KernelDensity(0.2).fit(two_clumps()))
    assert copy.bandwidth == 0.2
    assert not hasattr(copy, "codes_")


def test_per_class() -> None:
    codes = two_clumps(90)
    y = np.array(["left"] * 30 + ["right"] * 60)
    fitted = per_class(codes, y, Gaussian())
    assert list(fitted) == ["left", "right"]
    np.testing.assert_allclose(fitted["right"].mean_, codes[30:].mean(axis=0))
    with pytest.raises(DataError, match="one label per code"):
        per_class(codes, y[:-1])
    with pytest.raises(DataError, match=r"class 'odd' \(1 codes\)"):
        per_class(codes, ["odd"] + list(y[1:]), "gaussian")


def test_names_cost_no_slow_import() -> None:
    code = (
        "import sys; from diabolo.density import DENSITIES; list(DENSITIES); "
        "print(*{'sklearn', 'torch', 'scipy'} & set(sys.modules))"
    )
    assert in_fresh_process(code).strip() == ""
