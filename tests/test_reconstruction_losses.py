"""Reconstruction losses against SciPy's and PyTorch's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from members import examples
from scipy import stats
from tolerances import ONE_PASS, assert_near
from torch.nn import functional as nnf

from diabolo import MLP, Autoencoder, Training
from diabolo.reconstruction import (
    RECONSTRUCTIONS,
    AbsoluteError,
    Bernoulli,
    GaussianLikelihood,
    Poisson,
    Reconstruction,
    SquaredError,
)


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


LOSSES: list[Reconstruction] = examples(RECONSTRUCTIONS)
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def pair(*shape: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs, and targets that every loss can take: zeros and ones."""
    g = torch.Generator().manual_seed(0)
    output = torch.randn(*shape, generator=g, dtype=dtype)
    return output, (torch.rand(*shape, generator=g, dtype=dtype) < 0.5).to(dtype)


def learnt_for(loss: Reconstruction, *models: int, dtype: torch.dtype = torch.float64) -> torch.Tensor | None:
    return (
        None
        if loss.initial is None
        else torch.linspace(-1, 1, max(models, default=1), dtype=dtype).reshape(models)
    )


def reference(loss: Reconstruction, a: np.ndarray, x: np.ndarray, learnt: float | None) -> np.ndarray:
    if isinstance(loss, SquaredError):
        return ((x - a) ** 2).sum(-1)
    if isinstance(loss, AbsoluteError):
        return np.abs(x - a).sum(-1)
    if isinstance(loss, Bernoulli):
        return -stats.bernoulli.logpmf(x, 1 / (1 + np.exp(-a))).sum(-1)
    if isinstance(loss, Poisson):
        return -stats.poisson.logpmf(x, np.exp(a)).sum(-1)
    assert isinstance(loss, GaussianLikelihood)
    variance = math.exp(10 * learnt) if loss.variance is None and learnt is not None else loss.variance
    return -stats.norm.logpdf(x, a, math.sqrt(variance or 0)).sum(-1)


@every_loss
def test_the_loss_is_the_reference(loss: Reconstruction) -> None:
    output, target = pair(9, 4)
    learnt = learnt_for(loss)
    expected = reference(loss, output.numpy(), target.numpy(), None if learnt is None else learnt.item())
    # Sums of a few logarithms in float64.
    np.testing.assert_allclose(loss.loss(output, target, learnt).numpy(), expected, rtol=1e-12)


def test_bernoulli_is_torchs_cross_entropy_also_between_zero_and_one() -> None:
    output, target = pair(5, 3)[0], torch.rand(5, 3, dtype=torch.float64)
    expected = nnf.binary_cross_entropy_with_logits(output, target, reduction="none").sum(-1)
    assert torch.equal(Bernoulli().loss(output, target), expected)
    extreme = Bernoulli().loss(torch.tensor([[200.0, -200.0]]), torch.tensor([[0.0, 1.0]]))
    assert extreme.item() == 400.0


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_and_a_stack_against_each_alone(loss: Reconstruction, dtype: torch.dtype) -> None:
    output, target = pair(3, 16, 4, dtype=dtype)
    learnt = learnt_for(loss, 3, dtype=dtype)
    together = loss.loss(output, target, learnt)
    assert together.shape == (3, 16)
    assert together.dtype == dtype
    assert loss.per_feature(output, target, learnt).shape == (3, 16, 4)
    for i in range(3):
        alone = loss.loss(output[i], target[i], None if learnt is None else learnt[i])
        assert_near(together[i], alone, ONE_PASS[dtype])
    if learnt is None:
        mapped = torch.func.vmap(loss.loss)(output, target)
        torch.testing.assert_close(mapped, together)


@every_loss
def test_the_gradient(loss: Reconstruction) -> None:
    output, target = pair(3, 2)
    learnt = learnt_for(loss)
    inputs = tuple(t.requires_grad_() for t in (output, learnt) if t is not None)
    torch.autograd.gradcheck(lambda output, learnt=None: loss.loss(output, target, learnt), inputs)


