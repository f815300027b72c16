"""Pickles are for one version; those of another say so."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import diabolo
from diabolo import Autoencoder, Training
from diabolo.checks import example_rows
from diabolo.errors import VersionWarning


def test_a_pickle_of_another_version_warns():
    X = example_rows(30, 6)
    ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
    other = diabolo.__version__.translate(str.maketrans("0123456789", "9876543210"))
    content = pickle.dumps(ae).replace(diabolo.__version__.encode(), other.encode())
    words = f"pickled by diabolo {other} and is read by {diabolo.__version__}: "
    with pytest.warns(VersionWarning, match=f"{re.escape(words)}.* diabolo.load"):
        again = pickle.loads(content)
    assert np.array_equal(again.transform(X), ae.transform(X))
    state = ae.__getstate__()
    del state["_diabolo_version"]
    with pytest.warns(VersionWarning, match="pickled by diabolo an unknown version"):
        Autoencoder().__setstate__(state)
