"""A batch as a record: weights, masks and what else is known of rows, in the loss and through the loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from diabolo import IWAE, KL, MLP, Autoencoder, Gaussian, Training
from diabolo.estimator.preparation import architecture, prepare
from diabolo.model import Model, draw_noise
from diabolo.objective import RECONSTRUCTION, row_losses, terms, total
from diabolo.passes import Batch
from diabolo.training.loop import Trainer
from diabolo.training.validation import evaluate

LOSSES = ("squared", "absolute", "bernoulli", "gaussian", "poisson")


def model_of(**settings: Any) -> Model:
    ae = Autoencoder(Gaussian(2), encoder=MLP((8,)), **settings)
    parts = architecture(ae.get_params(deep=False))
    rows = torch.rand(40, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    _, member = prepare(ae.set_params(random_state=0, training__validation=0.0), rows.numpy())
    return Model(parts, member.domain, torch.Generator().manual_seed(1)).double()


def rows(n: int = 12) -> Tensor:
    return torch.rand(n, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def noise_for(model: Model, n: int) -> dict[str, dict[str, Tensor]]:
    source = {"latent": torch.Generator().manual_seed(3)}
    drawn = draw_noise(model.parts, model.domain, (n,), source)
    return {p: {k: v.double() for k, v in d.items()} for p, d in drawn.items()}


def loss_of(model: Model, batch: Batch, noise: Any) -> tuple[Tensor, dict[str, Tensor]]:
    values = terms(model.parts, model(batch, noise))
    return total(model.parts, values, dict.fromkeys(values, 1.0)), values


def learnt(model: Model) -> list[Tensor]:
    return [p for p in model.parameters() if p.requires_grad]


def gradient(model: Model, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, learnt(model), allow_unused=True, materialize_grads=True))


@pytest.mark.parametrize("bound", ["elbo", IWAE(4)])
def test_a_weight_of_two_is_the_row_twice_and_of_none_is_no_row(bound: Any) -> None:
    model, x = model_of(bound=bound), rows()
    noise = noise_for(model, 12)
    weight = torch.tensor([2.0, 0, 1, 1, 3, 1, 0, 1, 1, 2, 1, 1], dtype=torch.float64)
    again = torch.repeat_interleave(torch.arange(12), weight.long())
    loss, values = loss_of(model, Batch(x, weight=weight), noise)
    other, expected = loss_of(
        model, Batch(x[again]), {p: {k: v[again] for k, v in d.items()} for p, d in noise.items()}
    )
    for name, value in values.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-12, atol=1e-12, msg=name)
    for a, b in zip(gradient(model, loss), gradient(model, other), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_full_mask_changes_no_bit(loss: str) -> None:
    model, x = model_of(reconstruction=loss), rows()
    noise, full = noise_for(model, 12), torch.ones(12, 5, dtype=torch.bool)
    plain, masked = (loss_of(model, Batch(x, mask=mask), noise)[0] for mask in (None, full))
    assert torch.equal(plain, masked)
    for a, b in zip(gradient(model, plain), gradient(model, masked), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bound", ["elbo", IWAE(3)])
def test_what_is_masked_has_no_gradient_whatever_stands_there(loss: str, bound: Any) -> None:
    model, x = model_of(reconstruction=loss, bound=bound), rows()
    noise = noise_for(model, 12)
    mask = torch.rand(12, 5, generator=torch.Generator().manual_seed(4)) < 0.6
    found = []
    for hidden in (0.3, float("nan"), float("inf")):
        target = x.where(mask, torch.tensor(hidden, dtype=x.dtype))
        p = model(Batch(x, target, mask), noise)
        p.output.retain_grad()
        values = terms(model.parts, p)
        loss_value = total(model.parts, values, dict.fromkeys(values, 1.0))
        grads = torch.autograd.grad(loss_value, [p.output, *learnt(model)], allow_unused=True)
        by_output = grads[0].unflatten(0, (-1, 12))
        assert (by_output[:, ~mask] == 0).all()
        assert torch.isfinite(by_output).all()
        found.append([loss_value, *(g for g in grads if g is not None)])
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_the_loss_of_a_masked_row_is_that_of_its_observed_features() -> None:
    model, x = model_of(reconstruction="gaussian"), rows()
    noise = noise_for(model, 12)
    mask = torch.rand(12, 5, generator=torch.Generator().manual_seed(5)) < 0.5
    p = model(Batch(x, mask=mask), noise)
    each = model.parts.reconstruction.per_feature(p.output, x, p.modules.get(RECONSTRUCTION))
    by_hand = torch.stack([values[seen].sum() for values, seen in zip(each, mask, strict=True)])
    torch.testing.assert_close(row_losses(model.parts, p), by_hand, rtol=1e-13, atol=1e-13)


def trained(known: Any, **training: Any) -> tuple[Trainer, Any]:
    settings = {"epochs": 40, "batch_size": 20, "precision": "float64", "validation": 0.2} | training
    ae = Autoencoder(
        Gaussian(2),
        encoder=MLP((8,)),
        penalties=KL(),
        training=Training(**settings),
        random_state=0,
        verbose=False,
    )
    data = rows(100)
    _, member = prepare(ae, data.numpy())
    member.data = replace(member.data, **known(member))
    model = member.model().double()
    trainer = Trainer(model, [member])
    trainer.run()
    return trainer, member


def test_equal_weights_are_none_through_replayed_steps_and_validation() -> None:
    plain, before = trained(lambda _: {})

    def equal(member: Any) -> dict[str, Any]:
        n, m = member.n_rows, len(member.data.validation[0])
        ones = {"weight": torch.full((n,), 3.0, dtype=torch.float64)}
        return {"known": ones, "validation_known": {"weight": torch.full((m,), 0.5, dtype=torch.float64)}}

    weighted, after = trained(equal)
    assert weighted.captured.replayed > 0
    torch.testing.assert_close(weighted.flat, plain.flat, rtol=1e-8, atol=1e-9)
    for name in ("loss", "val_loss", "kl"):
        a, b = (m.history.epochs[-1][name] for m in (before, after))
        assert a == pytest.approx(b, rel=1e-8)


def test_the_loop_hands_weights_to_replayed_steps_in_the_order_of_the_rows() -> None:
    def some(member: Any) -> dict[str, Any]:
        weight = torch.rand(member.n_rows, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
        return {"known": {"weight": weight + 0.1}}

    replayed, _ = trained(some)
    assert replayed.captured.replayed > 0
    plain, member = trained(some, snapshots=0)
    data = member.data
    by_hand = data.known["weight"][member.order(0)].split(20)
    assert member.rows_counted(0, [20] * 4) == pytest.approx([float(w.sum()) for w in by_hand])
    torch.testing.assert_close(plain.flat, replayed.flat, rtol=0, atol=0)


def test_validation_counts_rows_by_their_weights() -> None:
    trainer, member = trained(lambda _: {})
    m = len(member.data.validation[0])
    weight = torch.zeros(m, dtype=torch.float64)
    weight[:7] = torch.arange(1, 8)
    member.data = replace(member.data, validation_known={"weight": weight})
    weights = trainer.loss_weights() if trainer.running else {"kl": torch.tensor(1.0)}
    found = evaluate(trainer.model, [member], weights, stacked=False)[0]
    batch, noise = member.validation_batch(0, 0)
    p = trainer.model(batch, noise)
    by_hand = (row_losses(trainer.model.parts, p) * weight).sum() / weight.sum()
    assert found[RECONSTRUCTION] == pytest.approx(float(by_hand), rel=1e-10)
