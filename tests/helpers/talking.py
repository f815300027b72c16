"""Ways to talk to a server of the explorer without a browser."""

from __future__ import annotations

import http.client

from websockets.sync.client import ClientConnection, connect

from diabolo.explorer import Page


def get(page: Page, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, content


def post(page: Page, content: bytes, token: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    query = page.url.partition("?")[2] if token is None else f"token={token}"
    connection.request("POST", f"/api?{query}", content, {"Origin": f"http://127.0.0.1:{page.port}"})
    reply = connection.getresponse()
    answered = reply.read()
    connection.close()
    return reply.status, answered


def talk(page: Page, origin: str | None = None, token: str | None = None) -> ClientConnection:
    query = page.url.partition("?")[2] if token is None else f"token={token}"
    own = f"http://127.0.0.1:{page.port}"
    return connect(f"ws://127.0.0.1:{page.port}/ws?{query}", origin=origin or own, max_size=None)
