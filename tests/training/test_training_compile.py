"""Compiled training: the losses of plain training but for rounding, for every recipe; and what it needs."""

from __future__ import annotations

import numpy as np
import pytest

from diabolo import Autoencoder, EarlyStopping, Training, recipes
from diabolo.checks import example_rows
from diabolo.errors import SettingError
from diabolo.studies import fit_stack

# PyTorch's compiler calls functions that PyTorch has deprecated, and hides what it warns of only while it is no error.
pytestmark = pytest.mark.filterwarnings("default")
X = example_rows(70, 64)


def _losses(model):
    return np.array([entry["loss"] for entry in model.history_.epochs])


def test_a_missing_compiler_is_said_before_training(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(SettingError, match=r"needs a C\+\+ compiler, and none of g\+\+"):
        Autoencoder(training=Training(epochs=1, compile=True)).fit(X)
    monkeypatch.setenv("CXX", "/nowhere/g++")
    with pytest.raises(SettingError, match="CXX names '/nowhere/g\\+\\+', which is not there"):
        Autoencoder(training=Training(epochs=1, compile=True)).fit(X)


def test_a_penalty_on_gradients_is_said_before_training():
    with pytest.raises(SettingError, match=r"contractive.*double backward"):
        recipes.contractive(training__epochs=1, training__compile=True).fit(X)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(recipes.RECIPES.keys() - {"contractive"}))
def test_every_recipe_compiled_has_the_losses_of_plain_training(name):
    # float64: what rounding grows to in three epochs stays far below what a wrong step would do.
    settings = {"training__epochs": 3, "training__precision": "float64", "random_state": 0}
    plain = recipes.make(name, **settings).fit(X)
    compiled = recipes.make(name, training__compile=True, **settings).fit(X)
    np.testing.assert_allclose(_losses(compiled), _losses(plain), rtol=1e-8)


@pytest.mark.slow
def test_a_compiled_stack_goes_on_when_models_leave_it():
    stopping = EarlyStopping(patience=1, min_delta=0.2)
    training = Training(epochs=6, batch_size=32, precision="float64", early_stopping=stopping)
    rates = (1e-4, 1e-3, 1e-2)
    models = [Autoencoder(2, training=training.replace(lr=lr), random_state=0) for lr in rates]
    plain = fit_stack(models, X)
    compiled = fit_stack([m.set_params(training__compile=True) for m in models], X)
    assert len({m.n_iter_ for m in plain}) > 1
    for one, other in zip(plain, compiled, strict=True):
        assert one.n_iter_ == other.n_iter_
        np.testing.assert_allclose(_losses(other), _losses(one), rtol=1e-8)


@pytest.mark.slow
def test_more_trainings_than_a_compiler_keeps_shapes_of(recwarn):
    """Each training has its own compiled code: the ninth shape is compiled as the first was."""
    for width in range(3, 13):
        model = Autoencoder(2, training=Training(epochs=1, compile=True), random_state=0)
        model.set_params(encoder__hidden=(width,)).fit(X)
    assert not [str(w.message) for w in recwarn if "torch._dynamo" in str(w.message)]
