"""How the data of a run was read, as its folder says."""

from __future__ import annotations

from pathlib import Path

import pytest

from diabolo.errors import FileError
from diabolo.runs.source import Source


def _run(folder: Path, config: str) -> Path:
    (folder / "model").mkdir()
    (folder / "model" / "model.json").write_text("{}")
    (folder / "config.yaml").write_text(config)
    return folder


def test_rows_are_read_with_the_columns_that_the_run_learnt(tmp_path: Path) -> None:
    first = tmp_path / "first.csv"
    run = _run(
        tmp_path,
        f"data: {{source: {first}, label: kind}}\nrecipe: deep\nrandom_state: 3\n"
        "trained: {features: [b, a], id: name, rows: 9, rows_held_out: 1}\n",
    )
    source = Source.of(run)
    assert (source.features, source.id_name, source.recipe, source.seed) == (("b", "a"), "name", "deep", 3)
    assert source.counts == (9, 1)
    (tmp_path / "new.csv").write_text("a,new,b\n1,2,3\n4,5,6\n")
    assert source.read(str(tmp_path / "new.csv"), {}).X.tolist() == [[3, 1], [6, 4]]


def test_a_run_that_says_its_data_and_no_more_is_read(tmp_path: Path) -> None:
    source = Source.of(_run(tmp_path, "data: {source: digits}"))
    assert (source.path, source.features, source.counts, source.seed) == ("digits", (), (), None)
    assert source.read("digits", {}).X.shape == (1797, 64)


@pytest.mark.parametrize("config", ["data: [", "data: 3", "a word", "recipe: deep", "data: {}", ""])
def test_a_damaged_config_is_named(tmp_path: Path, config: str) -> None:
    with pytest.raises(FileError, match=r"config\.yaml is damaged"):
        Source.of(_run(tmp_path, config))
