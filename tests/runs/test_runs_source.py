"""How the data of a run was read, as its folder says."""

from __future__ import annotations

from pathlib import Path

import pytest

from diabolo.errors import DataError, FileError
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


def _named(tmp_path: Path, more: str = "") -> Source:
    first = tmp_path / "first.csv"
    first.write_text("b,a,skip\n1,2,3\n")
    made = f"trained: {{features: [b, a], left_out: [skip], rows: 9, rows_held_out: 1{more}}}\n"
    return Source.of(_run(tmp_path, f"data: {{source: {first}, drop: skip, label: kind}}\n{made}"))


def test_columns_are_put_in_order_by_their_names_and_others_are_said(tmp_path: Path) -> None:
    source, new = _named(tmp_path), tmp_path / "new.csv"
    new.write_text("skip,a,kind,b\n9,1,u,2\n9,3,v,4\n")
    dataset = source.read(str(new), {})
    assert (dataset.X.tolist(), dataset.label_names, dataset.notes) == ([[2, 1], [4, 3]], ("u", "v"), ())
    new.write_text("a,b,more\n1,2,0\n")
    notes = source.read(str(new), {}).notes
    assert notes == ("columns that the model does not know are left out: 'more'",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,c\n1,2\n", r"it lacks 'b' and has 'c', which the model does not know"),
        ("A,b\n1,2\n", r"it lacks 'a' \(is 'A' meant\?\) and has 'A'"),
        ("1,2\n3,4\n", r"has no header, and the model knows its columns by their names \(b, a\)"),
    ],
)
def test_other_names_are_refused(tmp_path: Path, text: str, words: str) -> None:
    source, new = _named(tmp_path), tmp_path / "new.csv"
    new.write_text(text)
    with pytest.raises(DataError, match=words):
        source.read(str(new), {})


def _unnamed(tmp_path: Path) -> Source:
    first = tmp_path / "first.csv"
    first.write_text("1,2,3,4\n")
    made = "trained: {features: 2, columns: 4, rows: 9, rows_held_out: 1}\n"
    options = "drop: column_1, label: column_4"
    return Source.of(_run(tmp_path, f"data: {{source: {first}, {options}}}\n{made}"))


def test_columns_without_names_are_matched_by_their_numbers(tmp_path: Path) -> None:
    source, new = _unnamed(tmp_path), tmp_path / "new.csv"
    new.write_text("1,2,3,4\n5,6,7,8\n")
    dataset = source.read(str(new), {})
    assert (dataset.X.tolist(), dataset.y.tolist(), dataset.notes[1:]) == ([[2, 3], [6, 7]], [4, 8], ())
    new.write_text("1,2,3\n5,6,7\n")
    assert source.read(str(new), {}).notes[-1] == (
        "it has 3 columns without names, the data of the run had 4; they are taken by number"
    )
    new.write_text("9,1,2,3,4\n")
    with pytest.raises(DataError, match="has 5 columns without names, the data of the run had 4"):
        source.read(str(new), {})


def test_made_up_names_match_no_name(tmp_path: Path) -> None:
    source = _unnamed(tmp_path)
    (tmp_path / "new.csv").write_text("column_1,column_2,column_3\n1,2,3\n")
    (tmp_path / "run2").mkdir()
    named = Source.of(
        _run(tmp_path / "run2", f"data: {{source: {tmp_path}/new.csv}}\ntrained: {{features: [column_2]}}\n")
    )
    (tmp_path / "bare.csv").write_text("1,2,3\n")
    with pytest.raises(DataError, match="has no header"):
        named.read(str(tmp_path / "bare.csv"), {})
    with pytest.raises(DataError, match="by their numbers"):
        source.read(str(tmp_path / "new.csv"), {})
