"""Rows that are not in memory: in a file they train as rows in memory do, to the bit; in streams, each row once an
epoch, in an order that a seed decides.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from steps import after_each_step, save_at_every_step
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import diabolo
from diabolo import MLP, Autoencoder, GaussianNoise, Rotation, Stream, Training, datasets
from diabolo.data.checks import check_rows
from diabolo.data.memmap import Stored, is_mapped
from diabolo.data.prefetch import prefetch
from diabolo.data.shuffle import Mixer
from diabolo.data.summary import rebatch, summarize
from diabolo.errors import DataError, FileError, SettingError, UnknownNameError
from diabolo.estimator.rows import summarize_rows

RNG = np.random.default_rng(0)
X = RNG.normal(2, 3, (430, 9)).astype(np.float32)


def small(**params):
    params = {"encoder": MLP((6,)), "training": Training(epochs=2, batch_size=32), "random_state": 0} | params
    return Autoencoder(2, verbose=False, **params)


@pytest.fixture
def all_large(monkeypatch):
    """Mapped arrays of any size stay in their files."""
    monkeypatch.setattr("diabolo.data.streams.LARGE", 0)


def mapped(path, array):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


class Items(IterableDataset):
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)


# ---- rows in a file ----


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


# ---- streams ----


def parquet(path, rows, size=50):
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({f"c{i}": column for i, column in enumerate(rows.T)})
    parquet.write_table(table, path, row_group_size=size)
    return path


def pairs(rows):
    return TensorDataset(torch.from_numpy(rows), torch.zeros(len(rows)))


def hugging_face(rows):
    import datasets as hf

    kinds = {"x": hf.Sequence(hf.Value("float32")), "label": hf.ClassLabel(names=["a", "b"])}
    return hf.Dataset.from_dict({"x": rows.tolist(), "label": [0] * len(rows)}, features=hf.Features(kinds))


KINDS = {
    "parquet": lambda path: datasets.stream(parquet(path / "x.parquet", X)),
    "loader": lambda _path: DataLoader(pairs(X), batch_size=7),
    "unbatched loader": lambda _path: DataLoader(Items(X), batch_size=None),
    "items": lambda _path: Items(X),
    "item pairs": lambda _path: Items([(row, 0) for row in X]),
    "map-style": lambda _path: pairs(X),
    "function": lambda _path: Stream(lambda: iter(np.array_split(X, 9))),
    "list": lambda _path: Stream(np.array_split(X, 9)),
    "named": lambda _path: Stream([{"x": X, "y": None}], columns=["x"]),
    "hugging face": lambda _path: hugging_face(X),
    "hugging face, iterable": lambda _path: hugging_face(X).to_iterable_dataset(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_stream_gives_its_rows(tmp_path, kind):
    rows = KINDS[kind](tmp_path)
    # A Parquet file's columns have names, which the model learns.
    table = pd.DataFrame(X, columns=[f"c{i}" for i in range(9)]) if kind == "parquet" else X
    streamed, memory = small().fit(rows), small().fit(table)
    np.testing.assert_array_equal(streamed.transform(rows), streamed.transform(table))
    np.testing.assert_array_equal(streamed.score_samples(rows), streamed.score_samples(table))
    # The statistics are those of rows in memory; a data frame lies in memory by columns, whose sums round otherwise.
    exact = 0 if kind != "parquet" else 1e-14
    np.testing.assert_allclose(streamed.scaler_.offset, memory.scaler_.offset, rtol=exact)
    np.testing.assert_allclose(streamed.scaler_.scale, memory.scaler_.scale, rtol=exact)
    assert streamed.module_.domain.low == pytest.approx(memory.module_.domain.low, rel=exact)
    assert streamed.codes_.shape == memory.codes_.shape
    # Another order of the same rows: close, and no more.
    np.testing.assert_allclose(streamed.history_["loss"], memory.history_["loss"], rtol=0.05)
    np.testing.assert_array_equal(small().fit(rows).codes_, streamed.codes_)


def epoch_of(stream, epoch=0, passed=0, skip=0, size=20, buffer=None):
    from diabolo.data.scaling import Scaler
    from diabolo.estimator.rows import Preparation

    stream.buffer_rows = buffer
    prepare = Preparation(Scaler("none", np.zeros(1), np.ones(1)), torch.float32, torch.device("cpu"))
    rows = prepare(summarize_rows(stream), 5)
    full, rest = divmod(len(rows), size)
    numbers = [size] * full + ([rest] if rest else [])
    return [int(v) for block in rows.epoch(epoch, passed, numbers, skip) for v in block[:, 0]]


def numbered(n=200, piece=30):
    rows = np.arange(n, dtype=np.float32)[:, None]
    return lambda: Stream(lambda: iter(np.array_split(rows, range(piece, n, piece))))


@pytest.mark.parametrize("buffer", [1, 7, 64, 1000])
def test_an_epoch_has_each_row_once_in_an_order_that_the_seed_decides(buffer):
    stream = numbered()
    first, again, other = (epoch_of(stream(), epoch=e, buffer=buffer) for e in (0, 0, 1))
    assert sorted(first) == list(range(200))
    assert first == again
    assert (first != other) == (buffer > 1)
    # A row leaves at the earliest when it has entered: the buffer, and a block that has just left, ahead.
    assert all(row < place + buffer + 20 for place, row in enumerate(first))


def test_pieces_that_can_be_read_in_any_order_are_shuffled(tmp_path):
    rows = np.arange(200, dtype=np.float32)[:, None]
    stream = datasets.stream(parquet(tmp_path / "x.parquet", rows, size=10))
    order = epoch_of(stream, buffer=1)
    assert sorted(order) == list(range(200))
    assert order != sorted(order)
    assert all(order[i : i + 10] == list(range(order[i], order[i] + 10)) for i in range(0, 200, 10))
    assert epoch_of(stream, epoch=1, buffer=1) != order


def test_a_full_buffer_mixes_as_a_permutation_does():
    # Over many epochs a row comes to every quarter of the epoch alike: chi-squared of 4 x 4 counts, 9 degrees of
    # freedom, has a mean of 9 and passes 30 once in two thousand times.
    stream, counts = numbered(40, 10), np.zeros((4, 4))
    for epoch in range(60):
        for place, row in enumerate(epoch_of(stream(), epoch=epoch, size=7)):
            counts[row // 10, place // 10] += 1
    expected = counts.sum() / 16
    assert ((counts - expected) ** 2 / expected).sum() < 30


def test_an_epoch_goes_on_where_it_was_left():
    stream = numbered()
    assert epoch_of(stream(), skip=4) == epoch_of(stream())[80:]


def test_an_endless_stream_goes_on_from_epoch_to_epoch():
    def rows():
        return (np.full((10, 1), i, np.float32) for i in itertools.count())

    def run(epochs, skip=0):
        from diabolo.data.scaling import Scaler
        from diabolo.estimator.rows import Preparation

        prepare = Preparation(Scaler("none", np.zeros(1), np.ones(1)), torch.float32, torch.device("cpu"))
        fed = prepare(summarize_rows(Stream(rows, rows_per_epoch=60, buffer_rows=25)), 5)
        numbers = [25, 25, 10]
        return [[b[:, 0].tolist() for b in fed.epoch(e, e, numbers, skip)] for e in epochs]

    whole = run(range(3))
    seen = Counter(int(v) for epoch in whole for block in epoch for v in block)
    assert sum(seen.values()) == 180
    assert max(seen.values()) == 10
    assert 17 <= max(seen) <= 20  # 18 pieces have left, and the buffer is a few ahead
    assert run([2])[0] == whole[2]
    assert run([1], skip=1)[0] == whole[1][1:]


def test_a_stream_may_start_again_where_an_epoch_is_longer():
    fitted = small().fit(Stream(lambda: iter([X[:100]]), rows_per_epoch=90))
    assert fitted.n_iter_ == 2
    assert len(fitted.history_.steps["loss"]) == 6


@pytest.mark.parametrize("kind", ["parquet", "function", "endless", "file"])
def test_a_training_on_a_stream_goes_on_to_the_bits_of_one_that_was_not_stopped(
    tmp_path, kind, monkeypatch, all_large
):
    class KilledError(BaseException):
        pass

    def rows():
        if kind == "endless":
            return Stream(lambda: iter(np.array_split(X, 9)), rows_per_epoch=150, buffer_rows=40)
        return mapped(tmp_path / "x.npy", X) if kind == "file" else KINDS[kind](tmp_path)

    training = Training(epochs=3, batch_size=8)
    whole = small(training=training).fit(rows())

    def kill(step):
        if step == 45:
            raise KilledError

    training = training.replace(checkpoint=tmp_path / "checkpoint")
    with monkeypatch.context() as patch:
        save_at_every_step(patch)
        after_each_step(patch, kill)
        with pytest.raises(KilledError):
            small(training=training).fit(rows())
    resumed = small(training=training).fit(rows())
    assert resumed.history_["loss"].tolist() == whole.history_["loss"].tolist()
    np.testing.assert_array_equal(resumed.codes_, whole.codes_)
    other = X.copy()
    other[200] += 1
    with pytest.raises(SettingError, match="the training data differ"):
        small(training=training).fit(Stream([other[:400]] if kind == "endless" else [other]))


FAULTS = {
    "once only": (lambda: iter([X]), DataError, "can be read only once.*give Stream"),
    "empty": (lambda: Stream(lambda: iter([])), DataError, "has no samples: it ended before the first one"),
    "empty block": (lambda: Stream([X[:0]]), DataError, "has no samples"),
    "width": (lambda: Stream([X, X[:, :5]]), DataError, "sample 430 has 5 numbers, those before it have 9"),
    "item width": (lambda: Items([X[0], X[1, :4]]), DataError, r"sample 1 has the shape \(4,\)"),
    "rows for blocks": (lambda: Stream(list(X)), DataError, "batches of shape .* numpy.stack"),
    "text": (lambda: Items(["a"]), DataError, "numbers were expected, got str"),
    "columns": (lambda: Stream([{"a": X, "b": X}]), DataError, "name the one to learn from"),
    "no such column": (lambda: Stream([{"a": X}], columns=["c"]), UnknownNameError, "'c'.*Known: a"),
    "no stream": (lambda: Stream(3), DataError, "Stream takes a DataLoader.*got int"),
    "buffer": (lambda: Stream([X], buffer_rows=0), SettingError, "buffer_rows must be a whole number >= 1"),
    "too short": (lambda: Stream([X], rows_per_epoch=1000), DataError, "ended after 430 rows"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told(fault):
    make, kind, words = FAULTS[fault]
    with pytest.raises(kind, match=words):
        small().fit(make())


def test_what_a_stream_cannot_do_is_told():
    stream = Stream([X])
    with pytest.raises(DataError, match=r"cannot hold out samples of a stream.* fit\(X, validation=X_val\)"):
        small(training=Training(epochs=1, validation=0.2)).fit(stream)
    with pytest.raises(DataError, match="target cannot be matched"):
        small().fit(stream, target=X)
    with pytest.raises(DataError, match="validation must be an array"):
        small().fit(X, validation=stream)
    with pytest.raises(DataError, match="X has 5 features, the model was fitted on 9"):
        small().fit(stream).transform(Stream([X[:, :5]]))
    assert small().fit(stream, validation=X[:50]).history_["val_loss"].shape == (2,)


def test_a_stream_that_changes_is_told():
    turns = itertools.count()

    def rows():
        yield X if next(turns) < 2 else X[:100]

    with pytest.raises(DataError, match=r"gave fewer than [0-9]+ rows in epoch 1"):
        small().fit(Stream(rows))


def test_what_a_loader_raises_is_raised():
    def rows():
        yield X
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        small().fit(Stream(rows))


def test_a_fit_leaves_no_thread_behind():
    small().fit(Stream([X]))
    with pytest.raises(RuntimeError, match="enough"):
        small().fit(Stream([X]), callbacks=[_raise])
    assert not [t for t in threading.enumerate() if t.name == "diabolo-ahead"]


def _raise(event):
    raise RuntimeError("enough")


def test_the_thread_ends_where_not_all_is_used():
    with prefetch(iter(range(1000))) as numbers:
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]
    assert not [t for t in threading.enumerate() if t.name == "diabolo-ahead"]


# ---- what is found in one pass ----


@pytest.mark.parametrize("sizes", [[20_000], [1, 8191, 8192, 3616], [3000] * 6 + [2000]])
def test_moments_do_not_depend_on_the_size_of_blocks(sizes):
    rows = RNG.normal(3, 2, (20_000, 3)).astype(np.float32)
    blocks = np.split(rows, np.cumsum(sizes)[:-1])
    found, whole = summarize(blocks, moments=True), summarize([rows], moments=True)
    np.testing.assert_array_equal(found.mean, whole.mean)
    np.testing.assert_array_equal(found.deviation, whole.deviation)
    # float64 sums of 20,000 numbers.
    np.testing.assert_allclose(found.mean, rows.mean(0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, rows.std(0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_array_equal(found.low, rows.min(0))


def test_the_sample_is_spread_over_all_rows():
    rows = np.arange(60_000, dtype=np.float32)[:, None]
    sample = summarize(np.array_split(rows, 13), sample=True).sample
    assert 2500 <= len(sample) <= 5000
    assert set(np.diff(sample[:, 0])) == {16.0}


def test_rebatching_keeps_rows():
    blocks = np.split(X, [1, 8, 8, 100, 333])
    again = list(rebatch(blocks, 64))
    assert [len(b) for b in again] == [64] * 6 + [46]
    np.testing.assert_array_equal(np.concatenate(again), X)


def test_the_mixer_keeps_rows_whatever_is_asked():
    for room, wanted in itertools.product([0, 1, 5, 64, 430, 999], [1, 3, 100, 500]):
        mixer, rng, out = Mixer(iter(np.array_split(X, 7)), room), np.random.default_rng(1), []
        while len(rows := mixer.take(wanted, rng)):
            out.append(rows)
        got = np.concatenate(out)
        np.testing.assert_array_equal(np.sort(got, axis=0), np.sort(X, axis=0))
        assert (room < 2) == np.array_equal(got, X)


# ---- files ----


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


# ---- outputs ----


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
