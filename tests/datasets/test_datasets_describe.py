"""What is said of columns before anything is learnt from them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from diabolo import datasets
from diabolo.cli import main
from diabolo.errors import DataError

N = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "key": [f"k{i}" for i in range(N)],
        "row": np.arange(N),
        "size": RNG.random(N) - 0.5,
        "twin": 0.0,
        "rooms": RNG.integers(0, 1000, N),
        "flag": RNG.random(N) > 0.5,
        "town": RNG.choice(["u", "v"], N),
        "day": pd.date_range("2026-01-01", periods=N),
        "same": 7,
        "gaps": np.where(np.arange(N) < 5, np.nan, RNG.random(N)),
        "outcome": RNG.integers(0, 3, N),
    }
).assign(twin=lambda frame: frame["size"])
EXPECTED = {
    "key": ("id", ("looks like an id",)),
    "row": ("count", ("looks like an id",)),
    "size": ("numeric", ()),
    "twin": ("numeric", ("the same as size",)),
    "rooms": ("count", ()),
    "flag": ("boolean", ()),
    "town": ("category", ()),
    "day": ("date", ()),
    "same": ("count", ("constant",)),
    "gaps": ("numeric", ()),
    "outcome": ("count", ("looks like a label",)),
}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
def test_kinds_and_remarks(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    getattr(FRAME, {".csv": "to_csv"}.get(suffix, f"to_{suffix[1:]}"))(
        path, **({"index": False} if suffix == ".csv" else {})
    )
    n_rows, columns, _ = datasets.describe(path)
    assert n_rows == N
    assert {column.name: (column.kind, column.remarks) for column in columns} == EXPECTED
    assert {column.name: column.missing for column in columns if column.missing} == {"gaps": 5}
    size = next(column for column in columns if column.name == "size")
    assert (size.low, size.high) == (f"{FRAME['size'].min():.6g}", f"{FRAME['size'].max():.6g}")


def test_what_is_suggested_can_be_typed(tmp_path, capsys):
    path = tmp_path / "t.csv"
    FRAME.to_csv(path, index=False)
    assert main(["describe", str(path)]) == 0
    out = capsys.readouterr().out
    assert "60 rows, 11 columns: 1 id, 4 count, 3 numeric, 1 boolean, 1 category, 1 date" in out
    typed = out.splitlines()[-1].split("diabolo ")[1].split()
    assert typed[:4] == ["fit", str(path), "--id", "key"]
    assert (
        main([*typed, "--recipe", "linear", "--epochs", "1", "--quiet", "--out", str(tmp_path / "run")]) == 0
    )
    capsys.readouterr()
    assert main(["describe", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"][0]["kind"] == "id"


def test_arrays_are_described_and_pictures_are_not(tmp_path):
    np.save(tmp_path / "t.npy", FRAME[["size", "rooms"]].to_numpy())
    _, columns, _ = datasets.describe(tmp_path / "t.npy")
    assert [(column.name, column.kind) for column in columns] == [("0", "numeric"), ("1", "count")]
    np.save(tmp_path / "p.npy", np.zeros((3, 4, 4)))
    with pytest.raises(DataError, match="no columns to describe"):
        datasets.describe(tmp_path / "p.npy")
