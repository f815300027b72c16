"""What no page would send never stops the server, and leaves nothing behind."""

from __future__ import annotations

import gc
import json
import logging
import os
import pathlib
import socket
import struct
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from talking import post, talk

from diabolo.explorer import Page
from diabolo.explorer.protocol import pack, unpack

NAMES = ["decode", "row", "judge", "encode", "corrupt", "inputs", "find", "names", "column", "epoch", "heat"]
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    3,
    1e308,
    -(10**40),
    0.5,
    "",
    "masking",
    "x" * 300,
    [],
    [[]],
    {},
    {"a": [1]},
]
LISTED: list[Any] = [
    [["codes", "f4", [1, 2]]],
    [["rows", "i4", [2]]],
    [["rows", "f4", [1, 64]]],
    [["z", "f9", [1]]],
    [7],
]


def damaged(random: Random) -> bytes:
    """A frame of some degree of damage: random bytes, or a known request with wrong values."""
    if random.random() < 0.3:
        return random.randbytes(random.randrange(300))
    names = random.sample(["row", "model", "kind", "amount", "id", "text"], 3)
    header = {name: random.choice(VALUES) for name in names}
    header |= {"do": random.choice(NAMES), "arrays": random.choice(LISTED)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    body = random.randbytes(random.choice([0, 8, 8, 8, 64, 256]))
    return struct.pack("<I", len(text) + random.choice([0, 0, 0, 1, -1])) + text + body


REQUEST_LINES = [
    b"GET /{} HTTP/1.1",
    b"POST /api?token={} HTTP/1.1",
    b"GET /ws?token={} HTTP/1.1",
    b"BREW /{} HTTP/1.1",
    b"GET /static/{} HTTP/9.9",
    b"GET {}",
    b"{}",
]
HEADERS = [
    b"Host: 127.0.0.1",
    b"Host: {}",
    b"Origin: {}",
    b"Content-Length: -5",
    b"Content-Length: 99999999999",
    b"Content-Length: {}",
    b"Transfer-Encoding: chunked",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: {}",
    b"{}: {}",
    b": x",
    b"Cookie: " + b"x" * 9000,
]


def noise(random: Random) -> bytes:
    kinds = [
        lambda: random.randbytes(random.randrange(60)),
        lambda: b"../" * random.randrange(9),
        lambda: b"%00%ff",
    ]
    return random.choice(kinds)()


def damaged_request(random: Random, page: Page) -> bytes:
    """A request of HTTP of some degree of damage: now and then with the right host, origin and token."""
    if random.random() < 0.1:
        return random.randbytes(random.randrange(400))
    own = [
        f"POST /api?{page.url.partition('?')[2]} HTTP/1.1".encode(),
        f"Host: 127.0.0.1:{page.port}".encode(),
        f"Origin: http://127.0.0.1:{page.port}".encode(),
    ]
    lines = [random.choice(REQUEST_LINES), *random.choices(HEADERS, k=random.randrange(6))]
    if random.random() < 0.4:
        lines = [*own, *random.choices(HEADERS, k=random.randrange(3))]
    filled = b"\r\n".join(line.replace(b"{}", noise(random)) for line in lines)
    return (
        filled
        + random.choice([b"\r\n\r\n", b"\r\n", b""])
        + random.choice([b"", damaged(random), b"0\r\n\r\n"])
    )


def check_silent(answered: bytes) -> None:
    for word in (b"Traceback", b"site-packages", b"server.py"):
        assert word not in answered


def shout(page: Page, request: bytes) -> bytes:
    """What comes back for some bytes, the connection closed after them."""
    answered = b""
    with socket.create_connection(("127.0.0.1", page.port), timeout=20) as link:
        try:
            link.sendall(request)
            link.shutdown(socket.SHUT_WR)
            while piece := link.recv(65536):
                answered += piece
        except ConnectionError:
            pass
    return answered


def survive(served: Page, messages: int, requests: int, seed: int) -> None:
    """Damaged messages over one socket, and damaged requests beside it; a good question is answered afterwards."""
    random = Random(seed)
    with talk(served) as socket:
        for k in range(max(messages, requests)):
            if k < requests:
                check_silent(shout(served, damaged_request(random, served)))
            if k < messages:
                socket.send(damaged(random))
                check_silent(socket.recv(timeout=30))
        socket.send(pack({"id": 5, "do": "decode"}, {"codes": np.zeros((1, 2), "f4")}))
        assert unpack(socket.recv(timeout=20))[0]["id"] == 5
    assert unpack(post(served, pack({"id": 6, "do": "hello"}))[1])[0]["id"] == 6


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the server would write to the terminal."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    handler, names = Keep(logging.ERROR), ("uvicorn.error", "asyncio", "diabolo", "websockets")
    for name in names:
        logging.getLogger(name).addHandler(handler)
    yield found
    for name in names:
        logging.getLogger(name).removeHandler(handler)


def test_random_messages_never_stop_it(served: Page, complaints: list[str]) -> None:
    survive(served, 300, 300, 0)
    assert not complaints


BROKEN = {
    "noise": b"\xff" * 8,
    "not masked": b"\x82\x05hello",
    "unknown kind": b"\x83\x80abcd",
    "endless": b"\x82\xff" + b"\xff" * 12,
    "no UTF-8": b"\x81\x82abcd\x9e\x9d",
    "long ping": b"\x89\xfe\xff\xff",
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN)
def test_a_broken_websocket_ends_alone(served: Page, frame: bytes) -> None:
    with talk(served) as other:
        path = "/ws?" + served.url.partition("?")[2]
        head = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{served.port}",
            f"Origin: http://127.0.0.1:{served.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        answered = shout(served, "\r\n".join([*head, "", ""]).encode() + frame)
        assert answered.startswith(b"HTTP/1.1 101")
        check_silent(answered)
        other.send(pack({"id": 5, "do": "decode"}, {"codes": np.zeros((1, 2), "f4")}))
        assert unpack(other.recv(timeout=20))[0]["id"] == 5


def resident() -> int:
    """Memory that the process has now, in bytes."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_ten_thousand_random_messages_leave_memory_as_it_was(served: Page, complaints: list[str]) -> None:
    survive(served, 1000, 1000, 1)
    gc.collect()
    before = resident()
    survive(served, 10_000, 10_000, 2)
    gc.collect()
    grown = resident() - before
    sys.stdout.write(
        f"{before / 1e6:.0f} MB before, {grown / 1e6:+.1f} MB after 10,000 messages and requests\n"
    )
    assert not complaints
    # Ten bytes a message would be 200 kB; the allocator keeps a few MB as it likes.
    assert grown < 10e6
