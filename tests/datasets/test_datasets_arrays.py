"""Array files of the user's own: shapes, types, and headers that are not believed."""

import contextlib
import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diabolo import datasets
from diabolo.errors import DataError, DiaboloError, FileError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One folder for all examples of a property: making a folder takes longer than the rest."""
    return tmp_path_factory.mktemp("scratch")


def npy(array, **options):
    """An array as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def npz(**arrays):
    """Arrays as the bytes of a compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file and give its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", "g", "u1", "i2", ">i4", "i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_and_order(file, kind, order):
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype=kind, order=order)
    dataset = datasets.read(file("a.npy", npy(array)))
    np.testing.assert_array_equal(dataset.X, array.astype(float))
    assert dataset.X.dtype in (np.float32, np.float64)
    assert dataset.X.flags.c_contiguous
    assert dataset.feature_names is None
    assert dataset.image_shape is None


def test_tables_of_bytes_stay_in_their_units(file):
    assert datasets.read(file("a.npy", npy(np.array([[27, 157]], np.uint8)))).X.tolist() == [[27, 157]]


def test_images_become_rows_channel_by_channel(file):
    grey = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    dataset = datasets.read(file("a.npy", npy(grey)))
    assert dataset.image_shape == (1, 3, 4)
    np.testing.assert_array_equal(dataset.X, (grey.reshape(2, 12) / np.float32(255)).astype(np.float32))
    colour = np.random.default_rng(0).random((2, 5, 4, 3))
    last, first = (datasets.read(file("a.npy", npy(a))) for a in (colour, np.moveaxis(colour, 3, 1)))
    assert last.image_shape == first.image_shape == (3, 5, 4)
    np.testing.assert_array_equal(last.X, first.X)
    np.testing.assert_array_equal(last.X[1].reshape(3, 5, 4)[2], colour[1, :, :, 2])
    binary = datasets.read(file("a.npy", npy(grey % 2)))
    assert binary.X.max() == 1


def test_columns_of_an_array_are_numbered(file):
    path = file("a.npy", npy(np.arange(8.0).reshape(2, 4)))
    dataset = datasets.read(path, drop=0, label=1, id="3")
    assert dataset.X.tolist() == [[2], [6]]
    assert (dataset.y.tolist(), dataset.ids.tolist()) == ([1, 5], [3, 7])
    assert (dataset.feature_names, dataset.n_columns) == (None, 4)
    assert (dataset.id_name, dataset.label_name) == ("3", "1")
    assert datasets.read(path, columns=[2, 0]).X.tolist() == [[2, 0], [6, 4]]


def test_npz_members(file):
    X, y = np.eye(3), np.array([0, 1, 1])
    for key in ("X", "x", "data", "anything"):
        dataset = datasets.read(file("a.npz", npz(**{key: X}, y=y)))
        np.testing.assert_array_equal(dataset.X, X)
        np.testing.assert_array_equal(dataset.y, y)
    assert datasets.read(file("a.npz", npz(X=X, other=y))).y is None
    assert datasets.read(file("a.npz", npz(X=X, labels=np.array(["u", "v", "u"])))).label_names == ("u", "v")
    assert datasets.read(file("a.npz", npz(X=X, y=y[:, None]))).y.tolist() == [0, 1, 1]
    np.savez(file("b.npz", b""), X=X)
    np.testing.assert_array_equal(datasets.read(file("b.npz", b"").parent / "a.npz").X, X)


def test_rows_with_gaps_lose_their_label_too(file):
    path = file("a.npz", npz(X=np.array([[1.0], [np.nan], [3.0]]), y=np.array([5, 6, 7])))
    dataset = datasets.read(path, missing="drop")
    assert (dataset.X.tolist(), dataset.y.tolist()) == ([[1], [3]], [5, 7])
    assert datasets.read(path, missing="mean").X.tolist() == [[1], [2], [3]]


class Evil:
    """What a pickle could do."""

    def __reduce__(self):
        return (pytest.fail, ("code from the file ran",))


TABLE = npy(np.zeros((20, 3)))


def _claim(shape):
    """A .npy file of a few bytes whose header states a large shape."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue() + b"\0" * 16


