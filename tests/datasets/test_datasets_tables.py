"""Tables of the user's own: what is read, what is refused, and with which words."""

import codecs
import contextlib
import gzip
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diabolo import datasets
from diabolo.errors import DataError, DiaboloError, FileError, SettingError, UnknownNameError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One folder for all examples of a property: making a folder takes longer than the rest."""
    return tmp_path_factory.mktemp("scratch")


PEOPLE = "name,age,sex,ticket\nx,3,m,007\ny,4,f,A2\nz,,f,A3\n"


@pytest.fixture
def table(tmp_path):
    """Write a table and give its path."""

    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_features_labels_and_ids_are_kept_apart(table):
    dataset = datasets.read(table(PEOPLE), drop="name", id="ticket", label="sex", missing="mean")
    np.testing.assert_array_equal(dataset.X, [[3], [4], [3.5]])
    assert dataset.X.dtype == np.float64
    assert dataset.feature_names == ("age",)
    assert (dataset.y.tolist(), dataset.label_names, dataset.label_name) == ([1, 0, 0], ("f", "m"), "sex")
    assert (dataset.ids.tolist(), dataset.id_name) == (["007", "A2", "A3"], "ticket")
    assert (dataset.name, dataset.image_shape) == ("t", None)
    assert dataset.source.endswith("t.csv")


def test_rows_with_gaps_are_dropped_from_every_column(table):
    dataset = datasets.read(table(PEOPLE), columns=["age"], id="name", label="sex", missing="drop")
    assert dataset.X.tolist() == [[3], [4]]
    assert dataset.ids.tolist() == ["x", "y"]
    assert dataset.y.tolist() == [1, 0]


def test_rows_without_a_label_are_dropped(table):
    path = table("a,b,kind\n1,2,u\n3,4,\n,6,v\n7,8,u\n")
    dataset = datasets.read(path, label="kind", missing="drop")
    assert dataset.X.tolist() == [[1, 2], [7, 8]]
    assert dataset.label_names == ("u",)
    with pytest.raises(
        DataError, match=r"label 'kind' has no \(finite\) value in data row 2; .*--missing drop"
    ):
        datasets.read(path, label="kind", missing="mean")
    number = table("a,kind\n1,2\n3,\n5,4\n")
    assert datasets.read(number, label="kind", missing="drop").y.tolist() == [2, 4]
    with pytest.raises(DataError, match="no row has a label"):
        datasets.read(table("a,kind\n1,\n,4\n"), label="kind", missing="drop")


def test_columns_in_the_order_asked_for(table):
    path = table('a,"b, c",d\n1,2,3\n')
    assert datasets.read(path, columns="d,a").X.tolist() == [[3, 1]]
    assert datasets.read(path, columns=["b, c", "a"]).feature_names == ("b, c", "a")
    assert datasets.read(path, columns="b, c").X.tolist() == [[2]]
    assert datasets.read(path, drop=["a,d"]).X.tolist() == [[2]]


@pytest.mark.parametrize(
    ("content", "names", "X"),
    [
        ("1,2\n3,4\n", None, [[1, 2], [3, 4]]),
        ("5.5\n6\n", None, [[5.5], [6]]),
        ("0,1\n1.5,2\n", None, [[1.5, 2]]),
        (" a , b \n 1 , 2 \n", ("a", "b"), [[1, 2]]),
        ("\n\na,b\n\n1,2\n\n", ("a", "b"), [[1, 2]]),
        ("a,b\r\n1,2\r\n", ("a", "b"), [[1, 2]]),
        ("a,b\n1,2", ("a", "b"), [[1, 2]]),
        ("a;b\n1.5;2\n", ("a", "b"), [[1.5, 2]]),
        ("a\tb\n1\t2\n", ("a", "b"), [[1, 2]]),
        ('"a\nx",b\n1,"2"\n', ("a\nx", "b"), [[1, 2]]),
        ("a,b\ntrue,1\nfalse,2\n", ("a=True", "b"), [[1, 1], [0, 2]]),
        ("a,b\n1,2020-01-01\n2,2020-03-01\n", ("a", "b (days)"), [[1, 0], [2, 60]]),
        ("a,b\n1,x\n2,y\n3,x\n", ("a", "b=x", "b=y"), [[1, 1, 0], [2, 0, 1], [3, 1, 0]]),
        ("a,b\n1e300,-0.0\n99999999999999999999,1\n", ("a", "b"), [[1e300, 0], [1e20, 1]]),
        (codecs.BOM_UTF8 + b"a,b\n1,2\n", ("a", "b"), [[1, 2]]),
        (codecs.BOM_UTF8 + b"1,2\n", None, [[1, 2]]),
        ("größe,年\n1,2\n", ("größe", "年"), [[1, 2]]),
    ],
)
def test_ways_to_write_a_table(table, content, names, X):
    dataset = datasets.read(table(content))
    assert dataset.feature_names == names
    np.testing.assert_array_equal(dataset.X, X)


def test_a_first_line_of_data_with_text_in_it_is_no_header(table):
    dataset = datasets.read(table("5.1,3.5,setosa\n4.9,3.0,other\n"), label="column_3")
    assert dataset.X.tolist() == [[5.1, 3.5], [4.9, 3.0]]


def test_a_tsv_may_hold_commas(table):
    dataset = datasets.read(table('k\tb\n"u,v"\t2\n', "t.tsv"), label="k")
    assert dataset.label_names == ("u,v",)


@pytest.mark.parametrize("gap", ["", "NA", "nan", "?", "null", "-"])
def test_every_sign_for_a_gap(table, gap):
    path = table(f"a,b\n1,2\n{gap},3\n3,4\n")
    with pytest.raises(
        DataError, match=r"the column 'a' has no value in data row 2; .*--missing drop.*--drop a"
    ):
        datasets.read(path)
    assert datasets.read(path, missing="mean").X[1].tolist() == [2, 3]


def test_the_mean_of_huge_values_is_finite(table):
    dataset = datasets.read(table("a,b\n1.5e308,0\n1.7e308,0\n,1\n"), missing="mean")
    np.testing.assert_allclose(dataset.X[2, 0], 1.6e308)


def test_labels_of_every_kind(table):
    path = table("a,whole,float,flag\n1,3,0.5,true\n2,1,1.5,false\n")
    assert datasets.read(path, columns="a", label="whole").y.tolist() == [3, 1]
    flag = datasets.read(path, columns="a", label="flag")
    assert (flag.y.tolist(), flag.y.dtype) == ([1, 0], np.int64)
    half = datasets.read(path, columns="a", label="float")
    assert (half.y.tolist(), half.y.dtype) == ([0.5, 1.5], np.float64)
    assert "classes" not in repr(half)


NOT_TEXT = "expected a text table"


@pytest.mark.parametrize(
    ("content", "options", "kind", "words"),
    [
        (
            PEOPLE,
            {},
            DataError,
            r"'name' is not numeric \(data rows 1, 2, 3: 'x', 'y', 'z'\). Nor is 'ticket'",
        ),
        (PEOPLE, {}, DataError, r"--drop name,ticket, keep apart with --label name or --id name"),
        ("a b,c\nx,1\n", {}, DataError, r"--drop 'a b'"),
        (PEOPLE, {"categories": "nme"}, UnknownNameError, "Did you mean 'name'"),
        (
            PEOPLE,
            {"columns": "age,sex", "dates": "sex", "missing": "mean"},
            DataError,
            "'m' in row 0, which is no date",
        ),
        (
            PEOPLE,
            {"columns": "age,sex", "counts": "sex"},
            DataError,
            "t.csv: column 'sex' holds string, .* not count",
        ),
        ("a,b\n1,x\n2,x\n", {"missing": "drop", "drop": "b", "categories": "b"}, UnknownNameError, "'b'"),
        ("a,b\n1,2\n3,4\n5,x\n", {}, DataError, r"\(data row 3: 'x'\)"),
        ("a;b\n1,5;x\n", {}, DataError, "'x'"),
        ("a;b\n1,234;2\n", {}, DataError, r"'a' holds '1,234'.*--decimal , or --decimal \."),
        (PEOPLE, {"columns": "agee"}, UnknownNameError, "Did you mean 'age'"),
        (PEOPLE, {"drop": "nme"}, UnknownNameError, "Did you mean 'name'"),
        (PEOPLE, {"label": "Sex"}, UnknownNameError, "Did you mean 'sex'"),
        (PEOPLE, {"id": "no"}, UnknownNameError, "column of t.csv: 'no'"),
        (PEOPLE, {"missing": "median"}, UnknownNameError, "Known: drop, mean"),
        (PEOPLE, {"columns": "age", "label": "age"}, SettingError, "both --columns and --label"),
        (PEOPLE, {"id": "age", "label": "age"}, SettingError, "both --id and --label"),
        (PEOPLE, {"drop": "name,age,sex,ticket"}, DataError, "no column is left"),
        (PEOPLE, {"resize": 3}, SettingError, "text tables.*, which takes .*; leave out --resize"),
        ("a,b,a\n1,2,3\n", {}, DataError, "holds 'a' more than once"),
        ("a,b\n1,inf\n2,-inf\n", {}, DataError, "'b' is infinite in data rows 1, 2; .*--drop b"),
        ("a,b\n1,inf\n", {"missing": "drop"}, DataError, "is infinite in data row 1;"),
        ("a,b\n1e400,1\n", {}, DataError, "'a' is"),
        ("a,b\n1,\n,2\n", {"missing": "drop"}, DataError, "every row misses a value"),
        ("a,b\n1,\n2,\n", {"missing": "mean"}, DataError, "no row has a value in 'b'"),
        ("a,b\n,1\n" + "1,\n" * 9, {}, DataError, r"'a' has no value in data row 1 \(and so has 'b'\)"),
        ("a,b\n" + "1,\n" * 9, {}, DataError, r"in data rows 1, 2, 3, 4, 5, ... \(9 in all\)"),
        ("a,b\n1,2\n3\n", {}, FileError, r"line 3 is of another length .*expected 2 values, got 1"),
        ("a,b\n1,2\n3,4,5\n", {}, FileError, r"line 3 .*expected 2 values, got 3"),
        (",a\n0,1\n1,4\n", {}, DataError, "column 1 has no name .*--drop column_1"),
        ("a,b,\n1,2,\n", {}, DataError, "column 3 has no name"),
        ("", {}, FileError, "is empty"),
        ("\n \n\n", {}, FileError, "blank lines alone"),
        ("a,b\n", {}, FileError, "a header and no rows"),
        ("a,b", {}, FileError, "a header and no rows"),
        ("a,b\n1,2\n3,größe\n".encode("latin-1"), {}, DataError, "'größe'"),
        (b"a,b\n1,2\n3,\x81\xf6\n", {}, FileError, r"no text \(line 3\)"),
        (b"a,b\n1,2\n" + b"1,2\n" * 200 + b"\0\0", {}, FileError, r"no text \(line 203\)"),
        (b"\x01\x00\x02", {}, FileError, "binary data, expected a text table"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), {}, FileError, f"gzip-compressed, {NOT_TEXT}"),
        (b"PK\x03\x04xxxx", {}, FileError, f"ZIP archive .*, {NOT_TEXT}"),
        (b"  <!DOCTYPE html><html>", {}, FileError, f"a web page, {NOT_TEXT}"),
        ('a,b\n1,"open\n2,3\n', {}, DataError, "'b' is not numeric"),
    ],
)
def test_each_fault_has_its_sentence(table, content, options, kind, words):
    with pytest.raises(kind, match=words) as caught:
        datasets.read(table(content), **options)
    assert "\n" not in str(caught.value).replace("\\n", "")


def test_a_million_columns_are_refused_before_they_are_read(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # it would fail at once
    count = 1_000_000
    path = table(",".join(f"c{i}" for i in range(count)) + "\n" + ",".join(["1"] * count))
    with pytest.raises(FileError, match=r"has 1000000 columns, at most 50000 are read; save it as .npy"):
        datasets.read(path)


def test_a_line_without_an_end_is_refused(table):
    with pytest.raises(FileError, match="the first line is longer than"):
        datasets.read(table("x" * (17 << 20)))


def test_a_wide_table_lists_the_nearest_names_alone(table):
    names = [f"c{i}" for i in range(500)]
    path = table(",".join(names) + "\n" + ",".join(map(str, range(500))) + "\n")
    assert datasets.read(path).X.shape == (1, 500)
    with pytest.raises(UnknownNameError, match=r"500 columns, the nearest .*Did you mean 'c12'") as caught:
        datasets.read(path, drop="c12x")
    assert len(str(caught.value)) < 250


FRAME = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [1, 2, 3], "s": ["x", "y", "z"], "c.d": [1, 2, 3]})


def test_parquet(tmp_path):
    path = tmp_path / "p.parquet"
    FRAME.to_parquet(path)
    dataset = datasets.read(path, label="s", missing="mean")
    assert dataset.X.tolist() == [[1, 1, 1], [2, 2, 2], [1.5, 3, 3]]
    assert (dataset.feature_names, dataset.label_names, dataset.ids) == (
        ("a", "b", "c.d"),
        ("x", "y", "z"),
        None,
    )
    with pytest.raises(DataError, match="'s' is not numeric"):
        datasets.read(path)


def test_the_index_of_a_frame_becomes_the_ids(tmp_path):
    path = tmp_path / "p.parquet"
    FRAME.set_index(pd.Index([7, 5, 9])).to_parquet(path)
    assert datasets.read(path, drop="s", missing="drop").ids.tolist() == [7, 5]


def test_parquet_keeps_single_precision_and_reads_every_number(tmp_path):
    frame = pd.DataFrame({"f": np.array([0.1, 0.2], np.float32)})
    frame.to_parquet(tmp_path / "f.parquet")
    dataset = datasets.read(tmp_path / "f.parquet")
    assert dataset.X.dtype == np.float32
    np.testing.assert_array_equal(dataset.X, frame.to_numpy())
    kinds = {"u1": np.array([1, 2], "u1"), "i8": [3, 4], "flag": [True, False], "f2": np.array([1, 2], "f2")}
    mixed = pd.DataFrame({**kinds, "k": pd.Categorical(["u", "v"]), "l": [[1], [2]]})
    mixed.to_parquet(tmp_path / "m.parquet")
    dataset = datasets.read(tmp_path / "m.parquet", drop="l", label="k")
    assert dataset.X.tolist() == [[1, 3, 1, 1], [2, 4, 0, 2]]
    with pytest.raises(DataError, match="'l' is not numeric"):
        datasets.read(tmp_path / "m.parquet", drop="k")


@pytest.mark.parametrize("content", [b"hello", b"PAR1", b"PAR1" + b"x" * 50 + b"PAR1", None])
def test_a_damaged_parquet_file(tmp_path, content):
    path = tmp_path / "p.parquet"
    FRAME.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20] if content is None else content)
    with pytest.raises(FileError, match="Parquet file"):
        datasets.read(path)


CELLS = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.integers().map(str),
    st.text(max_size=6),
    st.sampled_from(["", '"', ",", "é"]),
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4).map(",".join), max_size=6)


@given(
    content=st.one_of(
        ROWS.map("\n".join).map(lambda text: text.encode("utf-8", "ignore")), st.binary(max_size=80)
    ),
    missing=st.sampled_from([None, "drop", "mean"]),
)
@settings(deadline=None, max_examples=100)
@example(content=b"a,b\n1,2\n", missing=None)
@example(content=b'"\n1', missing=None)
@example(content=b"\xef\xbb\xbf", missing=None)
@example(content=b"a\n1\x85 2\n", missing=None)
def test_any_bytes_are_read_or_refused(scratch, content, missing):
    path = scratch / "t.csv"
    path.write_bytes(content)
    with contextlib.suppress(DiaboloError):  # and no other kind
        dataset = datasets.read(path, missing=missing)
        assert np.isfinite(dataset.X).all()
        assert dataset.n_columns or len(dataset.feature_names) == dataset.X.shape[1]


@given(
    X=st.lists(st.lists(st.floats(-1e300, 1e300), min_size=3, max_size=3), min_size=1, max_size=5),
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1), min_size=3, max_size=3
    ),
)
@settings(deadline=None, max_examples=50)
def test_what_was_written_is_read_to_the_bit(scratch, X, names):
    names = [f"{name}_{i}_x" for i, name in enumerate(names)]
    for suffix in (".csv", ".parquet"):
        path = datasets.write(scratch / f"t{suffix}", X, columns=names)
        dataset = datasets.read(path)
        np.testing.assert_array_equal(dataset.X, X)
        assert list(dataset.feature_names) == names
