"""Rows that miss values: trained on, scored and filled in by what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import diabolo
from diabolo import MLP, Autoencoder, Gaussian, Masking, Stream, Training, checks
from diabolo.errors import DataError, SettingError
from diabolo.estimator.preparation import HIDING, architecture, prepare
from diabolo.studies.stack import fit_stack

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(120, 3)) @ RNG.normal(size=(3, 6)) + 4.0).astype(np.float64)
GAPS = np.random.default_rng(1).random(X.shape) < 0.25
HOLED = np.where(GAPS, np.nan, X)


def model(latent: Any = 2, **settings: Any) -> Autoencoder:
    parts = {"missing": "mask", "training": Training(epochs=4, batch_size=32, validation=0.2)} | settings
    return Autoencoder(latent, encoder=MLP((8,), skip="pca"), random_state=0, verbose=False, **parts)


@pytest.mark.parametrize("loss", ["squared", "gaussian", "bernoulli", "student_t"])
@pytest.mark.parametrize("latent", [2, Gaussian(2)])
def test_whole_rows_train_as_ever(loss: str, latent: Any) -> None:
    masked = model(latent, reconstruction=loss, corruption=()).fit(X)
    plain = model(latent, reconstruction=loss, missing=None).fit(X)
    assert (masked.transform(X) == plain.transform(X)).all()
    assert masked.score(X) == plain.score(X)
    for name in ("loss", "val_loss"):
        assert masked.history_[name].tolist() == plain.history_[name].tolist()


def test_scaling_and_fill_know_only_what_is_there() -> None:
    ae = model().fit(HOLED)
    expected = StandardScaler().fit(HOLED)
    np.testing.assert_allclose(ae.scaler_.offset, expected.mean_)
    np.testing.assert_allclose(ae.scaler_.scale, expected.scale_)
    assert (ae.scaler_.low == np.nanmin(HOLED, axis=0)).all()
    at_mean = SimpleImputer().fit(HOLED).transform(HOLED)
    np.testing.assert_allclose(ae.transform(HOLED), ae.transform(at_mean), atol=1e-5)


def test_what_is_there_alone_is_scored() -> None:
    ae = model().fit(HOLED)
    scaled = ae.scaler_.forward(HOLED, np.dtype(np.float32))
    output = ae.scaler_.forward(ae.reconstruct(HOLED), np.dtype(np.float32))
    by_hand = -np.nansum((scaled - output).astype(float) ** 2, axis=1)
    np.testing.assert_allclose(ae.score_samples(HOLED), by_hand, rtol=1e-4)


@pytest.mark.parametrize("draws", [1, 20])
def test_the_probability_is_that_of_the_observed_features(draws: int) -> None:
    """At one code features are independent: what halves of a row lack of the whole adds up, with its stretch."""
    ae = model(Gaussian(2), reconstruction="gaussian").fit(HOLED)
    assert np.isfinite(ae.log_likelihood(HOLED, draws=20)).all()
    # Missing values go in as these, so that all of these rows have one posterior.
    mean = ae.scaler_.backward(ae.module_.missing.mean.numpy()[None].astype(float), np.dtype(np.float64))
    half = np.arange(6) < 2
    rows = [mean, np.where(half, np.nan, mean), np.where(half, mean, np.nan), np.full((1, 6), np.nan)]
    whole, a, b, empty = (ae.elbo(r, draws=draws)[0] for r in rows)
    assert whole + empty == pytest.approx(a + b, rel=1e-5)
    assert abs(whole - a) > 0.1


def test_a_row_without_any_value_has_no_loss() -> None:
    ae = model().fit(HOLED)
    empty = np.full((2, 6), np.nan)
    assert ae.score_samples(empty).tolist() == [0.0, 0.0]
    assert np.isfinite(ae.transform(empty)).all()


def test_targets_may_miss_values_where_inputs_do_not() -> None:
    ae = model(corruption=())
    pair = (X[:10], HOLED[:10])
    assert np.isfinite(ae.fit(X, target=HOLED, validation=pair).history_["val_loss"]).all()
    _, member = prepare(ae, X, HOLED, pair)
    batch, _ = member.validation_batch(0, 0)
    assert batch.mask is not None
    assert (batch.mask.numpy() == ~GAPS[:10]).all()
    assert bool(batch.x.isfinite().all())


def test_imputation_leaves_what_is_there_and_fills_in_the_rest() -> None:
    ae = model(3, training=Training(epochs=200, batch_size=32)).fit(HOLED)
    filled = ae.impute(HOLED)
    assert (filled[~GAPS] == X[~GAPS]).all()
    error = np.sqrt(((filled - X)[GAPS] ** 2).mean())
    by_mean = np.sqrt(((SimpleImputer().fit_transform(HOLED) - X)[GAPS] ** 2).mean())
    assert error < 0.6 * by_mean
    assert (ae.impute(HOLED[:5]) == filled[:5]).all()


@pytest.mark.parametrize("latent", [2, Gaussian(2)])
def test_draws_vary_where_a_value_is_missing_and_nowhere_else(latent: Any) -> None:
    ae = model(latent, reconstruction="gaussian").fit(HOLED)
    drawn = ae.impute(HOLED, draws=5, random_state=0)
    assert drawn.shape == (5, 120, 6)
    assert (drawn == ae.impute(HOLED, draws=5, random_state=0)).all()
    spread = drawn.std(axis=0)
    assert (spread[GAPS] > 0).all()
    assert (drawn[:, ~GAPS] == X[~GAPS]).all()


def test_refusals_name_the_way_out() -> None:
    with pytest.raises(DataError, match=r"Autoencoder\(missing='mask'\)"):
        model(missing=None).fit(HOLED)
    with pytest.raises(SettingError, match=r"missing must be one of \(None, 'mask'\), got 'drop'"):
        model(missing="drop").fit(X)
    with pytest.raises(DataError, match="contains infinity in 1 of 120 rows"):
        model().fit(np.where(np.arange(720).reshape(120, 6) == 9, np.inf, HOLED))
    with pytest.raises(DataError, match="no value at all in column 2"):
        model().fit(np.where(np.arange(6) == 2, np.nan, HOLED))
    plain = model(missing=None).fit(X)
    with pytest.raises(DataError, match="contains NaN"):
        plain.transform(HOLED)
    with pytest.raises(DataError, match=r"Autoencoder\(missing='mask'\)"):
        plain.impute(HOLED)
    assert (plain.impute(X) == X).all()
    with pytest.raises(SettingError, match=r"draws must be None or an integer >= 1, got 0"):
        model().fit(X).impute(X, draws=0)
    with pytest.raises(SettingError, match="leaves values missing"):
        model(missing=None, corruption=Masking(fill=None)).fit(X)


def test_the_default_hides_values_and_may_be_told_otherwise() -> None:
    assert architecture(model().get_params(deep=False)).corruption == (HIDING,)
    assert architecture(model(corruption=()).get_params(deep=False)).corruption == ()
    assert model(corruption="gaussian_noise").fit(HOLED).score(HOLED) < 0


def test_it_is_saved_and_loaded_and_goes_on(tmp_path: Any) -> None:
    ae = model(Gaussian(2), reconstruction="gaussian").fit(HOLED)
    loaded = diabolo.load(ae.save(tmp_path / "model"))
    assert loaded.missing == "mask"
    assert (loaded.transform(HOLED) == ae.transform(HOLED)).all()
    assert (loaded.impute(HOLED) == ae.impute(HOLED)).all()
    assert np.isfinite(loaded.fine_tune(HOLED).partial_fit(HOLED).score(HOLED))
    assert np.isfinite(ae.untrained().score(HOLED))


def test_a_stack_trains_as_each_alone_does() -> None:
    training = Training(epochs=4, batch_size=32, precision="float64", validation=0.2)
    models = [model(Gaussian(2), training=training).set_params(random_state=i) for i in range(3)]
    others = [HOLED, np.where(GAPS[::-1], np.nan, X), HOLED + 1]
    for stacked, ae, rows in zip(fit_stack(models, others), models, others, strict=True):
        np.testing.assert_allclose(
            stacked.transform(rows), ae.fit(rows).transform(rows), rtol=1e-6, atol=1e-8
        )


def test_lightning_trains_as_fit_does() -> None:
    from lightning.pytorch import Trainer

    from diabolo.lightning import ArrayDataModule, AutoencoderModule

    training = Training(epochs=3, batch_size=32, precision="float64", validation=0.2)
    module = AutoencoderModule(model(training=training))
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    Trainer(max_epochs=3, accelerator="cpu", precision="64-true", enable_model_summary=False, **quiet).fit(
        module, ArrayDataModule(HOLED)
    )
    alone = model(training=training).fit(HOLED)
    np.testing.assert_allclose(module.to_estimator().impute(HOLED), alone.impute(HOLED), rtol=1e-4)


def test_rows_that_come_in_pieces_may_miss_values() -> None:
    ae = model(training=Training(epochs=2, batch_size=32)).fit(Stream([HOLED[:60], HOLED[60:]]))
    assert np.isfinite(ae.score_samples(Stream([HOLED]))).all()


def test_weights_and_masks_go_together() -> None:
    weight = np.random.default_rng(2).integers(0, 3, 120).astype(float)
    ae = model(training=Training(epochs=1, lr=1e-12, precision="float64", validation=0.0, batch_size=1000))
    again = np.repeat(np.arange(120), weight.astype(int))
    a = ae.set_params(corruption=()).fit(HOLED, sample_weight=weight).transform(HOLED).copy()
    np.testing.assert_allclose(a, ae.fit(HOLED[again]).transform(HOLED), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", ["contractive", "topological", "mmd", "sparse"])
def test_penalties_see_numbers_only(name: str) -> None:
    ae = diabolo.recipe(name) if hasattr(diabolo, "recipe") else diabolo.recipes.make(name)
    ae.set_params(missing="mask", training__epochs=2, random_state=0, verbose=False).fit(HOLED)
    assert np.isfinite(ae.history_["loss"]).all()


def test_counts_may_be_missing() -> None:
    counts = np.random.default_rng(3).poisson(4, (120, 6)).astype(float)
    holed = np.where(GAPS, np.nan, counts)
    ae = model(Gaussian(2), reconstruction="negative_binomial").fit(holed)
    assert np.isfinite(ae.log_likelihood(holed, draws=20)).all()
    drawn = ae.impute(holed, draws=3)
    assert (drawn == drawn.round()).all()


def test_a_frame_of_more_than_numbers_gets_its_gaps_filled_in() -> None:
    frame = pd.DataFrame(
        {
            "kind": ["cat", "dog", None, "cat", "dog"] * 12,
            "kg": [4.0, 20.0, np.nan, 5.0, 25.0] * 12,
            "age": np.arange(60.0),
        }
    )
    ae = model().fit(frame)
    filled = ae.impute(frame)
    assert filled.columns.tolist() == ["kind", "kg", "age"]
    assert not filled.isna().any().any()
    assert filled["kg"][~frame["kg"].isna()].equals(frame["kg"].dropna())


def test_scikit_learns_checks_hold() -> None:
    training = Training(epochs=2, batch_size=64)
    ae = Autoencoder(encoder=MLP((8,)), missing="mask", training=training, random_state=0, verbose=False)
    check_estimator(ae, on_skip=None, expected_failed_checks=checks.UNEQUAL_BY_NATURE)
