"""What a run of an experiment must leave, whatever it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from diabolo.experiments import Result


def _check(result: Result) -> None:
    kept = json.loads((result.folder / "results.json").read_text(encoding="utf-8"))
    assert kept["experiment"] == result.experiment.name
    assert set(kept["sections"]) == set(result.findings)
    ran = [s for s in result.experiment.sections if s.name in result.findings]
    assert [t["name"] for t in kept["targets"]] == [t.name for s in ran for t in s.targets]
    text = result.page.read_text(encoding="utf-8")
    # Pictures are inside the page; any four letters may stand in one by chance.
    words = re.sub(r"base64,[A-Za-z0-9+/=]*", "", text)
    assert "http" not in words.replace("http-equiv", "")
    assert "<script" not in text
    for name, found in result.findings.items():
        assert f'<section id="{name}">' in text
        assert found.figures or found.measures
        for figure in found.figures:
            assert figure.reading.endswith(".")
            assert (result.folder / "figures" / f"{figure.name}.png").read_bytes() == figure.png
        for statement in found.statements:
            assert statement.numbers
    assert text.count("<figure>") == sum(len(f.figures) for f in result.findings.values())


@pytest.fixture(scope="session")
def check_folder() -> Callable[[Result], None]:
    """Numbers, figures, statements and page of a run agree with each other and with its record."""
    return _check
