"""The command that compares recipes with PCA: its sets, and what it makes of errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diabolo import MLP, Autoencoder, Training


@pytest.fixture(scope="module")
def quality() -> Iterator[Any]:
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    import quality as module

    yield module
    sys.path.remove(folder)


def test_the_sets_are_split_by_name(quality: Any) -> None:
    choosing, confirming = map(set, (quality.CHOOSING, quality.CONFIRMING))
    assert not choosing & confirming
    assert choosing | confirming == set(quality.SETS)
    assert len(quality.SETS) >= 30


def test_a_model_that_stays_at_pca_has_its_error_on_rows_that_it_has_not_seen(quality: Any) -> None:
    still = Training(epochs=1, lr=1e-30, validation=None)
    models = {"still": partial(Autoencoder, encoder=MLP((8,), skip="pca"), training=still)}
    for name in ("wine", "digits", "constant and doubled columns", "a plane, exactly"):
        found = quality.measure(name, 2, models, range(2))
        assert found.ratio("still") == pytest.approx(1, abs=2e-3)
        assert found.ratio("mean") > 1.1
        assert found.errors["scikit-learn"].shape == (2,)
    assert quality.measure("linnerud", 8, {}, [0], rivals=False) is None


def test_what_loses_is_named(quality: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    poor = partial(Autoencoder, encoder=MLP(), training=Training(epochs=1))
    lines, lost = quality.table(["a plane with noise"], [2], {"poor": poor}, [0])
    assert len(lost) == 1
    assert lost[0].startswith("poor on a plane with noise, 2 codes: ")
    assert "**1 of 1**" in lines[-2]
    monkeypatch.setattr(quality, "RECIPES", {"poor": poor})
    monkeypatch.setattr(
        sys, "argv", ["quality.py", "--sets", "linnerud", "--codes", "2", "8", "--seeds", "1"]
    )
    with pytest.raises(SystemExit, match="worse than PCA by more than 1 %:\npoor on linnerud, 2 codes"):
        quality.main()


def test_errors_too_small_to_be_told_from_none_are_no_loss(quality: Any) -> None:
    errors = {"mean": np.ones(2), "PCA": np.zeros(2), "us": np.full(2, 1e-6)}
    found = quality.Found(errors, {})
    assert found.ratio("us") < quality.TOLERANCE
    assert found.ratio("mean") > 100
