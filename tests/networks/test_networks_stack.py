"""A stack of models equals each model alone up to rounding: outputs, hidden activations and gradients."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
import torch
from tolerances import ONE_PASS, assert_near
from torch import Tensor, nn

from diabolo.data.domain import Domain
from diabolo.networks import ACTIVATIONS, MLP, BuildContext, Network, Residual
from diabolo.networks.layers import _Rectify
from diabolo.training.flat import Layout


def members(
    spec: Network, n_in: int, n_out: int, dtype: torch.dtype, role: str = "encoder"
) -> list[nn.Module]:
    io = BuildContext(n_in, n_out, role, Domain(n_in if role == "encoder" else n_out))  # type: ignore[arg-type]
    return [spec.build(io, torch.Generator().manual_seed(seed)).to(dtype) for seed in range(3)]


def stacked(modules: Sequence[nn.Module]) -> nn.Module:
    """One module with the parameters of all, each in its row as in training."""
    stack, layout = copy.deepcopy(modules[0]), Layout.of(modules[0])
    layout.bind(stack, torch.stack([layout.flatten(module) for module in modules]))
    return stack


def normal(*shape: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def flat_gradients(module: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad for name, p in module.named_parameters() if p.grad is not None}


def assert_near_gradients(stack: nn.Module, i: int, module: nn.Module, dtype: torch.dtype) -> None:
    mine, theirs = flat_gradients(module), flat_gradients(stack)
    assert mine.keys() == theirs.keys()
    # A slope's gradient is one number that others may cancel to: what is rounded is the sum of all.
    scale = max(float(gradient.abs().max()) for gradient in mine.values())
    for name in mine:
        assert_near(theirs[name][i], mine[name], ONE_PASS[dtype], name, scale=scale)


def compare(modules: Sequence[nn.Module], n_in: int, batch: int, dtype: torch.dtype) -> None:
    stack = stacked(modules)
    x = normal(len(modules), batch, n_in, dtype=dtype, seed=1).requires_grad_()
    output, hidden = stack(x)
    seen = normal(*output.shape, dtype=dtype, seed=2)
    (output * seen).sum().backward()
    for i, module in enumerate(modules):
        alone_x = x[i].detach().clone().requires_grad_()
        alone, alone_hidden = module(alone_x)
        assert alone.shape == output.shape[1:]
        (alone * seen[i].clone()).sum().backward()
        assert_near(output[i], alone, ONE_PASS[dtype])
        for h, a in zip(hidden, alone_hidden, strict=True):
            assert_near(h[i], a, ONE_PASS[dtype])
        assert_near(x.grad[i], alone_x.grad, ONE_PASS[dtype])
        assert_near_gradients(stack, i, module, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 7, 33])
@pytest.mark.parametrize("hidden", [(), (1,), (5,), (50, 1, 3), (15, 9)], ids=str)
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (1, 8), (2, 1), (7, 3), (64, 2), (13, 5)])
def test_mlp_of_any_widths(
    n_in: int, n_out: int, hidden: tuple[int, ...], batch: int, dtype: torch.dtype
) -> None:
    spec = MLP(hidden, activation="prelu", output_activation="prelu")
    compare(members(spec, n_in, n_out, dtype), n_in, batch, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [3, 32])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, batch: int, dtype: torch.dtype) -> None:
    spec = MLP((33, 6), activation=activation, output_activation=activation)
    compare(members(spec, 10, 3, dtype), 10, batch, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 19, 32])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (2, 1), (7, 3), (64, 2), (6, 6)])
@pytest.mark.parametrize("role", ["encoder", "decoder"])
def test_residual(role: str, n_in: int, n_out: int, depth: int, batch: int, dtype: torch.dtype) -> None:
    spec = Residual(2, width=9, depth=depth, activation="prelu", output_activation="tanh")
    compare(members(spec, n_in, n_out, dtype, role), n_in, batch, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_published_size(dtype: torch.dtype) -> None:
    spec = MLP((392, 96), activation="prelu", output_activation="prelu")
    compare(members(spec, 784, 3, dtype), 784, 100, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 7, 13])
def test_a_copy_gives_the_bits_of_a_model_that_lies_in_a_row(batch: int, dtype: torch.dtype) -> None:
    """Products round by the alignment of their matrices, and a parameter that is copied stands by itself."""
    (module, *_) = members(MLP((50, 50, 1, 7), activation="prelu"), 13, 5, dtype)
    layout = Layout.of(module)
    layout.bind(module, layout.flatten(module))
    copied = copy.deepcopy(module)
    for one in (module, copied):
        x = normal(batch, 13, dtype=dtype, seed=1)
        one(x)[0].square().sum().backward()
    mine, theirs = flat_gradients(module), flat_gradients(copied)
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "spec", [MLP((9, 6), activation="tanh"), Residual(width=7, activation="tanh")], ids=repr
)
def test_gradients_of_input_gradients(spec: Network, dtype: torch.dtype) -> None:
    modules = members(spec, 5, 3, dtype)
    stack, x = stacked(modules), normal(3, 10, 5, dtype=dtype, seed=3)

    def penalise(module: nn.Module, rows: Tensor) -> None:
        rows = rows.clone().requires_grad_()
        (slope,) = torch.autograd.grad(module(rows)[0][..., 1].sum(), rows, create_graph=True)
        slope.square().sum().backward()

    penalise(stack, x)
    for i, module in enumerate(modules):
        penalise(module, x[i])
        assert_near_gradients(stack, i, module, dtype)


@pytest.mark.parametrize(
    "spec", [MLP((9, 1, 6), activation="prelu"), Residual(width=7, depth=2, activation="prelu")], ids=repr
)
def test_vmap_is_the_same_function(spec: Network) -> None:
    modules = members(spec, 5, 3, torch.float64)
    parameters, _ = torch.func.stack_module_state(modules)
    x = normal(3, 10, 5, dtype=torch.float64, seed=3)

    def run(values: dict[str, Tensor], rows: Tensor) -> Tensor:
        return torch.func.functional_call(modules[0], values, (rows,))[0]

    mapped = torch.func.vmap(run)(parameters, x)
    gradients = torch.func.vmap(torch.func.grad(lambda p, r: run(p, r).square().sum()))(parameters, x)
    stack = stacked(modules)
    output, _ = stack(x)
    output.square().sum().backward()
    # Another order of summation in float64.
    torch.testing.assert_close(output, mapped, atol=1e-13, rtol=1e-12)
    for name, p in stack.named_parameters():
        torch.testing.assert_close(p.grad, gradients[name], atol=1e-12, rtol=1e-11)


@pytest.mark.parametrize("activation", ["relu", "prelu", "silu"])
def test_torch_layers_are_the_same_function(activation: str) -> None:
    (module, *_) = members(MLP((9, 6), activation=activation), 5, 3, torch.float64)
    names = {"relu": nn.ReLU, "prelu": nn.PReLU, "silu": nn.SiLU}
    layers: list[nn.Module] = []
    for dense in module.layers:  # type: ignore[union-attr]
        linear = nn.Linear(dense.n_in, dense.n_out, dtype=torch.float64)
        linear.weight.data, linear.bias.data = dense.weight.data.mT.clone(), dense.bias.data.clone()
        layers += [linear, names[activation]().double()]
    plain, x = nn.Sequential(*layers[:-1]), normal(11, 5, dtype=torch.float64, seed=0)
    torch.testing.assert_close(module(x)[0], plain(x), atol=1e-14, rtol=1e-13)
    module(x)[0].square().sum().backward()
    plain(x).square().sum().backward()
    for dense, linear in zip(module.layers, layers[::2], strict=True):  # type: ignore[arg-type,union-attr]
        torch.testing.assert_close(dense.weight.grad, linear.weight.grad.mT, atol=1e-13, rtol=1e-12)


def test_second_derivatives_of_a_stack_of_prelus() -> None:
    x = normal(2, 4, 3, dtype=torch.float64, seed=1).requires_grad_()
    slope = torch.tensor([[0.25], [-0.5]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(_Rectify.apply, (x, slope))
    assert torch.autograd.gradgradcheck(_Rectify.apply, (x, slope))
