"""Start the explorer for a model, a run folder, or a transformer of scikit-learn."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..errors import MissingExtraError, SettingError, UnknownNameError
from .server import Desk, make_app

if TYPE_CHECKING:
    from .subject import Subject

__all__ = ["SKLEARN", "Page", "open_run", "open_sklearn", "serve", "show", "start", "widget"]

_HOST = "127.0.0.1"
#: Transformers of scikit-learn that the command line knows by name: the module and the class.
SKLEARN = {
    "pca": ("sklearn.decomposition", "PCA"),
    "nmf": ("sklearn.decomposition", "NMF"),
    "fast_ica": ("sklearn.decomposition", "FastICA"),
    "factor_analysis": ("sklearn.decomposition", "FactorAnalysis"),
    "truncated_svd": ("sklearn.decomposition", "TruncatedSVD"),
    "kernel_pca": ("sklearn.decomposition", "KernelPCA"),
}
_KERNEL_ROWS = 3000


class Page:
    """A running explorer: it answers until it is stopped.

    Attributes
    ----------
    url : str
        The address with its token, on this machine only.
    """

    def __init__(
        self, load: Callable[[], Sequence[Subject]], port: int = 0, token: str | None = None
    ) -> None:
        import uvicorn

        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
            raise SettingError(f"port must be a whole number from 0 (any free one) to 65535, got {port!r}.")
        self._desk = Desk(load) if token is None else Desk(load, token)
        self._socket = _bind(port)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{_HOST}:{self.port}/?token={self._desk.token}"
        # One message more than the limit is still read, so that it gets an answer.
        settings = uvicorn.Config(
            make_app(self._desk),
            log_level="error",
            ws="websockets-sansio" if _has_sansio() else "auto",
            ws_max_size=64 << 20,
            lifespan="off",
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._run, name="diabolo-explorer-server", daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)
        # The first visitor starts the loading; without one it starts a little later.
        threading.Timer(0.5, self._begin).start()

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        try:
            while self._thread.is_alive():
                self._thread.join(0.5)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def stop(self) -> None:
        """Close every connection and free the port."""
        self._server.should_exit = True
        self._thread.join(5)
        self._desk.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Page({self.url!r})"

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def _begin(self) -> None:
        if not self._server.should_exit:
            self._desk.begin()


def _has_sansio() -> bool:
    from uvicorn.config import WS_PROTOCOLS

    return "websockets-sansio" in WS_PROTOCOLS


def _bind(port: int) -> Any:
    import socket

    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((_HOST, port))
    except OSError as error:
        made.close()
        raise SettingError(f"port {port} cannot be used ({error.strerror}); give another, or 0.") from None
    return made


def start(model: Any, X: Any, y: Any = None, *, compare: Any = None, port: int = 0) -> Page:
    """Open the explorer for a fitted transformer and return at once.

    Parameters
    ----------
    model : object
        Fitted, with ``transform``; with ``inverse_transform`` codes are decoded too. An autoencoder, PCA, NMF, a
        pipeline.
    X : array of shape (n, n_features), (n, H, W) or (n, C, H, W), data frame or Dataset
        The rows to show. A data frame gives names to features and rows.
    y : array of shape (n,) or None
        Labels, for colours.
    compare : object or None
        A second fitted transformer of the same rows, shown beside the first.
    port : int, default 0
        0 takes any free one.

    Returns
    -------
    Page
        With its ``url``; it can be used in a ``with`` statement.

    Raises
    ------
    DataError
        If the model has no ``transform``, or the rows are no numbers.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from diabolo import datasets, explorer
    >>> X, y = datasets.load_digits()
    >>> with explorer.start(PCA(2).fit(X), X, y) as page:
    ...     page.url
    'http://127.0.0.1:...'
    """
    subjects = make_subjects(model, X, y, compare)
    return Page(lambda: subjects, port)


def widget(model: Any, X: Any, y: Any = None, *, compare: Any = None) -> Any:
    """The explorer for a fitted transformer as a notebook's widget.

    Parameters
    ----------
    model, X, y, compare
        As in :func:`start`.

    Returns
    -------
    diabolo.explorer.notebook.Explorer
        A widget, with its ``selection``: the chosen rows, to be read and to be set.

    Raises
    ------
    MissingExtraError
        If anywidget is not installed.
    """
    from .notebook import Explorer

    return Explorer(make_subjects(model, X, y, compare))


def show(model: Any, X: Any, y: Any = None, *, compare: Any = None, port: int = 0) -> Any:
    """Open the explorer where one is: as a widget in a notebook, else as a page in the browser.

    A notebook without the extra ``notebook`` gets a page, too.

    Parameters
    ----------
    model, X, y, compare, port
        As in :func:`start`; a widget needs no port.

    Returns
    -------
    diabolo.explorer.notebook.Explorer or Page
    """
    if _in_notebook() and port == 0:
        try:
            return widget(model, X, y, compare=compare)
        except MissingExtraError as error:
            warnings.warn(f"{error} The explorer opens in the browser instead.", stacklevel=3)
    import webbrowser

    page = start(model, X, y, compare=compare, port=port)
    webbrowser.open(page.url)
    return page


def _in_notebook() -> bool:
    """Whether Python is the kernel of a notebook; IPython is not imported for that."""
    import sys

    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


def serve(
    model: Any, X: Any, y: Any = None, *, compare: Any = None, port: int = 0, open_browser: bool = True
) -> None:
    """Open the explorer for a fitted transformer, and serve it until Ctrl-C.

    Parameters
    ----------
    model, X, y, compare, port
        As in :func:`start`.
    open_browser : bool, default True
        Whether to open the page; its address is printed in any case.
    """
    _show(start(model, X, y, compare=compare, port=port), open_browser)


def make_subjects(model: Any, X: Any, y: Any = None, compare: Any = None) -> list[Subject]:
    """The models with their rows, as the page's questions are put to them."""
    from .subject import Subject, make_dataset, snapshots_of

    data = make_dataset(X, y, model)
    subjects = [Subject(model, data, snapshots_of(model, len(data.X)))]
    if compare is not None:
        subjects.append(Subject(compare, data, snapshots_of(compare, len(data.X))))
    return subjects


