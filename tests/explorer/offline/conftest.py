"""Pages without a server, opened from disk in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import visits


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a file from disk, with no network."""
    with visits(browser, "file:|blob:|data:", quiet=True, offline=True) as go:
        yield lambda path, *size, **options: go(path.as_uri(), *size, **options)
