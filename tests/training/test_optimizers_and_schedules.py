"""Optimisers on rows and schedules, against PyTorch's own, step by step in float64."""

from __future__ import annotations

import pytest
import torch
from tolerances import ONE_PASS, assert_near
from torch.optim import lr_scheduler

from diabolo.errors import SettingError
from diabolo.training import SGD, Adam, AdamW, Constant, Cosine, Linear, OneCycle, Step
from diabolo.training.optimizers import make_optimizer, rate_groups

STEPS, EVERY = 40, 4
RATE = [(0.03, None)]


def _row(n=48):
    return torch.randn(n, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def _gradient(row, step):
    # A stretched bowl with a push that changes at every step, so that moments matter.
    stretch = torch.linspace(0.1, 5, row.shape[-1], dtype=row.dtype)
    return stretch * row + torch.sin(torch.arange(row.shape[-1], dtype=row.dtype) + step)


@pytest.mark.parametrize(
    ("spec", "theirs"),
    [
        (Adam(), lambda p: torch.optim.Adam(p, lr=0.03)),
        (Adam((0.5, 0.9), 1e-3), lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.5, 0.9), eps=1e-3)),
        (AdamW(decay=0.2), lambda p: torch.optim.AdamW(p, lr=0.03, weight_decay=0.2)),
        (SGD(), lambda p: torch.optim.SGD(p, lr=0.03)),
        (SGD(0.9), lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9)),
    ],
)
def test_a_row_takes_the_steps_that_torch_takes(spec, theirs):
    row, other = _row(), torch.nn.Parameter(_row())
    ours, torchs = make_optimizer(spec, row), theirs([other])
    for step in range(STEPS):
        ours.step([_gradient(row, step)], RATE, [row])
        other.grad = _gradient(other.detach(), step)
        torchs.step()
        # A few roundings a step: its plain arithmetic has another order than the fused kernel.
        torch.testing.assert_close(row, other.detach(), rtol=0, atol=1e-12)


def test_models_of_a_stack_each_have_their_rate():
    rates = (0.1, 0.001)
    for spec in (Adam(), AdamW(), SGD(0.5)):
        rows = torch.stack([_row(), _row()])
        stack = make_optimizer(spec, rows)
        alone = [_row(), _row()]
        single = [make_optimizer(spec, row) for row in alone]
        for step in range(5):
            stack.step([_gradient(rows, step)], rate_groups(rates), [rows])
            for row, optimizer, lr in zip(alone, single, rates, strict=True):
                optimizer.step([_gradient(row, step)], rate_groups([lr]), [row])
        assert_near(rows, torch.stack(alone), ONE_PASS[rows.dtype])


def test_decay_leaves_what_is_not_trained():
    row = _row()
    before = row.clone()
    make_optimizer(AdamW(decay=0.5), row).step([torch.zeros_like(row)], [(0.1, None)], [row[:16]])
    assert torch.equal(row[16:], before[16:])
    torch.testing.assert_close(row[:16], before[:16] * 0.95)


def test_state_goes_on_and_that_of_another_optimiser_is_refused():
    row = _row()
    first = make_optimizer(Adam(), row)
    first.step([_gradient(row, 0)], RATE, [row])
    copied = row.clone()
    second = make_optimizer(Adam(), copied)
    second.load(first.state)
    first.step([_gradient(row, 1)], RATE, [row])
    second.step([_gradient(copied, 1)], RATE, [copied])
    assert torch.equal(row, copied)
    with pytest.raises(SettingError, match="another optimiser"):
        make_optimizer(SGD(0.9), row).load(first.state)
    with pytest.raises(SettingError, match="another optimiser or model"):
        make_optimizer(Adam(), _row(64)).load(first.state)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Constant(), lambda o: lr_scheduler.ConstantLR(o, 1.0)),
        (Step(every=3, gamma=0.3), lambda o: lr_scheduler.StepLR(o, 3 * EVERY, 0.3)),
        (Cosine(0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=0.1 * 0.5)),
        (Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
        (Linear(0.2), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.2, STEPS)),
        (OneCycle(), lambda o: lr_scheduler.OneCycleLR(o, 0.5, STEPS, cycle_momentum=False)),
        (
            OneCycle(0.1, 0.2, 0.01),
            lambda o: lr_scheduler.OneCycleLR(
                o, 0.5, STEPS, pct_start=0.1, div_factor=5, final_div_factor=20, cycle_momentum=False
            ),
        ),
    ],
)
def test_rates_are_those_of_torch(ours, theirs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = theirs(optimizer)
    for step in range(STEPS):
        assert 0.5 * ours.factor(step, EVERY, STEPS) == pytest.approx(
            optimizer.param_groups[0]["lr"], rel=1e-9
        )
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("schedule", [Constant(), Step(), Cosine(), Linear(), OneCycle()])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_trainings_have_rates(schedule, steps):
    assert all(0 <= schedule.factor(s, 1, steps) <= 1 for s in range(steps))
