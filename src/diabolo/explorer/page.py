"""A running explorer: the server in a thread of its own."""

from __future__ import annotations

import secrets
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from ..errors import SettingError
from .server import Dispatcher, make_app

if TYPE_CHECKING:
    from .model import ExplorerModel

Load = Callable[[], "Sequence[ExplorerModel]"]

_HOST = "127.0.0.1"
#: Seconds after which a page that was closed is not thought to come back by itself.
_GRACE = 4.0


class Page:
    """A running explorer: it answers until it is stopped.

    Parameters
    ----------
    load : callable
        Gives the subjects; called in a thread of the page, while its frame is already there.
    port : int, default 0
        0 takes any free one.
    token : str or None, default None
        What the address must show; None draws one.
    doing : callable or None, default None
        Says in a few words what a visitor waits for until the subjects are there.

    Attributes
    ----------
    url : str
        The address with its token, on this machine only.
    """

    def __init__(
        self,
        load: Load,
        port: int = 0,
        token: str | None = None,
        doing: Callable[[], str] | None = None,
    ) -> None:
        import uvicorn

        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
            raise SettingError(f"port must be a whole number from 0 (any free one) to 65535, got {port!r}.")
        self._dispatcher = Dispatcher(
            load, token or secrets.token_urlsafe(24), doing or (lambda: "loading the model")
        )
        self._socket = _bind(port)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{_HOST}:{self.port}/?token={self._dispatcher.token}"
        # One message more than the limit is still read, so that it gets an answer.
        settings = uvicorn.Config(
            make_app(self._dispatcher),
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

    @property
    def is_open(self) -> bool:
        """Whether somebody has the page open."""
        return self._dispatcher.visited

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        try:
            while self._thread.is_alive():
                self._thread.join(0.5)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def wait_until_left(self, patience: float = 0.0) -> None:
        """Serve for as long as somebody has the page open, until Ctrl-C.

        Parameters
        ----------
        patience : float, default 0
            Seconds to wait for a first visitor, if more than the few that one who was here is waited for.
        """
        since = time.monotonic()
        try:
            while self._thread.is_alive():
                left = self._dispatcher.left_at
                alone = time.monotonic() - (since if left is None else left)
                if not self.is_open and alone > (max(patience, _GRACE) if left is None else _GRACE):
                    break
                self._thread.join(0.2)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def stop(self) -> None:
        """Close every connection and free the port."""
        self._server.should_exit = True
        self._thread.join(5)
        self._dispatcher.close()
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
            self._dispatcher.begin()


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


def open_page(load: Load, *, port: int = 0, open_browser: bool = True, wait: bool = True) -> Page:
    """Open the explorer for subjects that are loaded while the page is already there.

    Parameters
    ----------
    load : callable
        Gives the subjects: :func:`~diabolo.explorer.from_run`, :func:`~diabolo.explorer.from_sklearn`.
    port : int, default 0
        0 takes any free one.
    open_browser : bool, default True
        Whether to open the page; its address is printed in any case.
    wait : bool, default True
        Serve until Ctrl-C; False returns at once.

    Returns
    -------
    Page

    Examples
    --------
    >>> from diabolo import explorer
    >>> load = explorer.from_sklearn("pca", "digits")
    >>> with explorer.open_page(load, open_browser=False, wait=False) as page:
    ...     page.port > 0
    True
    """
    page = Page(load, port)
    if wait or open_browser:
        announce(page, open_browser)
    if wait:
        page.wait()
    return page


def announce(page: Page, open_browser: bool, to: TextIO | None = None) -> None:
    """Print the address of a page, and open it if asked."""
    to = sys.stdout if to is None else to
    to.write(f"{page.url}\n")
    to.flush()
    if open_browser:
        webbrowser.open(page.url)
