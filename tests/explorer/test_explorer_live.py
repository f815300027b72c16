"""A training with a page beside it: what is shown, what the buttons do, and that nothing is learnt otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browsing import ask_python, check_barriers, check_layout, state, until
from sklearn.decomposition import PCA

import diabolo
from diabolo import MLP, Autoencoder, Gaussian, Training, explorer
from diabolo.errors import DataError, UnknownNameError
from diabolo.explorer import model
from diabolo.explorer.monitor import TrainingMonitor, Watched
from diabolo.explorer.watching import Live
from diabolo.training.events import Event

MANY = 2000


def make(epochs: int, latent: Any = 2, **settings: Any) -> Autoencoder:
    training = Training(epochs=epochs, **settings)
    return Autoencoder(latent=latent, encoder=MLP(), training=training, random_state=0, verbose=False)


class InThread(threading.Thread):
    """A fit in a thread of its own, since a browser's test holds the main one."""

    def __init__(self, ae: Autoencoder, X: np.ndarray, **how: Any) -> None:
        super().__init__(daemon=True)
        self.ae, self.X, self.how = ae, X, how
        self.start()

    def run(self) -> None:
        self.ae.fit(self.X, **self.how)


@pytest.fixture
def slowly() -> Any:
    """A callback that makes epochs take a while, as those of larger data do."""
    return lambda _: time.sleep(0.03)


@pytest.fixture
def watched(digits: Any, slowly: Any) -> Iterator[Any]:
    """A training of many epochs with its page: (autoencoder, page, thread)."""
    X, y = digits
    ae = make(MANY, Gaussian(3))
    with explorer.live(ae, X, y, open_browser=False) as live:
        thread = InThread(ae, X, validation=X[:80], callbacks=[live, slowly])
        yield ae, live, thread
        live.monitor.steer("stop")
        thread.join(60)
    assert not thread.is_alive()


# -- without a browser --------------------------------------------------------------------------------------------


def test_what_is_learnt_does_not_depend_on_the_page(digits: Any) -> None:
    X, y = digits
    alone, ae = make(8, Gaussian(2)).fit(X), make(8, Gaussian(2))
    with explorer.live(ae, X, y, open_browser=False) as live:
        page = threading.Thread(target=ask_on, args=(live.monitor,))
        page.start()
        ae.fit(X, callbacks=[live])
        page.join(60)
        assert live.monitor.shown > 0
    assert (ae.transform(X) == alone.transform(X)).all()
    assert ae.history_["loss"].tolist() == alone.history_["loss"].tolist()


def ask_on(monitor: TrainingMonitor) -> None:
    """What a page asks while it is open."""
    subjects = monitor.load()
    while ask_python(subjects, "live", since=0)[0]["state"] != "ended":
        ask_python(subjects, "decode", {"codes": np.zeros((9, 2), "f4")})
        ask_python(subjects, "errors")


def test_stopping_keeps_the_best_epoch(digits: Any) -> None:
    X = digits[0]
    ae, kept, seen = make(50, lr=0.05), list[dict[str, torch.Tensor]](), list[float]()

    def keep(event: Event) -> None:
        kept.append({name: value.clone() for name, value in event.model.state_dict().items()})

    with explorer.live(ae, X, open_browser=False) as live:

        def worse(event: Event) -> None:
            seen.append(event.row["loss"])
            if len(seen) > 4 and seen[-1] > min(seen):
                live.monitor.steer("stop")

        ae.fit(X, callbacks=[keep, worse, live])
        best = live.monitor.best
    assert best is not None
    losses = ae.history_["loss"]
    assert ae.status_ == "stopped"
    assert best.epoch == int(losses.argmin()) + 1 < len(losses) < 50
    for name, value in ae.module_.state_dict().items():
        assert torch.equal(value, kept[best.epoch - 1][name]), name


def test_a_pause_holds_until_it_is_lifted_or_interrupted(digits: Any) -> None:
    monitor = TrainingMonitor()
    ae = make(1).fit(digits[0])
    monitor.watch(ae, model.make_dataset(digits[0], digits[1], ae))
    monitor.steer("pause")
    asked = threading.Event()
    event = Event(1, 9, {"loss": 1.0}, ae.module_, interrupted=asked.is_set)
    thread = threading.Thread(target=monitor, args=(event,), daemon=True)
    thread.start()
    subjects = monitor.load()
    for _ in range(100):
        found = ask_python(subjects, "live", since=0, seen=0)
        if found[0]["state"] == "paused":
            break
        time.sleep(0.02)
    assert found[0]["state"] == "paused"
    assert found[0]["rows"] == [{"loss": 1.0}]
    np.testing.assert_allclose(found[1]["codes"], ae.transform(digits[0]), atol=1e-6)
    assert thread.is_alive()
    asked.set()
    thread.join(5)
    assert not thread.is_alive()
    assert not event.stopped
    with pytest.raises(UnknownNameError, match="go on, pause, stop"):
        monitor.steer("halt")


def test_only_a_training_is_steered(digits: Any, plane: Any) -> None:
    subjects = model.make_subjects(plane, *digits)
    for name in ("live", "steer"):
        with pytest.raises(DataError, match="nothing is being trained"):
            ask_python(subjects, name, to="stop")
    with pytest.raises(DataError, match="got PCA"):
        explorer.live(PCA(), digits[0])


def test_a_fit_that_fails_before_its_first_epoch_is_told(digits: Any) -> None:
    monitor = TrainingMonitor()
    monitor.leave("hold_out must be smaller.")
    with pytest.raises(DataError, match="hold_out must be smaller"):
        monitor.load()
    assert len(Watched(monitor)) == 1


