"""Arrays as other libraries hold them: backwards, masked, lazy, of dates; each is taken or gets its own sentence."""

from __future__ import annotations

import datetime
import inspect
import sys
import types
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy import sparse
from sklearn.base import clone

from diabolo import Autoencoder, Gaussian, Training, density, metrics
from diabolo.anomaly import OutlierDetector
from diabolo.data.foreign import as_arrays
from diabolo.errors import DataError
from diabolo.explorer.model import make_dataset
from diabolo.report import health_report

X = np.random.default_rng(0).random((60, 6), np.float32)
BACKWARDS = {
    "rows": lambda a: a[::-1],
    "columns": lambda a: a[:, ::-1],
    "both": np.flip,
    "every other row": lambda a: np.repeat(a, 2, axis=0)[::-2],
    "columns first": np.asfortranarray,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
}


def same_up_to_sums(a: Any, b: Any, name: str) -> None:
    """Means and deviations of columns are summed in the order in which the numbers lie."""
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=name)


def small(**settings: Any) -> Autoencoder:
    return Autoencoder(training=Training(epochs=1), random_state=0, verbose=False, **settings)


@pytest.fixture(scope="module")
def fitted() -> Autoencoder:
    return small().fit(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scaling", [None, "standard"])
@pytest.mark.parametrize("how", BACKWARDS)
def test_an_array_in_any_order_is_its_copy(how: str, scaling: str | None, dtype: Any) -> None:
    """Every method that takes rows, found by its signature."""
    rows = BACKWARDS[how](X.astype(dtype))
    plain = np.ascontiguousarray(rows.astype(dtype))
    one, other = small(scaling=scaling).fit(rows), small(scaling=scaling).fit(plain)
    taken = [
        name
        for name, method in inspect.getmembers(Autoencoder, inspect.isfunction)
        if not name.startswith(("_", "set_"))
        and list(inspect.signature(method).parameters)[1:2] in (["X"], ["Z"])
    ]
    assert {"fit", "transform", "inverse_transform", "reconstruct", "score_samples"} <= set(taken)
    # What a model without drawn codes does not answer is asked of one that has them.
    one_drawn, other_drawn = (m.set_params(latent=Gaussian(2)) for m in (clone(one), clone(other)))
    for name in ("elbo", "log_likelihood"):
        a, b = (getattr(m.fit(r), name)(r) for m, r in ((one_drawn, rows), (other_drawn, plain)))
        same_up_to_sums(a, b, name)
    for name in sorted({*taken} - {"elbo", "explore", "fit", "log_likelihood"}):
        given = [one.transform(rows)[::-1]] if name == "inverse_transform" else [rows]
        same = [np.ascontiguousarray(given[0])] if name == "inverse_transform" else [plain]
        a, b = getattr(one, name)(*given), getattr(other, name)(*same)
        if isinstance(a, Autoencoder):
            a, b = a.transform(rows), b.transform(plain)
        if isinstance(a, np.ndarray | float):
            same_up_to_sums(a, b, name)
        else:
            assert str(a) == str(b), name
    a, b = (m.fit(r, target=r, validation=r).transform(r) for m, r in ((one, rows), (other, plain)))
    same_up_to_sums(a, b, "fit")
    same_up_to_sums(one.interpolate(rows[0], rows[1]), other.interpolate(plain[0], plain[1]), "interpolate")


def test_masked_values_are_refused_as_nan_is(fitted: Autoencoder) -> None:
    rows = np.ma.masked_less(X, 0.01)
    count = int(rows.mask.sum())
    assert count > 1
    for call in (
        small().fit,
        fitted.transform,
        fitted.score_samples,
        fitted.inverse_transform,
        fitted.report,
        OutlierDetector().fit,
        density.GaussianMixture(2).fit,
        lambda a: metrics.mse(X, a),
        lambda a: small().fit(X, target=a),
        lambda a: small().fit(X, validation=a),
        lambda a: make_dataset(a, None, None),
        lambda a: health_report(fitted, a),
    ):
        with pytest.raises(DataError, match=rf"has {count} masked values in \d+ of 60 rows"):
            call(rows)


def test_a_mask_that_hides_nothing_is_no_mask(fitted: Autoencoder) -> None:
    rows = np.ma.masked_array(X, mask=np.zeros_like(X, bool))
    np.testing.assert_array_equal(fitted.transform(rows), fitted.transform(X))
    np.testing.assert_array_equal(fitted.transform(np.ma.masked_array(X)), fitted.transform(X))


def test_a_lazy_frame_says_how_it_becomes_rows(fitted: Autoencoder) -> None:
    lazy = pl.DataFrame(X).lazy()
    for call in (small().fit, fitted.transform, fitted.report):
        with pytest.raises(
            DataError, match=r"LazyFrame of polars, which has no rows yet; give X.collect\(\)"
        ):
            call(lazy)


def test_an_anndata_says_which_matrix_to_give(fitted: Autoencoder, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("anndata")
    module.AnnData = type("AnnData", (), {"__module__": "anndata", "X": X, "shape": X.shape})
    monkeypatch.setitem(sys.modules, "anndata", module)
    for call in (small().fit, fitted.transform):
        with pytest.raises(DataError, match=r"AnnData of anndata.*give X\.X"):
            call(module.AnnData())
    # Its matrix may be sparse, which is taken like any other.
    np.testing.assert_array_equal(fitted.transform(sparse.csr_matrix(X)), fitted.transform(X))


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pd.date_range("2026-01-01", periods=60), r"datetime64\[\w+\]"),
        (pd.to_timedelta(np.arange(60), unit="h"), r"timedelta64\[\w+\]"),
        ([datetime.date(2026, 1, 1)] * 60, "objects of the type date"),
        (pd.period_range("2026-01", periods=60, freq="M"), r"period\[M\]"),
    ],
)
def test_a_column_of_dates_is_named(fitted: Autoencoder, column: Any, words: str) -> None:
    """Where rows must be numbers: by what was fitted on numbers alone, and by what learns no schema."""
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(when=column)
    for call in (as_arrays, fitted.transform):
        with pytest.raises(
            DataError, match=rf"column 'when' of X holds {words}, expected numbers; leave it out"
        ):
            call(frame)


def test_columns_of_dates_elsewhere() -> None:
    frame = pl.DataFrame(X).with_columns(when=pl.lit(datetime.datetime(2026, 1, 1)))
    with pytest.raises(DataError, match="column 'when' of X holds Datetime"):
        as_arrays(frame)
    with pytest.raises(DataError, match="the array of X holds datetime64"):
        small().fit(np.full((60, 2), np.datetime64("2026-01-01")))
    assert as_arrays(X) is X


def test_bfloat16_is_taken_as_half_is(fitted: Autoencoder) -> None:
    for dtype in (torch.bfloat16, torch.float16):
        rows = torch.from_numpy(X).to(dtype)
        expected = fitted.transform(rows.double().numpy())
        np.testing.assert_allclose(fitted.transform(rows), expected, atol=1e-6)
        np.testing.assert_allclose(
            small().fit(rows).codes_, small().fit(rows.float().numpy()).codes_, atol=1e-5
        )
