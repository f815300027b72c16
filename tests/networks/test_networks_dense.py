"""Dense and residual networks: sizes, first weights, specifications."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from diabolo.data.domain import Domain
from diabolo.errors import SettingError, UnknownNameError
from diabolo.networks import (
    INITIALISERS,
    MLP,
    NETWORKS,
    BuildContext,
    Convolutional,
    Mirror,
    Network,
    Residual,
)
from diabolo.networks.layers import Dense

SPECS = [MLP((12, 5)), Residual(2, width=10), Convolutional((4, 6))]


def encoder(spec: Network, n_in: int, n_out: int, seed: int = 0) -> nn.Module:
    return spec.build(BuildContext(n_in, n_out, "encoder", Domain(n_in)), torch.Generator().manual_seed(seed))


def decoder(spec: Network, n_in: int, n_out: int, seed: int = 0) -> nn.Module:
    return spec.build(
        BuildContext(n_in, n_out, "decoder", Domain(n_out)), torch.Generator().manual_seed(seed)
    )


def count(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def dense_layers(module: nn.Module) -> list[Dense]:
    return [layer for layer in module.modules() if isinstance(layer, Dense)]


@pytest.mark.parametrize(
    ("hidden", "code", "expected"),
    [((392, 64), 2, 666_791), ((392, 96), 3, 692_264), ((196, 64), 2, 333_983)],
)
def test_parameters_of_published_sizes(hidden: tuple[int, ...], code: int, expected: int) -> None:
    spec = MLP(hidden, activation="prelu", output_activation="prelu")
    widths = (784, *hidden, code)
    affine = sum(a * b + b for a, b in itertools.pairwise(widths))
    back = sum(a * b + b for a, b in itertools.pairwise(widths[::-1]))
    slopes = len(hidden) + 1 + len(hidden)
    assert count(encoder(spec, 784, code), decoder(spec.mirrored(), code, 784)) == expected
    assert affine + back + slopes == expected


@pytest.mark.parametrize(("blocks", "width", "depth"), [(1, 8, 1), (3, 8, 2)])
def test_parameters_of_a_residual_network(blocks: int, width: int, depth: int) -> None:
    spec = Residual(blocks, width, depth=depth)
    inner = 20 * width + width + (depth - 1) * (width * width + width) + width * 20 + 20
    assert count(encoder(spec, 20, 4)) == blocks * inner + 20 * 4 + 4
    assert count(decoder(spec, 4, 20)) == blocks * inner + 4 * 20 + 20
    assert count(encoder(spec, 20, 20)) == blocks * inner


def test_residual_blocks_add_what_they_compute() -> None:
    module = encoder(Residual(2, 6, activation="tanh"), 5, 3).double()
    x = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    z, seen = x, []
    for block in module.blocks:  # type: ignore[union-attr]
        first, second = block.layers
        seen.append(torch.tanh(z @ first.weight + first.bias))
        z = z + seen[-1] @ second.weight + second.bias
    output, hidden = module(x)
    torch.testing.assert_close(output, z @ module.exit.weight + module.exit.bias, atol=1e-14, rtol=1e-13)  # type: ignore[operator,union-attr]
    for a, b in zip(hidden, seen, strict=True):
        torch.testing.assert_close(a, b, atol=1e-14, rtol=1e-13)


@pytest.mark.parametrize("rule", INITIALISERS)
def test_first_weights(rule: str) -> None:
    n_in, n_out = 300, 200
    layers = dense_layers(encoder(MLP((n_out, 100), init=rule), n_in, 4))
    for layer in layers[:2]:
        a, b = layer.n_in, layer.n_out
        variance = {"torch": 1 / 3 / a, "kaiming": 2 / a, "xavier": 2 / (a + b)}[rule.split("_")[0]]
        values = layer.weight.detach()
        # The relative error of a variance of n draws is at most sqrt(2 / n); five of them.
        assert values.var().item() == pytest.approx(variance, rel=5 * math.sqrt(2 / values.numel()))
        assert values.mean().abs().item() < 5 * math.sqrt(variance / values.numel())
        if rule.endswith("normal"):
            assert values.abs().max() > 3 * math.sqrt(variance)
        else:
            bound = math.sqrt(3 * variance)
            assert 0.99 * bound < values.abs().max() <= bound * (1 + 1e-6)
        assert 0.9 / math.sqrt(a) < layer.bias.detach().abs().max() <= 1 / math.sqrt(a)


@pytest.mark.parametrize("spec", [MLP((100,)), Residual(1, 100)], ids=repr)
@pytest.mark.parametrize("rule", INITIALISERS)
def test_the_decoders_last_layer_starts_as_torchs(spec: Network, rule: str) -> None:
    first, *_, last = dense_layers(decoder(spec.replace(init=rule), 50, 300))
    bound = 1 / math.sqrt(last.n_in)
    assert 0.99 * bound < last.weight.detach().abs().max() <= bound
    # Each other rule has another bound for these widths, by 7 % and more.
    at_torchs_bound = first.weight.detach().abs().max().item() == pytest.approx(
        1 / math.sqrt(first.n_in), rel=0.02
    )
    assert at_torchs_bound == (rule == "torch")


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_generator_alone_decides_the_first_weights(spec: Network) -> None:
    state = torch.random.get_rng_state()
    for build, n_in, n_out in ((encoder, 49, 3), (decoder, 3, 49)):
        a, b, c = build(spec, n_in, n_out), build(spec, n_in, n_out), build(spec, n_in, n_out, seed=1)
        for p, q, r in zip(a.parameters(), b.parameters(), c.parameters(), strict=True):
            assert p.dtype == torch.float32
            assert torch.equal(p, q)
            assert not torch.equal(p, r)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("batch", [1, 5, 32])
def test_shapes_and_hidden_activations(spec: Network, batch: int) -> None:
    x = torch.rand(batch, 49)
    z, hidden = encoder(spec, 49, 3)(x)
    output, back = decoder(spec.mirrored(), 3, 49)(z)
    assert z.shape == (batch, 3)
    assert output.shape == (batch, 49)
    assert len(hidden) == len(back) == 2
    assert all(h.dim() == 2 and h.shape[0] == batch for h in (*hidden, *back))


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_rows_do_not_see_each_other(spec: Network) -> None:
    module, x = encoder(spec, 49, 3).double(), torch.rand(20, 49, dtype=torch.float64)
    torch.testing.assert_close(module(x)[0][4:9], module(x[4:9])[0], atol=1e-14, rtol=1e-13)


def test_width_and_depth() -> None:
    assert MLP(width=20, depth=3).sizes == (20, 20, 20)
    assert MLP(depth=1).sizes == (128,)
    assert MLP(width=7).sizes == (7, 7)
    assert MLP().sizes == (128, 128)
    assert MLP(depth=0).sizes == MLP(()).sizes == ()
    assert MLP(width=20, depth=3).mirrored() == MLP(width=20, depth=3)
    with pytest.raises(SettingError, match="give hidden=\\(3,\\) or width and depth"):
        MLP((3,), depth=2)


def test_mirrors() -> None:
    assert MLP((9, 4), output_activation="prelu", init="kaiming_normal").mirrored() == MLP(
        (4, 9), init="kaiming_normal"
    )
    assert Residual(3, 9, output_activation="relu").mirrored() == Residual(3, 9)
    assert Convolutional((3, 9), output_activation="relu").mirrored() == Convolutional((3, 9))
    for spec in SPECS:
        assert Mirror("sigmoid").of(spec) == spec.mirrored().replace(output_activation="sigmoid")


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_output_activation(spec: Network) -> None:
    relu = encoder(spec.replace(output_activation="relu"), 49, 3)(torch.rand(50, 49))[0]
    plain = encoder(spec, 49, 3)
    assert relu.min() == 0
    sigmoid = decoder(spec.replace(output_activation="sigmoid"), 3, 49)(torch.randn(50, 3))[0]
    assert 0 < sigmoid.min() < sigmoid.max() < 1
    assert plain(torch.rand(50, 49))[0].min() != 0


@pytest.mark.parametrize("spec", [*SPECS, MLP(width=3), Mirror("sigmoid"), Convolutional()], ids=repr)
def test_plain_dicts(spec: Network) -> None:
    assert NETWORKS.from_dict(NETWORKS.to_dict(spec)) == spec


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (MLP, {"hidden": (3, 0)}),
        (MLP, {"activation": "rulu"}),
        (MLP, {"init": "he"}),
        (Residual, {"blocks": 0}),
        (Residual, {"depth": 3}),
        (Convolutional, {"channels": (0,)}),
        (Convolutional, {"stride": 0}),
    ],
)
def test_wrong_settings_are_named(cls: type[Network], wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=rf"{cls.__name__}: {next(iter(wrong))} must be"):
        cls(**wrong)


def test_a_mistyped_network_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'residual'"):
        NETWORKS.resolve("resdual")
