"""The optimisers and schedules of ``Training`` as PyTorch's own, for a trainer that steps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR

from ..errors import UnknownNameError
from ..training.settings import SGD, Adam, AdamW, Optimizer, Training


def _adam(spec: Any) -> dict[str, Any]:
    return {"betas": spec.betas, "eps": spec.eps}


_MADE: tuple[tuple[type[Optimizer], Callable[..., optim.Optimizer], Callable[[Any], dict[str, Any]]], ...] = (
    (AdamW, optim.AdamW, lambda spec: _adam(spec) | {"weight_decay": spec.decay}),
    (Adam, optim.Adam, _adam),
    (SGD, optim.SGD, lambda spec: {"momentum": spec.momentum}),
)


def make_optimizer(
    training: Training,
    named: Iterable[tuple[str, nn.Parameter]],
    fused: bool,
    paces: Mapping[str, float] | None = None,
) -> optim.Optimizer:
    """PyTorch's optimiser of the same name and settings, at the full learning rate.

    Parameters
    ----------
    training : Training
    named : iterable of (str, nn.Parameter)
        What is trained.
    fused : bool
        Whether steps are taken by one kernel.
    paces : mapping of str to float or None
        Parameters whose rate is another, and how many times that of the training.

    Examples
    --------
    >>> import torch
    >>> made = make_optimizer(
    ...     Training(optimizer="sgd", lr=0.1), [("a", torch.nn.Parameter(torch.zeros(1)))], True
    ... )
    >>> type(made).__name__, made.defaults["lr"]
    ('SGD', 0.1)
    """
    for kind, cls, options in _MADE:
        if isinstance(training.optimizer, kind):
            groups: dict[float, list[nn.Parameter]] = {1.0: []}
            for name, p in named:
                groups.setdefault((paces or {}).get(name, 1.0), []).append(p)
            rates = [{"params": of, "lr": training.lr * pace} for pace, of in groups.items()]
            return cls(rates, lr=training.lr, fused=fused or None, **options(training.optimizer))
    kinds = [kind.__name__ for kind, _, _ in _MADE]
    raise UnknownNameError("optimizer", type(training.optimizer).__name__, kinds)


def make_schedule(
    training: Training, optimizer: optim.Optimizer, steps_per_epoch: int, steps: int
) -> LambdaLR:
    """The schedule of the learning rate, one factor a step; after the last step the last factor stays."""

    def factor(step: int) -> float:
        return training.schedule.factor(min(step, steps - 1), steps_per_epoch, steps)

    return LambdaLR(optimizer, factor)
