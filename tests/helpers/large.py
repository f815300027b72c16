"""Rows in files and in streams, and a small autoencoder for them."""

from __future__ import annotations

import numpy as np
from torch.utils.data import IterableDataset

from diabolo import MLP, Autoencoder, Training

RNG = np.random.default_rng(0)
X = RNG.normal(2, 3, (430, 9)).astype(np.float32)


def small(**params):
    params = {"encoder": MLP((6,)), "training": Training(epochs=2, batch_size=32), "random_state": 0} | params
    return Autoencoder(2, verbose=False, **params)


def mapped(path, array):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


class Items(IterableDataset):
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)


def parquet(path, rows, size=50):
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({f"c{i}": column for i, column in enumerate(rows.T)})
    parquet.write_table(table, path, row_group_size=size)
    return path
