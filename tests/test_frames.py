"""Frames of categories, booleans, dates and numbers: guessed, learnt from, given back as the user had them."""

from __future__ import annotations

import datetime
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import diabolo
from diabolo import MLP, Autoencoder, Training
from diabolo.data.frames import columns_of, read
from diabolo.data.guessing import guess, learn
from diabolo.data.schema import Schema
from diabolo.errors import DataError, FileError, OutsideRangeWarning, SettingError, UnknownNameError

N = 60
RNG = np.random.default_rng(0)
PEOPLE = pd.DataFrame(
    {
        "color": RNG.choice(["blue", "green", "red"], N),
        "height": RNG.normal(170, 10, N),
        "visits": RNG.integers(0, 9, N),
        "member": RNG.random(N) > 0.5,
        "born": pd.Timestamp("1990-01-01") + pd.to_timedelta(RNG.integers(0, 9000, N), unit="D"),
        "size": pd.Categorical(RNG.choice(["S", "M", "L"], N), ["S", "M", "L"], ordered=True),
        "grade": pd.array(RNG.integers(-5, 5, N), dtype="Int64"),
        "seen": pd.Timestamp("2020-01-01 00:30", tz="Europe/Berlin")
        + pd.to_timedelta(RNG.integers(0, 9999, N), unit="h"),
        "stay": pd.to_timedelta(RNG.integers(0, 100, N), unit="min"),
        "day": [datetime.date(2020, 1, int(1 + k)) for k in RNG.integers(0, 28, N)],
    }
)
KINDS = [
    "category", "numeric", "count", "boolean", "date", "ordinal", "numeric", "date", "duration", "date",
]  # fmt: skip
FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "polars": lambda frame: pl.DataFrame(
        frame.assign(size=frame["size"].astype(str)) if "size" in frame else frame
    ),
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}


def small(**options: Any) -> Autoencoder:
    return Autoencoder(
        latent=3, encoder=MLP((8,)), training=Training(epochs=2), random_state=0, verbose=False, **options
    )


def columns(frame: Any) -> list[str]:
    return list(frame.column_names if isinstance(frame, pa.Table) else frame.columns)


def dtypes(frame: Any) -> list[str]:
    if isinstance(frame, pa.Table):
        return [str(field.type) for field in frame.schema]
    return [
        str(dtype) for dtype in (frame.dtypes.tolist() if isinstance(frame, pd.DataFrame) else frame.dtypes)
    ]


def values(frame: Any) -> list[tuple[Any, ...]]:
    if isinstance(frame, pa.Table):
        return [tuple(row.values()) for row in frame.to_pylist()]
    return list(frame.itertuples(index=False, name=None)) if isinstance(frame, pd.DataFrame) else frame.rows()


@pytest.fixture(scope="module", params=FRAMES)
def frame(request: Any) -> Any:
    return FRAMES[request.param](PEOPLE)


@pytest.fixture(scope="module")
def fitted(frame: Any) -> Autoencoder:
    return small().fit(frame)


def test_each_column_is_guessed(frame: Any) -> None:
    kinds = ["category" if k == "ordinal" and isinstance(frame, pl.DataFrame) else k for k in KINDS]
    assert [v.kind for v in guess(frame).variables] == kinds


def test_what_is_encoded_comes_back_as_it_was(frame: Any) -> None:
    schema = learn(frame)
    X = schema.encode(frame)
    assert X.shape == (N, schema.width)
    assert np.isfinite(X).all()
    back = schema.decode(X, frame)
    assert (type(back), columns(back), dtypes(back)) == (type(frame), columns(frame), dtypes(frame))
    assert values(back) == values(frame)


