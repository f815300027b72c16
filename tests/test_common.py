"""scikit-learn's estimator checks and ours, over every recipe: none skipped by us."""

from __future__ import annotations

import numpy as np
import pytest
from fresh import in_fresh_process
from members import narrowed
from sklearn.decomposition import NMF, PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from diabolo import checks
from diabolo.errors import UnknownNameError
from diabolo.recipes import RECIPES, make

CHEAP = {"training__epochs": 2, "training__batch_size": 64, "random_state": 0, "verbose": False}


def cheap(name: str):
    return narrowed(make(name, **CHEAP), 16)


def fails_by_nature(estimator):
    """What scikit-learn's few rows show of a model; one with too few held out to be judged by stays where it starts."""
    return {} if estimator.training.early_stopping is not None else checks.UNEQUAL_BY_NATURE


@parametrize_with_checks([cheap(name) for name in RECIPES], expected_failed_checks=fails_by_nature)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("check", checks.AUTOENCODER_CHECKS, ids=lambda c: c.__name__)
def test_our_checks(name, check):
    check(cheap(name), checks.example_rows())


@pytest.mark.parametrize(
    "estimator", [PCA(2), NMF(2, max_iter=2000), make_pipeline(StandardScaler(), PCA(2))]
)
def test_foreign_transformers_pass(estimator):
    checks.check_transformer(estimator)


def test_check_autoencoder_runs_everything():
    checks.check_autoencoder(cheap("linear"))


class _Wrong(FunctionTransformer):
    """Breaks one promise at a time."""

    def __init__(self, wrong="codes"):
        super().__init__()
        self.wrong = wrong

    def fit(self, X, y=None):
        if self.wrong == "input":
            X += 1
        return super().fit(X) if self.wrong != "self" else None

    def transform(self, X):
        if self.wrong == "rows":
            return X[1:]
        if self.wrong == "random":
            return X + np.random.default_rng().normal(size=X.shape)
        return X * np.nan if self.wrong == "codes" else X

    def inverse_transform(self, Z):
        return Z[:, 1:]


@pytest.mark.parametrize(
    ("wrong", "check", "sentence"),
    [
        ("codes", checks.check_protocol, "NaN or infinite codes"),
        ("self", checks.check_protocol, "return the estimator itself"),
        ("rows", checks.check_protocol, "300 rows of codes, got \\(299, 16\\)"),
        ("random", checks.check_transform_deterministic, "two calls of transform differ"),
        ("input", checks.check_input_untouched, "changed the array"),
        ("inverse", checks.check_inverse, "must give shape \\(300, 16\\), got \\(300, 15\\)"),
    ],
)
def test_a_broken_transformer_is_told_what_is_wrong(wrong, check, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check(_Wrong(wrong), checks.example_rows())


def test_an_unknown_recipe_gets_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'beta_vae'"):
        make("betavae")


def test_a_recipe_is_an_autoencoder_with_settings_on_top():
    ae = make("beta_vae", latent_dim=5, beta=2, training__lr=0.1, random_state=3)
    assert (ae.latent.dim, ae.penalties.weight, ae.get_params()["training__lr"]) == (5, 2.0, 0.1)
    assert make("vae", latent=2).latent == 2
    with pytest.raises(UnknownNameError, match="nonsense"):
        make("vae", nonsense=1)
    with pytest.raises(UnknownNameError, match="parameter of Autoencoder 'trainin__lr'"):
        make("vae", trainin__lr=1)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_when_to_use_it_and_where_it_is_from(name):
    doc = RECIPES[name].__doc__
    first = doc.splitlines()[0]
    assert first.endswith(".")
    assert ":" in first
    assert "References" in doc


def test_the_table_of_recipes_needs_neither_torch_nor_scikit_learn():
    code = "import sys, diabolo.recipes; print(sorted({'torch', 'sklearn'} & set(sys.modules)))"
    assert in_fresh_process(code).strip() == "[]"