# -- in a browser -------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_page_shows_a_training_and_steers_it(visit: Any, watched: Any, digits: Any, axe: str) -> None:
    ae, live, thread = watched
    page = visit(live.url)
    first = until(page, lambda s: s["live"] and s["live"]["epoch"] > 0)
    assert (first["tab"], first["live"]["epochs"], first["points"]) == ("training", MANY, 600)
    before = page.evaluate("Array.from(window.__explorer.app.model.codes)")
    pixels = pixels_of_probe(page)
    later = until(page, lambda s: s["live"]["epoch"] > first["live"]["epoch"] + 5)
    assert later["epochsSeen"] > first["epochsSeen"]
    until(page, lambda _: np.abs(np.subtract(moved_codes(page), before)).max() > 0.01)
    until(page, lambda _: pixels_of_probe(page) != pixels)
    names = page.locator(".dx-charts strong").all_inner_texts()
    assert names == ["loss", "reconstruction", "kl"]
    page.get_by_role("button", name="Pause").click()
    held = until(page, lambda s: s["live"]["state"] == "paused")["live"]["epoch"]
    page.wait_for_timeout(300)
    until(page, lambda s: s["epochsSeen"] == held)
    np.testing.assert_array_equal(state(page)["live"]["epoch"], held)
    check_layout(page, 1280)
    check_barriers(page, axe)
    page.get_by_role("button", name="Go on").click()
    until(page, lambda s: s["live"]["epoch"] > held)
    page.get_by_role("button", name="Stop, keep the best").click()
    thread.join(30)
    assert ae.status_ == "stopped"
    shown = until(page, lambda s: s.get("ready") and not s["live"])
    assert (shown["points"], shown["tab"], shown["error"]) == (600, "training", "")
    np.testing.assert_allclose(np.reshape(moved_codes(page), (600, 3)), ae.transform(digits[0]), atol=1e-5)
    assert shown["epochsSeen"] == ae.n_iter_


def moved_codes(page: Any) -> list[float]:
    return page.evaluate("Array.from(window.__explorer.app.model.codes)")


def pixels_of_probe(page: Any) -> str:
    return page.evaluate("document.querySelector('.dx-large').toDataURL()")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
def test_the_page_of_a_training_fits(visit: Any, watched: Any, width: int, height: int) -> None:
    page = visit(watched[1].url, width, height, color_scheme="dark")
    until(page, lambda s: s["live"] and s["live"]["epoch"] > 2)
    check_layout(page, width)


@pytest.mark.browser
def test_a_page_whose_training_was_interrupted_says_so(visit: Any, watched: Any) -> None:
    page = visit(watched[1].url)
    until(page, lambda s: s["live"])
    watched[1].leave("training was interrupted.")
    until(page, lambda s: s["over"] == "training was interrupted.")
    assert "Training has ended" in page.locator(".dx-banner").inner_text()


def test_the_command_ends_by_itself_where_nobody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from diabolo.cli import main

    monkeypatch.setattr("diabolo.explorer.page._GRACE", 0.0)
    out = tmp_path / "run"
    told = ["--live", "--no-browser", "--recipe", "linear", "--epochs", "1", "--quiet", "--out", str(out)]
    assert main(["fit", "digits", *told]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{out}\n"
    assert shown.err.startswith("http://127.0.0.1:")
    assert main(["fit", "nowhere.csv", *told[:-1], str(tmp_path / "other")]) == 2


def command(*arguments: str) -> subprocess.Popen[str]:
    source = str(Path(diabolo.__file__).parents[1])
    code = "import sys; from diabolo.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "fit", "digits", "--live", "--no-browser", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )


@pytest.mark.slow
@pytest.mark.browser
def test_the_command_line_leaves_a_finished_run(browser: Any, tmp_path: Path) -> None:
    with command("--epochs", "5000", "--recipe", "linear", "--out", str(tmp_path / "run")) as process:
        page = browser.new_page()
        page.goto(process.stderr.readline().strip())
        assert "Opening the explorer" in page.locator("#explorer").inner_text() or state(page)
        until(page, lambda s: s.get("live") and s["live"]["epoch"] > 0, 120)
        page.get_by_role("button", name="Stop, keep the best").click()
        found = until(page, lambda s: s.get("ready") and not s["live"], 120)
        assert found["points"] == 1797
        page.close()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.splitlines()[-1] == str(tmp_path / "run")
    assert "stopped after" in out
    assert "are kept" in err
    assert (tmp_path / "run" / "report.html").is_file()
    assert not (tmp_path / "run" / "checkpoint").exists()


@pytest.mark.slow
@pytest.mark.browser
def test_ctrl_c_interrupts_a_training_that_pauses(browser: Any, tmp_path: Path) -> None:
    with command("--epochs", "5000", "--recipe", "linear", "--out", str(tmp_path / "run")) as process:
        page = browser.new_page()
        page.goto(process.stderr.readline().strip())
        until(page, lambda s: s.get("live") and s["live"]["epoch"] > 0, 120)
        page.get_by_role("button", name="Pause").click()
        until(page, lambda s: s["live"]["state"] == "paused")
        process.send_signal(signal.SIGINT)
        until(page, lambda s: s["over"], 60)
        _, err = process.communicate(timeout=60)
        page.close()
    assert process.returncode == 130
    assert "--resume" in err


def test_the_old_name_of_the_monitor_leads_to_it_with_a_warning() -> None:
    with Live(0) as opened, pytest.warns(FutureWarning, match="Live.course is Live.monitor now"):
        assert opened.course is opened.monitor