def test_blocks_say_which_numbers_belong_to_which_column(frame: Any) -> None:
    schema = learn(frame)
    color = schema.blocks["color"]
    assert schema.columns[color] == ("color=blue", "color=green", "color=red")
    X = schema.encode(frame)
    assert (X[:, color].sum(axis=1) == 1).all()
    assert X[:, schema.blocks["born"]].min() == 0
    assert sorted(i for at in schema.blocks.values() for i in range(at.start, at.stop)) == [
        *range(schema.width)
    ]


def test_answers_are_frames_of_the_users_kind(fitted: Autoencoder, frame: Any) -> None:
    answers = [
        fitted.reconstruct(frame),
        fitted.inverse_transform(fitted.transform(frame)),
        fitted.sample(N, random_state=0),
        fitted.interpolate(frame[:1], frame[1:2], n=5),
    ]
    for made in answers:
        assert (type(made), columns(made), dtypes(made)) == (type(frame), columns(frame), dtypes(frame))
        again = guess(made, {v.name: v.kind for v in fitted.schema_.variables})
        known = {v.name: set(v.categories) for v in fitted.schema_.variables}
        assert all({*v.categories} <= known[v.name] for v in again.variables)
    assert isinstance(fitted.transform(frame), np.ndarray)
    assert fitted.n_features_in_ == len(KINDS)
    assert list(fitted.feature_names_in_) == columns(frame)


@given(order=st.permutations(range(len(KINDS))))
@settings(deadline=None, max_examples=10)
def test_any_order_of_the_columns_gives_the_same_codes(
    fitted: Autoencoder, frame: Any, order: list[int]
) -> None:
    names = [columns(frame)[i] for i in order]
    shuffled = frame.select(names) if not isinstance(frame, pd.DataFrame) else frame[names]
    np.testing.assert_array_equal(fitted.transform(shuffled), fitted.transform(frame))
    np.testing.assert_array_equal(fitted.score_samples(shuffled), fitted.score_samples(frame))


def test_a_saved_model_takes_and_gives_the_same_frames(
    fitted: Autoencoder, frame: Any, tmp_path: Any
) -> None:
    same = diabolo.load(fitted.save(tmp_path / "model"))
    assert same.schema_ == fitted.schema_
    assert list(same.feature_names_in_) == columns(frame)
    np.testing.assert_array_equal(same.transform(frame), fitted.transform(frame))
    assert values(same.sample(5, random_state=1)) == values(fitted.sample(5, random_state=1))
    np.testing.assert_array_equal(clone(same).fit(frame).transform(frame), fitted.transform(frame))


def test_numbers_are_taken_as_they_are(fitted: Autoencoder, frame: Any) -> None:
    """What judges and draws a model gives it rows of numbers, and gets such rows."""
    X, plain = fitted.schema_.encode(frame), fitted.in_numbers()
    codes, named = fitted.transform(frame), pd.DataFrame(X, columns=fitted.schema_.columns)
    with pytest.warns(UserWarning, match="X has no names of columns; they are taken for 'color=blue'"):
        np.testing.assert_array_equal(fitted.transform(X), codes)
    np.testing.assert_array_equal(fitted.transform(named), codes)
    np.testing.assert_array_equal(plain.transform(named), codes)
    assert plain.reconstruct(named).shape == X.shape == plain.inverse_transform(codes).shape
    assert values(fitted.schema_.decode(plain.inverse_transform(codes))) == values(
        fitted.inverse_transform(codes)
    )


def test_frames_of_numbers_stay_as_they_were() -> None:
    X = PEOPLE[["height", "visits"]]
    ae = small().fit(X)
    assert not hasattr(ae, "schema_")
    assert isinstance(ae.reconstruct(X), np.ndarray)
    assert not hasattr(small().fit(PEOPLE).fit(X), "schema_")


def test_a_category_weighs_as_one_standardised_column() -> None:
    ae = small().fit(PEOPLE)
    scaled = ae.scaler_.forward(ae.schema_.encode(PEOPLE), np.dtype("float64"))
    variances = [scaled[:, at].var(axis=0).sum() for at in ae.schema_.blocks.values()]
    np.testing.assert_allclose(variances, 1, rtol=1e-9)


