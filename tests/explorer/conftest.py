"""Fitted models for the explorer's tests, and a way to talk to its server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from browsing import ask_python, visits

from diabolo import MLP, Autoencoder, Gaussian, Sphere, Training, datasets
from diabolo.explorer import Page
from diabolo.explorer.model import make_subjects


def train(latent: Any, X: Any, epochs: int = 6, **settings: Any) -> Autoencoder:
    training = Training(epochs=epochs, **settings)
    parts = {"encoder": MLP(), "training": training}
    return Autoencoder(latent=latent, random_state=0, verbose=False, **parts).fit(X)


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = datasets.load_digits()
    return X[:600], y[:600]


@pytest.fixture(scope="session")
def plane(digits: Any) -> Autoencoder:
    return train(2, digits[0], epochs=12, snapshots=100)


@pytest.fixture(scope="session")
def globe(digits: Any) -> Autoencoder:
    return train(Sphere(3), digits[0])


@pytest.fixture(scope="session")
def vae(digits: Any) -> Autoencoder:
    return train(Gaussian(5), digits[0])


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Put a question to subjects without a server: (subjects, name, arrays, **header) to (header, arrays)."""
    return ask_python


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open an explorer that is served."""
    with visits(browser, r"(http|ws)://127\.0\.0\.1:\d+/|blob:") as go:
        yield go


@pytest.fixture(scope="module")
def served(plane: Autoencoder, digits: Any) -> Iterator[Page]:
    """An explorer of the plane, for tests that only look."""
    subjects = make_subjects(plane, *digits)
    with Page(lambda: subjects) as page:
        yield page
