"""Densities of codes on a sphere: they integrate to one over its area, and are learnt from draws of their own."""

from __future__ import annotations

import warnings

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad, trapezoid
from scipy.special import gammaln, logsumexp
from sklearn.exceptions import ConvergenceWarning

from diabolo import Autoencoder, Euclidean, Sphere, Training
from diabolo.datasets import load_digits
from diabolo.density import (
    DENSITIES,
    GaussianMixture,
    SphereKernelDensity,
    UniformSphere,
    VonMisesFisherMixture,
)
from diabolo.density.sphere import log_bessel, log_normalizer
from diabolo.errors import DataError, SettingError


def mixture(means: np.ndarray, concentrations: list[float], weights: list[float]) -> VonMisesFisherMixture:
    made = {"weights": weights, "means": means, "concentrations": concentrations}
    return VonMisesFisherMixture.from_arrays(made)


@pytest.mark.parametrize("order", [0.5, 1.0, 4.0, 24.0, 99.0, 500.0])
@pytest.mark.parametrize("x", [1e-3, 0.1, 1.0, 10.0, 100.0])
def test_the_logarithm_of_bessels_function(order: float, x: float) -> None:
    exact = float(mpmath.log(mpmath.besseli(order, x, maxterms=10**6)))
    assert log_bessel(order, np.array([x]))[0] == pytest.approx(exact, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 24.0, 255.0])
@pytest.mark.parametrize("x", [1e4, 1e8, 1e9, 1e10, 1e13])
def test_the_logarithm_of_bessels_function_for_narrow_components(order: float, x: float) -> None:
    """SciPy's function is not a number from 1e9 on; what differs from the argument decides how narrow a fit is."""
    with mpmath.workdps(40):
        exact = float(mpmath.log(mpmath.besseli(order, mpmath.mpf(x))) - mpmath.mpf(x))
    assert log_bessel(order, np.array([x]), scaled=True)[0] == pytest.approx(exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("d", [2, 3, 10, 512])
@pytest.mark.parametrize("kappa", [1.0, 1e3, 1e6, 1e9])
def test_the_concentration_is_that_of_the_largest_likelihood(d: int, kappa: float) -> None:
    """Bessel functions' ratio there is the length of the codes' mean; rounding of the codes does not matter."""
    codes = mixture(np.eye(d)[:1], [kappa], [1.0]).sample(500, random_state=0)
    with mpmath.workdps(40):
        length = mpmath.norm(
            [mpmath.fsum(map(mpmath.mpf, column)) / len(codes) for column in codes.T.tolist()]
        )
        found = float(VonMisesFisherMixture(1).fit(codes).concentrations_[0])
        wanted = 1 - length
        for k, ok in ((found * (1 - 1e-4), True), (found * (1 + 1e-4), False)):
            k = mpmath.mpf(k)
            ratio = mpmath.besseli(mpmath.mpf(d) / 2, k) / mpmath.besseli(mpmath.mpf(d) / 2 - 1, k)
            assert (1 - ratio > wanted) == ok
    single = VonMisesFisherMixture(1).fit(codes.astype(np.float32))
    assert single.concentrations_[0] == pytest.approx(found, rel=1e-3)
    assert np.isfinite(single.log_prob(codes.astype(np.float32))).all()


@pytest.mark.parametrize("d", [2, 3, 10])
def test_codes_that_are_one_point_or_two(d: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for points in (1, 2):
            codes = np.repeat(np.eye(d)[:points], 50, axis=0)
            for components in (None, 1, 5):
                fitted = VonMisesFisherMixture(components).fit(codes)
                assert np.isfinite(fitted.log_prob(codes)).all()
                np.testing.assert_allclose(
                    np.linalg.norm(fitted.sample(20, random_state=0), axis=1), 1, atol=1e-12
                )
            near = VonMisesFisherMixture(points).fit(codes).sample(20, random_state=0) @ codes[[0, -1]].T
            assert (near.max(axis=1) > 1 - 1e-8).all()


def test_a_number_of_components_that_cannot_be() -> None:
    assert len(VonMisesFisherMixture(np.int64(2)).fit(np.eye(4)).weights_) == 2  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"5 components need at least 5 codes, got \(4, 4\)"):
        VonMisesFisherMixture(5).fit(np.eye(4))
    for wrong in (0, True, 1.5):
        with pytest.raises(SettingError, match="n_components must be a whole number >= 1"):
            VonMisesFisherMixture(wrong).fit(np.eye(4))  # type: ignore[arg-type]


@pytest.mark.parametrize("d", [2, 3, 5, 50])
@pytest.mark.parametrize("kappa", [0.0, 1e-3, 2.0, 80.0, 5000.0])
def test_one_component_integrates_to_one_over_the_area(d: int, kappa: float) -> None:
    # By the height along its mean: the sphere of one dimension less, of radius sin(angle), lies at each.
    area = np.exp(np.log(2) + (d - 1) / 2 * np.log(np.pi) - gammaln((d - 1) / 2))

    def ring(angle: float) -> float:
        constant = float(log_normalizer(np.array([kappa]), d)[0])
        return area * np.sin(angle) ** (d - 2) * np.exp(constant + kappa * np.cos(angle))

    near = min(np.pi, 12 / np.sqrt(max(kappa, 1.0)) + 3 / np.sqrt(d))
    assert quad(ring, 0, near, limit=500)[0] + quad(ring, near, np.pi, limit=500)[0] == pytest.approx(
        1, rel=1e-6
    )


def test_a_mixture_integrates_to_one_and_far_out_is_uniform() -> None:
    angle = np.linspace(-np.pi, np.pi, 200_001)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    two = mixture(np.array([[1.0, 0.0], [0.0, -1.0]]), [20.0, 0.5], [0.3, 0.7])
    assert trapezoid(np.exp(two.log_prob(circle)), angle) == pytest.approx(1, abs=1e-9)
    flat = mixture(np.eye(4)[:1], [0.0], [1.0])
    codes = UniformSphere().fit(np.eye(4)).sample(20, random_state=0)
    np.testing.assert_allclose(flat.log_prob(codes), UniformSphere().fit(codes).log_prob(codes), rtol=1e-12)
    assert flat.log_prob([[2.0, 0, 0, 0]])[0] == -np.inf


@pytest.mark.parametrize("d", [2, 3, 10])
def test_it_is_learnt_from_its_own_draws(d: int) -> None:
    means = np.eye(d)[:2]
    truth = mixture(means, [30.0, 120.0], [0.35, 0.65])
    codes = truth.sample(4000, random_state=0)
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, atol=1e-12)
    found = VonMisesFisherMixture().fit(codes)
    assert len(found.weights_) == 2
    order = np.argsort(found.weights_)
    np.testing.assert_allclose(found.weights_[order], [0.35, 0.65], atol=0.03)
    np.testing.assert_allclose(found.concentrations_[order], [30.0, 120.0], rtol=0.1)
    assert (np.einsum("ij,ij->i", found.means_[order], means) > 0.999).all()
    held_out = truth.sample(2000, random_state=1)
    assert found.score(held_out) == pytest.approx(truth.score(held_out), abs=0.02)


