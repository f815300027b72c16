"""Rows in files: they train as rows in memory do, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from large import RNG, X, mapped, small

from diabolo import GaussianNoise, Rotation, Training
from diabolo.data.checks import check_rows
from diabolo.data.memmap import Stored, is_mapped
from diabolo.errors import DataError, SettingError
from diabolo.estimator.rows import summarize_rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("loss", ["squared", "bernoulli"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_rows_in_a_file_train_as_rows_in_memory_to_the_bit(tmp_path, all_large, dtype, loss, precision):
    rows = (X * 10 + 60).clip(0, 255).astype(dtype)
    training = Training(epochs=2, batch_size=32, validation=0.2, precision=precision, snapshots=3)
    params = {"reconstruction": loss, "training": training, "corruption": GaussianNoise(0.1)}
    a, b = small(**params).fit(rows), small(**params).fit(mapped(tmp_path / "x.npy", rows))
    assert a.history_["loss"].tolist() == b.history_["loss"].tolist()
    assert a.history_["val_loss"].tolist() == b.history_["val_loss"].tolist()
    np.testing.assert_array_equal(a.codes_, b.codes_)
    file = np.load(tmp_path / "x.npy", mmap_mode="r")
    for name in ("transform", "reconstruct", "score_samples"):
        ours, theirs = getattr(b, name)(file), getattr(a, name)(rows)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_targets_and_validation_may_be_in_files_too(tmp_path, all_large):
    noisy = X + RNG.normal(size=X.shape).astype(np.float32)
    files = [mapped(tmp_path / f"{i}.npy", rows) for i, rows in enumerate((noisy, X, noisy[:50], X[:50]))]
    a = small().fit(noisy, target=X, validation=(noisy[:50], X[:50]))
    b = small().fit(files[0], target=files[1], validation=(files[2], files[3]))
    assert a.history_["loss"].tolist() == b.history_["loss"].tolist()
    assert a.history_["val_loss"].tolist() == b.history_["val_loss"].tolist()


def test_pictures_in_a_file(tmp_path, all_large):
    pictures = RNG.random((60, 4, 5), np.float32)
    a, b = small().fit(pictures), small().fit(mapped(tmp_path / "x.npy", pictures))
    assert b.module_.domain.image_shape == (1, 4, 5)
    np.testing.assert_array_equal(a.codes_, b.codes_)


def test_going_on_from_a_file(tmp_path, all_large):
    file = mapped(tmp_path / "x.npy", X)
    a, b = (small().fit(rows).fine_tune(rows).partial_fit(rows) for rows in (X, file))
    np.testing.assert_array_equal(a.transform(X), b.transform(X))


def test_small_files_are_loaded_and_large_ones_are_not(tmp_path, monkeypatch):
    file = mapped(tmp_path / "x.npy", X)
    assert is_mapped(file[:5])
    assert is_mapped(np.asarray(file))
    assert not is_mapped(X)
    fitted = small().fit(file)
    assert isinstance(check_rows(fitted, file, reset=False)[0], np.ndarray)
    monkeypatch.setattr("diabolo.data.streams.LARGE", 1000)
    assert isinstance(check_rows(fitted, file, reset=False)[0], Stored)


@pytest.mark.parametrize("array", [X, (X * 10).astype(np.int16), X.astype(">f4"), X.reshape(430, 3, 3)])
def test_a_table_hands_out_the_rows_of_its_array(array):
    table, flat = Stored(array), array.reshape(430, -1).astype(np.float64)
    index = np.array([[3, 3], [429, 0]])
    np.testing.assert_array_equal(table[index], flat[index])
    np.testing.assert_array_equal(table[10:20], flat[10:20])
    np.testing.assert_array_equal(table.pick(np.array([7, 5, 9]))[1:], flat[[5, 9]])
    np.testing.assert_array_equal(np.concatenate(list(table.blocks())), flat)
    np.testing.assert_array_equal(Stored(array, columns=[2, 0])[5:7], flat[5:7][:, [2, 0]])
    assert table[index].dtype.isnative


def test_a_table_is_not_written_to(tmp_path):
    array = X.copy()
    table = Stored(array)
    table[:5][:] = 0
    table[np.arange(5)][:] = 0
    np.testing.assert_array_equal(array, X)


def test_a_corruption_that_would_copy_all_rows_is_refused(tmp_path, all_large):
    file = mapped(tmp_path / "x.npy", RNG.random((60, 16), np.float32))
    with pytest.raises(SettingError, match=r"Rotation\(fresh=False\) keeps a corrupted copy of all samples"):
        small(corruption=Rotation(fresh=False)).fit(file)


def test_values_that_overflow_are_refused(tmp_path, all_large):
    with pytest.raises(DataError, match=r"values up to 1e\+39 are too large"):
        small(scaling=None).fit(mapped(tmp_path / "x.npy", np.array([[1e39, 1.0], [1.0, 2.0]])))


def test_the_first_fault_is_named_with_its_row(tmp_path, all_large):
    rows = np.memmap(tmp_path / "x", np.float32, "w+", shape=(3_000_100, 2))
    rows[3_000_000, 1] = np.nan
    rows[3_000_007, 0] = np.inf
    with pytest.raises(
        DataError, match=r"NaN and infinity in 2 of 3000100 rows \(first: row 3000000, column 1\)"
    ):
        summarize_rows(Stored(rows))


def test_a_fault_met_on_the_way_is_named_with_its_row(monkeypatch):
    rows = np.zeros((1000, 9), np.float32)
    rows[800, 3] = np.nan
    monkeypatch.setattr("diabolo.estimator.chunks._SLAB_NUMBERS", 512 * 9)
    with pytest.raises(DataError, match=r"NaN in 1 of the rows 512 to 999 \(first: row 800, column 3\)"):
        small().fit(X).transform(Stored(rows))
