"""Which rows a run trains on, and which it is judged on."""

from __future__ import annotations

import numpy as np
import pytest

from diabolo import datasets
from diabolo.datasets import Dataset
from diabolo.errors import DataError, SettingError
from diabolo.runs.split import check_hold_out, split


def _data(n: int) -> Dataset:
    return Dataset(
        np.arange(2.0 * n).reshape(n, 2), y=np.arange(n), ids=np.arange(n), name="d", source="d.npy"
    )


def test_a_split_parts_the_rows_and_follows_the_seed() -> None:
    parted, again, other = (split(_data(50), 0.2, seed) for seed in (3, 3, 4))
    assert parted.held is not None
    assert (len(parted.train), len(parted.held)) == (40, 10)
    assert sorted([*parted.train.ids, *parted.held.ids]) == list(range(50))
    np.testing.assert_array_equal(parted.held.X[:, 0], 2.0 * parted.held.y)
    np.testing.assert_array_equal(parted.judged.X, again.judged.X)
    assert not np.array_equal(parted.judged.ids, other.judged.ids)


@pytest.mark.parametrize(
    ("n", "share", "words"), [(50, 0, "50 rows that it was trained on"), (19, None, "fewer than 20")]
)
def test_nothing_is_held_out(n: int, share: float | None, words: str) -> None:
    parted = split(_data(n), share, 0)
    assert parted.held is None
    assert len(parted.judged) == n
    assert words in parted.describe()


def test_what_cannot_be_held_out() -> None:
    with pytest.raises(DataError, match="leaves 49 to train on and 1 to test"):
        split(_data(50), 0.02, 0)
    with pytest.raises(SettingError, match="no published test split"):
        split(_data(50), "test", 0)
    for wrong in (1, -0.1, "tset", True, None):
        with pytest.raises(SettingError, match="hold_out must be"):
            check_hold_out(wrong)


def test_the_published_test_split_is_judged_on(monkeypatch: pytest.MonkeyPatch) -> None:
    published = {"train": _data(30), "test": _data(7)}
    monkeypatch.setattr(datasets, "load", lambda _, split="train": published[split])
    train = Dataset(np.zeros((30, 2)), name="mnist", source="mnist")
    parted = split(train, None, 0)
    assert (parted.train, parted.held, parted.hold_out) == (train, published["test"], "test")
