"""Plots: the data that is drawn, on codes and images of PCA and NMF."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from fresh import in_fresh_process
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy.integrate import trapezoid
from sklearn.datasets import load_digits, make_moons
from sklearn.decomposition import NMF, PCA
from sklearn.mixture import GaussianMixture

from diabolo import plots
from diabolo.errors import DataError, MissingExtraError, UnknownNameError

X, LABELS = load_digits(n_class=10, return_X_y=True)
X, LABELS = X[:300] / 16, LABELS[:300]
PCA2 = PCA(2, random_state=0).fit(X)
NMF2 = NMF(2, init="nndsvda", max_iter=500).fit(X)
MOONS = make_moons(60, noise=0.05, random_state=0)[0]


@pytest.fixture(autouse=True)
def _no_pyplot_figure_and_no_changed_setting() -> Iterator[None]:
    before = dict(matplotlib.rcParams)
    with plots.offscreen():
        yield
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []


def texts(legend: Any) -> list[str]:
    return [t.get_text() for t in legend.get_texts()]


def offsets(ax: Any) -> np.ndarray:
    return np.concatenate([c.get_offsets() for c in ax.collections])


def named(ax: Any) -> bool:
    """Whether an axes says what it shows."""
    return bool(ax.get_title() and ax.get_xlabel() and ax.get_ylabel())


# Maps


@pytest.mark.parametrize("model", [PCA2, NMF2], ids=["PCA", "NMF"])
@pytest.mark.parametrize("text", [False, True])
def test_encoder_map_draws_each_class_at_its_codes(model: Any, text: bool) -> None:
    Z = model.transform(X)
    ax = plots.encoder_map(Z, LABELS, text=text)
    assert len(ax.collections) == 10
    for label, drawn in enumerate(ax.collections):
        np.testing.assert_allclose(drawn.get_offsets(), Z[label == LABELS])
        assert drawn.get_label() == str(label)
    assert named(ax)
    if text:
        assert ax.get_legend() is None
    else:
        assert texts(ax.get_legend()) == [str(i) for i in range(10)]


def test_encoder_map_without_labels_and_with_a_quantity() -> None:
    Z = PCA2.transform(X)
    np.testing.assert_allclose(offsets(plots.encoder_map(Z)), Z)
    ax = plots.encoder_map(Z, X.sum(axis=1))
    np.testing.assert_allclose(ax.collections[0].get_array(), X.sum(axis=1))
    assert ax.get_legend() is None


def test_encoder_map_chooses_columns() -> None:
    Z = PCA(4).fit_transform(X)
    ax = plots.encoder_map(Z, dims=(3, 1))
    np.testing.assert_allclose(offsets(ax), Z[:, [3, 1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$z_{4}$", "$z_{2}$")


def test_text_markers_keep_one_height_and_take_any_string() -> None:
    from diabolo.plots.points import text_marker

    for label in ("1", "8", "T-shirt", "$x", "-1"):
        path, area = text_marker(label, 8.0, "o")
        extent = path.vertices.max(axis=0) - path.vertices.min(axis=0)
        # matplotlib draws the farthest vertex at sqrt(s) / 2 points from the centre.
        assert area**0.5 / 2 == pytest.approx(np.abs(path.vertices).max())
        assert extent[1] < 11
    assert text_marker(" ", 8.0, "o")[0] == "o"
    plots.encoder_map([[0, 0], [1, 1]], ["a $", ""], text=True).figure.draw_without_rendering()


def test_ab_map_has_common_limits() -> None:
    A = PCA2.transform(X)
    a, b = plots.ab_map(A, 3 * A, LABELS, names=("before", "after"))
    assert a.get_xlim() == b.get_xlim()
    assert a.get_ylim() == b.get_ylim()
    low, high = b.get_ylim()
    assert low < 3 * A[:, 1].min() < 3 * A[:, 1].max() < high
    np.testing.assert_allclose(offsets(b)[:, 0].max(), 3 * A[:, 0].max())
    assert (a.get_title(), b.get_title()) == ("before", "after")
    assert texts(a.figure.legends[0]) == [str(i) for i in range(10)]


@pytest.mark.parametrize("text", [False, True])
def test_map_3d(text: bool) -> None:
    Z = PCA(3).fit_transform(X)
    ax = plots.map_3d(Z, LABELS, text=text)
    drawn = np.concatenate([np.stack(c._offsets3d, axis=1) for c in ax.collections])
    np.testing.assert_allclose(drawn, np.concatenate([Z[i == LABELS] for i in range(10)]))
    assert ax.get_zlabel() == "$z_{3}$"
    ax.figure.draw_without_rendering()
    with pytest.raises(DataError, match="projection '3d'"):
        plots.map_3d(Z, ax=Figure().subplots())


def test_interactive_map_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingExtraError, match=r"diabolo\[plotly\]"):
        plots.map_3d_interactive(np.zeros((2, 3)))


def test_interactive_map() -> None:
    pytest.importorskip("plotly", reason='the optional extra: pip install "diabolo[plotly]"')
    Z = PCA(3).fit_transform(X)
    figure = plots.map_3d_interactive(Z, LABELS)
    assert [trace.name for trace in figure.data] == [str(i) for i in range(10)]
    np.testing.assert_allclose(figure.data[4].z, Z[LABELS == 4, 2])
    np.testing.assert_allclose(plots.map_3d_interactive(Z, Z[:, 0]).data[0].marker.color, Z[:, 0])


# Images


@pytest.mark.parametrize("model", [PCA2, NMF2], ids=["PCA", "NMF"])
def test_decoder_grid_shows_each_code_at_its_place(model: Any) -> None:
    Z = model.transform(X)
    ax = plots.decoder_grid(model, codes=Z, n=(4, 3))
    x, y = np.linspace(*_range(Z[:, 0]), 4), np.linspace(*_range(Z[:, 1]), 3)[::-1]
    assert len(ax.images) == 12
    for k, image in enumerate(ax.images):
        code = [x[k % 4], y[k // 4]]
        np.testing.assert_allclose(image.get_array(), model.inverse_transform([code]).reshape(8, 8))
        left, right, bottom, top = image.get_extent()
        np.testing.assert_allclose([(left + right) / 2, (bottom + top) / 2], code, atol=1e-9)
    assert ax.images[0].get_extent()[3] > ax.images[-1].get_extent()[3]  # the top row is the largest
    assert ax.images[0].get_clim() == ax.images[-1].get_clim()
    assert named(ax)


def _range(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def test_decoder_grid_has_square_cells_whatever_its_steps() -> None:
    ax = plots.decoder_grid(PCA2, n=(5, 9), limits=((0, 1), (-40, 40)))
    ax.figure.draw_without_rendering()
    left, bottom, right, top = ax.images[0].get_window_extent().extents
    assert right - left == pytest.approx(top - bottom, rel=1e-6)
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    np.testing.assert_allclose([x0, x1, y0, y1], [-0.125, 1.125, -45, 45])


def test_decoder_grid_decodes_in_one_batch_with_the_rest_at_the_mean() -> None:
    seen: list[np.ndarray] = []

    def decode(codes: np.ndarray) -> np.ndarray:
        seen.append(codes)
        return np.zeros((len(codes), 12))

    codes = np.random.default_rng(0).normal(size=(50, 3))
    ax = plots.decoder_grid(decode, codes=codes, dims=(2, 0), n=2, image_shape=(3, 4))
    (grid,) = seen
    np.testing.assert_allclose(grid[:, 1], codes[:, 1].mean())
    low, high = codes.min(axis=0), codes.max(axis=0)
    np.testing.assert_allclose(grid[:, 2], [low[2], high[2]] * 2)
    np.testing.assert_allclose(grid[:, 0], [high[0], high[0], low[0], low[0]])
    assert ax.get_xlabel() == "$z_{3}$"
    left, right, bottom, top = ax.images[0].get_extent()
    # An image of 3 x 4 pixels keeps square pixels inside its square cell.
    width, height = (right - left) / (high[2] - low[2]), (top - bottom) / (high[0] - low[0])
    assert height / width == pytest.approx(3 / 4)


def test_colour_images_are_channels_last_and_clipped() -> None:
    ax = plots.image_rows({"a": np.arange(24).reshape(2, 12) / 23}, image_shape=(3, 2, 2))
    np.testing.assert_allclose(ax.images[1].get_array()[0, 1], np.array([13, 17, 21]) / 23)
    plots.image_rows({"a": [[2.0] * 12]}, image_shape=(3, 2, 2)).figure.draw_without_rendering()


def test_map_and_grid_share_limits() -> None:
    a, b = plots.map_and_grid(PCA2.transform(X), LABELS, PCA2, n=3)
    assert a.get_xlim() == b.get_xlim()
    assert a.get_ylim() == b.get_ylim()
    assert len(b.images) == 9
    assert texts(a.figure.legends[0])[-1] == "9"


def test_image_rows_are_aligned_and_named() -> None:
    made = PCA2.inverse_transform(PCA2.transform(X))
    ax = plots.image_rows({"original": X, "decoded": made}, n=5, column_names=LABELS)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["original", "decoded"]
    assert [t.get_text() for t in ax.get_xticklabels()] == [str(i) for i in LABELS[:5]]
    np.testing.assert_array_equal(ax.images[2].get_array(), X[2].reshape(8, 8))
    np.testing.assert_array_equal(ax.images[7].get_array(), made[2].reshape(8, 8))
    assert ax.images[2].get_extent()[:2] == ax.images[7].get_extent()[:2]
    assert ax.images[7].get_clim() == (0, 1)  # black and white of the originals
    with pytest.raises(DataError, match=r"same samples; got a \(300, 64\), b \(2, 64\)"):
        plots.image_rows({"a": X, "b": X[:2]})
    with pytest.raises(DataError, match="names and their rows"):
        plots.image_rows(X)  # type: ignore[arg-type]


def test_rows_of_images_stand_upright() -> None:
    ax = plots.image_rows({"a": [[0.0, 0.0, 1.0, 1.0]]})
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., 0]
    left, bottom, right, top = (int(v) for v in ax.images[0].get_window_extent().extents)
    height, x = pixels.shape[0], (left + right) // 2
    assert pixels[height - top + 8, x] < 50  # the first pixels of the row are the top of the image
    assert pixels[height - bottom - 8, x] > 200


def test_latent_traversal_varies_one_coordinate_a_row() -> None:
    model = PCA(3).fit(X)
    ax = plots.latent_traversal(model, [0.1, 0.2, 0.3], dims=(2, 0), values=(-1, 0, 1))
    np.testing.assert_allclose(ax.images[2].get_array().ravel(), model.inverse_transform([[0.1, 0.2, 1]])[0])
    np.testing.assert_allclose(ax.images[3].get_array().ravel(), model.inverse_transform([[-1, 0.2, 0.3]])[0])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["$z_{3}$", "$z_{1}$"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["-1", "0", "1"]


def test_interpolation_straight_and_geodesic() -> None:
    def decode(codes: np.ndarray) -> np.ndarray:
        return np.repeat(codes, 2, axis=1)

    ax = plots.interpolation(decode, [1.0, 0.0], [0.0, 1.0], n=3)
    np.testing.assert_allclose(ax.images[1].get_array(), [[0.5, 0.5], [0.5, 0.5]])
    ax = plots.interpolation(decode, [1.0, 0.0], [0.0, 1.0], n=3, path="geodesic")
    np.testing.assert_allclose(ax.images[1].get_array(), np.full((2, 2), 0.5**0.5))
    two = plots.interpolation(decode, np.eye(2), np.eye(2)[::-1], n=4)
    assert len(two.images) == 8
    assert two.get_ylabel() == "pair"
    with pytest.raises(DataError, match="norm 1; start has norms from 2 to 2"):
        plots.interpolation(decode, [2.0, 0.0], [0.0, 1.0], path="geodesic")
    with pytest.raises(UnknownNameError, match="Did you mean 'geodesic'"):
        plots.interpolation(decode, [1.0, 0.0], [0.0, 1.0], path="geodesics")


# Sphere


def test_sphere_map_is_longitude_and_latitude() -> None:
    Z = [[1, 0, 0], [0, 2, 0], [-1, 0, 0], [0, 0, -3], [1, 0, 1]]
    ax = plots.sphere_map(Z)
    np.testing.assert_allclose(offsets(ax), [[0, 0], [90, 0], [180, 0], [0, -90], [0, 45]], atol=1e-6)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("longitude (degrees)", "latitude (degrees)")
    assert (ax.get_xlim(), ax.get_ylim()) == ((-180, 180), (-90, 90))
    with pytest.raises(DataError, match="1 of the codes"):
        plots.sphere_map([[0, 0, 0], [1, 0, 0]])


def test_sphere_grid_stands_where_the_map_puts_its_codes() -> None:
    seen: list[np.ndarray] = []

    def decode(codes: np.ndarray) -> np.ndarray:
        seen.append(codes)
        return np.tile(codes[:, :1], (1, 4))

    ax = plots.sphere_grid(decode, n=(4, 2))
    np.testing.assert_allclose(np.linalg.norm(seen[0], axis=1), 1)
    at = offsets(plots.sphere_map(seen[0]))
    centres = [(np.add(*i.get_extent()[:2]) / 2, np.add(*i.get_extent()[2:]) / 2) for i in ax.images]
    np.testing.assert_allclose(at, centres, atol=1e-6)
    np.testing.assert_allclose(centres[0], [-135, 45])
    assert [i.get_array()[0, 0] for i in ax.images] == pytest.approx(seen[0][:, 0])
    plots.sphere_grid(decode, n=1)


def test_sphere_map_and_grid() -> None:
    Z = PCA(3).fit_transform(X)
    a, b = plots.sphere_map_and_grid(Z, LABELS, PCA(3).fit(X), n=(4, 2))
    assert a.get_xlim() == b.get_xlim()
    assert a.get_legend() is None
    assert texts(a.figure.legends[0])[0] == "0"


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


# The plane


def test_plane_colour_of_samples_and_of_the_plane() -> None:
    model = PCA(1).fit(MOONS)
    codes = model.transform(MOONS)
    ax = plots.plane_colour(MOONS, codes)
    np.testing.assert_allclose(ax.collections[0].get_array(), codes[:, 0])
    np.testing.assert_allclose(offsets(ax), MOONS)
    ax = plots.plane_colour(MOONS, encode=model, n=10)
    (x0, x1), (y0, y1) = ax.images[0].get_extent()[:2], ax.images[0].get_extent()[2:]
    corner = [x0 + (x1 - x0) / 20, y0 + (y1 - y0) / 20]
    assert ax.images[0].get_array()[0, 0] == pytest.approx(model.transform([corner])[0, 0])
    ax = plots.plane_colour(MOONS, np.tile([[0.0, 2.0]], (60, 1)), angle=True)
    np.testing.assert_allclose(ax.collections[0].get_array(), 90)
    with pytest.raises(DataError, match="one of the two"):
        plots.plane_colour(MOONS)


def test_latent_line_is_the_decoders_curve() -> None:
    model = PCA(1).fit(MOONS)
    ax = plots.latent_line(model, -2, 2, X=MOONS, n=5)
    data, line = ax.collections
    np.testing.assert_allclose(data.get_offsets(), MOONS)
    points = model.inverse_transform(np.linspace(-2, 2, 5)[:, None])
    np.testing.assert_allclose([s[0] for s in line.get_segments()], points[:-1])
    np.testing.assert_allclose(line.get_array(), [-1.5, -0.5, 0.5, 1.5])
    with pytest.raises(DataError, match="rows of width 2; got"):
        plots.latent_line(PCA2, [0, 0], [1, 1])


def test_points_and_reconstructions() -> None:
    model = PCA(1).fit(MOONS)
    made = model.inverse_transform(model.transform(MOONS))
    ax = plots.points_and_reconstructions(MOONS, made)
    pairs, points, images = ax.collections
    np.testing.assert_allclose(pairs.get_segments(), np.stack([MOONS, made], axis=1))
    np.testing.assert_allclose(points.get_offsets(), MOONS)
    np.testing.assert_allclose(images.get_offsets(), made)
    assert texts(ax.figure.legends[0]) == ["original", "reconstruction"]


def test_encoder_difference() -> None:
    limits = ((0.0, 1.0), (0.0, 2.0))
    ax = plots.encoder_difference(
        lambda x: 3 * x[:, 0], lambda x: x[:, 0], limits=limits, decode=PCA(1).fit(MOONS), line=(-1, 1)
    )
    values = ax.images[0].get_array()
    np.testing.assert_allclose(values[0], 2 * (np.arange(150) + 0.5) / 150)
    low, high = ax.images[0].get_clim()
    assert low == -high
    ends = PCA(1).fit(MOONS).inverse_transform([[-1], [1]])
    np.testing.assert_allclose(ax.lines[0].get_xydata()[[0, -1]], ends)
    norm = plots.encoder_difference(lambda x: x + [3, 4], lambda x: x, limits=limits)
    np.testing.assert_allclose(norm.images[0].get_array(), 5)


# Weights


def test_weight_histograms_use_the_same_bins() -> None:
    rng = np.random.default_rng(0)
    before = {"a": rng.normal(size=(4, 5)), "b": rng.normal(size=7), "c": [1.0]}
    after = {name: 2 * np.asarray(w) for name, w in before.items()}
    panels = plots.weight_histograms(before, after)
    assert [ax.get_title() for ax in panels] == ["a", "b", "c"]
    assert sum(p.get_height() for p in panels[0].patches[:40]) == 20
    assert panels[0].patches[0].get_x() == pytest.approx(after["a"].min())
    assert texts(panels[0].figure.legends[0]) == ["before", "after"]
    with pytest.raises(DataError, match="same layers"):
        plots.weight_histograms(before, {"a": [1.0]})


def test_activation_histograms_tell_the_share_of_zeros() -> None:
    (ax,) = plots.activation_histograms({"relu": [[0.0, 1.0], [0.0, 2.0]]})
    assert texts(ax.get_legend()) == ["50% zero"]
    assert sum(p.get_height() for p in ax.patches) == 4


def test_unit_weights() -> None:
    W, V = np.arange(-6.0, 6).reshape(3, 4), np.arange(12.0).reshape(4, 3)
    ax = plots.unit_weights(W, V, units=(2, 0))
    np.testing.assert_array_equal(ax.images[0].get_array(), W[2].reshape(2, 2))
    np.testing.assert_array_equal(ax.images[3].get_array(), V[:, 0].reshape(2, 2))
    assert [i.get_clim() for i in ax.images] == [(-6, 6), (-6, 6), (-11, 11), (-11, 11)]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["3", "1"]
    with pytest.raises(DataError, match=r"weights_out \(features, units\); got"):
        plots.unit_weights(W, V.T)


@pytest.mark.parametrize("model", [PCA2, NMF2], ids=["PCA", "NMF"])
def test_components(model: Any) -> None:
    ax = plots.components(model)
    for image, row in zip(ax.images, model.components_, strict=True):
        np.testing.assert_array_equal(image.get_array(), row.reshape(8, 8))
    low, high = ax.images[1].get_clim()
    if model is PCA2:
        assert low == -high
        assert f"{PCA2.explained_variance_ratio_.sum():.1%}" in ax.get_title()
    else:
        assert (low, high) == (0, NMF2.components_[1].max())


def test_components_in_several_rows() -> None:
    ax = plots.components(PCA(10).fit(X))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["1–8", "9–10"]


# Style


def test_colours_are_told_apart() -> None:
    ax = plots.encoder_map(PCA2.transform(X), LABELS)
    looks = [(to_hex((*c.get_edgecolor(), *c.get_facecolor())[0]), c.get_paths()[0]) for c in ax.collections]
    assert len({(colour, str(path.vertices)) for colour, path in looks}) == 10
    assert len(set(plots.class_styles(8))) == 8
    assert {colour for colour, _ in plots.class_styles(7)} == set(plots.PALETTE)


def test_axes_given_are_used_and_returned() -> None:
    given = Figure().subplots(1, 2)
    assert plots.encoder_map(PCA2.transform(X), LABELS, ax=given[0]) is given[0]
    assert list(plots.ab_map(MOONS, MOONS, axes=given)) == list(given)
    with pytest.raises(DataError, match="needs 2 axes, got 3"):
        plots.ab_map(MOONS, MOONS, axes=Figure().subplots(1, 3))


def test_plots_open_a_pyplot_figure_outside_offscreen() -> None:
    from diabolo.plots.style import _OFFSCREEN

    token = _OFFSCREEN.set(False)
    try:
        ax = plots.encoder_map(MOONS)
        assert pyplot.fignum_exists(ax.figure.number)
        pyplot.close(ax.figure)
    finally:
        _OFFSCREEN.reset(token)


def test_table_names_every_plot() -> None:
    assert len(plots.PLOTS) == 24
    assert all(plots.PLOTS[name] is getattr(plots, name) for name in plots.PLOTS)
    with pytest.raises(UnknownNameError, match="Did you mean 'encoder_map'"):
        plots.PLOTS["encodermap"]


def test_the_table_imports_no_drawing() -> None:
    code = (
        "import sys; from diabolo.plots import PLOTS; "
        "print(*{'matplotlib', 'sklearn', 'torch', 'plotly'} & set(sys.modules))"
    )
    assert in_fresh_process(code).strip() == ""


# Wrong input


class _Tensor:
    """Refuses to become an array as a tensor with a gradient does."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


