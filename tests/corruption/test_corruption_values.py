"""Each corruption against its definition."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diabolo.corruption import GaussianNoise, Masking, Occlusion, PixelShuffle, Rotation, SaltAndPepper
from diabolo.data.domain import Domain
from diabolo.functional import pixel_permutation, rotate_images


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=seeded(7), dtype=torch.float64)


def test_gaussian_noise_has_its_deviation_and_clips_when_asked() -> None:
    domain, x = Domain(50, low=0, high=1), torch.full((4000, 50), 0.5)
    noise = GaussianNoise().draw((4000,), domain, seeded())
    free = GaussianNoise(0.4, clip=False).apply(x, noise, domain)
    clipped = GaussianNoise(0.4).apply(x, noise, domain)
    # 200 000 draws: five standard errors of a deviation are 5 * 0.4 / sqrt(400 000).
    assert (free - x).std().item() == pytest.approx(0.4, abs=0.0032)
    assert torch.equal(clipped, free.clamp(0, 1))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_salt_and_pepper_shares(share: float) -> None:
    domain, x = Domain(50, low=-2, high=3), torch.full((2000, 50), 0.5)
    part = SaltAndPepper(share)
    y = part.apply(x, part.draw((2000,), domain, seeded(1)), domain)
    tolerance = 5 * 0.5 / math.sqrt(100_000)
    assert (y == -2).double().mean().item() == pytest.approx(share / 2, abs=tolerance)
    assert (y == 3).double().mean().item() == pytest.approx(share / 2, abs=tolerance)
    assert ((y == -2) | (y == 3) | (y == 0.5)).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_masking_share_and_fill(share: float) -> None:
    domain, x = Domain(50), torch.full((2000, 50), 0.5)
    part = Masking(share, fill=-7)
    y = part.apply(x, part.draw((2000,), domain, seeded(1)), domain)
    assert (y == -7).double().mean().item() == pytest.approx(share, abs=5 * 0.5 / math.sqrt(100_000))
    assert ((y == -7) | (y == 0.5)).all()


@pytest.mark.parametrize("size", [(1, 8, 8), (2, 5, 7), (3, 2, 3)])
def test_one_quadrant_is_covered_and_nothing_else(size: tuple[int, int, int]) -> None:
    channels, height, width = size
    domain = Domain(math.prod(size), size, low=-1, high=1)
    x = pictures(400, domain.n_features)
    noise = Occlusion().draw((400,), domain, seeded(2))
    y = Occlusion().apply(x, noise, domain).unflatten(-1, size)
    counts = dict.fromkeys([(0, 0), (0, 1), (1, 0), (1, 1)], 0)
    for row, clean, place in zip(y, x.unflatten(-1, size), noise["place"], strict=True):
        quadrant = (int(place[0] * 2), int(place[1] * 2))
        counts[quadrant] += 1
        for c in range(channels):
            for i in range(height):
                for j in range(width):
                    inside = (i >= height // 2, j >= width // 2) == (quadrant[0] == 1, quadrant[1] == 1)
                    assert row[c, i, j] == (-1 if inside else clean[c, i, j])
    # Five standard deviations of a binomial count of 400 at 1 / 4.
    assert all(abs(count - 100) < 5 * math.sqrt(400 / 4 * 3 / 4) for count in counts.values())


@given(share=st.floats(0.01, 1), height=st.integers(1, 12), width=st.integers(2, 12), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_a_rectangle_covers_about_its_share(share: float, height: int, width: int, seed: int) -> None:
    size = (1, height, width)
    domain = Domain(height * width, size)
    x = torch.ones(4, height * width)
    part = Occlusion(share=share)
    y = part.apply(x, part.draw((4,), domain, seeded(seed)), domain).reshape(4, height, width)
    for picture in y:
        rows, columns = (picture == 0).nonzero(as_tuple=True)
        tall, wide = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        assert len(rows) == tall * wide
        # The width is rounded: at most half a column too many or too few, and at least one pixel.
        assert len(rows) <= max(share * height * width + tall / 2, tall) + 1e-4
        assert len(rows) >= min(share * height * width, tall * width) - tall / 2 - 1e-4


def test_a_rectangle_reaches_every_place() -> None:
    domain, part = Domain(25), Occlusion(share=0.16)
    y = part.apply(torch.ones(4000, 25), part.draw((4000,), domain, seeded()), domain)
    first = (y == 0).double().argmax(-1)
    places, counts = first.unique(return_counts=True)
    assert len(places) == 16
    assert counts.min() > 250 - 5 * math.sqrt(250)


def test_rotation_draws_angles_uniformly_and_fills_with_the_lowest_value() -> None:
    domain, part = Domain(81, low=-2, high=1), Rotation(40)
    noise = part.draw((4000,), domain, seeded(4))
    assert -1 <= noise["turn"].min() < -0.99
    assert 0.99 < noise["turn"].max() <= 1
    assert noise["turn"].var().item() == pytest.approx(1 / 3, abs=0.02)
    x = pictures(4000, 81)
    expected = rotate_images(x.reshape(-1, 1, 9, 9), 40 * noise["turn"].double(), -2).reshape(-1, 81)
    assert torch.equal(part.apply(x, noise, domain), expected)


@pytest.mark.parametrize(
    "domain", [Domain(64), Domain(10), Domain(105, (3, 5, 7)), Domain(1), Domain(12, (12, 1, 1))]
)
def test_shuffle_is_undone_and_moves_whole_pixels(domain: Domain) -> None:
    part, x = PixelShuffle(5), pictures(2, 3, domain.n_features)
    y = part.apply(x, part.draw((2, 3), domain, seeded()), domain)
    assert torch.equal(part.inverse(y, domain), x)
    assert torch.equal(part.corrupt(part.inverse(x, domain), {}, domain), x)
    channels, height, width = domain.picture
    order = pixel_permutation(5, 1, height * width)
    assert sorted(order.tolist()) == list(range(height * width))
    assert torch.equal(y.reshape(2, 3, channels, -1), x.reshape(2, 3, channels, -1)[..., order])