def _zip_of(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("a.npy", npy(np.arange(3)), DataError, r"shape \(3,\), expected \(n, d\) rows"),
        ("a.npy", npy(np.zeros((2, 2), complex)), DataError, "complex128, expected numbers"),
        ("a.npy", npy(np.array([["a"]])), DataError, "<U1, expected numbers"),
        ("a.npy", npy(np.zeros(3, dtype=[("a", "f4")])), DataError, "expected numbers"),
        ("a.npy", npy(np.zeros((2, 2), "M8[s]")), DataError, "expected numbers"),
        ("a.npy", npy(np.array([Evil()], dtype=object), allow_pickle=True), FileError, "never loaded"),
        ("a.npy", pickle.dumps([1]), FileError, "a Python pickle, which is never loaded"),
        ("a.npy", npy(np.zeros((0, 3))), FileError, "holds nothing"),
        ("a.npy", npy(np.array([[1, np.nan]])), DataError, "column '1' has no value in data row 1"),
        ("a.npy", npy(np.array([[np.inf, 1]])), DataError, "column '0' is infinite"),
        ("a.npy", TABLE[:-8], FileError, "cut off: 480 bytes"),
        ("a.npy", TABLE[:40], FileError, "its header is damaged"),
        ("a.npy", TABLE[:7], FileError, "its header is damaged"),
        ("a.npy", TABLE[:6] + b"\3\0" + TABLE[8:], FileError, "version"),
        ("a.npy", gzip.compress(TABLE, mtime=0), FileError, "gzip-compressed, expected a NumPy array"),
        ("a.npy", b"", FileError, "is empty"),
        ("a.npy", b"hello", FileError, "it may be damaged"),
        ("a.npy", _claim((10**9, 10**9)), FileError, "it holds fewer"),
        ("a.npy", _claim((10**9, 10**30)), FileError, "it holds fewer"),
        ("a.npy", _claim((-1, 5)), FileError, "holds nothing"),
        ("a.npz", _zip_of(_claim((10**5, 10**5))), FileError, "it holds fewer"),
        ("a.npz", _zip_of(b"hello"), FileError, "header is damaged"),
        (
            "a.npz",
            npz(foo=np.eye(3), bar=np.eye(2)),
            FileError,
            r"several arrays: foo \(3 x 3\), bar \(2 x 2\); say which to learn from: --array foo",
        ),
        ("a.npz", npz(), FileError, "holds no array"),
        (
            "a.npz",
            npz(X=np.eye(3), y=np.array([0, 1])),
            DataError,
            r"3 rows need as many labels, got the shape \(2,\)",
        ),
        ("a.npz", npz(X=np.eye(2), y=np.array([Evil(), 1], dtype=object)), FileError, "never loaded"),
        ("a.npz", npz(X=np.eye(30))[:-40], FileError, "not a whole .npz archive"),
        ("a.npz", TABLE, FileError, "is a NumPy array, expected an .npz"),
    ],
    # An archive holds the time it was made at: no name that two workers would both give.
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_each_fault_has_its_sentence(file, name, content, kind, words):
    with pytest.raises(kind, match=words) as caught:
        datasets.read(file(name, content))
    assert "\n" not in str(caught.value)


def test_images_have_no_columns(file):
    with pytest.raises(DataError, match=r"pixels are no columns; leave out --columns"):
        datasets.read(file("a.npy", npy(np.zeros((2, 3, 3)))), columns="0")


def test_labels_beside_mnist_like_images(file):
    images = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102])
    path = file("t-images-idx3-ubyte", images)
    assert datasets.read(path).y is None
    file("t-labels-idx1-ubyte", bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]))
    assert datasets.read(path).y.tolist() == [7, 3]
    file("t-labels-idx1-ubyte", bytes([0, 0, 8, 1, 0, 0, 0, 1, 7]))
    with pytest.raises(DataError, match="2 rows need as many labels"):
        datasets.read(path)


VALID = {".npy": npy(np.arange(6.0).reshape(2, 3)), ".npz": npz(X=np.eye(2), y=np.array([1, 2]))}


@given(data=st.data(), suffix=st.sampled_from(list(VALID)))
@settings(deadline=None, max_examples=100)
def test_a_damaged_file_is_read_or_refused(scratch, data, suffix):
    content = bytearray(VALID[suffix])
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] + data.draw(st.binary(max_size=3))
    path = scratch / f"a{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(DiaboloError):  # and no other kind
        assert np.isfinite(datasets.read(path).X).all()


@pytest.mark.data
def test_published_tables_are_read(data_dir):
    dataset = datasets.load(f"{data_dir}/adbench/6_cardio.npz")
    assert dataset.X.shape == (1831, 21)
    assert np.bincount(dataset.y).tolist() == [1655, 176]
    with pytest.raises(FileError, match=r"several arrays: imgs \(46080 x 64 x 64\), latents_classes"):
        datasets.load(f"{data_dir}/dsprites/dsprites_grid.npz")
