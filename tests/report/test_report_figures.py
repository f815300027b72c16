"""The numbers of a report equal those computed directly; foreign models get one too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import NMF, PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo import (
    KL,
    MLP,
    Autoencoder,
    DataError,
    Gaussian,
    GaussianNoise,
    SettingError,
    Training,
    metrics,
    plots,
)
from diabolo.data.rng import generator
from diabolo.estimator.preparation import architecture
from diabolo.model import Model
from diabolo.report import DimensionCurve, Options, dimensions, health_report, knee

SMALL = Options(pairs=100, samples=60, codes=200)


@pytest.fixture(scope="module")
def data():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    return X[:300], y[:300], X[300:500], y[300:500]


@pytest.fixture(scope="module")
def vae(data):
    parts = {"latent": Gaussian(3), "encoder": MLP((16,)), "penalties": KL(0.1), "random_state": 3}
    return Autoencoder(training=Training(epochs=4), **parts).fit(data[0])


@pytest.fixture(scope="module")
def report(vae, data):
    train, y_train, X, y = data
    return vae.report(X, y, X_train=train, y_train=y_train, options=Options(pairs=100, samples=60))


def squared(x, x_hat):
    return ((x - x_hat) ** 2).sum(axis=1).mean()


def test_errors_equal_direct_computation(vae, report, data):
    train, _, X, _ = data
    errors = report.figures.errors
    back = vae.reconstruct(X)
    # Decoding again in float32 and summing in float64 may differ in the last digits.
    assert errors["model"].squared_error == pytest.approx(squared(X, back), rel=1e-6)
    assert errors["model"].mse == pytest.approx(((X - back) ** 2).mean(), rel=1e-6)
    assert errors["model"].mae == pytest.approx(np.abs(X - back).mean(), rel=1e-6)
    assert report.figures.train_errors["model"].squared_error == pytest.approx(
        squared(train, vae.reconstruct(train)), rel=1e-6
    )
    pca = PCA(3).fit(train)
    assert errors["pca"].squared_error == pytest.approx(squared(X, pca.inverse_transform(pca.transform(X))))
    assert errors["mean"].squared_error == pytest.approx(squared(X, train.mean(axis=0)))
    clipped = np.clip(np.broadcast_to(train.mean(axis=0), X.shape), 1e-3, 1 - 1e-3)
    mean = np.broadcast_to(train.mean(axis=0), X.shape)
    assert errors["mean"].bce == pytest.approx(metrics.bce(X, mean if mean.max() <= 1 else clipped))


def test_the_untrained_network_has_the_weights_that_training_started_from(vae, report, data):
    X = data[2]
    model = Model(
        architecture(vae.get_params(deep=False)), vae.module_.domain, generator(vae.seed_, "weights")
    )
    with torch.no_grad():
        back = model.decode(model.encode(torch.from_numpy(X).float())).numpy()
    assert report.figures.errors["untrained"].squared_error == pytest.approx(squared(X, back), rel=1e-5)
    # The estimator itself is left as it is.
    assert not np.array_equal(vae.untrained().transform(X), vae.transform(X))


def test_latent_figures_equal_direct_computation(vae, report, data):
    X = data[2]
    with torch.no_grad():
        h, _ = vae.module_.encoder(torch.from_numpy(X).float())
    mean, log_variance = h[:, :3].numpy(), h[:, 3:].numpy()
    latent = report.figures.latent
    assert latent.kl == pytest.approx(metrics.kl_per_dimension(mean, log_variance).tolist(), rel=1e-5)
    assert latent.variance == pytest.approx(mean.var(axis=0).tolist(), rel=1e-5)
    assert latent.effective_rank == pytest.approx(metrics.effective_rank(mean), rel=1e-5)
    assert [(layer.name, layer.width) for layer in latent.layers] == [
        ("1 of the encoder", 16),
        ("1 of the decoder", 16),
    ]
    assert len(latent.prior_distance) == 3


def test_every_term_is_apart_with_its_weight_and_unit(report):
    terms = {term.name: term for term in report.figures.terms}
    assert list(terms) == ["reconstruction", "kl"]
    assert terms["kl"].weight == 0.1
    assert terms["kl"].unit.startswith("nats")
    assert terms["kl"].value == pytest.approx(sum(report.figures.latent.kl), rel=1e-5)
    # The code is drawn, so that the term lies above the error of the posterior mean.
    assert terms["reconstruction"].value > report.figures.errors["model"].squared_error
    assert terms["reconstruction"].train is not None


def test_terms_of_a_deterministic_model_equal_its_score(data):
    train, _, X, _ = data
    ae = Autoencoder(encoder=MLP((16,)), training=Training(epochs=2), random_state=0).fit(train)
    (term,) = ae.report(X, options=SMALL).figures.terms
    assert term.value == pytest.approx(-ae.score(X), rel=1e-6)


def test_a_denoising_model_is_scored_as_it_was_trained(data):
    train, _, X, _ = data
    parts = {"encoder": MLP((16,)), "corruption": GaussianNoise(0.5), "random_state": 0}
    ae = Autoencoder(training=Training(epochs=2), **parts).fit(train)
    first, again = (ae.report(X, options=SMALL).figures.terms[0].value for _ in range(2))
    assert first == again
    # The score is of clean rows; the term is of corrupted ones.
    assert abs(first + ae.score(X)) > 1e-3


def test_label_figures_equal_direct_computation(vae, report, data):
    train, y_train, X, y = data
    labels, Z = report.figures.labels, vae.transform(X).astype(np.float64)
    assert labels["knn_accuracy"] == pytest.approx(metrics.knn_accuracy(Z, y))
    leave_one_out = np.mean(KNeighborsClassifier(5).fit(Z, y).predict(None) == y)
    assert labels["knn_accuracy"] == pytest.approx(leave_one_out)
    judge = metrics.train_classifier(train, y_train)
    assert labels["accuracy_originals"] == pytest.approx(metrics.label_accuracy(judge, X, y))
    assert {"ari", "nmi", "pca_ari", "pca_nmi", "pca_knn_accuracy", "agreement"} <= set(labels)


def test_neighbourhood_stands_beside_pca(vae, data):
    train, _, X, _ = data
    found = vae.report(X, X_train=train, options=Options(samples=60)).figures.neighbourhood
    assert found["model"]["continuity"] == pytest.approx(metrics.continuity(X, vae.transform(X)))
    assert found["pca"]["mrre"] == pytest.approx(metrics.mrre(X, PCA(3).fit(train).transform(X)))


def test_large_data_is_subsampled_and_the_sizes_are_printed(vae, data):
    options = Options(fit_rows=160, rows=150, codes=60, pairs=50, samples=40)
    report = vae.report(data[2], data[3], X_train=data[0], options=options)
    rows = report.figures.rows
    assert rows == {
        "given": 200, "judged": 150, "baselines fitted": 160, "training rows judged": 150,
        "samples": 40, "neighbourhood": 50, "labelled": 60,
    }  # fmt: skip
    assert any(line.split() == ["neighbourhood", "50"] for line in str(report).splitlines())


@pytest.mark.parametrize(
    "make",
    [
        lambda X: PCA(2).fit(X),
        lambda X: NMF(2, max_iter=2000, tol=1e-3).fit(X),
        lambda X: make_pipeline(StandardScaler(), PCA(2)).fit(X),
        lambda X: PCA(1).fit(X),
    ],
    ids=["pca", "nmf", "pipeline", "one dimension"],
)
def test_foreign_models_get_a_report(make):
    X, y = load_iris(return_X_y=True)
    model = make(X)
    report = health_report(model, X, y, options=SMALL)
    assert report.figures.errors["model"].squared_error == pytest.approx(
        squared(X, model.inverse_transform(model.transform(X)))
    )
    assert set(report.figures.errors) == {"model", "pca", "mean"}
    assert report.figures.terms == ()
    assert {f.severity for f in report.findings} <= {"note"}
    assert report.pictures
    assert "Iris" not in str(report)


def test_named_columns_keep_their_names():
    frame = load_iris(as_frame=True).data
    report = health_report(PCA(2).fit(frame), frame, options=SMALL)
    assert {error.name for error in report.figures.feature_errors} == set(frame.columns)
    assert isinstance(frame, pd.DataFrame)


def test_pictures_may_come_as_pictures(data):
    X = data[0].reshape(-1, 8, 8)
    ae = Autoencoder(encoder=MLP((8,)), training=Training(epochs=1), random_state=0).fit(X)
    report = ae.report(X, options=SMALL)
    assert report.material.image_shape == (8, 8)
    assert {"rows", "map", "samples"} <= {picture.name for picture in report.pictures}


def test_labels_that_are_no_classes_are_left_out_and_that_is_said(data):
    train = data[0]
    report = health_report(PCA(2).fit(train), train, np.arange(300) / 7, options=SMALL)
    assert report.figures.labels == {}
    assert any("300 different values" in note for note in report.figures.notes)


def test_labels_sorted_by_class_make_no_difference(data):
    X, y = data[0], data[1]
    order = np.argsort(y, kind="stable")
    labels = health_report(PCA(2).fit(X), X[order], y[order], options=Options(samples=60)).figures.labels
    assert labels["accuracy_originals"] > 0.7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"X": np.zeros(5)}, r"X must be two or more samples of numbers, got shape \(5,\)"),
        ({"X": [["a", "b"], ["c", "d"]]}, "samples of numbers"),
        ({"X": np.full((4, 4), np.nan)}, r"X contains NaN in 4 of 4 \w+ \(first: \w+ 0, column 0\)"),
        ({"y": [1, 2]}, "one label for each of 150 samples"),
        ({"X_train": np.zeros((5, 3))}, "X_train must have 4 features"),
        ({"image_shape": (3, 3)}, r"image_shape=\(3, 3\) does not fit samples of 4"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, sentence):
    X = load_iris().data
    with pytest.raises(DataError, match=sentence):
        health_report(PCA(2).fit(X), **({"X": X} | arguments))


def test_a_model_without_a_way_back_is_refused():
    with pytest.raises(DataError, match="KNeighborsClassifier has no transform and no inverse_transform"):
        health_report(KNeighborsClassifier(), load_iris().data)


def test_options_are_checked():
    with pytest.raises(SettingError, match="pairs must be an integer >= 2, got 1"):
        Options(pairs=1)


def test_the_curve_of_dimensions_equals_direct_computation(data):
    train, _, X, _ = data
    ae = Autoencoder(encoder=MLP((16,)), training=Training(epochs=2), random_state=0)
    before, seen = repr(ae), []
    curve = dimensions(train, ae, [4, 1, 2], X_test=X, progress=lambda dim, error: seen.append((dim, error)))
    assert curve.dims == (1, 2, 4)
    assert repr(ae) == before
    assert not hasattr(ae, "module_")
    for dim, error, baseline in zip(curve.dims, curve.error, curve.pca, strict=True):
        pca = PCA(dim).fit(train)
        assert baseline == pytest.approx(squared(X, pca.inverse_transform(pca.transform(X))), rel=1e-6)
        fitted = Autoencoder(latent=dim, encoder=MLP((16,)), training=Training(epochs=2), random_state=0).fit(
            train
        )
        assert error == pytest.approx(squared(X, fitted.reconstruct(X)), rel=1e-6)
    assert seen == list(zip(curve.dims, curve.error, strict=True))


def test_the_dimension_of_a_pipeline_is_found_by_the_end_of_its_path():
    curve = dimensions(load_iris().data, make_pipeline(StandardScaler(), PCA()), [1, 2, 3])
    assert curve.n_test == 30
    assert curve.error[2] < curve.error[0]
    with pytest.raises(SettingError, match="StandardScaler has no setting for the latent dimension"):
        dimensions(load_iris().data, StandardScaler(), [1, 2])
    with pytest.raises(SettingError, match="several settings"):
        dimensions(load_iris().data, make_pipeline(PCA(), NMF()), [1, 2])
    with pytest.raises(SettingError, match="dims must hold"):
        dimensions(load_iris().data, PCA(), [])


def test_a_pca_of_data_of_three_dimensions_has_its_knee_there():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 12)) + 0.01 * rng.normal(size=(300, 12))
    curve = dimensions(X, PCA(), range(1, 11))
    assert curve.knee == curve.pca_knee == 3
    assert "Knee (Kneedle): PCA 3, PCA 3." in str(curve)
    assert curve.to_dict()["knee"] == 3
    with plots.offscreen():
        ax = curve.plot()
    assert ax.lines[0].get_ydata().tolist() == list(curve.error)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([5.0, 1.0, 1.0, 1.0], 2),
        ([4.0, 3.0, 2.0, 1.0], None),
        ([1.0, 2.0, 3.0, 4.0], None),
        ([3.0, 1.0, 2.0, 2.0], 2),
    ],
)
def test_the_knee_is_where_the_curve_is_farthest_from_its_chord(errors, expected):
    assert knee([1, 2, 3, 4], errors) == expected


def test_too_few_dimensions_have_no_knee():
    assert knee([1, 2], [2.0, 1.0]) is None
    curve = DimensionCurve((1, 2), (2.0, 1.0), (2.0, 1.0), None, None, 10, 5, "PCA")
    assert "none" in str(curve)


@pytest.mark.slow
@pytest.mark.data
def test_a_report_on_mnist_takes_less_than_a_minute(data_dir):
    import time

    from diabolo import datasets

    X, _ = datasets.load_mnist(split="train")
    X_test, y_test = datasets.load_mnist(split="test")
    ae = Autoencoder(latent=2, training=Training(epochs=2), random_state=0).fit(X)
    start = time.perf_counter()
    report = ae.report(X_test, y_test, X_train=X)
    page = report.to_html()
    # Two cores at rest take less than half of it; the limit is what is promised.
    assert time.perf_counter() - start < 60
    assert len(page) < 5_000_000
    # Squared error of PCA on MNIST's test set with 2 components, summed over 784 pixels in [0, 1].
    assert report.figures.errors["pca"].squared_error == pytest.approx(43.645, abs=0.002)


def test_a_report_says_what_it_is_at(vae, data, capsys):
    """Of wide rows it takes seconds."""
    X = data[2]
    health_report(vae, X, options=SMALL, verbose=True)
    shown = capsys.readouterr()
    assert "report: " in shown.err
    assert shown.out == ""
    vae.report(X, options=SMALL)
    assert capsys.readouterr().err == ""
