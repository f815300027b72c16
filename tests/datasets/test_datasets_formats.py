"""Files as other programs write them: each is read, or refused in a sentence that is the way out."""

from __future__ import annotations

import gzip
import io
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather

from diabolo import datasets
from diabolo.datasets.formats import FORMATS, OPTIONS, find_format
from diabolo.errors import DataError, FileError, UnknownNameError

FRAME = pd.DataFrame({"a": [1.5, 2.5, 3.5], "b": [10, 20, 30], "kind": ["u", "v", "u"]})
X = FRAME[["a", "b"]].to_numpy()


def expect_frame(dataset):
    np.testing.assert_allclose(dataset.X, X)
    assert (dataset.feature_names, dataset.label_names, dataset.y.tolist()) == (
        ("a", "b"),
        ("u", "v"),
        [0, 1, 0],
    )


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.reader)
def test_every_format_has_a_reader_and_known_options(known):
    assert callable(known.read())
    assert set(known.options) <= OPTIONS.keys()
    assert all(find_format(f"file{suffix}" if suffix != "-" else "-") == known for suffix in known.suffixes)


# Text tables

EUROPEAN = "a;b;kind\n1,5;10;u\n2,5;20;v\n3,5;30;u\n"
PLAIN = "a,b,kind\n1.5,10,u\n2.5,20,v\n3.5,30,u\n"


@pytest.mark.parametrize(
    ("name", "content", "notes"),
    [
        ("t.csv", PLAIN.encode(), ()),
        ("t.txt", PLAIN.encode(), ()),
        ("t.csv.gz", gzip.compress(PLAIN.encode(), mtime=0), ()),
        ("t.gz", gzip.compress(PLAIN.encode(), mtime=0), ()),
        ("t.csv.zst", pa.compress(PLAIN.encode(), "zstd", asbytes=True), ()),
        ("t.csv", PLAIN.replace(",", "|").encode(), ("values are separated by '|'",)),
        ("t.txt", PLAIN.replace(",", "\t").encode(), ("values are separated by tabs",)),
        ("t.csv", EUROPEAN.encode(), ("values are separated by ';'", "the decimal sign is a comma")),
        ("t.csv", PLAIN.encode("utf-16"), ("the text is UTF-16",)),
        ("t.csv", PLAIN.encode("utf-16-be"), ("the text is UTF-16",)),
        ("t.csv.gz", gzip.compress(PLAIN.encode("utf-16"), mtime=0), ("the text is UTF-16",)),
        ("t.csv", b"\xef\xbb\xbf" + PLAIN.encode(), ()),
    ],
)  # fmt: skip
def test_text_tables(tmp_path, name, content, notes):
    (tmp_path / name).write_bytes(content)
    dataset = datasets.read(tmp_path / name, label="kind")
    expect_frame(dataset)
    assert dataset.notes == notes


def test_windows_1252_is_read_and_said(tmp_path):
    (tmp_path / "t.csv").write_bytes("größe,art\n1,süß\n2,€\n".encode("cp1252"))
    dataset = datasets.read(tmp_path / "t.csv", label="art")
    assert (dataset.feature_names, dataset.label_names) == (("größe",), ("süß", "€"))
    assert dataset.notes == ("the text is Windows-1252",)


def test_spaces_between_numbers(tmp_path):
    np.savetxt(tmp_path / "t.txt", X)
    dataset = datasets.read(tmp_path / "t.txt")
    np.testing.assert_allclose(dataset.X, X)
    assert (dataset.feature_names, dataset.n_columns) == (None, 2)
    (tmp_path / "u.txt").write_text("  a   b\n 1.5  10\n 2.5   NA\n")
    assert datasets.read(tmp_path / "u.txt", missing="drop").X.tolist() == [[1.5, 10]]
    assert datasets.read(tmp_path / "t.txt", columns="column_2").X.tolist() == [[10], [20], [30]]


@pytest.mark.parametrize(
    ("cells", "values", "words"),
    [
        (["1,5", "2,25"], [1.5, 2.25], "the decimal sign is a comma"),
        (["1,234,567", "2"], [1234567, 2], "thousands are parted by commas"),
        (["1,234.5", "2"], [1234.5, 2], "thousands are parted by commas"),
        (["1.234,5", "7"], [1234.5, 7], "comma and thousands are parted by points"),
        (["1 234.5", "2"], [1234.5, 2], "thousands are parted by spaces"),
        (["1\u202f234,5", "NA"], [1234.5, np.nan], "comma and thousands are parted by spaces"),
        (["-1'234", "2"], [-1234, 2], "thousands are parted by spaces or apostrophes"),
    ],
)
def test_numbers_as_they_are_written(tmp_path, cells, values, words):
    (tmp_path / "t.csv").write_text("n;m\n" + "".join(f"{cell};1\n" for cell in cells))
    dataset = datasets.read(tmp_path / "t.csv", missing="mean")
    expected = np.where(np.isnan(values), np.nanmean(values), values)
    np.testing.assert_allclose(dataset.X[:, 0], expected)
    assert any(words in note for note in dataset.notes)


