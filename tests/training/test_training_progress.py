"""The bar that a person at a terminal sees: when it appears, and what it says."""

from __future__ import annotations

import time
from typing import Any

import pytest

from diabolo.training.events import Event
from diabolo.training.progress import Progress, reading, stages, wanted


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def _terminal(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a person at a terminal reads the error stream, as it is from now on."""
    watched = [True]
    monkeypatch.setattr("sys.stderr.isatty", lambda: watched[0], raising=False)
    return watched


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed."""
    seconds = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: seconds[0])
    return seconds


def _event(epoch: int, **losses: float) -> Event:
    model: Any = None
    return Event(epoch, 4, {"loss": 0.51234, **losses}, model)


def test_only_who_watches_a_terminal_or_asks_is_shown_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    for terminal[0] in (False, True):
        assert wanted(True)
        assert not wanted(False)
        assert wanted(None) is terminal[0]
    monkeypatch.setattr("multiprocessing.parent_process", object)
    assert not wanted(None)


def test_the_bar_tells_epoch_losses_and_rate(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with Progress(4, 1000, True) as bar:
        assert bar.bar is not None
        clock[0] = 2.0
        bar(_event(1))
        bar(_event(3, val_loss=0.75))
    shown = capsys.readouterr()
    assert shown.out == ""
    # 1,000 rows, three times, in two seconds.
    for words in ("epoch 3/4", "loss 0.5123, held out 0.75", "1,500 rows/s"):
        assert words in shown.err, shown.err


def test_a_long_epoch_moves_the_bar(
    capsys: pytest.CaptureFixture[str], clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _terminal(monkeypatch)
    with Progress(4, 1000, None) as bar:
        for clock[0], opened in ((0.1, False), (1.9, False), (5.0, True)):
            bar.within(0.5)
            assert (bar.bar is not None) is opened
    assert "100 rows/s" in capsys.readouterr().err


def test_a_short_training_shows_nothing(
    capsys: pytest.CaptureFixture[str], clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _terminal(monkeypatch)
    with Progress(4, 1000, None) as bar:
        clock[0] = 0.2
        bar(_event(1))
        assert bar.bar is None
        clock[0] = 0.9
        bar(_event(2))
        assert bar.bar is not None
    with Progress(4, 1000, False) as silent:
        silent(_event(4))
        silent.within(4.0)
        assert silent.bar is None
    assert "epoch 2/4" in capsys.readouterr().err


def test_the_first_look_at_the_rows_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich this is a terminal
    with reading(5000, True) as seen:
        seen(1234)
        time.sleep(0.3)  # rich draws eight times a second
    assert "1,234 rows" in capsys.readouterr().err
    with reading(None, False) as seen:
        seen(99)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("verbose", [True, False])
def test_what_is_computed_now_is_told(verbose: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with stages("report", verbose) as tell:
        tell("sampling quality")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("report: sampling quality" in shown.err) is verbose
