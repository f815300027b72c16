"""Reconstruction losses against SciPy's and PyTorch's own."""

from __future__ import annotations

import copy
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
from torch import nn
from torch.nn import functional as nnf

from diabolo import MLP, Autoencoder, Training
from diabolo.errors import SettingError
from diabolo.likelihoods import (
    LIKELIHOODS,
    AbsoluteError,
    Bernoulli,
    GaussianLikelihood,
    Likelihood,
    NegativeBinomial,
    Poisson,
    SquaredError,
    StudentT,
)
from diabolo.parts import Widths, part


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


LOSSES: list[Likelihood] = examples(LIKELIHOODS)
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def pair(*shape: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs, and targets that every loss can take: zeros and ones."""
    g = torch.Generator().manual_seed(0)
    output = torch.randn(*shape, generator=g, dtype=dtype)
    return output, (torch.rand(*shape, generator=g, dtype=dtype) < 0.5).to(dtype)


def module_for(
    loss: Likelihood, *models: int, dtype: torch.dtype = torch.float64, width: int = 4
) -> nn.Module | None:
    """What a loss trains, other numbers than those it starts with; in a stack of models each has its own."""
    made = loss.build(Widths(width, 2), torch.Generator())
    if made is not None:
        for name, p in made.named_parameters():
            shape = (*models, *p.shape)
            values = torch.linspace(-0.1, 0.1, max(1, math.prod(shape)), dtype=dtype).reshape(shape)
            setattr(made, name, nn.Parameter(values))
    return made


def one_of(module: nn.Module | None, i: int) -> nn.Module | None:
    """The module of one model of a stack."""
    found = copy.deepcopy(module)
    if found is not None:
        for name, p in list(found.named_parameters()):
            setattr(found, name, nn.Parameter(p.detach()[i]))
    return found


def reference(loss: Likelihood, a: np.ndarray, x: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    if isinstance(loss, SquaredError):
        return ((x - a) ** 2).sum(-1)
    if isinstance(loss, AbsoluteError):
        return np.abs(x - a).sum(-1)
    if isinstance(loss, Bernoulli):
        return -stats.bernoulli.logpmf(x, 1 / (1 + np.exp(-a))).sum(-1)
    if isinstance(loss, Poisson):
        return -stats.poisson.logpmf(x, np.exp(a)).sum(-1)
    if isinstance(loss, NegativeBinomial):
        r = np.exp(10 * learnt)
        return -stats.nbinom.logpmf(x, r, r / (r + np.exp(a))).sum(-1)
    if isinstance(loss, StudentT):
        return -stats.t.logpdf(x, loss.df, a, np.exp(5 * learnt)).sum(-1)
    assert isinstance(loss, GaussianLikelihood)
    variance = np.exp(10 * learnt) if loss.variance is None else loss.variance
    return -stats.norm.logpdf(x, a, np.sqrt(variance)).sum(-1)


@every_loss
def test_the_loss_is_the_reference(loss: Likelihood) -> None:
    output, target = pair(9, 4)
    module = module_for(loss)
    learnt = np.zeros(0) if module is None else module.value.detach().numpy()
    expected = reference(loss, output.numpy(), target.numpy(), learnt)
    # Sums of a few logarithms in float64; SciPy's own of gamma functions of large numbers are short of digits.
    near = 1e-9 if isinstance(loss, NegativeBinomial) else 1e-12
    np.testing.assert_allclose(loss.loss(output, target, module).detach().numpy(), expected, rtol=near)


def test_bernoulli_is_torchs_cross_entropy_also_between_zero_and_one() -> None:
    output, target = pair(5, 3)[0], torch.rand(5, 3, dtype=torch.float64)
    expected = nnf.binary_cross_entropy_with_logits(output, target, reduction="none").sum(-1)
    assert torch.equal(Bernoulli().loss(output, target), expected)
    extreme = Bernoulli().loss(torch.tensor([[200.0, -200.0]]), torch.tensor([[0.0, 1.0]]))
    assert extreme.item() == 400.0


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_and_a_stack_against_each_alone(loss: Likelihood, dtype: torch.dtype) -> None:
    output, target = pair(3, 16, 4, dtype=dtype)
    module = module_for(loss, 3, dtype=dtype)
    together = loss.loss(output, target, module)
    assert together.shape == (3, 16)
    assert together.dtype == dtype
    assert loss.per_feature(output, target, module).shape == (3, 16, 4)
    for i in range(3):
        alone = loss.loss(output[i], target[i], one_of(module, i))
        assert_near(together[i], alone, ONE_PASS[dtype])
    if module is None:
        mapped = torch.func.vmap(loss.loss)(output, target)
        torch.testing.assert_close(mapped, together)


@every_loss
def test_the_gradient(loss: Likelihood) -> None:
    output, target = pair(3, 4)
    module = module_for(loss)
    trained = () if module is None else tuple(module.parameters())
    torch.autograd.gradcheck(
        lambda output, *_: loss.loss(output, target, module), (output.requires_grad_(), *trained)
    )


@pytest.mark.parametrize("loss", [s for s in LOSSES if not isinstance(s, StudentT)], ids=repr)
def test_the_best_constant_reconstructs_the_mean_or_the_median(loss: Likelihood) -> None:
    _, target = pair(101, 1)
    output = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    module = module_for(loss, width=1)
    optimiser = torch.optim.LBFGS([output], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss.loss(output.expand(101, 1), target, module).mean()
        value.backward()
        return value

    optimiser.step(closure)
    centre = target.median() if isinstance(loss, AbsoluteError) else target.mean()
    # The line search stops at gradients of 1e-7; the median of zeros and ones is reached to 1e-3.
    assert loss.mean(output).item() == pytest.approx(centre.item(), abs=1e-3)


def test_the_best_learnt_variance_is_the_mean_squared_error() -> None:
    output, target = pair(50, 4)
    best = nn.ParameterDict({"value": (output - target).square().mean().log() / 10})
    assert GaussianLikelihood().log_variance(best).exp().item() == pytest.approx(
        (output - target).square().mean().item()
    )
    GaussianLikelihood().loss(output, target, best).mean().backward()
    assert abs(best.value.grad.item()) < 1e-12  # rounding of a sum of 200 terms, ten times over
    assert GaussianLikelihood().build(Widths(4, 2), torch.Generator()).value.item() == 0.0
    assert GaussianLikelihood(1.0).build(Widths(4, 2), torch.Generator()) is None


@every_loss
@torch.no_grad()
def test_draws_have_the_mean_and_are_as_likely_as_the_density_says(loss: Likelihood) -> None:
    n = 40_000
    output = torch.tensor([[0.3, -0.4]], dtype=torch.float64).expand(n, -1)
    module = None if loss.build(Widths(2, 2), torch.Generator()) is None else scaled_module(loss)
    drawn = loss.sample(output, torch.Generator().manual_seed(3), module)
    assert drawn.shape == (n, 2)
    found = loss.log_prob(output, drawn, module).detach()
    # The mean of h(x) / p(x) over draws is the sum, or integral, of h, a distribution that lies within the draws'.
    if loss.discrete:
        at = torch.arange(2.0 if loss.support == "unit" else 400.0, dtype=torch.float64)
        rows = at[:, None].expand(-1, 2)
        assert loss.log_prob(output[: len(at)], rows, module).exp().sum(0).tolist() == pytest.approx(
            [1, 1], abs=1e-9
        )
        deviation = 1.0
    else:
        deviation = float(drawn.quantile(0.75) - drawn.quantile(0.25)) / 2
        h = torch.distributions.Normal(output, deviation).log_prob(drawn)
        ratios = (h - found).exp()
        assert ratios.mean(0).tolist() == pytest.approx([1, 1], abs=5 * ratios.std().item() / math.sqrt(n))
    centre = loss.mean(output, module)[0]
    error = 5 * drawn.std(0).max().item() / math.sqrt(n)
    assert drawn.mean(0).tolist() == pytest.approx(centre.tolist(), abs=error)


def scaled_module(loss: Likelihood) -> nn.Module:
    """What a loss trains, with a width that is not 1."""
    made = loss.build(Widths(2, 2), torch.Generator())
    assert made is not None
    with torch.no_grad():
        made.double().value.fill_(0.05)
    return made


@every_loss
def test_a_distance_that_is_no_likelihood_has_no_nats(loss: Likelihood) -> None:
    @part
    class Distance(type(loss)):
        """A distance of one's own."""

        constant = None

    with pytest.raises(SettingError, match="Distance is a distance, not a likelihood"):
        Distance().log_prob(*pair(2, 4), module_for(loss))


def test_a_learnt_variance_must_be_given() -> None:
    with pytest.raises(ValueError, match="a module with what was learnt was expected"):
        GaussianLikelihood().loss(*pair(2, 2))


def unlink(loss: Likelihood, target: torch.Tensor) -> torch.Tensor:
    """The decoder's output that gives the target back exactly, as near as float64 can say it."""
    if isinstance(loss, Bernoulli):
        return torch.logit(target.clamp(1e-15, 1 - 1e-15))
    return target.clamp(min=1e-15).log() if loss.support == "counts" else target


@every_loss
@settings(max_examples=200, deadline=None)
@given(
    target=arrays(np.float64, (2, 4), elements=st.floats(0, 1)),
    other=arrays(np.float64, (2, 4), elements=st.floats(-8, 8)),
    size=st.sampled_from([1, 7, 100]),
)
def test_a_row_that_is_given_back_exactly_scores_best(
    loss: Likelihood, target: np.ndarray, other: np.ndarray, size: int
) -> None:
    rows = torch.from_numpy(target if loss.support == "unit" else np.round(target * size))
    module = module_for(loss)
    best = loss.excess(unlink(loss, rows), rows, module)
    # The same for every row, whatever its grey values or counts: their own entropy is no part of it.
    assert best[0].item() == pytest.approx(best[1].item(), abs=1e-9)
    assert (loss.excess(torch.from_numpy(other), rows, module) >= best.max() - 1e-9).all()


@every_loss
def test_scores_of_an_estimator_leave_out_what_no_output_can_change(loss: Likelihood) -> None:
    rows = np.random.default_rng(0).integers(0, 2, (40, 3)).astype(np.float64)
    rows[:20] = rows[:20] * 0.6 + 0.2 if loss.support == "unit" else rows[:20]
    training = Training(epochs=1)
    ae = Autoencoder(encoder=MLP((4,)), reconstruction=loss, training=training, random_state=0).fit(rows)
    model, x = ae.module_, torch.as_tensor(ae._scaled(rows)).float()
    output = model.decode_raw(model.encode(x))[0].detach().double()
    own = copy.deepcopy(model.component("reconstruction"))
    expected = -loss.excess(output, x.double(), None if own is None else own.double()).detach()
    np.testing.assert_allclose(ae.score_samples(rows), expected.numpy(), atol=1e-5)


def test_every_loss_is_tried_above() -> None:
    assert {type(loss) for loss in LOSSES} == set(LIKELIHOODS.values())
    assert {loss.support for loss in LOSSES} == {"real", "unit", "counts"}


def test_the_variance_that_a_loss_supposes() -> None:
    assert GaussianLikelihood(0.3).noise_variance() == 0.3
    learnt = nn.ParameterDict({"value": torch.tensor(-0.1, dtype=torch.float64)})
    assert GaussianLikelihood().noise_variance(learnt) == pytest.approx(math.exp(-1), rel=1e-12)
    assert SquaredError().noise_variance() is None