def test_a_comma_that_may_be_either_is_asked_about_unless_another_column_tells(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,234;1\n2,345;2\n")
    with pytest.raises(DataError, match=r"'a' holds '1,234', '2,345', where the comma may be"):
        datasets.read(path)
    assert datasets.read(path, decimal=",").X[0, 0] == 1.234
    assert datasets.read(path, decimal=".").X[0, 0] == 1234
    path.write_text("a;b\n1,234;1,5\n2,345;2\n")
    assert datasets.read(path).X.tolist() == [[1.234, 1.5], [2.345, 2]]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    dataset = datasets.read("-", label="kind")
    expect_frame(dataset)
    assert (dataset.name, dataset.source) == ("stdin", "-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(FileError, match=r"standard input is empty"):
        datasets.read("-")


def test_a_packed_table_that_is_cut_off_is_refused(tmp_path, monkeypatch):
    whole = gzip.compress(PLAIN.encode() * 50)
    (tmp_path / "t.csv.gz").write_bytes(whole[:-20])
    with pytest.raises(FileError, match=r"damaged or cut off inside its gzip data"):
        datasets.read(tmp_path / "t.csv.gz")
    (tmp_path / "t.csv.zst").write_bytes(pa.compress(PLAIN.encode() * 50, "zstd", asbytes=True)[:-9])
    with pytest.raises(FileError, match=r"damaged or cut off"):
        datasets.read(tmp_path / "t.csv.zst")
    (tmp_path / "u.csv.gz").write_text(PLAIN)
    with pytest.raises(FileError, match=r"is not gzip-compressed, as its name says"):
        datasets.read(tmp_path / "u.csv.gz")
    monkeypatch.setattr("diabolo.datasets.text_tables.MAX_BYTES", 100)
    (tmp_path / "bomb.gz").write_bytes(whole)
    with pytest.raises(FileError, match=r"unpacks to more than"):
        datasets.read(tmp_path / "bomb.gz")


# Tables of other programs


def _excel(path):
    FRAME.to_excel(str(path), index=False)


def _stata(path):
    FRAME.to_stata(path, write_index=False)


def _spss(path):
    import pyreadstat

    pyreadstat.write_sav(FRAME, str(path))


def _weka(path):
    rows = "\n".join(",".join(map(str, row)) for row in FRAME.itertuples(index=False))
    path.write_text(
        "@relation r\n@attribute a numeric\n@attribute b numeric\n@attribute kind {u,v}\n@data\n"
        + rows
        + "\n"
    )


def _arrow_stream(path):
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


TABLES = {
    "t.xlsx": _excel,
    "t.ods": _excel,
    "t.dta": _stata,
    "t.sav": _spss,
    "t.arff": _weka,
    "t.feather": lambda path: feather.write_feather(pa.Table.from_pandas(FRAME), path),
    "t.arrow": _arrow_stream,
    "t.parquet": lambda path: FRAME.to_parquet(path),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_other_programs(tmp_path, name):
    TABLES[name](tmp_path / name)
    expect_frame(datasets.read(tmp_path / name, label="kind"))
    whole = datasets.read(tmp_path / name)
    assert [v.kind for v in whole.schema.variables if v.name == "kind"] == ["category"]
    assert "kind=u" in whole.feature_names


@pytest.mark.parametrize("name", TABLES)
def test_damaged_tables_are_refused(tmp_path, name):
    TABLES[name](tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 3])
    with pytest.raises(FileError, match=r"whole|can be read|expected"):
        datasets.read(tmp_path / name)
    (tmp_path / name).write_bytes(b"hello\n" * 5)
    with pytest.raises(FileError):
        datasets.read(tmp_path / name)


def test_sheets(tmp_path):
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as writer:
        FRAME.to_excel(writer, sheet_name="one", index=False)
        pd.DataFrame(X).to_excel(writer, sheet_name="two", index=False, header=False)
    with pytest.raises(FileError, match=r"has 2 sheets \(one, two\); say which: --sheet one"):
        datasets.read(path)
    expect_frame(datasets.read(path, sheet="one", label="kind"))
    bare = datasets.read(path, sheet="two")
    np.testing.assert_array_equal(bare.X, X)
    assert (bare.feature_names, bare.n_columns) == (None, 2)
    with pytest.raises(UnknownNameError, match=r"sheet of t.xlsx: 'tow'. Did you mean 'two'"):
        datasets.read(path, sheet="tow")


def test_a_folder_of_tables_is_one(tmp_path):
    FRAME[:2].to_parquet(tmp_path / "1.parquet", index=False)
    FRAME[2:][["kind", "b", "a"]].to_parquet(tmp_path / "2.parquet", index=False)
    (tmp_path / "_SUCCESS").touch()
    dataset = datasets.read(tmp_path, label="kind")
    expect_frame(dataset)
    assert dataset.notes == ("2 files read as one table",)
    FRAME.rename(columns={"a": "c"}).to_parquet(tmp_path / "3.parquet", index=False)
    with pytest.raises(
        DataError, match=r"3.parquet has other columns than 1.parquet: it lacks 'a' and has 'c'"
    ):
        datasets.read(tmp_path, label="kind")


# Files of named arrays


@pytest.mark.parametrize(
    "address", ["https://example.org/t.csv", "http://example.org/t.csv", "s3://bucket/t.parquet"]
)
def test_an_address_is_not_fetched(address):
    for read in (datasets.read, datasets.load):
        with pytest.raises(
            FileError, match=r"is a web address, and nothing is fetched but .*download the file"
        ):
            read(address)