def test_rows_in_numbers_of_the_unit_interval_are_standardised_too() -> None:
    ae = small().fit(PEOPLE[["color", "member"]])
    assert ae.scaler_.kind == "standard"


def test_what_the_user_says_comes_first() -> None:
    said = {"visits": "category", "size": ("L", "M", "S"), "color": "ordinal"}
    schema = learn(PEOPLE[["visits", "size", "color", "height"]], said)
    assert [v.kind for v in schema.variables] == ["category", "ordinal", "ordinal", "numeric"]
    assert schema.variables[0].categories == tuple(range(9))
    assert schema.variables[1].categories == (
        "L",
        "M",
        "S",
    )
    back = schema.decode(schema.encode(PEOPLE[["visits", "size", "color", "height"]]))
    assert back["visits"].equals(PEOPLE["visits"])
    assert list(back["size"]) == list(PEOPLE["size"])


def test_a_frame_of_numbers_has_a_schema_where_the_user_says_so() -> None:
    X = PEOPLE[["height", "visits"]]
    same = small(schema={"visits": "numeric"}).fit(X)
    assert same.reconstruct(X).dtypes.equals(X.dtypes)
    np.testing.assert_array_equal(same.transform(X), small().fit(X).transform(X))
    ranked = small(schema={"visits": tuple(range(9, -1, -1))}).fit(X)
    assert ranked.schema_.encode(X)[:, 1].tolist() == (9 - X["visits"]).tolist()
    ae = small(schema={"visits": "category"}).fit(X)
    assert ae.reconstruct(X).dtypes.equals(X.dtypes)
    assert ae.module_.domain.n_features == 10


def test_dates_written_as_text_are_dates_where_the_user_says_so() -> None:
    X = pd.DataFrame({"when": ["2024-02-29", "2023-01-01"] * 10, "x": range(20)})
    schema = learn(X, {"when": "date"})
    assert schema.encode(X)[:, 0].tolist()[:2] == [424, 0]
    assert list(schema.decode(schema.encode(X))["when"]) == list(X["when"])


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"colour": "category"}, UnknownNameError, "Did you mean 'color'"),
        ({"color": "categorical"}, UnknownNameError, "Did you mean 'category'"),
        ({"color": "numeric"}, DataError, "'color' holds .*, which is not numeric"),
        ({"height": "date"}, DataError, "'height' holds float64, which is no date"),
        ({"color": "date"}, DataError, "no date as 2024-02-29"),
        (
            {"height": "count"},
            DataError,
            "'height' is said to be a count and holds .*, expected whole numbers from 0",
        ),
        ({"visits": "boolean"}, DataError, "'visits' is said to be a boolean and holds"),
        ("color", SettingError, "must be a mapping"),
        ({"color": "text"}, DataError, "'color' is free text"),
    ],
)
def test_what_cannot_be_meant_is_refused(said: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        small(schema=said).fit(PEOPLE)


def test_a_schema_of_rows_without_names_is_refused() -> None:
    with pytest.raises(SettingError, match="X has none with names"):
        small(schema={"a": "category"}).fit(np.zeros((5, 3)))


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([f"p{i}" for i in range(N)], "'new' has a value of its own in each row"),
        ([f"a word and {i}" for i in range(N)], "'new' is free text"),
        ([None] * N, "'new' has no value in any row"),
        ([[1]] * N, "'new' is free text, or of a type"),
        (pd.period_range("2020", periods=N, freq="M"), "'new' is free text, or of a type"),
        (["1", "2", "x"] * 20, "'new' is free text, or of a type"),
        (pd.Categorical(pd.date_range("2020", periods=N)), "has categories such as Timestamp"),
    ],
)
def test_columns_that_are_not_learnt_from_are_refused_by_name(column: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        small().fit(PEOPLE.assign(new=column))
    assert "X.drop(columns=['new'])" in str(caught.value)


def test_columns_that_become_the_same_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="become numbers called 'color=red'"):
        small().fit(PEOPLE.assign(**{"color=red": 1.0}))


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return small().fit(PEOPLE)


