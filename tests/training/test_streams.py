"""Streams: each row once an epoch, in an order that a seed decides, and what is found in one pass over them."""

from __future__ import annotations

import itertools
import threading
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from large import RNG, Items, X, mapped, parquet, small
from steps import after_each_step, save_at_every_step
from torch.utils.data import DataLoader, TensorDataset

from diabolo import Stream, Training, datasets
from diabolo.data.prefetch import prefetch
from diabolo.data.shuffle import Mixer
from diabolo.data.summary import rebatch, summarize
from diabolo.errors import DataError, SettingError, UnknownNameError
from diabolo.estimator.rows import summarize_rows


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
