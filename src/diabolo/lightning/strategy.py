"""Several processes that do not wait for ever for one that is gone."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy

from ..errors import LostProcessError, SettingError

# What gloo, NCCL and the store say when another process does not answer any more.
_SIGNS = (
    "connection closed by peer", "connection reset by peer", "connection refused", "broken pipe", "timed out",
    "timeout", "socket", "remote process exited", "nccl communicator was aborted",
)  # fmt: skip


def lost_process(error: BaseException) -> bool:
    """Whether an error is that of a process that waits for another one in vain.

    Examples
    --------
    >>> lost_process(RuntimeError("[pair.cc] Connection closed by peer [127.0.0.1]:4242"))
    True
    """
    words = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in words for sign in _SIGNS)


class _Ddp(DDPStrategy):
    """Distributed data parallel training that says in words what a lost process means.

    Processes may start at different times, so that they meet under a longer time-out than they work under.
    """

    def __init__(self, start: float, timeout: float, **options: Any) -> None:
        super().__init__(timeout=timedelta(seconds=max(start, timeout)), **options)
        self.working = timedelta(seconds=timeout)

    def setup_distributed(self) -> None:
        super().setup_distributed()
        # Processes have met when this returns. PyTorch has no public name for it.
        torch.distributed.barrier()
        torch.distributed.distributed_c10d._set_pg_timeout(self.working)

    def on_exception(self, exception: BaseException) -> None:
        super().on_exception(exception)
        if lost_process(exception):
            exception.add_note(str(LostProcessError(self.global_rank)))


def ddp(timeout: float = 45.0, start: float = 600.0, **options: Any) -> _Ddp:
    """Lightning's strategy of one process a device, with a time-out: ``Trainer(strategy=ddp(), devices=2)``.

    A process that is killed, or loses its machine, leaves the others waiting for its share of the gradient. They end
    at once where the connection breaks, and after the time-out where it does not; PyTorch's own time-out is 30
    minutes for gloo and 10 for NCCL. Go on from the last checkpoint: ``Trainer.fit(..., ckpt_path=...)``.

    Parameters
    ----------
    timeout : float, default 45
        Seconds that a process waits for another once they have met; more than any process needs for a step, a
        validation or writing a checkpoint.
    start : float, default 600
        Seconds that they wait for each other at the beginning, while they start and read their data.
    **options
        As ``lightning.pytorch.strategies.DDPStrategy`` takes them, such as ``process_group_backend="gloo"`` or
        ``find_unused_parameters=True``.

    Returns
    -------
    lightning.pytorch.strategies.DDPStrategy

    Raises
    ------
    SettingError
        If a time-out is no positive number.

    References
    ----------
    S. Li et al., PyTorch Distributed: Experiences on Accelerating Data Parallel Training, VLDB 2020,
    arXiv:2006.15704.

    Examples
    --------
    >>> ddp(timeout=20).working.total_seconds()
    20.0
    """
    for name, seconds in (("timeout", timeout), ("start", start)):
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            raise SettingError(f"{name} must be a positive number of seconds, got {seconds!r}.")
    return _Ddp(start, timeout, **options)
