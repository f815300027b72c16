"""Maps of codes, in the plane, in space and on the sphere: what is drawn is where the codes are."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from pictured import LABELS, NMF2, PCA2, X, named, offsets, texts
from sklearn.decomposition import PCA

from diabolo import plots
from diabolo.errors import DataError, MissingExtraError

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
