"""The scikit-learn face, used and misused."""

from __future__ import annotations

import copy
import os
import pickle
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo import MLP, SGD, AdamW, Autoencoder, Convolutional, Gaussian, GaussianNoise, Sphere, Training
from diabolo.checks import example_rows
from diabolo.data.scaling import learn_scaling
from diabolo.errors import DataError, InterruptedWarning, SettingError, UnknownNameError
from diabolo.estimator.rows import Preparation
from diabolo.recipes import RECIPES, make

X = example_rows(80, 16)
TINY = Training(epochs=2, batch_size=32)
NARROW = MLP((8,))


def small(**more):
    return Autoencoder(**({"encoder": NARROW, "training": TINY, "random_state": 0} | more))


@pytest.fixture(scope="module")
def fitted():
    return small().fit(X)


@pytest.mark.parametrize("shape", [(80, 4, 4), (80, 1, 4, 4), (80, 4, 2, 2)])
def test_pictures_go_in_and_come_out(shape):
    pictures = X.reshape(shape)
    ae = small(encoder=Convolutional((4,))).fit(pictures)
    assert ae.module_.domain.image_shape == ((1, 4, 4) if shape[1] != 4 or len(shape) == 3 else (4, 2, 2))
    assert ae.reconstruct(pictures).shape == shape
    assert ae.reconstruct(X).shape == (80, 16)
    assert np.array_equal(ae.transform(pictures), ae.transform(X))
    assert np.array_equal(ae.score_samples(pictures), ae.score_samples(X))
    with pytest.raises(DataError, match="were expected, got an array of shape"):
        ae.transform(X.reshape(80, 2, 8))


