"""Files as other programs write them: each is read, or refused in a sentence that is the way out."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import feather
from scipy import io as scipy_io
from scipy import sparse

from diabolo import datasets
from diabolo.datasets.formats import FORMATS, OPTIONS, find_format
from diabolo.errors import DataError, FileError, MissingExtraError, SettingError, UnknownNameError

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
        ("t.csv.gz", gzip.compress(PLAIN.encode()), ()),
        ("t.gz", gzip.compress(PLAIN.encode()), ()),
        ("t.csv.zst", pa.compress(PLAIN.encode(), "zstd", asbytes=True), ()),
        ("t.csv", PLAIN.replace(",", "|").encode(), ("values are separated by '|'",)),
        ("t.txt", PLAIN.replace(",", "\t").encode(), ("values are separated by tabs",)),
        ("t.csv", EUROPEAN.encode(), ("values are separated by ';'", "the decimal sign is a comma")),
        ("t.csv", PLAIN.encode("utf-16"), ("the text is UTF-16",)),
        ("t.csv", PLAIN.encode("utf-16-be"), ("the text is UTF-16",)),
        ("t.csv.gz", gzip.compress(PLAIN.encode("utf-16")), ("the text is UTF-16",)),
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

ROWS, PICTURES, LABELS = np.arange(12.0).reshape(4, 3), np.zeros((4, 2, 3), np.uint8), np.array([0, 1, 0, 1])


def _npz(path, **arrays):
    np.savez(path, **arrays)


def _mat(path, **arrays):
    scipy_io.savemat(path, arrays)


def _h5(path, **arrays):
    import h5py

    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def _mat73(path, **arrays):
    # MATLAB's own writer puts a text of 512 bytes in front, and the axes in its order.
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array).T
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))


CONTAINERS = {"t.npz": _npz, "t.mat": _mat, "t.h5": _h5, "t.hdf5": _h5, "v73.mat": _mat73}


@pytest.mark.parametrize("name", CONTAINERS)
def test_one_candidate_is_taken_and_several_are_listed(tmp_path, name):
    write = CONTAINERS[name]
    write(tmp_path / name, features=ROWS, y=LABELS[:, None], rate=np.array([3.0]))
    dataset = datasets.read(tmp_path / name)
    np.testing.assert_array_equal(dataset.X, ROWS)
    assert dataset.y.tolist() == LABELS.tolist()
    assert dataset.notes == ("the array features (4 x 3), labels y (4 x 1)",)
    write(tmp_path / name, one=ROWS, two=ROWS[:, :2], target=LABELS[:, None])
    with pytest.raises(FileError, match=r"one \(4 x 3\), .*two \(4 x 2\).*; say which .*--array one"):
        datasets.read(tmp_path / name)
    dataset = datasets.read(tmp_path / name, array="two", labels="target")
    assert (dataset.X.shape, dataset.y.tolist()) == ((4, 2), LABELS.tolist())
    with pytest.raises(UnknownNameError, match=r"Did you mean 'two'"):
        datasets.read(tmp_path / name, array="tow")


@pytest.mark.parametrize("name", CONTAINERS)
def test_damaged_containers_are_refused(tmp_path, name):
    CONTAINERS[name](tmp_path / name, X=np.random.default_rng(0).random((50, 40)))
    content = (tmp_path / name).read_bytes()
    for cut in (content[: len(content) // 2], content[:200], b"hello\n" * 30):
        (tmp_path / name).write_bytes(cut)
        with pytest.raises(FileError):
            datasets.read(tmp_path / name)


def test_labels_in_another_file(tmp_path):
    np.save(tmp_path / "X.npy", ROWS)
    np.save(tmp_path / "y.npy", LABELS)
    (tmp_path / "y.csv").write_text("kind\nu\nv\nu\nv\n")
    assert datasets.read(tmp_path / "X.npy", labels=tmp_path / "y.npy").y.tolist() == [0, 1, 0, 1]
    assert datasets.read(tmp_path / "X.npy", labels=tmp_path / "y.csv").label_names == ("u", "v")
    with pytest.raises(FileError, match=r"no such array in X.npy, and no such file"):
        datasets.read(tmp_path / "X.npy", labels="nowhere")


def test_the_last_axis_is_that_of_rows_where_labels_say_so(tmp_path):
    _mat(tmp_path / "t.mat", X=np.moveaxis(np.arange(30.0).reshape(5, 2, 3), 0, -1), y=np.arange(5)[:, None])
    dataset = datasets.read(tmp_path / "t.mat")
    np.testing.assert_array_equal(dataset.X, np.arange(30.0).reshape(5, 6))
    assert dataset.image_shape == (1, 2, 3)
    assert "the last axis of 2 x 3 x 5 is that of rows" in dataset.notes[-1]


def test_nothing_is_unpickled_and_no_other_file_is_opened(tmp_path):
    import h5py

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    np.savez(tmp_path / "t.npz", X=np.array([[Evil()]], dtype=object))
    with pytest.raises(FileError, match=r"Python objects, which are never loaded"):
        datasets.read(tmp_path / "t.npz")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["X"] = ROWS
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["X"] = h5py.ExternalLink("secret.h5", "X")
    with pytest.raises(FileError, match=r"holds no array"):
        datasets.read(tmp_path / "t.h5")
    layout = h5py.VirtualLayout((4, 3), "f8")
    layout[...] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "X", (4, 3))
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_virtual_dataset("X", layout)
    with pytest.raises(FileError, match=r"lies in another file, which is not followed"):
        datasets.read(tmp_path / "t.h5")
    (tmp_path / "raw").write_bytes(ROWS.tobytes())
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_dataset("X", (4, 3), "f8", external=[(str(tmp_path / "raw"), 0, 96)])
    with pytest.raises(FileError, match=r"lies in another file"):
        datasets.read(tmp_path / "t.h5")
    assert not (tmp_path / "made").exists()


# Sparse matrices

COUNTS = sparse.random(6, 5, 0.4, format="csr", random_state=0)


@pytest.mark.parametrize("kind", ["csr", "csc"])
def test_sparse_npz(tmp_path, kind):
    sparse.save_npz(tmp_path / "t.npz", COUNTS.asformat(kind))
    dataset = datasets.read(tmp_path / "t.npz")
    np.testing.assert_array_equal(dataset.X, COUNTS.toarray())
    assert dataset.notes == (f"a sparse matrix ({kind}) of 6 x 5",)


def test_matrix_market(tmp_path):
    scipy_io.mmwrite(tmp_path / "t.mtx", COUNTS, precision=17)
    np.testing.assert_array_equal(datasets.read(tmp_path / "t.mtx").X, COUNTS.toarray())
    scipy_io.mmwrite(tmp_path / "dense.mtx", ROWS)
    np.testing.assert_array_equal(datasets.read(tmp_path / "dense.mtx").X, ROWS)


def test_indices_outside_a_sparse_matrix_are_refused(tmp_path):
    wrong = {"data": COUNTS.data, "indices": COUNTS.indices + 1000, "indptr": COUNTS.indptr}
    np.savez(tmp_path / "t.npz", format=np.array(b"csr"), shape=np.array([6, 5]), **wrong)
    with pytest.raises(FileError, match=r"is a damaged sparse matrix"):
        datasets.read(tmp_path / "t.npz")


def test_what_is_too_large_stays_sparse(tmp_path, monkeypatch):
    monkeypatch.setattr("diabolo.datasets.sparse.DENSE", 100)
    sparse.save_npz(tmp_path / "t.npz", COUNTS)
    dataset = datasets.read(tmp_path / "t.npz", drop=0)
    assert isinstance(dataset.X, datasets.SparseRows)
    np.testing.assert_array_equal(dataset.X[:], COUNTS.toarray()[:, 1:])


@pytest.fixture
def annotated(tmp_path):
    anndata = pytest.importorskip(
        "anndata", reason="the optional anndata, which writes the file that is read, is not installed"
    )
    with pd.option_context("future.infer_string", False):  # texts that this release can write
        names = pd.Index([f"cell{i}" for i in range(6)])
        obs = pd.DataFrame({"kind": pd.Categorical(list("uvuvuv")), "depth": np.arange(6)}, index=names)
        var = pd.DataFrame(index=[f"gene{i}" for i in range(5)])
        layers = {"twice": COUNTS.toarray() * 2}
        anndata.AnnData(COUNTS.astype(np.float32), obs, var, layers=layers).write_h5ad(tmp_path / "t.h5ad")
    return tmp_path / "t.h5ad"


def test_annotated_matrices(annotated):
    dataset = datasets.read(annotated, label="kind", columns="gene3,gene1")
    np.testing.assert_allclose(dataset.X, COUNTS.toarray()[:, [3, 1]].astype(np.float32))
    assert (dataset.feature_names, dataset.ids[0]) == (("gene3", "gene1"), "cell0")
    assert (dataset.label_names, dataset.y.tolist()) == (("u", "v"), [0, 1] * 3)
    np.testing.assert_allclose(datasets.read(annotated, layer="twice").X, COUNTS.toarray() * 2)
    with pytest.raises(UnknownNameError, match=r"layer of t.h5ad: 'twise'. Did you mean 'twice'"):
        datasets.read(annotated, layer="twise")
    with pytest.raises(UnknownNameError, match=r"column of obs"):
        datasets.read(annotated, label="knid")
    annotated.write_bytes(annotated.read_bytes()[:3000])
    with pytest.raises(FileError, match=r"not a whole .h5ad file"):
        datasets.read(annotated)


# Signals


def test_sound_becomes_windows(tmp_path):
    samples = np.arange(-50, 50, dtype=np.int16)
    scipy_io.wavfile.write(tmp_path / "t.wav", 20, samples)
    with pytest.raises(SettingError, match=r"holds 100 samples of 1 channel at 20 a second; .*--window 20"):
        datasets.read(tmp_path / "t.wav")
    dataset = datasets.read(tmp_path / "t.wav", window=40, step=20)
    np.testing.assert_allclose(dataset.X[1], samples[20:60] / 32768)
    assert (dataset.X.shape, dataset.ids.tolist(), dataset.id_name) == ((4, 40), [0, 20, 40, 60], "start")
    with pytest.raises(DataError, match=r"fewer than a window of 101"):
        datasets.read(tmp_path / "t.wav", window=101)
    stereo = np.stack([samples, -samples - 1], axis=1)
    scipy_io.wavfile.write(tmp_path / "s.wav", 20, stereo)
    dataset = datasets.read(tmp_path / "s.wav", window=50)
    np.testing.assert_allclose(dataset.X[0], stereo[:50].T.ravel() / 32768)


def test_wfdb_records(tmp_path):
    wfdb = pytest.importorskip("wfdb", reason='the optional extra: pip install "diabolo[wfdb]"')
    signal = np.sin(np.arange(200) / 9)[:, None] * [[1, 2]]
    wfdb.wrsamp("r", 100, ["mV", "mV"], ["I", "II"], signal, fmt=["16", "16"], write_dir=str(tmp_path))
    dataset = datasets.read(tmp_path / "r.hea", window=50)
    np.testing.assert_allclose(dataset.X[0], signal[:50].T.ravel(), atol=1e-3)
    with pytest.raises(FileError, match=r"named by its header: .*r.hea"):
        datasets.read(tmp_path / "r")
    header = (tmp_path / "r.hea").read_text()
    (tmp_path / "r.hea").write_text(header.replace("r.dat", "../r.dat"))
    with pytest.raises(FileError, match=r"is not a WFDB record that can be read"):
        datasets.read(tmp_path / "r.hea", window=50)


@pytest.mark.parametrize(
    ("package", "name", "extra"), [("pyreadstat", "t.sav", "spss"), ("wfdb", "r.hea", "wfdb")]
)
def test_a_package_that_is_not_there_is_named(tmp_path, monkeypatch, package, name, extra):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"$FL2 and more")
    with pytest.raises(MissingExtraError, match=rf'pip install "diabolo\[{extra}\]"'):
        datasets.read(tmp_path / name)


# Pictures

SHADES = {"train/cat/1.png": 10, "train/dog/1.png": 20, "test/cat/1.png": 30}


def png(shade):
    buffer = io.BytesIO()
    Image.new("L", (3, 2), shade).save(buffer, "png")
    return buffer.getvalue()


def make_folder(folder):
    for name, shade in SHADES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(shade))
    return folder


def make_zip(path, names=SHADES):
    with zipfile.ZipFile(path, "w") as archive:
        for name, shade in names.items():
            archive.writestr(name, png(shade))
    return path


def make_tar(path, names=SHADES):
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, shade in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(png(shade))
            archive.addfile(info, io.BytesIO(png(shade)))
    return path


@pytest.mark.parametrize(
    ("name", "make"),
    [("pets", make_folder), ("pets.zip", make_zip), ("pets.tar", make_tar), ("pets.tar.gz", make_tar),
     ("pets.tgz", make_tar)],
)  # fmt: skip
def test_nested_pictures(tmp_path, name, make):
    path = make(tmp_path / name)
    dataset = datasets.read(path)
    assert (dataset.name, dataset.image_shape, dataset.source) == ("pets", (1, 2, 3), str(path))
    assert (dataset.label_names, sorted(dataset.y.tolist())) == (("cat", "dog"), [0, 0, 1])
    top = datasets.read(path, depth=1)
    assert top.label_names == ("test", "train")
    assert {i: round(float(row[0] * 255)) for i, row in zip(top.ids.tolist(), top.X, strict=True)} == SHADES
    with pytest.raises(FileError, match=r"2 folders down, so that no folder at --depth 3"):
        datasets.read(path, depth=3)


def test_a_folder_around_all_pictures_of_an_archive_is_no_label(tmp_path):
    path = make_zip(
        tmp_path / "a.zip", {"all/1.png": 1, "all/2.png": 2, "__MACOSX/all/._1.png": 3, "all/read.me": 4}
    )
    dataset = datasets.read(path)
    assert (dataset.label_names, dataset.ids.tolist()) == (None, ["1.png", "2.png"])


@pytest.mark.parametrize(
    "name", ["../out.png", "/tmp/out.png", "a/../../out.png", "a\\..\\out.png", "C:/out.png"]
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_paths_that_leave_an_archive_are_refused(tmp_path, make, name):
    path = make(tmp_path / f"a.{make.__name__[5:]}", {"ok.png": 1, name: 2})
    with pytest.raises(FileError, match=r"leaves the folder of the archive"):
        datasets.read(path)
    assert not list(tmp_path.parent.glob("out.png"))


def test_links_in_an_archive_are_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("a.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(FileError, match=r"is a link or a device, which is not followed"):
        datasets.read(tmp_path / "a.tar")


def test_an_archive_that_unpacks_to_more_than_pictures_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("diabolo.datasets.archives._MAX_PICTURE", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(1 << 22))
    with pytest.raises(FileError, match=r"a.png unpacks to more than a picture can be"):
        datasets.read(tmp_path / "a.zip")


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"hello", b"\x1f\x8b\x08 cut"])
@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_damaged_archive(tmp_path, content, suffix):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(FileError, match=r"not a whole archive|could not be read"):
        datasets.read(tmp_path / f"a{suffix}")
    make_zip(tmp_path / "text.zip", {"a.txt": 1})
    with pytest.raises(FileError, match=r"holds no pictures"):
        datasets.read(tmp_path / "text.zip")


def test_links_among_folders_are_followed_once(tmp_path):
    make_folder(tmp_path / "pets")
    (tmp_path / "pets" / "train" / "again").symlink_to(tmp_path / "pets")
    assert len(datasets.read(tmp_path / "pets")) == 3


# Rows that are pictures


def test_rows_are_the_pictures_that_the_user_says(tmp_path):
    np.save(tmp_path / "t.npy", np.zeros((3, 12)))
    assert datasets.read(tmp_path / "t.npy").image_shape is None
    assert datasets.read(tmp_path / "t.npy", image_shape="3x4").image_shape == (1, 3, 4)
    assert datasets.read(tmp_path / "t.npy", image_shape=(3, 2, 2)).image_shape == (3, 2, 2)
    with pytest.raises(SettingError, match=r"--image-shape 1 x 5 x 5 needs 25 values a row, .* has 12"):
        datasets.read(tmp_path / "t.npy", image_shape="5x5")
    with pytest.raises(SettingError, match=r"--image-shape takes a height and a width"):
        datasets.read(tmp_path / "t.npy", image_shape="big")
    np.save(tmp_path / "p.npy", PICTURES)
    with pytest.raises(SettingError, match=r"holds pictures of 1 x 2 x 3"):
        datasets.read(tmp_path / "p.npy", image_shape="3x2")


@pytest.mark.parametrize(
    "address", ["https://example.org/t.csv", "http://example.org/t.csv", "s3://bucket/t.parquet"]
)
def test_an_address_is_not_fetched(address):
    for read in (datasets.read, datasets.load):
        with pytest.raises(
            FileError, match=r"is a web address, and nothing is fetched but .*download the file"
        ):
            read(address)
