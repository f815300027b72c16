"""Names that have a new home: the old ones still lead there, and say so."""

from __future__ import annotations

import importlib

import pytest

from diabolo.moved import moved

MOVED = [
    ("diabolo.hub", "push", "diabolo.export.hub"),
    ("diabolo.hub", "pull", "diabolo.export.hub"),
    ("diabolo.hub", "model_card", "diabolo.export.hub"),
    ("diabolo.plain", "halves", "diabolo.export.torch_modules"),
    ("diabolo.export", "to_html", "diabolo.explorer"),
    # As a pickled detector names its class.
    ("diabolo.metrics.anomaly", "OutlierDetector", "diabolo.anomaly"),
    ("diabolo.metrics.baselines", "PCAResidual", "diabolo.anomaly"),
]


@pytest.mark.parametrize(("old", "name", "new"), MOVED)
def test_an_old_name_leads_to_the_new_one_with_a_warning(old: str, name: str, new: str) -> None:
    with pytest.warns(FutureWarning, match=rf"{old}\.{name} is {new}\.\w+ now"):
        found = getattr(importlib.import_module(old), name)
    assert found is getattr(importlib.import_module(new), name)


def test_the_warning_points_at_the_line_that_uses_the_old_name() -> None:
    with pytest.warns(FutureWarning) as caught:
        from diabolo.hub import pull  # noqa: F401
    assert caught[0].filename == __file__


def test_a_name_that_never_was_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="module 'old' has no attribute 'nonsense'"):
        moved("old", {})("nonsense")
