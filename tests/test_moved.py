"""Names that have a new home: the old ones still lead there, and say so."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from fresh import in_fresh_process

from diabolo.likelihoods import SquaredError
from diabolo.moved import moved
from diabolo.parts import part
from diabolo.penalties import Topological

MOVED = {
    "diabolo.aligned.aligned": "diabolo.text.tables.aligned",
    "diabolo.hub.push": "diabolo.export.hub.push",
    "diabolo.hub.pull": "diabolo.export.hub.pull",
    "diabolo.hub.model_card": "diabolo.export.hub.model_card",
    "diabolo.plain.halves": "diabolo.export.torch_modules.to_torch_modules",
    "diabolo.plain.plain": "diabolo.export.torch_modules.to_torch_layers",
    "diabolo.reconstruction.Reconstruction": "diabolo.likelihoods.Likelihood",
    "diabolo.reconstruction.Poisson": "diabolo.likelihoods.Poisson",
    "diabolo.export.to_html": "diabolo.explorer.to_html",
    "diabolo.networks.Socket": "diabolo.networks.BuildContext",
    "diabolo.metrics.train_judge": "diabolo.metrics.train_classifier",
    # As a pickled detector names its class.
    "diabolo.metrics.anomaly.OutlierDetector": "diabolo.anomaly.OutlierDetector",
    "diabolo.metrics.baselines.PCAResidual": "diabolo.anomaly.PCAResidual",
}


def look_up(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_an_old_name_leads_to_the_new_one_with_a_warning(old: str, new: str) -> None:
    with pytest.warns(FutureWarning, match=rf"^{old} is {new} now"):
        found = look_up(old)
    assert found is look_up(new)


def test_the_warning_points_at_the_line_that_uses_the_old_name() -> None:
    with pytest.warns(FutureWarning) as caught:
        from diabolo.hub import pull  # noqa: F401
    assert caught[0].filename == __file__


@pytest.mark.parametrize("path", ["hub", "plain", "metrics.baselines"])
def test_a_module_that_is_gone_is_imported_by_its_old_place(path: str) -> None:
    first = path.partition(".")[0]
    code = f"import diabolo.{path}; from diabolo import {first}; print(diabolo.{path}.__name__)"
    assert in_fresh_process(code).strip() == f"diabolo.{path}"


def test_a_name_that_never_was_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="module 'old' has no attribute 'nonsense'"):
        moved("old", {})("nonsense")


def test_a_trained_scalar_may_still_say_its_first_value_by_the_old_name() -> None:
    with pytest.warns(FutureWarning, match=r"SpreadError.start is called initial now"):

        @part
        class SpreadError(SquaredError):
            """A squared error with a scalar."""

            @property
            def start(self) -> float | None:
                return 2.0

    assert SpreadError().initial == 2.0
    with pytest.warns(FutureWarning, match=r"Topological.start is called initial now"):
        assert Topological().start == Topological().initial


OLD_MARKS = """
from diabolo.parts import Unstackable, part
from diabolo.penalties import BatchPenalty, Learnt, MatchesPrior, NeedsInputGradient, Noisy

@part
class Old(BatchPenalty, Noisy, Learnt, NeedsInputGradient, MatchesPrior, Unstackable):
    start = 2.0

    def draw(self, latent, shape, generator):
        return latent, shape, generator

    def value(self, p):
        return p
"""


def test_a_penalty_that_derives_from_an_old_mark_is_what_it_was() -> None:
    names: dict[str, Any] = {"__name__": "own"}
    with pytest.warns(FutureWarning) as caught:
        exec(OLD_MARKS, names)
    said = [str(warning.message) for warning in caught]
    assert said[0].startswith(
        "Noisy, which Old derives from, goes with the next version; give it noise(latent)"
    )
    assert len(said) == 6
    assert caught[0].filename == "<string>"
    old = names["Old"]()
    assert (old.needs_input_gradient, old.matches_prior, old.stackable, old.initial) == (
        True,
        True,
        False,
        2.0,
    )
    assert old.noise("space")["draw"]((4, 2), "generator") == ("space", (4, 2), "generator")
