"""What a training run does to the process around it, and undoes: threads, and the user's Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import FrameType
from typing import Any, NoReturn

import torch

# Below this many multiplications a step, waking a second thread costs more than it saves.
_SMALL_STEP = 20_000_000


def threads_for(n_parameters: int, batch_size: int) -> int:
    """The number of threads to compute with, from shapes alone: one for a small model, else every core allowed.

    A timed choice would make results depend on the load of the machine, since sums are split differently
    among different numbers of threads. A limit that is set is kept to (``OMP_NUM_THREADS``,
    ``torch.set_num_threads``, the workers of joblib and Dask): several processes with a thread for every core each
    wait for one another at every product, and take many times as long as one after the other.

    Examples
    --------
    >>> threads_for(5_000, 32)
    1
    """
    return 1 if n_parameters * batch_size < _SMALL_STEP else min(cores(), torch.get_num_threads())


def cores() -> int:
    """The number of cores that this process may run on, which a container or a scheduler may have limited."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device has units that multiply in bfloat16; without them it takes longer than in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any(has for name, has in capabilities.items() if name.endswith("bf16"))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Compute as a program does that has set nothing: with gradients, without autocast or inference mode.

    A fit within ``torch.no_grad()``, ``torch.inference_mode()`` or ``torch.autocast`` comes to the bits of one outside.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda", "mps"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        yield


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with a number of threads, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def keep_freed_memory() -> None:
    """Let the C library keep what a step frees for the next step, which takes and frees the same again.

    glibc gives blocks of more than 128 kB back to the system, and page faults on new ones are up to a third of a
    step's time. Freeing one block of just under its upper limit of 32 MB raises that threshold for good.
    """
    torch.empty(31 << 20, dtype=torch.uint8)


class Interrupt:
    """Turns the first Ctrl-C into a flag, so that the step in hand is finished; the second leaves at once.

    Outside the main thread, or where the program has its own handler, it does nothing.

    Parameters
    ----------
    terminated : bool
        Whether to do the same when the process is asked to end (SIGTERM).

    Attributes
    ----------
    asked : int
        The number of the signal, 0 as long as there was none.
    """

    def __init__(self, terminated: bool = False) -> None:
        self.asked = 0
        usual: dict[int, Any] = {signal.SIGINT: signal.default_int_handler}
        self._usual = usual | ({signal.SIGTERM: signal.SIG_DFL} if terminated else {})
        self._taken: list[int] = []

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._taken = [n for n, usual in self._usual.items() if signal.getsignal(n) is usual]
            for number in self._taken:
                signal.signal(number, self._ask)
        return self

    def __exit__(self, *exc: object) -> None:
        for number in self._taken:
            signal.signal(number, self._usual[number])

    def leave(self) -> NoReturn:
        """End as the signal wants it: KeyboardInterrupt, or SystemExit with the code that shells expect."""
        if self.asked == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + self.asked)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, number
        if again:
            self.leave()
