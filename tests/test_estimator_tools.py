"""What an estimator offers beside scikit-learn's methods: its table of layers, and ways between rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from diabolo import MLP, Autoencoder, DataError, Gaussian, SettingError, Sphere, Training
from diabolo.checks import example_rows

X = example_rows(40, 6)


def fitted(**parts: object) -> Autoencoder:
    settings = {"encoder": MLP((4,)), "training": Training(epochs=2), "random_state": 0} | parts
    return Autoencoder(**settings).fit(X)  # type: ignore[arg-type]


@pytest.mark.parametrize("latent", [2, Sphere(3), Gaussian(2)])
def test_a_way_begins_and_ends_at_the_reconstructions(latent: object) -> None:
    ae = fitted(latent=latent)
    way = ae.interpolate(X[3], X[5:6], n=7)
    assert way.shape == (7, 6)
    assert way.dtype == X.dtype
    # One rounding of the interpolation in float32.
    np.testing.assert_allclose(way[[0, -1]], ae.reconstruct(X[[3, 5]]), rtol=1e-4, atol=1e-5)
    a, b = ae.transform(X[[3, 5]])
    middle = (a + b) / 2
    if isinstance(latent, Sphere):
        middle /= np.linalg.norm(middle)
    np.testing.assert_allclose(way[3:4], ae.inverse_transform([middle]), rtol=1e-4, atol=1e-5)


def test_rows_that_no_way_can_join_are_named() -> None:
    ae = fitted()
    with pytest.raises(DataError, match=r"b must be one sample of 6 numbers, got shape \(2, 6\)"):
        ae.interpolate(X[0], X[:2])
    with pytest.raises(DataError, match="NaN"):
        ae.interpolate(X[0], np.full(6, np.nan))
    with pytest.raises(DataError, match="a must be one sample of 6 numbers, got"):
        ae.interpolate(list("abcdef"), X[0])
    for n in (1, 2.5, True):
        with pytest.raises(SettingError, match="n, the number of samples from start to end"):
            ae.interpolate(X[0], X[1], n=n)
    with pytest.raises(NotFittedError):
        Autoencoder().interpolate(X[0], X[1])


def test_the_summary_counts_every_parameter() -> None:
    summary = fitted(reconstruction="gaussian").summary()
    assert summary.parameters == sum(r.parameters for r in summary.rows) + 1  # the variance of the noise
    assert [r.width for r in summary.rows] == [4, 4, 2, 4, 4, 6]
    assert summary.rows[2].compression == 3.0
    assert (
        str(summary).splitlines()[-1]
        == f"6 features to codes of 2 (3.00 to 1), {summary.parameters} parameters"
    )
    assert repr(summary) == str(summary)
