"""Sample weights: a weight of 2 is the row twice, one of 0 no row, and equal ones are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from members import narrowed
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
)

from diabolo import MLP, Autoencoder, Gaussian, KLSparsity, Stream, Topological, Training
from diabolo import functional as F
from diabolo.errors import DataError, SettingError
from diabolo.lightning import ArrayDataModule, AutoencoderModule
from diabolo.recipes import make
from diabolo.studies import StackedGridSearchCV
from diabolo.studies.stack import fit_stack

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6)) @ RNG.normal(size=(6, 6)) + 2.0
WEIGHT = RNG.integers(0, 4, 60).astype(float)
AGAIN = np.repeat(np.arange(60), WEIGHT.astype(int))
#: Nothing is drawn, and no penalty compares rows.
DETERMINISTIC = ["linear", "shallow", "deep", "deep_wide", "residual", "spherical", "sparse", "contractive"]


def whole(latent: Any = 2, **settings: Any) -> Autoencoder:
    """An autoencoder that takes all rows at each step, in double precision."""
    training = Training(epochs=30, batch_size=1000, precision="float64")
    parts = {"encoder": MLP((8,), skip="pca", activation="tanh"), "training": training} | settings
    return Autoencoder(latent, random_state=0, verbose=False, **parts)


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize(
    "check",
    [check_sample_weight_equivalence_on_dense_data, check_sample_weight_equivalence_on_sparse_data],
)
def test_scikit_learns_equivalence_where_a_step_takes_all_rows(name: str, check: Any) -> None:
    # At a small rate: what is compared leaves in float32, whose last bit a larger one would move.
    settings = {"epochs": 3, "batch_size": 64, "lr": 1e-4, "precision": "float64", "validation": 0.0}
    paths = {f"training__{key}": value for key, value in settings.items()}
    check(name, narrowed(make(name, **paths, verbose=False), 16))


@pytest.mark.parametrize("loss", ["squared", "absolute", "gaussian", "bernoulli", "poisson"])
@pytest.mark.parametrize("scaling", ["auto", "minmax"])
def test_a_weight_of_two_is_the_row_twice(loss: str, scaling: str) -> None:
    rows = np.abs(X).round() if loss == "poisson" else X
    scaling = "auto" if loss == "poisson" else scaling
    ae = whole(reconstruction=loss, scaling=scaling)
    weighted = ae.fit(rows, sample_weight=WEIGHT)
    codes, score = weighted.transform(rows), weighted.score(rows, sample_weight=WEIGHT)
    repeated = whole(reconstruction=loss, scaling=scaling).fit(rows[AGAIN])
    np.testing.assert_allclose(codes, repeated.transform(rows), rtol=1e-5, atol=1e-6)
    assert score == pytest.approx(repeated.score(rows[AGAIN]), rel=1e-6)
    assert ae.history_["loss"][0] == pytest.approx(repeated.history_["loss"][0], rel=1e-9)


def test_the_start_at_pca_counts_rows_by_their_weights() -> None:
    training = Training(epochs=1, lr=1e-12, batch_size=1000, precision="float64")
    a = whole(training=training).fit(X, sample_weight=WEIGHT)
    b = whole(training=training).fit(X[AGAIN])
    np.testing.assert_allclose(a.transform(X), b.transform(X), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("alike", [1.0, 0.25, np.full(60, 3), [2] * 60, pd.Series(np.ones(60))])
def test_equal_weights_change_no_bit(alike: Any) -> None:
    ae = Autoencoder(Gaussian(2), training=Training(epochs=3, validation=0.2), random_state=0, verbose=False)
    plain = ae.fit(X).transform(X).copy()
    assert (ae.fit(X, sample_weight=alike).transform(X) == plain).all()
    assert ae.score(X, sample_weight=alike) == ae.score(X)


def test_rows_without_weight_are_not_there() -> None:
    given = WEIGHT > 0
    ae = Autoencoder(2, training=Training(epochs=3, validation=0.2), random_state=0, verbose=False)
    wild = np.where(given[:, None], X, 1e6)
    plain = ae.fit(X[given]).transform(X).copy()
    assert (ae.fit(wild, target=wild, sample_weight=given).transform(X) == plain).all()
    assert len(ae.codes_) == given.sum()


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        (np.where(np.arange(60) == 7, -1.0, 1.0), r"finite numbers >= 0, got -1 in row 7"),
        (np.where(np.arange(60) == 9, np.nan, 1.0), r"finite numbers >= 0, got nan in row 9"),
        (np.ones(59), r"one number for each of the 60 samples, shape \(60,\); got \(59,\)"),
        (np.ones((60, 2)), r"got \(60, 2\)"),
        (np.zeros(60), r"all of sample_weight is zero"),
        (["a"] * 60, r"sample_weight must hold numbers"),
    ],
)
def test_what_is_no_weight_is_refused(weight: Any, sentence: str) -> None:
    ae = whole()
    with pytest.raises(DataError, match=sentence):
        ae.fit(X, sample_weight=weight)
    with pytest.raises(DataError, match=sentence):
        whole(training=Training(epochs=1)).fit(X).score(X, sample_weight=weight)


def test_streams_and_penalties_that_cannot_count_them_refuse_weights(monkeypatch: Any) -> None:
    with pytest.raises(DataError, match="sample_weight cannot be matched to the samples of a stream"):
        whole().fit(Stream([X]), sample_weight=WEIGHT)
    monkeypatch.setattr(Topological, "weighable", False)
    ae = whole(penalties="topological", training=Training(epochs=1)).fit(X, sample_weight=1.0)
    for method in (ae.partial_fit, ae.fine_tune, ae.fit):
        with pytest.raises(SettingError, match="the penalty topological is one of a whole batch"):
            method(X, sample_weight=WEIGHT)


@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
def test_a_weighted_mmd_is_that_of_repeated_rows(kernel: Any) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(3, 5, 2).double(), torch.randn(3, 7, 2).double()
    weight = torch.tensor([2.0, 0, 1, 3, 1]).double().expand(3, 5)
    again = torch.repeat_interleave(torch.arange(5), weight[0].long())
    got = F.squared_mmd(a, b, [1.0, 2.0], kernel, weight=weight)
    torch.testing.assert_close(got, F.squared_mmd(a[:, again], b, [1.0, 2.0], kernel))
    for estimator in ("biased", "unbiased"):
        alike = F.squared_mmd(a, b, [1.0], kernel, estimator, torch.full((3, 5), 0.3).double())
        torch.testing.assert_close(alike, F.squared_mmd(a, b, [1.0], kernel, estimator))


@pytest.mark.parametrize("sigmoid", [True, False])
def test_weighted_rates_are_those_of_repeated_rows(sigmoid: bool) -> None:
    torch.manual_seed(0)
    a, weight = torch.rand(5, 3).double(), torch.tensor([2.0, 0, 1, 3, 1]).double()
    again = torch.repeat_interleave(torch.arange(5), weight.long())
    for got, expected in zip(F.log_rates(a, sigmoid, weight), F.log_rates(a[again], sigmoid), strict=True):
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("penalty", ["mmd", KLSparsity(0.1), "l1", "weight_decay", "topological"])
def test_penalties_train_with_weights(penalty: Any) -> None:
    ae = whole(penalties=penalty, training=Training(epochs=2, batch_size=16)).fit(X, sample_weight=WEIGHT)
    assert np.isfinite(ae.score(X))


def test_free_bits_count_rows_by_their_weights() -> None:
    values = []
    for rows, weight in ((X, WEIGHT), (X[AGAIN], None)):
        ae = whole(Gaussian(2), penalties={"kind": "kl", "free_bits": 0.3})
        ae.set_params(training__epochs=1, training__lr=1e-12).fit(rows, sample_weight=weight)
        values.append(ae.history_["kl"][0])
    assert values[0] == pytest.approx(values[1], rel=1e-8)


def test_rows_held_out_count_by_their_weights() -> None:
    settings = {"epochs": 2, "precision": "float64", "lr": 1e-12, "batch_size": 1000}
    ae = whole(training=Training(**settings))
    pair = {"X": X[40:], "sample_weight": WEIGHT[40:]}
    given = ae.fit(X[:40], validation=pair).history_["val_reconstruction"][0]
    again = np.repeat(np.arange(40, 60), WEIGHT[40:].astype(int))
    assert given == pytest.approx(ae.fit(X[:40], validation=X[again]).history_["val_reconstruction"][0])
    with pytest.raises(
        DataError, match=r"validation\['sample_weight'\] must have one number for each of the 20"
    ):
        ae.fit(X[:40], validation={"X": X[40:], "sample_weight": WEIGHT})
    with pytest.raises(SettingError, match="validation as a mapping must have X"):
        ae.fit(X[:40], validation={"x": X[40:]})
    held = whole(training=Training(epochs=1, lr=1e-12, validation=0.3)).fit(X, sample_weight=WEIGHT + 1)
    assert np.isfinite(held.history_["val_loss"][0])


def test_weights_are_routed() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        training = Training(epochs=2, precision="float64")
        ae = Autoencoder(training=training, random_state=0, verbose=False)
        ae.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(ae, {"training__lr": [1e-4, 1e-2]}, cv=2).fit(X, sample_weight=WEIGHT)
        stacked = StackedGridSearchCV(ae, {"training__lr": [1e-4, 1e-2]}, cv=2)
        stacked.fit(X, sample_weight=WEIGHT)
        plain = GridSearchCV(ae, {"training__lr": [1e-4, 1e-2]}, cv=2).fit(X)
        scores = [s.cv_results_["mean_test_score"] for s in (search, stacked, plain)]
        np.testing.assert_allclose(scores[0], scores[1], rtol=1e-6)
        assert not np.allclose(scores[0], scores[2], rtol=1e-3)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), ae)
        pipe.fit(X, sample_weight=WEIGHT)
        by_hand = Autoencoder(training=training, random_state=0, verbose=False)
        by_hand.fit(StandardScaler().fit_transform(X), sample_weight=WEIGHT)
        assert (pipe[-1].codes_ == by_hand.codes_).all()


def test_a_stack_weighs_rows_as_each_alone_does() -> None:
    training = Training(epochs=5, batch_size=16, precision="float64", validation=0.2)
    models = [whole(Gaussian(2), training=training).set_params(random_state=i) for i in range(3)]
    weights = [WEIGHT + 1, WEIGHT[::-1] + 1, None]
    for stacked, ae, weight in zip(
        fit_stack(models, X, sample_weights=weights), models, weights, strict=True
    ):
        alone = ae.fit(X, sample_weight=weight)
        np.testing.assert_allclose(stacked.transform(X), alone.transform(X), rtol=1e-6, atol=1e-8)
        assert stacked.history_["val_loss"][-1] == pytest.approx(alone.history_["val_loss"][-1])


def test_lightning_weighs_rows_as_fit_does() -> None:
    from lightning.pytorch import Trainer

    training = Training(epochs=3, batch_size=16, precision="float64", validation=0.2)
    ae = whole(Gaussian(2), training=training)
    module = AutoencoderModule(ae)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    Trainer(max_epochs=3, accelerator="cpu", precision="64-true", enable_model_summary=False, **quiet).fit(
        module, ArrayDataModule(X, sample_weight=WEIGHT + 1)
    )
    alone = ae.fit(X, sample_weight=WEIGHT + 1)
    made = module.to_estimator()
    np.testing.assert_allclose(made.transform(X), alone.transform(X), rtol=1e-4, atol=1e-5)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(made.history_[name], alone.history_[name], rtol=1e-5)


def test_a_training_goes_on_with_its_weights_and_no_others(tmp_path: Any) -> None:
    training = Training(epochs=2, checkpoint=str(tmp_path / "run"))
    a, b = (whole(training=training).fit(X, sample_weight=WEIGHT) for _ in range(2))
    assert (a.transform(X) == b.transform(X)).all()
    with pytest.raises(ValueError, match="data"):
        whole(training=training).fit(X, sample_weight=WEIGHT + 1)