CHANGES: dict[str, tuple[Callable[[pd.DataFrame], Any], type, str]] = {
    "lacks": (lambda f: f.drop(columns="color"), DataError, "it lacks 'color'"),
    "has more": (lambda f: f.assign(more=1), DataError, "'more', which the model does not know"),
    "is renamed": (lambda f: f.rename(columns={"color": "Color"}), DataError, "is 'Color' meant"),
    "text for numbers": (lambda f: f.assign(height="tall"), DataError, "'height' holds .*numbers"),
    "a date for numbers": (lambda f: f.assign(height=f["born"]), DataError, "'height' holds datetime"),
    "numbers for a date": (lambda f: f.assign(born=3.0), DataError, "'born' holds float64.*a date"),
    "numbers for a boolean": (lambda f: f.assign(member=3.0), DataError, "'member' holds float64.*true and false"),
    "no known category": (lambda f: f.assign(color="mauve"), DataError, "no training row had: 'mauve'"),
    "numbers for a category": (lambda f: f.assign(color=1.0), DataError, "no training row had: 1.0"),
    "another rank": (lambda f: f.assign(size=["XL", *f["size"][1:]]), DataError, "no training row had: 'XL'"),
    "gaps": (lambda f: f.assign(color=[None, *f["color"][1:]]), DataError, "no value .NaN. in 'color' in 1 rows"),
    "a gap in numbers": (lambda f: f.assign(height=[np.nan, *f["height"][1:]]), DataError, "'height' in 1 rows"),
    "one unknown category": (
        lambda f: f.assign(color=["mauve", *f["color"][1:]]), OutsideRangeWarning, "1 of 60 rows .first: row 0.",
    ),
    "no names": (lambda f: f.to_numpy(), DataError, "frames with the columns 'color'"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_change_is_refused_or_warned_of(model: Autoencoder, change: str) -> None:
    make, kind, words = CHANGES[change]
    if issubclass(kind, Warning):
        with pytest.warns(kind, match=words):
            codes = model.transform(make(PEOPLE))
        np.testing.assert_array_equal(codes[1:], model.transform(PEOPLE)[1:])
    else:
        with pytest.raises(kind, match=words):
            model.transform(make(PEOPLE))


def test_an_unknown_category_is_none_of_the_known(model: Autoencoder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutsideRangeWarning)
        X = model.schema_.encode(PEOPLE.assign(color=["mauve", *PEOPLE["color"][1:]]))
    assert not X[0, model.schema_.blocks["color"]].any()


def test_targets_and_validation_may_be_frames() -> None:
    ae = small().fit(PEOPLE, target=PEOPLE, validation=PEOPLE[:20])
    pair = small().fit(PEOPLE, validation=(PEOPLE[:20], PEOPLE[:20]))
    np.testing.assert_array_equal(ae.transform(PEOPLE), pair.transform(PEOPLE))
    assert ae.fine_tune(PEOPLE, validation=PEOPLE[:5]).reconstruct(PEOPLE).dtypes.equals(PEOPLE.dtypes)


def test_a_frame_goes_through_a_grid_search() -> None:
    search = GridSearchCV(small(), {"latent__dim": [1, 2]}, cv=2, error_score="raise").fit(PEOPLE)
    assert search.best_estimator_.reconstruct(PEOPLE).dtypes.equals(PEOPLE.dtypes)


def test_a_changed_schema_in_a_file_is_refused(model: Autoencoder) -> None:
    from diabolo.storage.model import describe, tensors_of
    from diabolo.storage.restoring import restore

    fitted = model.fitted()
    described = describe(fitted, model.get_params(deep=False))
    tensors, device = tensors_of(fitted), diabolo.data.checks.find_device("cpu")
    for change in ({"kind": "text"}, {"categories": [None]}, {"step": 0}, {"name": "hue"}):
        plain = fitted.schema.to_plain()
        plain["variables"][0] |= change
        broken = described | {"fitted": described["fitted"] | {"schema": plain}}
        with pytest.raises(FileError, match="damaged"):
            restore(broken, tensors, device, (None, None))
    assert Schema.from_plain(fitted.schema.to_plain()) == fitted.schema


TEXTS = st.sampled_from(["a", "b", "c", "ä ö"])
CELLS = {
    "text": (TEXTS, "str"),
    "category": (TEXTS, "category"),
    "number": (st.floats(-1e6, 1e6, width=32), "float64"),
    "whole": (st.integers(-(2**31), 2**31 - 1), "int64"),
    "boolean": (st.booleans(), "bool"),
    "moment": (
        st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2070, 1, 1)),
        "datetime64[us]",
    ),
}


