"""Plots: the data that is drawn, on codes and images of PCA and NMF."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fresh import in_fresh_process
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from pictured import LABELS, MOONS, NMF2, PCA2, X, offsets, texts
from sklearn.decomposition import PCA

from diabolo import plots
from diabolo.errors import DataError, UnknownNameError

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