def test_draws_of_a_model_on_a_sphere_lie_on_it() -> None:
    """A Gaussian mixture of the surrounding space drew codes of norms 0.3 to 2.1."""
    X = load_digits()[0]
    ae = Autoencoder(Sphere(3), training=Training(epochs=5), random_state=0, verbose=False).fit(X)
    for density in (None, "von_mises_fisher_mixture", "uniform_sphere", "empirical"):
        codes = ae.sample_codes(300, density=density, random_state=0)
        np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, atol=1e-5)
    # What was learnt of the codes tells them better than knowing the sphere alone.
    codes = ae.transform(X)
    learnt = VonMisesFisherMixture().fit(codes[::2]).score(codes[1::2])
    assert learnt > UniformSphere().fit(codes[::2]).score(codes[1::2]) + 0.2
    for density in ("gaussian_mixture", GaussianMixture(2).fit(codes), "standard_normal", "kernel_density"):
        with pytest.raises(SettingError, match=r"a density of flat codes.*von_mises_fisher_mixture"):
            ae.sample(3, density=density)


def test_densities_of_the_sphere_are_refused_elsewhere() -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    ae = Autoencoder(Euclidean(2), training=Training(epochs=1), random_state=0, verbose=False).fit(X)
    with pytest.raises(
        SettingError, match=r"a density of sphere codes, and these codes are flat.*gaussian_mixture"
    ):
        ae.sample(3, density="von_mises_fisher_mixture")
    with pytest.raises(DataError, match="takes codes of norm 1, got norms from"):
        VonMisesFisherMixture().fit(X)
    assert {DENSITIES[name].geometry for name in DENSITIES} == {"flat", "sphere", "any"}


def _sphere_grid(across: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of the sphere in three dimensions and the area that each stands for: Gauss's rule by height."""
    height, weight = np.polynomial.legendre.leggauss(across)
    angle = np.arange(2 * across) * np.pi / across
    radius = np.sqrt(1 - height**2)[:, None]
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), height[:, None] + 0 * angle], axis=-1)
    return points.reshape(-1, 3), np.repeat(weight * np.pi / across, 2 * across)


@pytest.mark.parametrize("bandwidth", ["scott", "silverman", 0.1, 1.0, 30.0])
def test_kernels_on_the_sphere_integrate_to_one_over_its_area(bandwidth: float | str) -> None:
    codes = mixture(np.eye(3)[:2], [30.0, 4.0], [0.4, 0.6]).sample(60, random_state=0)
    kernel = SphereKernelDensity(bandwidth).fit(codes)
    points, area = _sphere_grid(120)
    assert np.exp(kernel.log_prob(points)) @ area == pytest.approx(1, abs=1e-6)
    kappa = kernel.bandwidth_[0] ** -2
    each = log_normalizer(np.array([kappa]), 3) + kappa * points @ codes.T
    expected = logsumexp(each, axis=1) - np.log(len(codes))
    np.testing.assert_allclose(kernel.log_prob(points), expected, atol=1e-6)
    assert kernel.log_prob(2 * points[:1])[0] == -np.inf


def test_kernels_on_a_circle_integrate_to_one_and_draw_on_it() -> None:
    angle = np.linspace(-np.pi, np.pi, 20_001)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    kernel = SphereKernelDensity().fit(mixture(np.eye(2)[:1], [9.0], [1.0]).sample(500, random_state=0))
    assert trapezoid(np.exp(kernel.log_prob(circle)), angle) == pytest.approx(1, abs=1e-6)
    drawn = kernel.sample(2000, random_state=0)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-12)
    mean = trapezoid(np.exp(kernel.log_prob(circle))[:, None] * circle, angle, axis=0)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    one_point = SphereKernelDensity().fit(np.repeat(np.eye(3)[:1], 5, axis=0))
    assert np.isfinite(one_point.log_prob(np.eye(3))).all()


def test_components_that_still_move_at_the_last_iteration_are_said_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = mixture(np.eye(3)[:2], [5.0, 4.0], [0.4, 0.6]).sample(300, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VonMisesFisherMixture(1).fit(codes)
    monkeypatch.setattr("diabolo.density.sphere._ITERATIONS", 3)
    with pytest.warns(ConvergenceWarning, match="the 2 components still moved when their fit ended after 3"):
        VonMisesFisherMixture(2).fit(codes)
