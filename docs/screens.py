"""Photograph the explorer's main states: ``python docs/screens.py docs/images``.

The pictures of the documentation are those of :data:`SHOWN`; with ``all`` as a second argument every state is taken
at every size, light and dark, to be looked at.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright
from sklearn.decomposition import PCA

from diabolo import Autoencoder, Gaussian, Training, datasets, explorer, recipes

SIZES = {"laptop": (1280, 800), "desk": (1920, 1080), "phone": (390, 844)}
APP = "window.__explorer.app"
COMMANDS = "window.__explorer.commands"


@contextmanager
def explored() -> Iterator[str]:
    """A trained model with a second one beside it."""
    X, y = datasets.load_digits()
    ae = (
        recipes.deep(latent_dim=2, random_state=0)
        .set_params(training__snapshots=1797, training__epochs=80)
        .fit(X)
    )
    with explorer.start(ae, X, y, compare=PCA(2).fit(X)) as page:
        yield page.url


@contextmanager
def trained() -> Iterator[str]:
    """A variational autoencoder that is being trained, and pauses for the picture."""
    X, y = datasets.load_digits()
    training = Training(epochs=120)
    ae = Autoencoder(
        Gaussian(2), reconstruction="bernoulli", training=training, random_state=0, verbose=False
    )

    def pause(event: Any) -> None:
        if event.epoch == 45:
            live.monitor.steer("pause")

    with explorer.live(ae, X, y, open_browser=False) as live:
        how = {"validation": X[:200], "callbacks": [pause, live]}
        thread = threading.Thread(target=ae.fit, args=(X,), kwargs=how, daemon=True)
        thread.start()
        yield live.url
        live.monitor.steer("stop")
        thread.join()


def explore(page: Any) -> None:
    """A path over a decoder grid."""
    page.evaluate(f"{COMMANDS}.setLayer('grid', true); {COMMANDS}.setGridOpacity(0.35)")
    page.evaluate(f"{COMMANDS}.setPath({{a: {APP}.model.code(6), b: {APP}.model.code(1)}})")


def pin(page: Any) -> None:
    """A pinned point with its neighbours, and a selection."""
    page.evaluate(f"{COMMANDS}.pin(7); {COMMANDS}.select([3, 13, 23, 45, 59, 60, 62, 63])")


def lasso(page: Any) -> None:
    """Density, pictures of the rows, a selection."""
    page.evaluate(f"{COMMANDS}.setLayer('density', true); {COMMANDS}.setLayer('thumbs', true)")
    page.evaluate(f"{COMMANDS}.select(Array.from({{length: 80}}, (_, i) => 7 * i))")


def compare(page: Any) -> None:
    """Two models, coloured by how far rows moved."""
    page.evaluate(f"{COMMANDS}.align(true); document.querySelector('.dx-moved input').checked = true")
    page.locator("[data-tab=compare]").last.click()
    page.evaluate(f"{COMMANDS}.setColour('moved')")


def scrub(page: Any) -> None:
    """The course of a finished training."""
    page.locator("[data-tab=training]").last.click()
    page.locator(".dx-training input").fill("12")


def table(page: Any) -> None:
    """The points as a table."""
    page.locator("[data-tab=table]").last.click()


def live(page: Any) -> None:
    """A training that pauses."""
    page.wait_for_function(f"{APP}.state.training.live?.state === 'paused'", timeout=300_000)


STATES: dict[Any, tuple[Callable[[Any], None], ...]] = {
    explored: (explore, pin, lasso, compare, scrub, table),
    trained: (live,),
}
#: The pictures of the documentation: state, size, light or dark.
SHOWN = {
    ("explore", "laptop", "light"),
    ("compare", "laptop", "light"),
    ("live", "laptop", "dark"),
    ("pin", "phone", "dark"),
}


def photograph(page: Any, file: Path) -> None:
    """Write what the page shows, in as few bytes as its colours take."""
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(file, optimize=True)


def main(folder: Path, everything: bool) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    found = os.environ.get("DIABOLO_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for serve, states in STATES.items():
            with serve() as url:
                wanted = [(s, z, c) for s in states for z in SIZES for c in ("light", "dark")]
                for state, size, scheme in wanted:
                    if not everything and (state.__name__, size, scheme) not in SHOWN:
                        continue
                    width, height = SIZES[size]
                    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
                    # Expressions are waited for in the page, which its content policy forbids.
                    context = browser.new_context(**options, bypass_csp=True)
                    page = context.new_page()
                    page.goto(url)
                    page.wait_for_function("window.__explorer?.state().ready", timeout=300_000)
                    time.sleep(0.5)
                    state(page)
                    time.sleep(2.5)
                    photograph(page, folder / f"explorer-{state.__name__}-{size}-{scheme}.png")
                    context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "all" in sys.argv[2:])