def open_run(
    path: str | Path,
    data: Any = None,
    *,
    compare: str | Path | None = None,
    port: int = 0,
    open_browser: bool = True,
    wait: bool = True,
) -> Page:
    """Open the explorer for a run folder; the page is there before the model is loaded.

    Parameters
    ----------
    path : path
        A run folder, or the folder of a saved model.
    data : Dataset, str, path or None
        What to show: a data set, its name, or a file. None: what the run was trained on.
    compare : path or None
        A second run, shown beside the first.
    port : int, default 0
    open_browser : bool, default True
    wait : bool, default True
        Serve until Ctrl-C; False returns at once.

    Returns
    -------
    Page

    Raises
    ------
    FileError
        If there is no model in the folder, or it does not say what it was trained on.
    """
    from .loading import check_run, load_run

    check_run(Path(path), data)
    if compare is not None:
        check_run(Path(compare), data or "digits")
    second = None if compare is None else Path(compare)
    page = Page(lambda: load_run(Path(path), data, second), port)
    return _show(page, open_browser, wait)


def open_sklearn(
    name: str,
    data: str,
    *,
    n_components: int = 2,
    port: int = 0,
    open_browser: bool = True,
    wait: bool = True,
) -> Page:
    """Fit a transformer of scikit-learn on a data set, and open the explorer for it.

    Parameters
    ----------
    name : str
        One of :data:`SKLEARN`.
    data : str
        A named data set, or a file.
    n_components : int, default 2
        Width of a code.
    port, open_browser, wait
        As in :func:`open_run`.

    Returns
    -------
    Page
    """
    if name not in SKLEARN:
        raise UnknownNameError("transformer of scikit-learn", name, SKLEARN)
    return _show(Page(lambda: _fit_sklearn(name, data, n_components), port), open_browser, wait)


def _fit_sklearn(name: str, data: str, n_components: int) -> list[Subject]:
    import importlib

    from .. import datasets

    dataset = datasets.load(data)
    module, cls = SKLEARN[name]
    options: dict[str, dict[str, Any]] = {
        "kernel_pca": {"fit_inverse_transform": True, "kernel": "rbf"},
        "nmf": {"max_iter": 1000},
    }
    made = getattr(importlib.import_module(module), cls)(n_components, **options.get(name, {}))
    rows = dataset.X[:_KERNEL_ROWS] if name == "kernel_pca" else dataset.X
    return make_subjects(made.fit(rows), dataset)


def _show(page: Page, open_browser: bool, wait: bool = True) -> Page:
    if wait or open_browser:
        import sys

        sys.stdout.write(f"{page.url}\n")
        sys.stdout.flush()
    if open_browser:
        import webbrowser

        webbrowser.open(page.url)
    if wait:
        page.wait()
    return page
