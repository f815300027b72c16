"""Plots leave nothing behind: no figure of pyplot, no changed setting."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import pytest
from matplotlib import pyplot

from diabolo import plots


@pytest.fixture(autouse=True)
def _no_pyplot_figure_and_no_changed_setting() -> Iterator[None]:
    before = dict(matplotlib.rcParams)
    with plots.offscreen():
        yield
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []
