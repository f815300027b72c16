"""What the page asks, against the same computed directly."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.spatial import procrustes
from sklearn.decomposition import NMF, PCA
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo.corruption import Rotation
from diabolo.errors import DataError, UnknownNameError
from diabolo.explorer import requests
from diabolo.explorer.loading import SKLEARN
from diabolo.explorer.model import ExplorerModel, make_subjects, spread_rows


def code(*values: float) -> dict[str, np.ndarray]:
    return {"codes": np.array([values], np.float32)}


def test_the_page_is_told_what_the_model_can_do(
    ask: Any, plane: Any, vae: Any, globe: Any, digits: Any
) -> None:
    told, _ = ask(make_subjects(plane, *digits), "hello")
    assert (told["n"], told["dim"], told["image_shape"], told["models"]) == (600, 2, [1, 8, 8], 1)
    assert told["can_decode"]
    assert not told["sphere"]
    assert told["epochs"] == 13
    assert "rotation" in told["corruptions"]
    assert ask(make_subjects(globe, *digits), "hello")[0]["sphere"]
    kl = ask(make_subjects(vae, *digits), "hello")[0]["kl"]
    exact = vae.module_.kl_per_dimension(torch.from_numpy(digits[0]))
    np.testing.assert_allclose(kl, exact.mean(0).detach().numpy(), rtol=1e-4)


def test_points_codes_and_errors_are_those_of_the_model(ask: Any, plane: Any, digits: Any) -> None:
    X, y = digits
    subjects = make_subjects(plane, X, y)
    told, sent = ask(subjects, "points")
    assert told["total"] == len(X)
    np.testing.assert_array_equal(sent["codes"], plane.transform(X))
    np.testing.assert_array_equal(sent["labels"], y)
    errors = ask(subjects, "errors")[1]["values"]
    np.testing.assert_allclose(errors, -plane.score_samples(X), rtol=1e-6)


def test_a_small_model_is_handed_over_as_a_plan(
    ask: Any, plane: Any, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = make_subjects(plane, *digits)
    told, sent = ask(subjects, "plan")
    weights = sum(p.numel() for p in plane.module_.parameters())
    assert sent["weights"].shape == (weights,)
    assert [step["op"] for step in told["steps"]["decoder"]][::2] == ["dense"] * 3
    products = sum(p.numel() for p in plane.module_.decoder.parameters() if p.ndim == 2)
    monkeypatch.setattr(requests, "_MAX_PRODUCTS", products)
    assert ask(subjects, "plan")[0]["steps"]
    monkeypatch.setattr(requests, "_MAX_PRODUCTS", products - 1)
    assert f"takes {products} products" in ask(subjects, "plan")[0]["why"]
    monkeypatch.setattr(requests, "_MAX_WEIGHTS", weights - 1)
    assert f"has {weights} weights" in ask(subjects, "plan")[0]["why"]
    other = make_subjects(PCA(2).fit(digits[0]), *digits)
    assert ask(other, "plan") == ({"steps": None, "why": "PCA is no autoencoder of Diabolo"}, {})


def test_decoding_and_one_row_agree_with_the_model(ask: Any, plane: Any, digits: Any) -> None:
    X, y = digits
    subjects = make_subjects(plane, X, y)
    for n in (1, 9, 100):
        codes = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
        rows = ask(subjects, "decode", {"codes": codes})[1]["rows"]
        # Products round differently for different numbers of rows, by some units in the last place of float32.
        np.testing.assert_allclose(rows, plane.inverse_transform(codes), atol=1e-6)
    _, sent = ask(subjects, "row", row=17)
    np.testing.assert_array_equal(sent["input"][0], X[17])
    np.testing.assert_array_equal(sent["reconstructed"], plane.reconstruct(X[17:18]))
    errors = -plane.score_samples(X)
    assert sent["percentiles"][0] == pytest.approx(100 * (errors < errors[17]).mean(), abs=0.2)
    Z = plane.transform(X)
    far = np.linalg.norm(Z - Z[17], axis=1)
    assert sent["neighbours"].tolist() == [i for i in np.argsort(far) if i != 17][:12]


def test_a_sample_of_the_points_keeps_the_share_of_every_label(plane: Any, digits: Any) -> None:
    subject = make_subjects(plane, *digits)[0]
    rows = spread_rows(np.flatnonzero(subject.finite), subject.data.y, 100)
    assert len(set(rows)) == 100
    counts = np.bincount(digits[1][rows], minlength=10)
    assert np.abs(counts - np.bincount(digits[1], minlength=10) / 6).max() <= 1.5


def test_far_away_is_said_to_be_far_and_near_is_not(ask: Any, plane: Any, digits: Any) -> None:
    subjects = make_subjects(plane, *digits)
    size = 20 * float(np.abs(plane.transform(digits[0])).max())
    assert ask(subjects, "judge", code(size, size))[0]["far"]
    at = plane.transform(digits[0][:1])[0]
    told = ask(subjects, "judge", code(*at))[0]
    assert not told["far"]
    assert told["nearest"] == 0


def test_heat_layers_are_the_density_and_the_cycle_error(ask: Any, plane: Any, digits: Any) -> None:
    from diabolo.density import KernelDensity

    subjects = make_subjects(plane, *digits)
    grid = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    density = ask(subjects, "heat", {"codes": grid}, kind="density")[1]["values"]
    expected = KernelDensity().fit(plane.transform(digits[0])).log_prob(grid)
    np.testing.assert_allclose(density, expected, rtol=1e-4)
    cycle = ask(subjects, "heat", {"codes": grid}, kind="cycle")[1]["values"]
    moved = plane.transform(plane.inverse_transform(grid)) - grid
    np.testing.assert_allclose(cycle, np.linalg.norm(moved, axis=1), rtol=1e-4, atol=1e-6)


def test_no_corruption_changes_nothing_and_more_changes_more(ask: Any, plane: Any, digits: Any) -> None:
    subjects = make_subjects(plane, *digits)
    X = digits[0]
    for kind in ask(subjects, "hello")[0]["corruptions"]:
        clean = ask(subjects, "corrupt", row=3, kind=kind, amount=0)[1]["rows"]
        np.testing.assert_array_equal(clean[0], X[3])
        assert (
            np.abs(ask(subjects, "corrupt", row=3, kind=kind, amount=0.6)[1]["rows"] - X[3]).max() > 0.05
        ), kind


def test_an_amount_is_a_share_of_the_largest_value_of_its_setting(ask: Any, plane: Any, digits: Any) -> None:
    subjects = make_subjects(plane, *digits)
    shown = ask(subjects, "corrupt", row=3, kind="rotation", amount=0.5, seed=7)[1]["rows"]
    domain, x = plane.module_.domain, torch.from_numpy(plane.scaler_.forward(digits[0][3:4], np.float32))
    turned = Rotation(90)
    noise = turned.draw((1,), domain, torch.Generator().manual_seed(7))
    expected = plane.scaler_.backward(turned.apply(x, noise, domain).numpy(), np.float32)
    np.testing.assert_allclose(shown, expected, rtol=1e-6, atol=1e-6)


def test_rows_that_are_no_pictures_are_not_turned(ask: Any) -> None:
    table = pd.DataFrame(np.random.default_rng(0).random((40, 3)), columns=list("abc"))
    told = ask(make_subjects(PCA(2).fit(table), table), "hello")[0]["corruptions"]
    assert "masking" in told
    assert not {"rotation", "occlusion", "pixel_shuffle"} & set(told)


def test_epochs_give_the_codes_that_were_kept(ask: Any, plane: Any, digits: Any) -> None:
    sent = ask(make_subjects(plane, *digits), "epoch", epoch=12)[1]
    np.testing.assert_allclose(sent["codes"], plane.transform(digits[0][:100]), atol=1e-5)
    with pytest.raises(DataError, match="kept no codes of its epochs"):
        ask(make_subjects(PCA(2).fit(digits[0]), *digits), "epoch", epoch=0)


def test_exports_hold_the_chosen_rows(ask: Any, plane: Any, digits: Any) -> None:
    frame = pd.DataFrame(digits[0], index=[f"n{i}" for i in range(600)]).add_prefix("p")
    model = PCA(2).fit(frame)
    subjects = make_subjects(model, frame, digits[1])
    rows = {"rows": np.array([5, 2, 9], np.int32)}
    csv = pd.read_csv(io.BytesIO(ask(subjects, "export", rows, format="csv")[1]["file"].tobytes()))
    assert csv.iloc[:, 0].tolist() == ["n5", "n2", "n9"]
    assert csv["label"].tolist() == digits[1][[5, 2, 9]].tolist()
    parquet = pd.read_parquet(
        io.BytesIO(ask(subjects, "export", rows, format="parquet")[1]["file"].tobytes())
    )
    np.testing.assert_allclose(parquet[["z0", "z1"]], model.transform(frame)[[5, 2, 9]], rtol=1e-5)
    png = ask(make_subjects(plane, *digits), "export", rows, format="png")[1]["file"].tobytes()
    assert png.startswith(b"\x89PNG")
    with pytest.raises(DataError, match="pictures"):
        ask(subjects, "export", rows, format="png")
    with pytest.raises(UnknownNameError, match="parquet"):
        ask(subjects, "export", rows, format="parkuet")


FOREIGN = [PCA(3), NMF(2, max_iter=2000, tol=1e-3, random_state=0), make_pipeline(StandardScaler(), PCA(2))]


@pytest.mark.parametrize("model", FOREIGN, ids=["pca", "nmf", "pipeline"])
def test_any_transformer_is_explored(ask: Any, model: Any, digits: Any) -> None:
    X, y = digits
    subjects = make_subjects(model.fit(X), X, y)
    assert ask(subjects, "hello")[0]["can_decode"]
    sent = ask(subjects, "row", row=0)[1]
    expected = model.inverse_transform(model.transform(X[:1]))
    np.testing.assert_allclose(sent["reconstructed"], expected, atol=1e-5)
    assert sent["errors"][0] == pytest.approx(((X[0] - expected) ** 2).sum(), rel=1e-4)


def test_a_model_without_an_inverse_is_placed_but_not_decoded(ask: Any, digits: Any) -> None:
    from sklearn.cluster import KMeans

    model = KMeans(3, n_init=1, random_state=0).fit(digits[0])
    subjects = make_subjects(model, *digits)
    assert not ask(subjects, "hello")[0]["can_decode"]
    assert "reconstructed" not in ask(subjects, "row", row=0)[1]
    with pytest.raises(DataError, match="cannot decode"):
        ask(subjects, "errors")


def test_what_cannot_be_shown_is_refused_with_a_sentence(digits: Any) -> None:
    X, y = digits
    pca = PCA(2).fit(X)
    with pytest.raises(DataError, match="t-SNE"):
        make_subjects(TSNE(), X)
    with pytest.raises(DataError, match="takes numbers of shape"):
        make_subjects(pca, np.array([["a"]]))
    with pytest.raises(DataError, match="NaN"):
        make_subjects(pca, np.full((2, 64), np.nan))
    with pytest.raises(DataError, match=r"\(600,\)"):
        make_subjects(pca, X, y[:5])


def test_names_and_search(ask: Any, digits: Any) -> None:
    frame = pd.DataFrame(digits[0], index=[f"bird {i}" for i in range(600)]).add_prefix("p")
    subjects = make_subjects(PCA(2).fit(frame), frame)
    assert ask(subjects, "find", text="Bird 599")[1]["rows"].tolist() == [599]
    assert ask(subjects, "names", {"rows": np.array([1], np.int32)})[0]["names"] == ["bird 1"]
    plain = make_subjects(PCA(2).fit(digits[0]), digits[0])
    assert ask(plain, "find", text="12")[1]["rows"].tolist() == [12]
    assert ask(plain, "find", text="ten")[1]["rows"].tolist() == []


def test_not_finite_codes_are_counted_and_left_out(ask: Any, digits: Any) -> None:
    class Broken(PCA):
        def transform(self, X: Any) -> Any:
            codes = super().transform(X)
            codes[codes[:, 0] > 0.5] = np.nan
            return codes

    X, y = digits
    subjects = make_subjects(Broken(2).fit(X), X, y)
    told, sent = ask(subjects, "points")
    bad = int((PCA(2).fit(X).transform(X)[:, 0] > 0.5).sum())
    assert bad > 0
    assert told["not_finite"] == bad
    assert len(sent["rows"]) == 600 - bad
    assert isinstance(subjects[0], ExplorerModel)


def test_every_named_transformer_exists() -> None:
    import importlib

    for module, name in SKLEARN.values():
        assert hasattr(importlib.import_module(module), name)


def test_a_turned_map_has_not_moved_and_a_row_that_did_is_found(plane, digits, ask):
    X, y = digits
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    Z = plane.transform(X).astype(np.float64)
    other = 3 * Z @ turn + [5, -2]
    first, second = make_subjects(plane, X, y, compare=Table(other))
    told, sent = ask([first, second], "moved")
    assert told["disparity"] < 1e-10
    np.testing.assert_allclose(sent["codes"], Z, atol=1e-4)
    assert sent["distances"].max() < 1e-4
    other[17] += 3 * 3
    told, sent = ask(make_subjects(plane, X, y, compare=Table(other)), "moved")
    assert int(sent["distances"].argmax()) == 17
    # The definition: what is left after the best turn, in units of the first map.
    _, _, disparity = procrustes(Z, other)
    assert told["disparity"] == pytest.approx(disparity, rel=1e-6)
    spread = np.linalg.norm(Z - Z.mean(0))
    assert np.linalg.norm(sent["distances"]) == pytest.approx(spread * disparity**0.5, rel=1e-4)


class Table:
    """A transformer that knows its codes by heart."""

    def __init__(self, codes):
        self.codes = codes

    def transform(self, X):
        return self.codes[: len(X)]


def test_maps_of_other_widths_are_compared_and_one_alone_is_not(plane, vae, digits, ask):
    subjects = make_subjects(plane, *digits, compare=vae)
    told, sent = ask(subjects, "moved")
    assert 0 < told["disparity"] < 1
    assert sent["codes"].shape == (600, 2)
    with pytest.raises(DataError, match="one model only"):
        ask(subjects[:1], "moved")
    with pytest.raises(DataError, match="codes of one are all the same"):
        ask(make_subjects(plane, *digits, compare=Table(np.zeros((600, 2)))), "moved")


def test_a_path_is_animated_there_and_back(plane, digits, ask):
    subjects = make_subjects(plane, *digits)
    codes = np.linspace([-2, 1], [3, 0], 5, dtype=np.float32)
    content = ask(subjects, "film", {"codes": codes})[1]["file"].tobytes()
    film = Image.open(io.BytesIO(content))
    assert (film.format, film.n_frames, film.size, film.info["loop"]) == ("GIF", 8, (224, 224), 0)
    rows = plane.inverse_transform(codes)
    for k, i in enumerate([0, 1, 2, 3, 4, 3, 2, 1]):
        film.seek(k)
        grey = np.asarray(film.convert("L"))[14::28, 14::28] / 255
        np.testing.assert_allclose(grey.ravel(), rows[i].clip(0, 1), atol=1 / 255, err_msg=str(k))
    frame = pd.DataFrame(digits[0][:, :5], columns=list("abcde"))
    with pytest.raises(DataError, match="needs pictures"):
        ask(make_subjects(PCA(2).fit(frame), frame), "film", {"codes": codes})