BAD = {
    "width": (lambda: plots.encoder_map(X), r"codes Z of width 2; got shape \(300, 64\): choose .* dims="),
    "axes": (lambda: plots.encoder_map(np.zeros((2, 2, 2))), r"reshape\(len\(X\), -1\)"),
    "flat": (lambda: plots.encoder_map([1.0, 2.0]), r"array \(n, d\).*got shape \(2,\)"),
    "nan": (lambda: plots.encoder_map([[np.nan, 1]]), "1 values that are NaN"),
    "words": (lambda: plots.encoder_map([["a", "b"]]), "array of numbers; got list"),
    "labels": (
        lambda: plots.encoder_map(MOONS, [1, 2]),
        r"each of the 60 samples, shape \(60,\); got \(2,\)",
    ),
    "mixed": (
        lambda: plots.encoder_map([[0, 1], [1, 2]], np.array(["a", None])),
        "one type; got NoneType, str",
    ),
    "unlabelled": (lambda: plots.encoder_map([[0, 1]], [np.nan]), "y holds 1 NaN"),
    "gradient": (lambda: plots.encoder_map(_Tensor()), "requires grad"),
    "losses": (lambda: plots.loss_curves({"a": ["x"]}), "a: loss must be an array of numbers"),
    "dims": (lambda: plots.encoder_map(X, dims=(0, 64)), "column numbers from 0 to 63"),
    "twice": (lambda: plots.encoder_map(X, dims=(1, 1)), "2 different column numbers"),
    "samples": (lambda: plots.ab_map(MOONS, MOONS[:3]), r"got shapes \(60, 2\) and \(3, 2\)"),
    "shape": (lambda: plots.decoder_grid(PCA2, image_shape=(8, 9)), r"64 values in all.*got \(8, 9\)"),
    "channels": (lambda: plots.decoder_grid(PCA2, image_shape=(4, 4, 4)), "C = 1 or 3"),
    "square": (lambda: plots.image_rows({"a": MOONS}), r"give image_shape=\(H, W\)"),
    "decoder": (lambda: plots.decoder_grid(3), "method inverse_transform; got int"),
    "rows": (lambda: plots.decoder_grid(lambda z: z[:3], n=2), r"decode must give 4 rows.*got \(3, 2\)"),
    "n": (lambda: plots.decoder_grid(PCA2, n=0), "n must be one number >= 1"),
    "code": (lambda: plots.latent_traversal(PCA2, np.zeros((2, 2))), "code must be one code"),
    "names": (lambda: plots.image_rows({"a": X}, column_names=[1]), "column_names must hold 8 names"),
    "sphere": (lambda: plots.sphere_map(MOONS), "codes Z of width 3"),
    "encoders": (
        lambda: plots.encoder_difference(lambda x: x, lambda x: x[:, 0], limits=((0, 1), (0, 1))),
        "codes of different shapes",
    ),
    "explained": (lambda: plots.components(X[:3], explained=[1]), "share for each of 3"),
    "activations": (lambda: plots.activation_histograms({"a": [np.inf]}), "finite numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_input_is_told_in_a_sentence(case: str) -> None:
    call, sentence = BAD[case]
    with pytest.raises(DataError, match=sentence):
        call()


# Nothing is cut off


FITTED = {
    "map": lambda: plots.encoder_map(PCA2.transform(X), LABELS),
    "map and grid": lambda: plots.map_and_grid(PCA2.transform(X), LABELS, PCA2, n=4)[0],
    "two maps": lambda: plots.ab_map(MOONS, MOONS, np.arange(60) % 3)[0],
    "sphere": lambda: plots.sphere_map_and_grid(X[:, 2:5] + 0.1, LABELS, PCA(3).fit(X), n=(4, 2))[0],
    "rows": lambda: plots.image_rows({"original": X, "reconstructed": X}, column_names=LABELS),
    "components": lambda: plots.components(PCA(10).fit(X)),
    "line": lambda: plots.latent_line(PCA(1).fit(MOONS), X=MOONS),
    "colour": lambda: plots.plane_colour(MOONS, encode=PCA(1).fit(MOONS)),
    "weights": lambda: plots.weight_histograms({"a": X, "b": X}, {"a": X, "b": X})[0],
}


@pytest.mark.parametrize("case", FITTED)
def test_text_stays_inside_the_figure(case: str) -> None:
    figure = FITTED[case]().figure
    figure.draw_without_rendering()
    tight = figure.get_tightbbox().extents * figure.dpi
    width, height = figure.canvas.get_width_height()
    # Two pixels for the rounding of text boxes.
    inside = (tight[:2] > -2).all() and tight[2] < width + 2 and tight[3] < height + 2
    assert inside, f"text at {tight} of {width} x {height} pixels"
