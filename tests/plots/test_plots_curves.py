"""Curves: losses, metrics over a setting, and densities of a coordinate."""

from __future__ import annotations

import numpy as np
import pytest
from pictured import PCA2, X, texts
from scipy.integrate import trapezoid
from sklearn.mixture import GaussianMixture

from diabolo import plots
from diabolo.errors import DataError, UnknownNameError

# Curves


def test_loss_curves_of_several_models() -> None:
    histories = {
        "a": {
            "loss": [3.0, 2.0, 1.0],
            "val": [np.nan, 2.5, 1.5],
            "step": [10, 20, 30],
            "time": [5.0, 6.0, 8.0],
        },
        "b": {"loss": [2.0, 1.0], "val": [2.0, 2.0], "time": [0.0, 9.0]},
    }
    ax = plots.loss_curves(histories, terms=("loss", "val"))
    a, a_val, b, _ = ax.lines
    np.testing.assert_array_equal(a.get_xydata(), [[10, 3], [20, 2], [30, 1]])
    np.testing.assert_array_equal(a_val.get_xydata(), [[20, 2.5], [30, 1.5]])
    np.testing.assert_array_equal(b.get_xdata(), [1, 2])
    assert a.get_color() == a_val.get_color() != b.get_color()
    assert a.get_linestyle() != a_val.get_linestyle()
    assert texts(ax.get_legend()) == ["a: loss", "a: val", "b: loss", "b: val"]
    timed = plots.loss_curves(histories, against="time")
    np.testing.assert_array_equal(timed.lines[0].get_xdata(), [0, 1, 3])
    assert "(s)" in timed.get_xlabel()
    plain = plots.loss_curves({"c": [3, 2]}, log=True)
    assert plain.get_yscale() == "log"
    with pytest.raises(UnknownNameError, match="Did you mean 'val'"):
        plots.loss_curves(histories, terms=("vall",))
    with pytest.raises(DataError, match="mapping of names"):
        plots.loss_curves([1, 2])  # type: ignore[arg-type]


def test_loss_curves_of_a_data_frame() -> None:
    import pandas as pd

    frame = pd.DataFrame({"step": [1, 2], "loss": [4.0, 3.0]})
    np.testing.assert_array_equal(plots.loss_curves({"a": frame}).lines[0].get_ydata(), [4, 3])


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_derivatives_are_those_of_the_losses(y: float) -> None:
    loss, slope = plots.loss_functions(y=y)
    assert [line.get_label() for line in slope.lines[:3]] == ["squared", "absolute", "Bernoulli"]
    for value, derivative in zip(loss.lines[:3], slope.lines[:3], strict=True):
        p, drawn = value.get_xdata(), derivative.get_ydata()
        numeric = np.gradient(value.get_ydata(), p)
        away = np.abs(p - y) > 0.01  # the absolute loss has no derivative at its target
        # Central differences on 400 points: the error is a third derivative times h^2 / 6.
        np.testing.assert_allclose(drawn[away][1:-1], numeric[away][1:-1], rtol=2e-3, atol=2e-3)


def test_loss_functions_of_ones_own() -> None:
    _, slope = plots.loss_functions({"cube": lambda p, y: (p - y) ** 3}, y=0, limits=(-1, 1))
    p = slope.lines[0].get_xdata()
    np.testing.assert_allclose(slope.lines[0].get_ydata(), 3 * p**2, atol=1e-8)


def test_metric_curve_draws_mean_and_spread_in_order() -> None:
    scores = np.array([[3.0, 5.0], [1.0, 1.0], [2.0, 4.0]])
    ax = plots.metric_curve([8, 2, 4], scores, x_name="latent dimension", log=True)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[2, 1], [4, 3], [8, 4]])
    band = ax.collections[0].get_paths()[0].vertices
    assert {tuple(v) for v in band} >= {(8.0, 3.0), (8.0, 5.0), (4.0, 2.0), (4.0, 4.0)}
    assert texts(ax.get_legend()) == ["mean of 2", "± one standard deviation"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["8", "2", "4"]
    words = plots.metric_curve(["relu", "tanh"], {"a": [1, 2], "b": [2, 3]})
    assert [t.get_text() for t in words.get_xticklabels()] == ["relu", "tanh"]
    with pytest.raises(DataError, match=r"shape \(2, repeats\)"):
        plots.metric_curve([1, 2], [[1, 2, 3]])
    with pytest.raises(UnknownNameError, match="Did you mean 'range'"):
        plots.metric_curve([1], [1], spread="ranges")


def test_code_histogram_and_its_mixture_have_area_one() -> None:
    Z = PCA2.transform(X)
    ax = plots.code_histogram(Z, dim=1, bins=20)
    assert sum(p.get_height() * p.get_width() for p in ax.patches) == pytest.approx(1)
    x, density = ax.lines[0].get_data()
    # The curve ends a twentieth of the range beyond the data, which leaves out its tails.
    assert trapezoid(density, x) == pytest.approx(1, abs=0.03)
    assert ax.get_xlabel() == "$z_{2}$"
    foreign = GaussianMixture(2, random_state=0).fit(Z[:, :1])
    drawn = plots.code_histogram(Z, density=foreign).lines[0]
    expected = np.exp(foreign.score_samples(np.asarray(drawn.get_xdata())[:, None]))
    np.testing.assert_allclose(drawn.get_ydata(), expected)
    assert len(plots.code_histogram(Z, density=None).lines) == 0
    with pytest.raises(DataError, match="log_prob or score_samples; got int"):
        plots.code_histogram(Z, density=3)
