"""The gallery of the documentation draws every plot."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from diabolo import plots

SCRIPT = Path(__file__).parents[2] / "docs" / "gallery.py"


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


def test_every_plot_is_in_the_gallery(gallery: ModuleType) -> None:
    # The interactive map is a page, not a picture.
    assert set(plots.PLOTS) - {"map_3d_interactive"} <= set(gallery.DRAWINGS)


@pytest.mark.slow
def test_the_gallery_is_drawn(gallery: ModuleType, tmp_path: Path) -> None:
    files = list(gallery.draw_all(tmp_path))
    assert [f.stem for f in files] == list(gallery.DRAWINGS)
    for file in files:
        with Image.open(file) as picture:
            # At most 5.2 inches at 150 dots an inch, so that text is readable at 300 pixels.
            assert picture.width <= 780
            assert picture.convert("L").getextrema() != (255, 255)
