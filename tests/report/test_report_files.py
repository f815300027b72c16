"""The figures of a run, read back from its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diabolo.errors import FileError
from diabolo.report.files import METRICS, read_figures


def test_figures_come_back_as_they_were_written(tmp_path: Path) -> None:
    told = {"figures": {"errors": {"model": {"mse": 0.5}}, "dim": None}, "findings": []}
    (tmp_path / METRICS).write_text(json.dumps(told))
    assert read_figures(tmp_path) == told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "check the path"),
        (b"{", "cannot be read"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"[]", "holds no report of a run"),
        (b"{}", "holds no report of a run"),
        (b'{"figures": 3}', "holds no report of a run"),
    ],
)
def test_what_holds_no_figures_is_named(content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / METRICS).write_bytes(content)
    with pytest.raises(FileError, match=words) as caught:
        read_figures(tmp_path)
    assert "metrics.json" in str(caught.value)