def test_the_shape_of_pictures_can_be_stated():
    assert small(image_shape=(2, 8)).fit(X).module_.domain.image_shape == (1, 2, 8)
    with pytest.raises(DataError, match="is for samples of 20 numbers, got samples of 16"):
        small(image_shape=(4, 5)).fit(X)
    with pytest.raises(DataError, match=r"image_shape=\(2, 8\) was given, got pictures of shape \(1, 4, 4\)"):
        small(image_shape=(2, 8)).fit(X.reshape(80, 4, 4))
    for wrong in (16, (4, "4"), (-4, 4), (1, 2, 4, 2)):
        with pytest.raises(SettingError, match="image_shape must be"):
            small(image_shape=wrong).fit(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type(dtype):
    rows = X.astype(dtype)
    ae = small().fit(rows)
    Z = ae.transform(rows)
    assert {Z.dtype, ae.reconstruct(rows).dtype, ae.inverse_transform(Z).dtype} == {np.dtype(dtype)}
    assert ae.score_samples(rows).dtype == np.float64


def _unwritable(rows):
    rows = rows.copy()
    rows.flags.writeable = False
    return rows


@pytest.mark.parametrize(
    "given",
    [_unwritable, np.asfortranarray, lambda r: np.repeat(r, 2, 0)[::2], lambda r: r[::-1][::-1], torch.from_numpy,
     lambda r: r.tolist(), lambda r: r.astype(">f4")],
    ids=["read-only", "fortran", "strided", "negative strides", "tensor", "list", "big-endian"],
)  # fmt: skip
def test_the_layout_of_an_array_does_not_matter(given, fitted):
    rows = given(X)
    before = copy.deepcopy(rows)
    ae = small().fit(rows)
    assert np.array_equal(ae.transform(rows), fitted.transform(X))
    assert (np.asarray(rows) == np.asarray(before)).all()


def test_a_float32_array_is_not_copied():
    scaler = learn_scaling(X, None, small().fit(X).module_.parts.reconstruction)
    for scaling in (scaler, learn_scaling(X * 9, "auto", small().fit(X).module_.parts.reconstruction)):
        rows = Preparation(scaling, torch.float32, torch.device("cpu"))(X)
        assert rows.values.data_ptr() == X.ctypes.data


@pytest.mark.parametrize("scale", [(5.0, -3.0), (1000.0, 1e6), (1.0, 0.0)])
@pytest.mark.parametrize("loss", ["squared", "bernoulli", "gaussian"])
def test_reconstructions_come_back_in_the_users_units(scale, loss):
    rows = X.astype(np.float64) * scale[0] + scale[1]
    ae = small(training=Training(epochs=150, lr=1e-2), reconstruction=loss).fit(rows)
    error = np.abs(ae.reconstruct(rows) - rows).mean() / scale[0]
    assert error < 0.2
    assert ae.scaler_.kind == ("none" if scale[1] == 0 else "minmax" if loss == "bernoulli" else "standard")


def test_what_a_loss_cannot_take_is_refused():
    with pytest.raises(DataError, match="Bernoulli loss needs data in"):
        small(reconstruction="bernoulli", scaling=None).fit(X * 2)
    with pytest.raises(DataError, match="needs counts"):
        small(reconstruction="poisson").fit(X - 1)
    with pytest.raises(SettingError, match="cannot take data scaled by scaling='standard'"):
        small(reconstruction="bernoulli", scaling="standard").fit(X)
    with pytest.raises(DataError, match=r"got target with values from 0\.\d+ to 1\.\d+"):
        small(reconstruction="bernoulli").fit(X, target=2 * X)
    with pytest.raises(SettingError, match="scaling must be one of"):
        small(scaling="std").fit(X)
    with pytest.raises(DataError, match=r"Bernoulli loss needs targets .* got X"):
        small(reconstruction="bernoulli").fit(X).partial_fit(X * 3)


def test_scikit_learn_tools_work():
    y = (X[:, 0] > 0.5).astype(int)
    search = GridSearchCV(small(), {"latent__dim": [1, 3], "training__lr": np.array([1e-3, 1e-2])}, cv=2).fit(
        X
    )
    assert search.best_estimator_.transform(X).shape == (80, search.best_params_["latent__dim"])
    assert (cross_val_score(small(), X, cv=2) < 0).all()
    pipe = make_pipeline(StandardScaler(), small(), LogisticRegression()).fit(X, y)
    assert pipe.predict(X).shape == (80,)
    assert make_pipeline(StandardScaler(), small()).fit(X).inverse_transform(np.zeros((2, 2))).shape == (
        2,
        16,
    )
    assert repr(clone(small().fit(X))) == repr(small())


def test_data_frames_go_in_and_come_out(fitted):
    frame = pd.DataFrame(X, columns=[f"pixel {i}" for i in range(16)], index=range(100, 180))
    ae = small().set_output(transform="pandas").fit(frame)
    Z = ae.transform(frame)
    assert list(Z.columns) == list(ae.get_feature_names_out()) == ["autoencoder0", "autoencoder1"]
    assert list(Z.index) == list(frame.index)
    assert np.array_equal(Z.to_numpy(), fitted.transform(X))
    assert np.array_equal(ae.reconstruct(frame), fitted.reconstruct(X))
    assert ae.score(frame) == fitted.score(X)
    assert np.array_equal(ae.transform(frame[frame.columns[::-1]]), Z)


def test_a_pickle_is_about_as_large_as_what_it_holds():
    ae = small(encoder=MLP((64,))).fit(X)
    numbers = sum(p.numel() for p in ae.module_.parameters())
    # Weights and Adam's two moments; the codes and the history are small.
    assert len(pickle.dumps(ae)) < 3 * 4 * numbers + 20_000


def test_a_failed_fit_leaves_the_estimator_as_it_was():
    ae = small().fit(X)
    codes = ae.transform(X)
    for wrong in ({"target": X[:3]}, {"validation": X[:, :3]}, {"target": np.full_like(X, np.nan)}):
        with pytest.raises(DataError):
            ae.fit(X, **wrong)
        assert np.array_equal(codes, ae.transform(X))
    fresh = small()
    with pytest.raises(DataError):
        fresh.fit(X, target=X[:3])
    with pytest.raises(NotFittedError):
        fresh.transform(X)
    pickle.loads(pickle.dumps(fresh))


def test_partial_fit_goes_on():
    whole = small(training=Training(epochs=3, schedule="constant", batch_size=32)).fit(X)
    parts = small(training=Training(epochs=77, schedule="constant", batch_size=32))
    for _ in range(3):
        parts.partial_fit(X)
    assert np.array_equal(whole.transform(X), parts.transform(X))
    assert (parts.n_iter_, len(parts.history_), parts.training.epochs) == (3, 3, 77)
    assert list(parts.history_["epoch"]) == [1, 2, 3]
    assert np.array_equal(parts.history_["loss"], whole.history_["loss"])
    with pytest.raises(ValueError, match="16 features"):
        parts.partial_fit(X[:, :4])


def _parameters(ae, part):
    return {n: p.clone() for n, p in ae.module_.named_parameters() if n.startswith(part)}


def _equal(a, b):
    return all(torch.equal(a[n], b[n]) for n in a)


@pytest.mark.parametrize("optimizer", ["adam", AdamW(decay=0.5), SGD(0.9)])
@pytest.mark.parametrize("keep", [True, False])
def test_frozen_parts_stay_to_the_bit(optimizer, keep):
    ae = small(training=TINY.replace(optimizer=optimizer)).fit(X)
    other = ae.fine_tune(X, freeze=["decoder", "encoder.layers.0.bias"], keep_optimizer=keep)
    assert _equal(_parameters(ae, "decoder"), _parameters(other, "decoder"))
    assert _equal(_parameters(ae, "encoder.layers.0.bias"), _parameters(other, "encoder.layers.0.bias"))
    assert not _equal(
        _parameters(ae, "encoder.layers.1.weight"), _parameters(other, "encoder.layers.1.weight")
    )
    assert _equal(_parameters(ae, "decoder"), _parameters(ae.fine_tune(X, freeze="decoder"), "decoder"))


def test_a_new_encoder_is_learnt_for_a_frozen_decoder():
    ae = small(training=Training(epochs=60, lr=1e-2)).fit(X)
    untrained = ae.fine_tune(X, reset=["encoder"], freeze=["decoder"], training=Training(epochs=1, lr=1e-9))
    assert not _equal(_parameters(ae, "encoder"), _parameters(untrained, "encoder"))
    learnt = ae.fine_tune(X, reset=["encoder"], freeze=["decoder"])
    assert _equal(_parameters(ae, "decoder"), _parameters(learnt, "decoder"))
    assert learnt.score(X) > untrained.score(X)
    wider = clone(ae).set_params(encoder=MLP((12,)), decoder=MLP((8,))).fit(X)
    again = wider.set_params(encoder__hidden=(5,)).fine_tune(X, reset=["encoder"])
    assert again.module_.parts.encoder.hidden == (5,)


def test_a_model_learns_to_clean_its_input():
    noisy = (X + np.random.RandomState(0).normal(0, 0.3, X.shape)).astype(np.float32)
    ae = small(training=Training(epochs=100, lr=1e-2), latent=4).fit(noisy)
    cleaner = ae.fine_tune(noisy, target=X)
    assert np.square(cleaner.reconstruct(noisy) - X).mean() < np.square(ae.reconstruct(noisy) - X).mean()
    assert cleaner.fine_tune(X, corruption=GaussianNoise(0.1)).module_.parts.corruption == (
        GaussianNoise(0.1),
    )


def test_the_optimiser_can_go_on():
    flat = Training(epochs=2, batch_size=32, schedule="constant")
    ae = small(training=flat).fit(X)
    fresh, kept = (ae.fine_tune(X, keep_optimizer=keep) for keep in (False, True))
    assert not np.array_equal(fresh.transform(X), kept.transform(X))
    restored = pickle.loads(pickle.dumps(ae)).fine_tune(X, keep_optimizer=True)
    assert np.array_equal(restored.transform(X), kept.transform(X))
    with pytest.raises(SettingError, match="another optimiser"):
        ae.fine_tune(X, training=flat.replace(optimizer=SGD(0.9)), keep_optimizer=True)


def test_fine_tuning_says_what_it_cannot_do(fitted):
    with pytest.raises(UnknownNameError, match="parameter to freeze 'decodr'"):
        fitted.fine_tune(X, freeze=["decodr"])
    with pytest.raises(UnknownNameError, match="parameter to reset"):
        fitted.fine_tune(X, reset="enc")
    with pytest.raises(SettingError, match="leave one to train"):
        fitted.fine_tune(X, freeze=["encoder", "decoder"])
    with pytest.raises(ValueError, match="features"):
        fitted.fine_tune(X[:, :5])
    changed = pickle.loads(pickle.dumps(fitted)).set_params(latent=5)
    with pytest.raises(SettingError, match=r"has shape \(8, 5\), the learnt model has \(8, 2\)"):
        changed.fine_tune(X)


@pytest.mark.parametrize("latent", [2, Sphere(3), Gaussian(2)])
def test_new_rows_are_drawn(latent):
    ae = small(latent=latent).fit(X)
    one, two = (ae.sample(7, random_state=s) for s in (0, 1))
    assert one.shape == (7, 16)
    assert np.isfinite(one).all()
    assert not np.array_equal(one, two)
    assert np.array_equal(one, ae.sample(7, random_state=0))
    codes = ae.sample_codes(500, random_state=0)
    if isinstance(latent, Sphere):
        np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, rtol=1e-5)
    for wrong in (0, -1, 2.5, True, "3"):
        with pytest.raises(SettingError, match="number of samples"):
            ae.sample(wrong)