@every_loss
def test_the_best_constant_reconstructs_the_mean_or_the_median(loss: Reconstruction) -> None:
    _, target = pair(101, 1)
    output = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    learnt = learnt_for(loss)
    optimiser = torch.optim.LBFGS([output], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss.loss(output.expand(101, 1), target, learnt).mean()
        value.backward()
        return value

    optimiser.step(closure)
    centre = target.median() if isinstance(loss, AbsoluteError) else target.mean()
    # The line search stops at gradients of 1e-7; the median of zeros and ones is reached to 1e-3.
    assert loss.link(output).item() == pytest.approx(centre.item(), abs=1e-3)


def test_the_best_learnt_variance_is_the_mean_squared_error() -> None:
    output, target = pair(50, 4)
    best = ((output - target).square().mean().log() / 10).requires_grad_()
    assert GaussianLikelihood.log_variance(best).exp().item() == pytest.approx(
        (output - target).square().mean().item()
    )
    GaussianLikelihood().loss(output, target, best).mean().backward()
    assert abs(best.grad.item()) < 1e-12  # rounding of a sum of 200 terms, ten times over
    assert GaussianLikelihood().initial == 0.0
    assert GaussianLikelihood(1.0).initial is None


def test_a_learnt_variance_must_be_given() -> None:
    with pytest.raises(ValueError, match="a learnt variance was expected"):
        GaussianLikelihood().loss(*pair(2, 2))


def unlink(loss: Reconstruction, target: torch.Tensor) -> torch.Tensor:
    """The decoder's output that gives the target back exactly, as near as float64 can say it."""
    if isinstance(loss, Bernoulli):
        return torch.logit(target.clamp(1e-15, 1 - 1e-15))
    return target.clamp(min=1e-15).log() if isinstance(loss, Poisson) else target


@every_loss
@settings(max_examples=200, deadline=None)
@given(
    target=arrays(np.float64, (2, 3), elements=st.floats(0, 1)),
    other=arrays(np.float64, (2, 3), elements=st.floats(-8, 8)),
    size=st.sampled_from([1, 7, 100]),
)
def test_a_row_that_is_given_back_exactly_scores_best(
    loss: Reconstruction, target: np.ndarray, other: np.ndarray, size: int
) -> None:
    rows = torch.from_numpy(target if loss.support == "unit" else np.round(target * size))
    learnt = learnt_for(loss)
    best = loss.excess(unlink(loss, rows), rows, learnt)
    # The same for every row, whatever its grey values or counts: their own entropy is no part of it.
    assert best[0].item() == pytest.approx(best[1].item(), abs=1e-9)
    assert (loss.excess(torch.from_numpy(other), rows, learnt) >= best.max() - 1e-9).all()


@every_loss
def test_scores_of_an_estimator_leave_out_what_no_output_can_change(loss: Reconstruction) -> None:
    rows = np.random.default_rng(0).integers(0, 2, (40, 3)).astype(np.float64)
    rows[:20] = rows[:20] * 0.6 + 0.2 if loss.support == "unit" else rows[:20]
    training = Training(epochs=1)
    ae = Autoencoder(encoder=MLP((4,)), reconstruction=loss, training=training, random_state=0).fit(rows)
    model, x = ae.module_, torch.as_tensor(ae._scaled(rows)).float()
    output = model.decode_raw(model.encode(x))[0].detach().double()
    learnt = model.learnt["reconstruction"].detach().double() if "reconstruction" in model.learnt else None
    expected = -loss.loss(output, x.double(), learnt) + loss.floor(x.double()).sum(-1)
    np.testing.assert_allclose(ae.score_samples(rows), expected.numpy(), atol=1e-5)


def test_every_loss_is_tried_above() -> None:
    assert {type(loss) for loss in LOSSES} == set(RECONSTRUCTIONS.values())
    assert {loss.support for loss in LOSSES} == {"real", "unit", "counts"}


def test_the_variance_that_a_loss_supposes() -> None:
    assert GaussianLikelihood(0.3).noise_variance() == 0.3
    learnt = torch.tensor(-0.1, dtype=torch.float64)
    assert GaussianLikelihood().noise_variance(learnt) == pytest.approx(math.exp(-1), rel=1e-12)
    assert SquaredError().noise_variance() is None
