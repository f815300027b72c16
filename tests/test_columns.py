"""A model never answers for the wrong columns: they are matched by name, or refused, or warned of."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import diabolo
from diabolo import MLP, Autoencoder, Training
from diabolo.errors import DataError, OutsideRangeWarning

NAMES = ["alcohol", "sulphates", "density", "pH", "acid"]
X = np.random.default_rng(0).random((60, 5)) * [5, 1, 0.1, 3, 10] + [9, 0.3, 0.95, 2, 1]
FRAME = pd.DataFrame(X, columns=NAMES)


def small(**settings):
    return Autoencoder(encoder=MLP((4,)), training=Training(epochs=2), random_state=0, **settings)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(FRAME)


KINDS = {"pandas": lambda frame: frame, "polars": lambda frame: pl.DataFrame(frame)}


@pytest.mark.parametrize("kind", KINDS)
@given(order=st.permutations(NAMES))
@settings(deadline=None, max_examples=10)
def test_any_order_of_named_columns_gives_the_same(fitted, kind, order):
    frame = KINDS[kind](FRAME)[list(order)]
    for method in (fitted.transform, fitted.reconstruct, fitted.score_samples):
        np.testing.assert_array_equal(method(frame), method(FRAME))


@pytest.mark.parametrize("kind", KINDS)
@given(
    kept=st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
    more=st.lists(st.sampled_from(["new", "other", "Alcohol"]), unique=True),
)
@settings(deadline=None, max_examples=20)
def test_any_other_names_are_refused_and_named(fitted, kind, kept, more):
    if not more and len(kept) == len(NAMES):
        return
    frame = KINDS[kind](FRAME[kept].assign(**dict.fromkeys(more, 0.0)))
    with pytest.raises(DataError, match="other columns than the model was fitted on") as caught:
        fitted.transform(frame)
    for name in [*more, *(set(NAMES) - set(kept))]:
        assert repr(name) in str(caught.value)


def test_the_difference_is_said_in_words(fitted):
    with pytest.raises(
        DataError, match=r"lacks 'pH' \(is 'ph' meant\?\) and has 'ph', which the model does not"
    ):
        fitted.transform(FRAME.rename(columns={"pH": "ph"}))
    with pytest.raises(DataError, match="it has 'more', which the model does not know"):
        fitted.score_samples(FRAME.assign(more=1.0))


def test_a_name_that_stands_twice_is_refused(fitted):
    twice = FRAME.set_axis([*NAMES[:4], "pH"], axis=1)
    with pytest.raises(DataError, match="several columns called 'pH'"):
        fitted.transform(twice)
    with pytest.raises(DataError, match="several columns called 'pH'"):
        small().fit(twice)


def test_names_on_one_side_alone_are_warned_of(fitted):
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.transform(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        small().fit(X).transform(FRAME)


def test_numbers_that_nobody_gave_are_no_names():
    frame = pd.DataFrame(X)
    ae = small().fit(frame)
    assert not hasattr(ae, "feature_names_in_")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(ae.transform(X), ae.transform(frame))


@pytest.mark.parametrize("method", ["transform", "reconstruct", "score_samples"])
def test_rows_far_outside_are_counted_and_the_features_are_named(fitted, method):
    moved = FRAME.copy()
    moved.loc[:6, "density"] = 12.0
    with pytest.warns(OutsideRangeWarning, match=r"7 of 60 rows lie far outside .*\(most in 'density'\)"):
        getattr(fitted, method)(moved)


@given(shift=st.integers(1, 4))
@settings(deadline=None, max_examples=4)
def test_columns_that_moved_by_a_place_are_warned_of(shift):
    ae = small().fit(X)
    with pytest.warns(OutsideRangeWarning, match="feature"):
        ae.transform(np.roll(X, shift, axis=1))


def test_pixels_share_one_range():
    pixels = X / X.max()
    pixels[:, 0] = 0
    ae = small().fit(pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ae.transform(np.ones_like(pixels))
    with pytest.warns(OutsideRangeWarning, match="60 of 60 rows"):
        ae.transform(pixels * 255)


def test_rows_a_little_outside_and_constant_features_are_not_warned_of(tmp_path):
    rows = np.column_stack([X, np.full(60, 0.1)])
    ae = small().fit(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ae.transform(rows.astype(np.float32))
        ae.transform(rows + 0.4 * np.ptp(rows, axis=0))
    rows[0, 5] = 0.2
    with pytest.warns(OutsideRangeWarning, match="1 of 60 rows"):
        ae.transform(rows)
    ae.save(tmp_path / "model")
    with pytest.warns(OutsideRangeWarning, match="1 of 60 rows"):
        diabolo.load(tmp_path / "model").transform(rows)


@pytest.mark.filterwarnings("ignore:Constructing a DIA matrix")
@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_a_sparse_matrix_is_its_dense_one(kind, dtype):
    rows = sparse.random(300, 12, 0.3, random_state=0)
    rows.data = np.ceil(rows.data * 5)
    rows = rows.astype(dtype).asformat(kind)
    dense = rows.toarray()
    ae, same = small().fit(rows), small().fit(dense)
    for method in ("transform", "reconstruct", "score_samples"):
        # Means are summed over other blocks of rows.
        np.testing.assert_allclose(
            getattr(ae, method)(rows), getattr(same, method)(dense), rtol=1e-4, atol=1e-5
        )


def test_a_sparse_matrix_with_nan_is_refused():
    rows = sparse.csr_array(np.array([[0.0, 1.0], [np.nan, 0.0], [1.0, 1.0]]))
    with pytest.raises(DataError, match="NaN"):
        small().fit(rows)


def test_sparse_targets_and_validation_rows():
    rows = sparse.random(80, 6, 0.4, format="csr", random_state=0)
    ae, same = (small().fit(X, target=X, validation=X[:20]) for X in (rows, rows.toarray()))
    np.testing.assert_allclose(ae.transform(rows), same.transform(rows.toarray()), rtol=1e-4, atol=1e-5)
