"""Tables as text are plain, and as wide as their cells, wherever they are printed."""

from __future__ import annotations

import pytest

from diabolo.text.tables import aligned

ROWS = [("", "n", "kind"), ("[b]first[/b]", "3 *", "x"), ("second row of many words", "12.5  ", "")]


@pytest.mark.parametrize("columns", ["20", "400"])
@pytest.mark.parametrize("colour", [{}, {"FORCE_COLOR": "1"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_text_does_not_depend_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: str, colour: dict[str, str]
) -> None:
    for name, value in {"COLUMNS": columns, **colour}.items():
        monkeypatch.setenv(name, value)
    assert aligned(ROWS) == [
        "                               n  kind",
        "[b]first[/b]                 3 *     x",
        "second row of many words  12.5",
    ]


def test_words_are_to_the_left_and_long_cells_whole() -> None:
    long = "word " * 400 + "end"
    assert aligned([("a", long, "1"), ("bb", "", "22")], words=2) == [
        f"a   {long}   1",
        "bb" + " " * (len(long) + 4) + "22",
    ]


def test_wide_letters_take_two_columns() -> None:
    assert aligned([("精度", "1"), ("abcd", "2")]) == ["精度  1", "abcd  2"]


def test_no_rows_are_no_lines() -> None:
    assert aligned([]) == []
