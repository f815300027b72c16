"""A training with a page beside it: the page shows how it goes, and steers it."""

from __future__ import annotations

import warnings
import webbrowser
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..errors import DataError
from .monitor import TrainingMonitor
from .page import Page

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..training.events import Event


class Live:
    """A training with a page that shows and steers it: a callback of ``fit``.

    The page may let the training pause, go on, or stop with the weights of its best epoch. When the fit has ended,
    the page is the explorer of the trained model. Made by :func:`live`.

    Parameters
    ----------
    port : int, default 0
        Port of the page; 0 takes any free one.

    Attributes
    ----------
    page : Page
        The page in the browser.
    monitor : TrainingMonitor
        What the page knows of the training.
    """

    def __init__(self, port: int = 0) -> None:
        self.monitor, self._doing = TrainingMonitor(), "getting ready"
        self.page = Page(self.monitor.load, port, doing=lambda: self._doing)

    @property
    def course(self) -> TrainingMonitor:
        """The old name of ``monitor``."""
        warnings.warn(
            "Live.course is Live.monitor now; the old name goes with the next version.",
            FutureWarning,
            stacklevel=2,
        )
        return self.monitor

    @property
    def url(self) -> str:
        """The address of the page, on this machine only."""
        return self.page.url

    def watch(self, estimator: Any, data: Dataset, announced: bool = False) -> None:
        """What is trained and the rows it is shown with; ``announced``: the end is told by :meth:`finish` only.

        Parameters
        ----------
        estimator : Autoencoder
            The one that is trained.
        data : Dataset
            The samples that it is shown with.
        announced : bool, default False
            Whether :meth:`finish` will say when training has ended; if not, the last epoch does.
        """
        self.monitor.watch(estimator, data, announced)
        self._doing = "the map appears after the first epoch"

    def __call__(self, event: Event) -> None:
        """Take note of an epoch."""
        self.monitor(event)

    def finish(self) -> None:
        """From now on the page is the explorer of the trained model."""
        self.monitor.finish()

    def leave(self, words: str) -> None:
        """Tell whoever looks that all has ended, and why, and close the page."""
        self.monitor.leave(words)
        if self.page.is_open:
            self.monitor.last_words()
        self.stop()

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        self.page.wait()

    def stop(self) -> None:
        """Close the page; a training that it let pause goes on."""
        self.monitor.leave("the page was closed by Python.")
        self.page.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Live({self.url!r})"


def live(model: Any, X: Any, y: Any = None, *, port: int = 0, open_browser: bool = True) -> Live:
    """Open a page for the next ``fit`` of an autoencoder, to be handed to it as a callback.

    The page shows the losses, every term apart, and the map as it moves; training can be paused, and stopped with
    the weights of its best epoch. What is learnt does not depend on whether a page is open.

    Parameters
    ----------
    model : Autoencoder
        The one whose ``fit`` is called next.
    X : array of shape (n, n_features), (n, H, W) or (n, C, H, W), data frame or Dataset
        The rows to show, 2,000 of them while it is trained, then all.
    y : array of shape (n,) or None
        Labels, for colours.
    port : int, default 0
        0 takes any free one.
    open_browser : bool, default True
        Open the page in the default browser.

    Returns
    -------
    Live
        With its ``url``; it can be used in a ``with`` statement. ``stop()`` closes the page, ``wait()`` serves until
        Ctrl-C.

    Raises
    ------
    DataError
        If the model is no autoencoder of this package, or the rows are no numbers.

    Examples
    --------
    >>> from diabolo import Autoencoder, Training, datasets, explorer
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(training=Training(epochs=2))
    >>> with explorer.live(ae, X, y, open_browser=False) as page:
    ...     ae.fit(X, callbacks=[page]).status_
    'finished'
    """
    from ..estimator.autoencoder import Autoencoder
    from .model import make_dataset

    if not isinstance(model, Autoencoder):
        raise DataError(f"live() shows the training of an Autoencoder, got {type(model).__name__}.")
    data = make_dataset(X, y, model)
    made = Live(port)
    made.watch(model, data)
    if open_browser:
        webbrowser.open(made.url)
    return made
