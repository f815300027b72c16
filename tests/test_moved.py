"""Names that have a new home: the old ones still lead there, and say so."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from diabolo.moved import moved

MOVED = {
    "diabolo.hub.push": "diabolo.export.hub.push",
    "diabolo.hub.pull": "diabolo.export.hub.pull",
    "diabolo.hub.model_card": "diabolo.export.hub.model_card",
    "diabolo.plain.halves": "diabolo.export.torch_modules.to_torch_modules",
    "diabolo.plain.plain": "diabolo.export.torch_modules.to_torch_layers",
    "diabolo.export.to_html": "diabolo.explorer.to_html",
    # As a pickled detector names its class.
    "diabolo.metrics.anomaly.OutlierDetector": "diabolo.anomaly.OutlierDetector",
    "diabolo.metrics.baselines.PCAResidual": "diabolo.anomaly.PCAResidual",
}


def look_up(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_an_old_name_leads_to_the_new_one_with_a_warning(old: str, new: str) -> None:
    with pytest.warns(FutureWarning, match=rf"^{old} is {new} now"):
        found = look_up(old)
    assert found is look_up(new)


def test_the_warning_points_at_the_line_that_uses_the_old_name() -> None:
    with pytest.warns(FutureWarning) as caught:
        from diabolo.hub import pull  # noqa: F401
    assert caught[0].filename == __file__


def test_a_name_that_never_was_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="module 'old' has no attribute 'nonsense'"):
        moved("old", {})("nonsense")