@st.composite
def mixed_frames(draw: Any) -> pd.DataFrame:
    n = draw(st.integers(3, 12))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=6))
    made = {}
    for i, kind in enumerate([*kinds, "boolean"]):
        cells, dtype = CELLS[kind]
        listed = draw(st.lists(cells, min_size=n - 1, max_size=n - 1))
        made[f"c{i}"] = pd.Series([*listed, listed[0]]).astype(dtype)
    return pd.DataFrame(made)


@pytest.mark.parametrize("library", FRAMES)
@given(plain=mixed_frames(), data=st.data())
@settings(deadline=None, max_examples=40)
def test_any_mixed_frame_comes_back(library: str, plain: pd.DataFrame, data: st.DataObject) -> None:
    frame = FRAMES[library](plain)
    schema = learn(frame)
    X = schema.encode(frame)
    assert values(schema.decode(X)) == values(frame)
    # Whatever numbers a decoder gives, the columns, kinds and categories stay.
    far = data.draw(st.floats(-1e9, 1e9))
    made = schema.decode(np.full_like(X, far), frame)
    assert columns(made) == columns(frame)
    assert dtypes(made) == dtypes(frame)
    for v, now in zip(
        schema.variables, guess(made, {v.name: v.kind for v in schema.variables}).variables, strict=True
    ):
        assert {*now.categories} <= {*v.categories}
    order = data.draw(st.permutations(columns(frame)))
    shuffled = frame[order] if library == "pandas" else frame.select(order)
    np.testing.assert_array_equal(schema.encode(shuffled), X)


def test_a_report_and_the_explorer_take_the_frame(model: Autoencoder) -> None:
    from diabolo.explorer.model import make_subjects
    from diabolo.report import health_report

    figures = model.report(PEOPLE[:30], X_train=PEOPLE[30:], verbose=False).to_dict()["figures"]
    assert figures["errors"]["pca"]["explained"] > 0
    assert health_report(model, PEOPLE, verbose=False).figures.errors["model"].mse > 0
    (subject,) = make_subjects(model, PEOPLE)
    np.testing.assert_array_equal(subject.codes, model.transform(PEOPLE))
    assert subject.n_features == model.schema_.width


def test_goes_on_from_frames(model: Autoencoder) -> None:
    ae = small().partial_fit(PEOPLE).partial_fit(PEOPLE)
    assert ae.n_iter_ == 2
    assert ae.untrained().reconstruct(PEOPLE).dtypes.equals(PEOPLE.dtypes)
    same = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(same.sample(3, random_state=0), model.sample(3, random_state=0))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_whole_numbers_that_float64_does_not_hold_are_rounded(make: Any) -> None:
    cells = read(columns_of(make({"id": [2**53 + 1, 5, -(2**60) - 1]}))["id"])
    assert cells.holds == "number"
    assert cells.known.tolist() == [2.0**53, 5.0, -(2.0**60)]
