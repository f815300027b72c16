"""Shared fixtures, and the few settings that all tests need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium: the one of the machine (``DIABOLO_CHROMIUM`` or on the path), else Playwright's own.

    It lives for one module of tests only: Playwright's event loop would be in the way of tests that run
    their own.
    """
    from playwright.sync_api import Error, sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("DIABOLO_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
        except Error as error:
            pytest.skip(f"no Chromium: set DIABOLO_CHROMIUM or run 'playwright install chromium' ({error})")
        yield chromium
        chromium.close()
