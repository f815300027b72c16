"""Pickles are for one version; those of another say so."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from diabolo import Autoencoder, Training
from diabolo.checks import example_rows
from diabolo.errors import VersionWarning


def test_a_pickle_of_another_version_warns(monkeypatch):
    X = example_rows(30, 6)
    ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
    content = pickle.dumps(ae)
    monkeypatch.setattr("diabolo.estimator.state.__version__", "99.0")
    with pytest.warns(VersionWarning, match=r"pickled by diabolo .* and is read by 99.0: .* diabolo.load"):
        again = pickle.loads(content)
    assert np.array_equal(again.transform(X), ae.transform(X))
    state = ae.__getstate__()
    del state["_diabolo_version"]
    with pytest.warns(VersionWarning, match="pickled by diabolo an unknown version"):
        Autoencoder().__setstate__(state)
