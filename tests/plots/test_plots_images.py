"""Rows and grids of images: what stands where, and which way up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from pictured import LABELS, NMF2, PCA2, X, named, texts
from sklearn.decomposition import PCA

from diabolo import plots
from diabolo.errors import DataError, UnknownNameError

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
