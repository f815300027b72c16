"""What several files of these tests share."""

from __future__ import annotations

import pytest


@pytest.fixture
def all_large(monkeypatch):
    """Mapped arrays of any size stay in their files."""
    monkeypatch.setattr("diabolo.data.streams.LARGE", 0)
