"""Bad data and bad settings: each kind gets one sentence, and odd but usable data is used."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from diabolo import MLP, Autoencoder, DiaboloError, Training
from diabolo.checks import example_rows

X = example_rows(40, 6)


def small(**more):
    return Autoencoder(**({"encoder": MLP((4,)), "training": Training(epochs=2), "random_state": 0} | more))


def _with(value):
    rows = X.astype(np.float64)
    rows[3, 2] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (np.empty((0, 6)), "0 sample"),
        (np.empty((5, 0)), "0 feature"),
        (np.empty((0, 4, 4)), "0 sample"),
        (np.empty((3, 0, 4)), "0 feature"),
        (X[0], "Expected 2D array"),
        (np.zeros((2, 1, 2, 2, 2)), "dim 5"),
        (3.0, "Expected 2D array"),
        (None, "Expected 2D array|at least one array|array-like|NoneType"),
        (_with(np.nan), "NaN in 1 of 40 rows .first: row 3, column 2."),
        (_with(np.inf), "infinity in 1 of 40 rows"),
        (_with(-np.inf), "infinity in 1 of 40 rows"),
        (np.where(X > 0.5, np.nan, X), "NaN in .* of 40 rows"),
        (_with(1e200), "too large to compute with"),
        (X.astype(complex), "[Cc]omplex"),
        (X.astype(str).astype(object) + "a", "could not convert string to float"),
        (np.array([["a", "b"], ["c", "d"]]), "could not convert|dtype|numeric|string"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), ".b. has a value of its own in each row"),
        (pd.DataFrame({"a": [1.0, None], "b": [1.0, 2.0]}), "NaN in 1 of 2 rows"),
        ([[1.0, 2.0], [3.0]], "inhomogeneous"),
    ],
)
@pytest.mark.filterwarnings("ignore:X has feature names", "ignore:.*far outside")
def test_bad_rows_are_refused_with_a_sentence(rows, sentence):
    ae = small()
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        ae.fit(rows)
    assert 10 < len(str(caught.value)) < 700
    fitted = small().fit(X)
    with pytest.raises((ValueError, TypeError)):
        fitted.transform(rows)


@pytest.mark.parametrize(
    "rows",
    [
        X[:1],
        X[:, :1],
        X[:1, :1],
        np.ones((9, 3)),
        np.zeros((9, 3)),
        np.full((9, 3), -7.5),
        np.repeat(X[:1], 30, axis=0),
        X > 0.5,
        (X * 255).astype(np.uint8),
        (X * 255).astype(np.int64) - 100,
        X.astype(np.float16),
        X.astype(np.longdouble),
        X.astype(object),
        X * 1e-30,
        X.astype(np.float64) * 1e-300,
        (X - 0.5).astype(np.float64) * 1e-300,
        (X - 0.5).astype(np.float64) * 1e100,
        X.astype(np.float64) + 1e12,
        (X - 0.5) * np.float32(1e30),
        np.hstack([X, np.full((40, 1), 1e9, np.float32)]),
        pd.DataFrame(X),
        pd.DataFrame(X > 0.5),
        pd.DataFrame((X * 9).astype(int)).astype("Int64"),
    ],
    ids=lambda r: f"{getattr(r, 'dtype', 'frame')} {np.shape(r)}",
)
@pytest.mark.parametrize("loss", ["squared", "bernoulli"])
def test_odd_rows_are_used(rows, loss):
    ae = small(reconstruction=loss, latent=9).fit(rows)
    back = ae.reconstruct(rows)
    assert back.shape == np.shape(rows)
    assert np.isfinite(back).all()
    assert np.isfinite(ae.score(rows))


def test_a_constant_column_comes_back():
    rows = np.hstack([X, np.full((40, 1), -4e6, np.float32)])
    # Standardised data: the constant is the offset, and the model's output there goes to 0.
    back = small(training=Training(epochs=200, lr=1e-2)).fit(rows).reconstruct(rows)
    assert back[:, -1] == pytest.approx(-4e6, abs=2)


def test_large_values_after_fit_are_refused_where_they_overflow():
    ae = small().fit(X)
    with (
        pytest.raises(DiaboloError, match="too large for float32"),
        pytest.warns(UserWarning, match="far outside"),
    ):
        ae.transform(_with(1e60))


def test_wrong_widths_are_refused():
    ae = small().fit(X)
    for method in (ae.transform, ae.reconstruct, ae.score, ae.score_samples, ae.partial_fit):
        with pytest.raises(ValueError, match="X has 3 features, but Autoencoder is expecting 6"):
            method(X[:, :3])


@pytest.mark.parametrize("what", ["target", "validation"])
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (X[:, :2], "must have shape"),
        (X[0], "must have shape"),
        (_with(np.nan), "contains NaN in 1 of 40 rows"),
        (X.astype(complex), "rows? of numbers|must hold"),
        (X.astype(str), "must hold"),
        (np.empty((0, 6)), "must have shape|at least one sample"),
    ],
)
def test_companions_of_the_rows_must_fit(what, rows, sentence):
    with pytest.raises(DiaboloError, match=sentence) as caught:
        small().fit(X, **{what: rows})
    assert what in str(caught.value)


def test_a_target_needs_a_row_for_each_row():
    with pytest.raises(DiaboloError, match=r"target must have shape \(40 rows, 6 features\), got \(39, 6\)"):
        small().fit(X, target=X[:-1])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1"),
        ({"epochs": 2.5}, "epochs must be an integer"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1"),
        ({"lr": 0}, "lr must be a number > 0"),
        ({"lr": -1e-3}, "lr must be a number > 0"),
        ({"lr": float("nan")}, "lr must be a number > 0"),
        ({"lr": "fast"}, "lr must be a number > 0"),
        ({"validation": 1.0}, "validation must be a number >= 0 and < 1"),
        ({"optimizer": "adamm"}, "Did you mean 'adam'"),
        ({"clip_norm": 0}, "clip_norm must be a number > 0 or None"),
        ({"precision": "float16"}, "one of 'float32', 'float64'"),
        ({"drop_last": 1}, "drop_last must be True or False"),
    ],
)
def test_bad_training_settings_get_a_sentence(settings, sentence):
    with pytest.raises(DiaboloError, match=sentence):
        Training(**settings)


def test_a_batch_larger_than_the_data_is_all_of_it():
    big, whole = (small(training=Training(epochs=3, batch_size=b)).fit(X) for b in (10_000, None))
    assert np.array_equal(big.transform(X), whole.transform(X))


def test_no_warning_comes_from_usual_data():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small().fit(X).fine_tune(X).score(X)
