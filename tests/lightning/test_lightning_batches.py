"""What each of several processes gets of a step, without starting any."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from diabolo import datasets, recipes
from diabolo.data.rng import generator
from diabolo.estimator.preparation import prepare
from diabolo.lightning.batches import Batches, ValidationBatches, rows_of, sliced
from diabolo.lightning.gathering import gathered_fields, whole_pass
from diabolo.model import Model
from diabolo.objective import terms
from diabolo.training.job import TrainingJob


@given(st.integers(1, 400), st.integers(1, 70))
def test_slices_cover_the_rows_of_a_step_once(size: int, world: int) -> None:
    slices = [rows_of(size, world, rank) for rank in range(world)]
    counted = [row for s in slices if s.own for row in range(s.first, s.stop)]
    assert counted == list(range(size))
    assert all(0 <= s.first < s.stop <= size for s in slices)
    assert sum(s.own / s.size for s in slices) == pytest.approx(1)
    assert max(s.own for s in slices) - min(s.own for s in slices) <= 1


def member_of(recipe: str, **settings: Any) -> TrainingJob:
    X, _ = datasets.load_digits()
    made = recipes.RECIPES[recipe](random_state=0, **settings)
    member: TrainingJob = prepare(made, X[:70])[1]
    return member


def test_batches_of_processes_are_the_parts_of_those_of_one() -> None:
    member = member_of("denoising", latent="gaussian", training__batch_size=23, training__validation=0.3)
    for epoch in (0, 1):
        whole = list(Batches(member, 1, 0, lambda e=epoch: e))
        parts = [list(Batches(member, 3, rank, lambda e=epoch: e)) for rank in range(3)]
        assert [b.own.size for b in whole] == [23, 23, 3]
        for i, batch in enumerate(whole):
            for name in ("x", "target"):
                assert torch.equal(torch.cat([getattr(p[i], name) for p in parts]), getattr(batch, name))
            noise = torch.cat([sliced(p[i].noise, p[i].own)["latent"]["normal"] for p in parts])
            assert torch.equal(noise, batch.noise["latent"]["normal"])
    first, second = (next(iter(Batches(member, 2, 0, lambda e=e: e))) for e in (0, 1))
    assert not torch.equal(first.target, second.target)  # the order is drawn anew
    judged = list(ValidationBatches(member, 1, 0))
    assert torch.equal(torch.cat([b.x for r in (0, 1) for b in ValidationBatches(member, 2, r)]), judged[0].x)


def test_batches_go_on_in_the_middle_of_an_epoch() -> None:
    member = member_of("vae", training__batch_size=8)
    batches = Batches(member, 1, 0, lambda: 4)
    whole = list(batches)
    assert len(batches) == len(whole) == 9
    running = iter(batches)
    batches.load_state_dict({"epoch": -1, "step": 0})
    for _ in range(5):
        next(running)
    other = Batches(member, 1, 0, lambda: 4)
    other.load_state_dict(batches.state_dict())
    rest = list(other)
    assert len(rest) == 4
    for a, b in zip(rest, whole[5:], strict=True):
        assert torch.equal(a.x, b.x)
        assert torch.equal(a.noise["latent"]["normal"], b.noise["latent"]["normal"])
    other.epoch = lambda: 5
    assert len(list(other)) == 9


@pytest.mark.parametrize("recipe", ["mmd", "topological"])
@pytest.mark.parametrize("world", [2, 3])
def test_gathered_penalties_have_the_value_and_the_gradient_of_the_whole_batch(
    recipe: str, world: int
) -> None:
    member = member_of(recipe, training__batch_size=14, encoder__hidden=(8,), training__precision="float64")
    model = Model(member.parts, member.domain, generator(0, "weights")).double()
    batch = next(iter(Batches(member, 1, 0, lambda: 0)))
    expected = terms(model.parts, model(batch.rows(member.n_rows), batch.noise))[recipe]
    gradient = torch.autograd.grad(expected, list(model.parameters()), allow_unused=True)
    each = [next(iter(Batches(member, world, rank, lambda: 0))) for rank in range(world)]
    passes = [model(b.rows(member.n_rows), sliced(b.noise, b.own)) for b in each]
    longest = max(b.own.own for b in each)

    def gather_of(name: str) -> Tensor:
        rows = [getattr(p, name) for p in passes]
        return torch.stack([torch.cat([r, r.new_zeros(longest - len(r), r.shape[1])]) for r in rows])

    fields = gathered_fields(member.parts)
    for rank, (b, p) in enumerate(zip(each, passes, strict=True)):
        waiting = iter(fields)
        whole = whole_pass(p, b.noise, b.own, world, fields, lambda _, w=waiting: gather_of(next(w)))
        value = terms(model.parts, p, whole)[recipe]
        torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12, msg=f"process {rank}")
        found = torch.autograd.grad(value, list(model.parameters()), allow_unused=True, retain_graph=True)
        for a, e in zip(found, gradient, strict=True):
            assert (a is None) == (e is None)
            if a is not None:
                torch.testing.assert_close(a, e, rtol=1e-9, atol=1e-12)
