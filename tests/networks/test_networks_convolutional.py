"""Convolutional networks for pictures of every size."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from diabolo.data.domain import Domain
from diabolo.errors import DataError, SettingError
from diabolo.networks import INITIALISERS, BuildContext, Convolutional


def pair(spec: Convolutional, domain: Domain, code: int = 3) -> tuple[nn.Module, nn.Module]:
    g = torch.Generator().manual_seed(0)
    encoder = spec.build(BuildContext(domain.n_features, code, "encoder", domain), g)
    return encoder, spec.mirrored().build(BuildContext(code, domain.n_features, "decoder", domain), g)


@given(
    channels=st.integers(1, 3),
    height=st.integers(1, 19),
    width=st.integers(1, 19),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 3),
    code=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_any_size_there_and_back(
    channels: int, height: int, width: int, kernel: int, stride: int, code: int
) -> None:
    if kernel < stride:
        kernel = stride
    domain = Domain(channels * height * width, (channels, height, width))
    spec = Convolutional(kernel=kernel, stride=stride)
    encoder, decoder = pair(spec, domain, code)
    x = torch.rand(2, domain.n_features)
    z, hidden = encoder(x)
    output, back = decoder(z)
    assert z.shape == (2, code)
    assert output.shape == x.shape
    assert torch.isfinite(output).all()
    assert [h.shape for h in hidden] == [h.shape for h in back[::-1]]


def test_the_plan_of_sizes() -> None:
    stages = Convolutional((4, 8, 16)).stages(Domain(3 * 28 * 5, (3, 28, 5)))
    assert [s.channels for s in stages] == [(3, 4), (4, 8), (8, 16)]
    assert [s.after for s in stages] == [(14, 3), (7, 2), (4, 1)]
    assert [s.output_padding for s in stages] == [(1, 0), (1, 0), (0, 1)]
    assert stages == Convolutional((4, 8, 16)).mirrored().stages(Domain(3 * 28 * 5, (3, 28, 5)))


def test_a_row_that_is_no_picture_is_a_signal() -> None:
    spec, domain = Convolutional(kernel=5), Domain(50)
    assert [s.kernel for s in spec.stages(domain)] == [(1, 5)] * 3
    assert [s.after for s in spec.stages(domain)] == [(1, 25), (1, 13), (1, 7)]
    encoder, decoder = pair(spec, domain)
    assert encoder.convolutions[0].weight.shape == (32, 1, 1, 5)  # type: ignore[index,union-attr]
    assert decoder(encoder(torch.rand(4, 50))[0])[0].shape == (4, 50)


def test_an_axis_of_one_pixel_is_left_alone() -> None:
    stages = Convolutional((4, 8, 16)).stages(Domain(2 * 20, (1, 2, 20)))
    assert [s.after for s in stages] == [(1, 10), (1, 5), (1, 3)]
    assert [s.kernel for s in stages] == [(3, 3), (1, 3), (1, 3)]


@pytest.mark.parametrize(("n", "depth"), [(1, 0), (2, 1), (3, 2), (4, 1), (9, 2), (5, 3), (784, 3)])
def test_the_default_is_as_deep_as_the_picture_allows(n: int, depth: int) -> None:
    encoder, decoder = pair(Convolutional(), Domain(n), 2)
    assert len(encoder.convolutions) == len(decoder.convolutions) == depth  # type: ignore[arg-type]
    assert decoder(encoder(torch.rand(3, n))[0])[0].shape == (3, n)


def test_too_many_convolutions_are_refused() -> None:
    with pytest.raises(
        SettingError,
        match=r"4 convolutions are too many for pictures of 4 x 3, which are down to one pixel after 2; "
        r"give channels=\(2, 4\) or fewer",
    ):
        pair(Convolutional((2, 4, 8, 16)), Domain(12, (1, 4, 3)))
    with pytest.raises(SettingError, match=r"give channels=\(\) or fewer"):
        pair(Convolutional((2,)), Domain(1))


def test_a_kernel_that_skips_pixels_is_refused() -> None:
    with pytest.raises(SettingError, match="kernel 2 is shorter than stride 3"):
        Convolutional(kernel=2, stride=3)


def test_a_picture_shape_that_does_not_fit_the_rows_is_refused() -> None:
    with pytest.raises(DataError, match=r"\(1, 8, 8\) have 64 numbers, got rows of 60"):
        pair(Convolutional(), Domain(60, (1, 8, 8)))


def test_the_arithmetic_is_torchs() -> None:
    domain = Domain(2 * 7 * 6, (2, 7, 6))
    encoder, decoder = pair(Convolutional((3, 5), kernel=3, activation="tanh"), domain)
    x = torch.rand(4, 84)
    y = x.reshape(4, 2, 7, 6)
    for c in encoder.convolutions:  # type: ignore[union-attr]
        y = torch.tanh(F.conv2d(y, c.weight, c.bias, stride=2, padding=1))
    z = y.flatten(1) @ encoder.dense.weight + encoder.dense.bias  # type: ignore[operator,union-attr]
    torch.testing.assert_close(encoder(x)[0], z)
    y = torch.tanh(z @ decoder.dense.weight + decoder.dense.bias).reshape(4, 5, 2, 2)  # type: ignore[operator,union-attr]
    first, second = decoder.convolutions  # type: ignore[misc]
    y = torch.tanh(F.conv_transpose2d(y, first.weight, first.bias, 2, 1, (1, 0)))
    y = F.conv_transpose2d(y, second.weight, second.bias, 2, 1, (0, 1))
    torch.testing.assert_close(decoder(z)[0], y.flatten(1))


def test_a_transposed_convolution_is_the_adjoint_of_its_mirror_image() -> None:
    domain = Domain(7 * 10, (1, 7, 10))
    (stage,) = Convolutional((4,)).stages(domain)
    g = torch.Generator().manual_seed(1)
    weight = torch.randn(4, 1, *stage.kernel, generator=g, dtype=torch.float64)
    x = torch.randn(1, 1, 7, 10, generator=g, dtype=torch.float64)
    y = torch.randn(1, 4, *stage.after, generator=g, dtype=torch.float64)
    down = F.conv2d(x, weight, stride=stage.stride, padding=stage.padding)
    up = F.conv_transpose2d(y, weight, None, stage.stride, stage.padding, stage.output_padding)
    assert (down * y).sum().item() == pytest.approx((x * up).sum().item(), rel=1e-12)


@pytest.mark.parametrize("rule", INITIALISERS)
def test_first_weights_are_those_that_torch_would_draw(rule: str) -> None:
    encoder, decoder = pair(Convolutional((30, 40), init=rule), Domain(784))
    for layer in (encoder.convolutions[1], decoder.convolutions[0]):  # type: ignore[index]
        like = torch.empty_like(layer.weight)
        g = torch.Generator().manual_seed(0)
        if rule == "torch":
            nn.init.kaiming_uniform_(like, math.sqrt(5), generator=g)
        elif rule.startswith("kaiming"):
            getattr(nn.init, rule + "_")(like, nonlinearity="relu", generator=g)
        else:
            getattr(nn.init, rule + "_")(like, generator=g)
        # Standard deviations of two samples of 10 800.
        assert layer.weight.std().item() == pytest.approx(like.std().item(), rel=0.05)
        assert layer.weight.abs().max().item() == pytest.approx(like.abs().max().item(), rel=0.25)
    last = decoder.convolutions[-1]  # type: ignore[index]
    assert last.weight.detach().abs().max().item() <= 1 / math.sqrt(9)


def test_leading_axes_are_rows_too() -> None:
    encoder, decoder = pair(Convolutional(), Domain(30, (1, 5, 6)))
    x = torch.rand(2, 4, 30)
    z, hidden = encoder(x)
    assert z.shape == (2, 4, 3)
    assert hidden[0].shape[:2] == (2, 4)
    torch.testing.assert_close(z[1], encoder(x[1])[0])
    torch.testing.assert_close(decoder(z)[0][0], decoder(z[0])[0])


def test_it_runs_one_by_one() -> None:
    assert not Convolutional().stackable
