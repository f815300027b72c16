"""Shared fixtures, and the few settings that all tests need."""

from __future__ import annotations

import os

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture(scope="session")
def data_dir() -> str:
    """The folder of published data files, or a skip that says how to get it."""
    folder = os.environ.get("DIABOLO_DATA", "")
    if not os.path.isdir(folder):
        pytest.skip("set DIABOLO_DATA to a folder that holds mnist/ and the other published files")
    return folder
