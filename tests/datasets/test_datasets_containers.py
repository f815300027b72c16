"""Files that hold several arrays, sparse matrices, annotated matrices and signals."""

from __future__ import annotations

import os
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import io as scipy_io
from scipy import sparse

from diabolo import datasets
from diabolo.errors import DataError, FileError, MissingExtraError, SettingError, UnknownNameError

ROWS, LABELS = np.arange(12.0).reshape(4, 3), np.array([0, 1, 0, 1])


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
