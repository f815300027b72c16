"""Operations that are recorded and run again: what they give for other tensors, and what cannot be recorded."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from diabolo.training.capture import Capture


def forms(x: Tensor, w: Tensor) -> list[Tensor]:
    """Views of views, lists, several results, changes in place, and arguments by name."""
    y = (x @ w).mT.unsqueeze(0).squeeze(0).mT
    first, second = y.split([1, y.shape[1] - 1], dim=1)
    z = torch.cat([first.expand(-1, 2), second.contiguous(), x[:, :1]], dim=1)
    z[:, 0] *= 2
    z.mT.add_(1.0)
    values, order = z.sort(dim=1)
    return [
        y.diagonal(),
        z,
        values,
        z.sum(dim=0, dtype=torch.float64),
        torch.stack([x, x + order[:, :1]]).amax(0),
    ]


def test_a_tape_repeats_every_form_of_operation() -> None:
    g = torch.Generator().manual_seed(0)
    w, a, b = torch.rand(3, 3, generator=g), torch.rand(3, 3, generator=g), torch.rand(3, 3, generator=g)
    with Capture([a], [w]) as recorded:
        first = forms(a, w)
    program = recorded.program(first)
    assert recorded.refused == ""
    for x in (a, b, a):
        w += 0.5
        for got, expected in zip(program(x), forms(x, w), strict=True):
            assert torch.equal(got, expected)


def _storages() -> set[int]:
    """The memory of all tensors that are held."""
    gc.collect()
    return {t.untyped_storage().data_ptr() for t in gc.get_objects() if type(t) is Tensor}


def test_a_replay_holds_no_memory_between_steps() -> None:
    x, w = torch.rand(3, 3), torch.rand(3, 3)
    with Capture([x], [w]) as recorded:
        first = forms(x, w)
    program = recorded.program(first)
    before = _storages()
    program(x)
    assert _storages() == before


def _random(x: Tensor, w: Tensor) -> Tensor:
    return x + torch.rand(3)


def _read(x: Tensor, w: Tensor) -> Tensor:
    return x * 2 if x.sum() > 0 else x


def _numpy(x: Tensor, w: Tensor) -> Tensor:
    return x[torch.from_numpy(np.argsort(x.numpy()))]


def _elsewhere(x: Tensor, w: Tensor) -> Tensor:
    return x + OUTSIDE


def _on_given(x: Tensor, w: Tensor) -> Tensor:
    return w.add_(x)


def _on_input(x: Tensor, w: Tensor) -> Tensor:
    return x.view(3, 1).mul_(2)


def _shape(x: Tensor, w: Tensor) -> Tensor:
    return x[x > 0]


def _turned(x: Tensor, w: Tensor) -> Tensor:
    return (x + w).unsqueeze_(0)


def _named(x: Tensor, w: Tensor) -> Tensor:
    return torch.add(x, w, out=torch.empty(3))


OUTSIDE = torch.ones(3)


@pytest.mark.parametrize(
    "step", [_random, _read, _numpy, _elsewhere, _on_given, _on_input, _shape, _turned, _named]
)
def test_what_a_list_of_operations_cannot_hold_is_refused(step: Callable[[Tensor, Tensor], Tensor]) -> None:
    x, w = torch.tensor([3.0, 1.0, 2.0]), torch.ones(3)
    with Capture([x], [w]) as recorded:
        step(x, w)
    assert recorded.refused
