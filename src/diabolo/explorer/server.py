"""The web server: the page, its files, and a socket that answers questions.

It imports neither PyTorch nor scikit-learn, so that the page is there at once. Whoever asks must know the token,
name this machine as the host, and come from the page itself. A bad message is answered with an error frame; the
socket stays open.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..errors import DiaboloError, in_words
from .protocol import MAX_BYTES, pack, unpack

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .model import ExplorerModel

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "connect-src 'self'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
_STATIC = Path(__file__).with_name("static")
_FILES = {"explorer.js": "text/javascript", "explorer.css": "text/css", "icon.svg": "image/svg+xml"}
_MAX_WAITING = 64
# Seconds after which a brief question is told what it waits for.
_BRIEF = 0.4
_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class Dispatcher:
    """Where questions are answered: the subjects, once they are loaded, and the one thread that computes.

    Attributes
    ----------
    load : callable
        Gives the subjects; called once, away from the server's own thread.
    token : str
        What a visitor must show.
    doing : callable
        Says in a few words what a visitor waits for, until the subjects are loaded.
    """

    load: Callable[[], Sequence[ExplorerModel]]
    token: str
    doing: Callable[[], str]

    def __post_init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="diabolo-explorer")
        self._loading: Future[Sequence[ExplorerModel]] | None = None
        self._visitors = 0
        self._left_at: float | None = None

    def begin(self) -> Future[Sequence[ExplorerModel]]:
        """Start loading, unless it was started before."""
        if self._loading is None:
            self._loading = self._worker.submit(self.load)
        return self._loading

    def close(self) -> None:
        """Answer nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    @property
    def visited(self) -> bool:
        """Whether somebody has the page open."""
        return self._visitors > 0

    @property
    def left_at(self) -> float | None:
        """When the last one left, by ``time.monotonic``; None: nobody has been here."""
        return self._left_at

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Within it somebody has the page open."""
        self._visitors += 1
        try:
            yield
        finally:
            self._visitors -= 1
            self._left_at = time.monotonic()

    async def answer(self, message: bytes) -> bytes:
        """The answer to a message; whatever is wrong with it becomes an error frame."""
        asked: dict[str, Any] = {}
        try:
            asked, arrays = unpack(message)
            loading = self.begin()
            if asked.get("brief") is True and not await _done(loading, _BRIEF):
                return pack({"id": _id(asked), "wait": self.doing()})
            subjects = await asyncio.wrap_future(loading)
            from .requests import answer

            steps = answer(subjects, asked, arrays)
            loop = asyncio.get_running_loop()
            while (done := await loop.run_in_executor(self._worker, _advance, steps)) is None:
                pass
            header, sent = done
            return pack({**header, "id": _id(asked)}, sent)
        except Exception as error:
            # The border: whatever went wrong, the page gets one line and the socket stays; the terminal gets the rest.
            if not isinstance(error, DiaboloError | ValueError):
                _LOG.exception("the explorer could not answer %s", str(asked.get("do"))[:40])
            told = {"error": in_words(error, 500), "kind": type(error).__name__}
            return pack({"id": _id(asked), **told})


def _advance(steps: Any) -> Any:
    """One step of a long answer: None while there is more to do, then the answer."""
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value
    return None


async def _done(future: Future[Any], seconds: float) -> bool:
    """Whether a future is done within a time; whatever it gives stays in it."""
    until = time.monotonic() + seconds
    while not future.done() and time.monotonic() < until:
        await asyncio.sleep(0.01)
    return future.done()


def _id(asked: dict[str, Any]) -> int | None:
    value = asked.get("id")
    return value if isinstance(value, int) and abs(value) < 2**53 else None


def make_app(dispatcher: Dispatcher) -> Starlette:
    """The application that serves a dispatcher."""

    async def page(_: Request) -> Response:
        dispatcher.begin()
        return HTMLResponse((_STATIC / "index.html").read_text(encoding="utf-8"))

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return PlainTextResponse("there is no such file.\n", 404)
        return FileResponse(_STATIC / name, media_type=_FILES[name])

    async def post(request: Request) -> Response:
        body = bytearray()
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BYTES:
                    return PlainTextResponse("the message is too large.\n", 413)
        except ClientDisconnect:
            # Nobody is there to be answered.
            return PlainTextResponse("the message was cut off.\n", 400)
        with dispatcher.visit():
            answered = await dispatcher.answer(bytes(body))
        return Response(answered, media_type="application/octet-stream")

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        with dispatcher.visit():
            await _talk(websocket, dispatcher)

    routes = [
        Route("/", page),
        Route("/static/{name}", file),
        Route("/api", post, methods=["POST"]),
        WebSocketRoute("/ws", socket),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(_Guard, token=dispatcher.token)
    return app


async def _talk(websocket: WebSocket, dispatcher: Dispatcher) -> None:
    """Answer messages as they come; each answer carries the id of its question."""
    waiting: set[asyncio.Task[None]] = set()

    async def respond(message: bytes) -> None:
        answered = await dispatcher.answer(message)
        try:
            await websocket.send_bytes(answered)
        except (WebSocketDisconnect, RuntimeError):
            return

    try:
        while True:
            got = await websocket.receive()
            if got["type"] == "websocket.disconnect":
                return
            content = got.get("bytes")
            if content is None:
                refusal = "messages are binary: [uint32 header length][JSON header][raw bytes]; got a text."
                await websocket.send_bytes(pack({"id": None, "error": refusal, "kind": "DataError"}))
                continue
            if len(waiting) >= _MAX_WAITING:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(respond(content))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        for task in waiting:
            task.cancel()


class _Guard:
    """Refuses whoever comes from elsewhere: by host, by origin, by token. Adds the content policy."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
        else:
            await PlainTextResponse(refusal + "\n", 403, headers=_HEADERS)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        own = scope.get("server") or ("127.0.0.1", None)
        hosts = {f"{name}:{own[1]}" for name in ("127.0.0.1", "localhost")}
        if headers.get("host") not in hosts:
            return "refused: the host is not this machine."
        origin = headers.get("origin")
        checked = scope["type"] == "websocket" or scope["path"] == "/api"
        if (checked or origin is not None) and origin != f"http://{headers['host']}":
            return "refused: the request does not come from the explorer's own page."
        if scope["path"].startswith("/static/"):
            return None
        given = _query(scope).get("token", "")
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return "refused: the token is missing or wrong; open the address that the terminal shows."
        return None


def _query(scope: Scope) -> dict[str, str]:
    from urllib.parse import parse_qsl

    try:
        return dict(parse_qsl(scope["query_string"].decode("ascii"), max_num_fields=8))
    except ValueError:
        return {}


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *ours]}
        await send(message)

    return wrapped
