"""Making the next items in a thread while the present one is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

_DEPTH = 3


@contextmanager
def prefetch(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """Within it the items of an iterator come out of a thread that is a few of them ahead.

    What the iterator raises is raised where its item is asked for. At the end the thread is gone, whether or not
    all items were used.

    Examples
    --------
    >>> with prefetch(iter(range(3))) as numbers:
    ...     list(numbers)
    [0, 1, 2]
    """
    made: queue.Queue[tuple[str, Any]] = queue.Queue(_DEPTH)
    stop = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, stop), name="diabolo-ahead", daemon=True)
    thread.start()
    try:
        yield _used(made)
    finally:
        stop.set()
        while thread.is_alive():  # it may wait for room in the queue
            with suppress(queue.Empty):
                made.get_nowait()
            thread.join(0.01)


def _make(items: Iterator[Any], made: queue.Queue[tuple[str, Any]], stop: threading.Event) -> None:
    try:
        for item in items:
            made.put(("item", item))
            if stop.is_set():
                break
        made.put(("end", None))
    except BaseException as error:
        made.put(("error", error))
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


def _used(made: queue.Queue[tuple[str, Any]]) -> Iterator[Any]:
    while True:
        kind, value = made.get()
        if kind == "end":
            return
        if kind == "error":
            raise value
        yield value
