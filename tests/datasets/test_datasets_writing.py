"""Writing rows, and finding what to read."""

import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from diabolo import datasets
from diabolo.errors import DataError, FileError, SettingError, UnknownNameError

ROWS = np.array([[0.1, 2.0], [-3.5, 1e-30], [7.0, np.nan]], dtype=np.float32)


def test_npy_holds_the_array(tmp_path):
    path = datasets.write(tmp_path / "a.npy", ROWS)
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), ROWS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npy"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
@pytest.mark.parametrize("ids", [["a", "b,c", 'd"e'], [3, 1, 2]])
def test_tables_hold_ids_and_names(tmp_path, suffix, ids):
    path = datasets.write(
        tmp_path / f"a{suffix}", ROWS, columns=["z0", "z 1"], ids=np.array(ids), id_name="who"
    )
    frame = pd.read_csv(path) if suffix.lower() == ".csv" else pd.read_parquet(path)
    assert list(frame) == ["who", "z0", "z 1"]
    assert frame["who"].tolist() == ids
    np.testing.assert_array_equal(frame[["z0", "z 1"]].to_numpy(np.float32), ROWS)


def test_numbers_are_written_as_short_as_they_can_be(tmp_path):
    text = datasets.write(tmp_path / "a.csv", np.array([0.1, 1 / 3], np.float32)).read_text()
    assert text == '"x0"\n0.1\n0.33333334\n'


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u1", "i8", "?"])
@pytest.mark.parametrize("suffix", [".npy", ".csv", ".parquet"])
def test_every_type(tmp_path, kind, suffix):
    array = np.asfortranarray(np.array([[0, 1, 1], [1, 0, 1]], dtype=kind))
    path = datasets.write(tmp_path / f"a{suffix}", array)
    np.testing.assert_array_equal(datasets.read(path).X, array.astype(float))


def test_a_picture_comes_back(tmp_path):
    for channels in (1, 3):
        X = np.random.default_rng(0).integers(0, 256, (1, channels * 12)) / 255
        path = datasets.write(tmp_path / "a.png", X, image_shape=(channels, 3, 4))
        dataset = datasets.read(path)
        assert dataset.image_shape == (channels, 3, 4)
        np.testing.assert_allclose(dataset.X, X, atol=1e-7)


def test_a_grid_of_pictures_in_reading_order(tmp_path):
    levels = np.repeat([[0.0], [0.25], [0.5], [0.75], [2.0]], 4, axis=1)
    path = datasets.write(tmp_path / "a.png", levels, image_shape=(1, 2, 2))
    with Image.open(path) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (2 * 2 + 1, 3 * 2 + 2)
    assert pixels[0::3, 0::3].tolist() == [[0, 64, 128], [191, 255, 128]]
    assert (pixels[2] == 128).all()


@pytest.mark.parametrize(
    ("name", "array", "options", "kind", "words"),
    [
        ("a.txt", ROWS, {}, FileError, r"suffix '.txt', expected one of .npy, .csv, .parquet, .png"),
        ("a", ROWS, {}, FileError, "suffix ''"),
        ("no/a.csv", ROWS, {}, FileError, "there is no folder .*make it first"),
        ("a.csv", np.zeros((2, 2, 2)), {}, DataError, r"shape \(2, 2, 2\)"),
        ("a.csv", np.array([["x"]]), {}, DataError, "expected numbers"),
        ("a.csv", ROWS, {"columns": ["a"]}, DataError, "2 columns need 2 different names, got 1"),
        ("a.csv", ROWS, {"columns": ["a", "a"]}, DataError, "different names"),
        ("a.csv", ROWS, {"ids": [1]}, DataError, r"3 rows need as many ids, got the shape \(1,\)"),
        ("a.csv", ROWS, {"ids": [1, 2, 3], "id_name": "x0"}, DataError, "both called 'x0'"),
        ("a.png", ROWS, {}, DataError, "no pictures as far as is known"),
        ("a.png", ROWS, {"image_shape": (1, 2, 2)}, DataError, r"no pictures of the shape \(1, 2, 2\)"),
        ("a.png", ROWS, {"image_shape": (2, 1, 1)}, DataError, "1 or 3 channels"),
        ("a.png", np.zeros((0, 4)), {"image_shape": (1, 2, 2)}, DataError, "0 rows"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(tmp_path, name, array, options, kind, words):
    with pytest.raises(kind, match=words):
        datasets.write(tmp_path / name, array, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_grid_beyond_all_measure(tmp_path):
    rows = np.broadcast_to(np.uint8(0), (101, 1_000_000))
    with pytest.raises(DataError, match=r"a grid of 101 pictures .* write fewer rows"):
        datasets.write(tmp_path / "a.png", rows, image_shape=(1, 1000, 1000))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        datasets.write(tmp_path / "a.csv", ROWS)


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".parquet", ".png"])
def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="could not be written: No space left on device"):
        datasets.write(path, [[0.5, 1.0]], image_shape=(1, 1, 2))
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_load_takes_names_and_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    datasets.write("mine.csv", ROWS[:2], columns=["a", "b"])
    assert datasets.load("mine.csv", drop="b", columns=None, missing=None).feature_names == ("a",)
    assert datasets.load(tmp_path / "mine.csv").X.shape == (2, 2)
    # A name comes first; a path says that it is one.
    (tmp_path / "moons").mkdir()
    assert datasets.load("moons").source == "moons"
    with pytest.raises(FileError, match="holds no pictures"):
        datasets.load("./moons")


@pytest.mark.parametrize(
    ("name", "options", "kind", "words"),
    [
        ("mooons", {}, UnknownNameError, "unknown data set or file 'mooons'. Did you mean 'moons'"),
        ("mine.cvs", {}, FileError, r"no file or folder 'mine.cvs' .*Did you mean 'mine.csv'"),
        ("no/mine.csv", {}, FileError, "there is no folder 'no'"),
        ("https://example.org/a.csv", {}, FileError, "is a web address, and nothing is fetched .*; download"),
        ("mine.doc", {}, FileError, r"suffix '.doc', expected one of: .csv, .*Convert it"),
        ("mine.csv", {"colums": "a"}, UnknownNameError, "Did you mean 'columns'"),
        ("moons", {"columns": "a"}, UnknownNameError, "option of the data set 'moons': 'columns'"),
        ("mine.csv", {"resize": 3}, SettingError, "leave out --resize"),
    ],
)
def test_what_cannot_be_found(tmp_path, monkeypatch, name, options, kind, words):
    monkeypatch.chdir(tmp_path)
    datasets.write("mine.csv", ROWS[:2])
    (tmp_path / "mine.doc").write_text("1,2\n")
    with pytest.raises(kind, match=words):
        datasets.load(name, **options)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = datasets.write(tmp_path / "a.csv", ROWS[:2])

    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refused)
    with pytest.raises(FileError, match="may not be read"):
        datasets.read(path)


def test_a_data_set_checks_itself():
    X = np.zeros((2, 3))
    with pytest.raises(DataError, match="2 rows need 2 labels"):
        datasets.Dataset(X, y=np.zeros(3))
    with pytest.raises(DataError, match="3 features need 3 names"):
        datasets.Dataset(X, feature_names=("a",))
    with pytest.raises(DataError, match="are not images"):
        datasets.Dataset(X, image_shape=(1, 2, 2))