def test_codes_of_another_width_are_refused(fitted):
    with pytest.raises(DataError, match=r"codes of shape \(n, 2\) were expected, got \(3, 5\)"):
        fitted.inverse_transform(np.zeros((3, 5)))
    with pytest.raises(DataError, match="Z contains NaN in 1 of 3 rows"):
        fitted.inverse_transform([[0, 0], [np.nan, 0], [0, 0]])


@pytest.mark.parametrize("when", [1, 2])
def test_an_interrupted_fit_can_be_used(when):
    def press(event):
        if event.epoch == when:
            os.kill(os.getpid(), signal.SIGINT)

    ae = small(training=Training(epochs=50))
    with pytest.warns(InterruptedWarning, match=f"interrupted in epoch {when + 1} of 50"):
        ae.fit(X, callbacks=[press])
    assert (ae.status_, ae.n_iter_, len(ae.history_)) == ("interrupted", when, when)
    assert np.isfinite(ae.reconstruct(X)).all()
    assert ae.codes_.shape == (80, 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_leaves_at_once():
    def press(event):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    ae = small()
    with pytest.raises(KeyboardInterrupt):
        ae.fit(X, callbacks=[press])
    assert ae.status_ == "interrupted"
    assert np.isfinite(pickle.loads(pickle.dumps(ae)).transform(X)).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_unknown_device_is_refused():
    for wrong in ("tpu", None, 3):
        with pytest.raises(SettingError, match="device must be one of"):
            small(device=wrong).fit(X)
    if not torch.cuda.is_available():
        with pytest.raises(SettingError, match="no such device"):
            small(device="cuda:0").fit(X)


@pytest.mark.parametrize("name", [n for n in RECIPES if n not in ("deep_wide",)])
def test_every_recipe_learns_something(name):
    rows = load_digits().data[:200] / 16
    few = {"training__epochs": 15, "training__batch_size": 20, "training__lr": 1e-2}
    ae = make(name, **few, random_state=0).fit(rows)
    assert ae.history_["reconstruction"][-1] < ae.history_["reconstruction"][0]
    # These have hardly left their warm-up.
    if name not in ("beta_vae", "beta_tc_vae", "factor_vae"):
        assert np.square(ae.reconstruct(rows) - rows).mean() < 0.95 * np.square(rows - rows.mean(0)).mean()
