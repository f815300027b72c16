"""Parameters, paths into parts, and values that a setting cannot take."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from diabolo import (
    ELBO,
    KL,
    L1,
    MLP,
    SGD,
    AdamW,
    Autoencoder,
    EarlyStopping,
    Euclidean,
    Gaussian,
    GaussianNoise,
    Mirror,
    SquaredError,
    Training,
    slots,
)
from diabolo.checks import example_rows
from diabolo.errors import SettingError, UnknownNameError
from diabolo.recipes import RECIPES, make
from diabolo.training.settings import GENERAL

TINY = Training(epochs=1)
X = example_rows(60, 6)


def test_defaults_stand_for_parts():
    found = {name: slots.resolve(name, None) for name in slots.SLOTS}
    assert found == {
        "latent": Euclidean(2),
        "encoder": MLP(activation="silu", skip="pca"),
        "decoder": Mirror(),
        "reconstruction": SquaredError(),
        "penalties": (),
        "bound": ELBO(),
        "corruption": (),
        "training": GENERAL,
    }
    assert slots.resolve("penalties", None, Gaussian(3)) == (KL(),)
    assert slots.resolve("penalties", (), Gaussian(3)) == ()


@pytest.mark.parametrize("name", [None, *RECIPES])
def test_set_params_of_get_params_changes_nothing(name):
    ae = Autoencoder() if name is None else make(name)
    before = ae.get_params(deep=False)
    ae.set_params(**ae.get_params())
    assert all(ae.get_params(deep=False)[k] is v for k, v in before.items())


def test_a_decoder_left_alone_goes_on_mirroring():
    ae = Autoencoder()
    ae.set_params(**ae.get_params()).set_params(encoder__hidden=(7,), training__epochs=1)
    assert ae.decoder is None
    assert ae.fit(X).module_.parts.decoder.hidden == (7,)


def test_paths_reach_defaults_and_nested_parts():
    ae = Autoencoder().set_params(training__lr=0.5, training__optimizer__eps=1e-3, encoder__activation="tanh")
    assert ae.training == GENERAL.replace(lr=0.5, optimizer=AdamW(eps=1e-3, decay=0.1))
    assert ae.encoder == MLP(activation="tanh", skip="pca")
    ae.set_params(training__optimizer="sgd", training__optimizer__momentum=0.5)
    assert ae.training.optimizer == SGD(0.5)
    ae.set_params(training__early_stopping__patience=3, training__early_stopping=True)
    assert ae.training.early_stopping == EarlyStopping(3)


def test_an_integer_latent_has_a_dimension():
    ae = Autoencoder(latent=2).set_params(latent__dim=np.int64(5))
    assert ae.latent == Euclidean(5)
    assert type(ae.latent.dim) is int
    assert Autoencoder(latent=2).get_params()["latent__dim"] == 2
    ae = Autoencoder(latent=2).set_params(latent__dim=4, latent=Gaussian(3))
    assert ae.latent == Gaussian(4)


def test_penalties_are_reached_by_their_names():
    ae = Autoencoder(penalties=(L1(0.1), L1(0.2)))
    assert {"penalties__l1", "penalties__l1_2__weight"} <= ae.get_params().keys()
    ae.set_params(penalties__l1_2__weight=np.float32(0.5), penalties__l1__weight=0)
    assert [p.weight for p in ae.penalties] == [0.0, 0.5]
    ae.set_params(penalties__l1="l2")
    assert [type(p).__name__ for p in ae.penalties] == ["L2", "L1"]
    assert Autoencoder(latent=Gaussian(2)).set_params(penalties__kl__weight=4).penalties == (KL(4),)
    assert (
        Autoencoder(corruption=GaussianNoise()).set_params(corruption__level=0.7).corruption[0].level == 0.7
    )


@pytest.mark.parametrize(
    "path",
    ["nonsense", "nonsense__x", "scaling__x", "latent__dims", "training__learning_rate", "penalties__mmd__weight",
     "training__optimizer__momentum", "decoder__hidden"],
)  # fmt: skip
def test_an_unknown_path_is_refused_at_once(path):
    with pytest.raises(UnknownNameError):
        Autoencoder().set_params(**{path: 1})


@pytest.mark.parametrize(
    ("path", "value"),
    [("training__lr", -1), ("training__optimizer", "adm"), ("latent__dim", 0), ("latent__dim", 2.5),
     ("encoder__activation", "rel"), ("training__schedule", 3), ("training__validation", float("nan"))],
)  # fmt: skip
def test_an_impossible_value_is_refused_by_fit_and_can_be_mended(path, value):
    ae = Autoencoder(training=TINY).set_params(**{path: value})
    assert ae.get_params()[path] is value
    ae.set_params(**ae.get_params())
    assert repr(clone(ae).get_params()[path]) == repr(value)
    with pytest.raises(SettingError):
        ae.fit(X)
    good = Autoencoder().get_params()[path]
    ae.set_params(encoder__width=5).set_params(**{path: good, "training__epochs": 1})
    assert ae.fit(X).module_.parts.encoder.width == 5


def test_two_impossible_values_are_mended_one_by_one():
    ae = Autoencoder(training=TINY).set_params(training__lr=-1).set_params(training__epochs=0)
    ae.set_params(training__lr=0.1)
    with pytest.raises(SettingError, match="epochs"):
        ae.fit(X)
    assert ae.set_params(training__epochs=2).training == Training(epochs=2, lr=0.1)


def test_a_grid_search_scores_impossible_values_as_failed():
    grid = {"latent__dim": np.array([0, 2]), "training__optimizer": ["adam", "adm"]}
    search = GridSearchCV(
        Autoencoder(training=TINY, random_state=0), grid, cv=2, error_score=-99.0, refit=True
    )
    with pytest.warns(FitFailedWarning, match="fits failed"):
        search.fit(X)
    scores = search.cv_results_["mean_test_score"]
    assert list(scores == -99.0) == [True, True, False, True]
    assert search.best_params_ == {"latent__dim": 2, "training__optimizer": "adam"}
    assert search.best_estimator_.transform(X).shape == (60, 2)


@pytest.mark.parametrize("value", [True, 2.0, "euclid", {"kind": "euclidean", "dims": 3}, [2], object()])
def test_a_latent_that_is_none_is_refused_with_the_list(value):
    with pytest.raises(SettingError, match=r"euclidean|dims"):
        Autoencoder(latent=value).fit(X)


@pytest.mark.parametrize("name", [None, *RECIPES])
def test_plain_values_come_back_as_the_same_parts(name):
    ae = Autoencoder() if name is None else make(name)
    for slot in slots.SLOTS:
        value = getattr(ae, slot)
        back = slots.from_json(slot, slots.to_json(slot, value))
        assert (back is None) == (value is None)
        assert slots.resolve(slot, back) == slots.resolve(slot, value)


@pytest.mark.parametrize(
    ("name", "plain"), [("penalties", {"kind": "kl"}), ("penalties", [3]), ("latent", 3)]
)
def test_plain_values_of_another_form_are_refused(name, plain):
    with pytest.raises(SettingError, match=name):
        slots.from_json(name, plain)


def test_an_estimator_prints_and_draws_itself_whatever_it_holds():
    for ae in (Autoencoder(), Autoencoder().set_params(training__lr=-1), make("beta_vae")):
        assert repr(ae)
        assert ae._repr_html_()
