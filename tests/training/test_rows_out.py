"""Files that are read where they lie, and codes and rows that are written to files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from large import RNG, X, parquet, small

import diabolo
from diabolo import MLP, Stream, datasets
from diabolo.data.memmap import Stored
from diabolo.errors import DataError, FileError


def test_a_mapped_file_is_read_as_a_loaded_one_is(tmp_path):
    for array in (
        X,
        X.astype(np.float64),
        (X * 9).astype(np.int16),
        RNG.integers(0, 255, (30, 4, 5, 3), np.uint8),
    ):
        np.save(tmp_path / "x.npy", array)
        loaded, opened = datasets.read(tmp_path / "x.npy"), datasets.stream(tmp_path / "x.npy")
        assert opened.image_shape == loaded.image_shape
        assert opened.dtype == loaded.X.dtype
        np.testing.assert_array_equal(opened[:], loaded.X)


def test_a_mapped_idx_file_is_read_as_a_loaded_one_is(tmp_path):
    pixels = RNG.integers(0, 255, (20, 3, 4), np.uint8)
    path = tmp_path / "some-images-idx3-ubyte"
    path.write_bytes(bytes([0, 0, 8, 3]) + np.array(pixels.shape, ">u4").tobytes() + pixels.tobytes())
    np.testing.assert_array_equal(datasets.stream(path)[:], datasets.read(path).X)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        FileError, match=r"states the shape \(20, 3, 4\), which takes 256 bytes, and it has 255"
    ):
        datasets.stream(path)


def test_pictures_of_a_folder(tmp_path):
    from PIL import Image

    for i in range(12):
        Image.fromarray(RNG.integers(0, 255, (4, 6), np.uint8)).save(tmp_path / f"{i:02}.png")
    rows = datasets.stream(tmp_path)
    loaded = datasets.read(tmp_path)
    assert rows.image_shape == loaded.image_shape == (1, 4, 6)
    np.testing.assert_array_equal(np.concatenate(list(rows.blocks())), loaded.X)
    assert small().fit(rows).transform(rows).shape == (12, 2)
    Image.fromarray(RNG.integers(0, 255, (5, 6), np.uint8)).save(tmp_path / "99.png")
    with pytest.raises(DataError, match="pictures have different sizes"):
        datasets.stream(tmp_path)


def test_a_parquet_file_with_a_column_of_text(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "x.parquet"
    parquet.write_table(pa.table({"a": X[:, 0], "b": X[:, 1], "kind": ["rose"] * len(X)}), path)
    with pytest.raises(DataError, match=r"column 'kind' is not numeric .data rows 1, 2, 3: 'rose'"):
        datasets.stream(path)
    rows = datasets.stream(path, drop="kind")
    fitted = small(encoder=MLP((3,))).fit(rows)
    assert fitted.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(DataError, match="name the columns in that order"):
        fitted.transform(datasets.stream(path, columns=["b", "a"]))


def test_a_parquet_file_with_a_gap(tmp_path):
    rows = X.copy()
    rows[123, 4] = np.nan
    with pytest.raises(DataError, match=r"NaN in 1 of 430 rows \(first: row 123, column 4\)"):
        small().fit(datasets.stream(parquet(tmp_path / "x.parquet", rows)))


@pytest.mark.parametrize("name", ["x.csv", "x.npz"])
def test_other_files_are_told_to_be_loaded(tmp_path, name):
    (tmp_path / name).write_text("1,2\n")
    with pytest.raises(FileError, match="loads all rows"):
        datasets.stream(tmp_path / name)


@pytest.mark.parametrize("rows", [X, Stored(X), Stream([X[:7], X[7:]])], ids=["memory", "file", "stream"])
def test_codes_and_rows_are_written(tmp_path, rows):
    from pyarrow import parquet

    fitted = small().fit(X)
    codes, made = fitted.transform(X), fitted.reconstruct(X)
    written = fitted.transform(rows, out=tmp_path / "codes.npy")
    assert isinstance(written, np.memmap)
    np.testing.assert_array_equal(written, codes)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), codes)
    place = np.lib.format.open_memmap(tmp_path / "made.npy", "w+", np.float32, X.shape)
    assert fitted.reconstruct(rows, out=place) is place
    np.testing.assert_array_equal(place, made)
    path = fitted.reconstruct(rows, out=str(tmp_path / "made.parquet"))
    table = parquet.read_table(path)
    np.testing.assert_array_equal(np.stack([c.to_numpy() for c in table.columns], 1), made)
    assert parquet.read_table(fitted.transform(rows, out=tmp_path / "z.parquet")).column_names == ["z0", "z1"]


def test_outputs_that_do_not_fit_are_refused(tmp_path):
    fitted = small().fit(X)
    wrong = {
        r"shape \(430, 2\), got an array of shape \(3, 2\)": np.zeros((3, 2)),
        "floating numbers that can be written to, got int64": np.zeros((430, 2), np.int64),
        r"read-only": np.broadcast_to(np.zeros(2), (430, 2)),
        "got int": 3,
        "expected one of .npy, .parquet": tmp_path / "x.csv",
        "in no folder that exists": tmp_path / "no" / "x.npy",
    }
    for words, out in wrong.items():
        with pytest.raises((DataError, FileError), match=words):
            fitted.transform(X, out=out)
    with pytest.raises(DataError, match="out has 400 rows, X has more"):
        fitted.transform(Stream([X]), out=np.zeros((400, 2)))
    with pytest.raises(DataError, match="out has 500 rows, X has 430"):
        fitted.transform(Stream([X]), out=np.zeros((500, 2)))


@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_a_file_is_whole_or_not_there(tmp_path, name):
    bad = np.concatenate([X] * 20)
    bad[-1] = np.nan
    with pytest.raises(DataError):
        small().fit(X).transform(Stored(bad), out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


# ---- memory ----

PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import larger_than_memory as bench
from pathlib import Path
bench.make(Path(sys.argv[2]), float(sys.argv[3]), 2e7)
import torch; torch.set_num_threads(1)
print(json.dumps(bench.whole(Path(sys.argv[2]))))
"""


@pytest.mark.slow
def test_a_gigabyte_takes_no_memory_to_speak_of(tmp_path):
    import json

    source = Path(diabolo.__file__).parents[1]
    benchmarks = source.parent / "benchmarks"
    command = [sys.executable, "-c", PROGRAM, str(benchmarks), str(tmp_path / "x.npy"), "1e9"]
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    # What PyTorch, scikit-learn and the network take by themselves is about 400 MB.
    assert found["anonymous"] < 7e8
    assert found["same"]
