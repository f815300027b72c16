"""Pictures turned, covered and shuffled, against NumPy, SciPy and loops."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from diabolo.functional import pixel_permutation, rectangle_mask, rotate_images


def pictures(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (3, 3), (28, 28)])
@pytest.mark.parametrize("turns", [1, 2, 3, -1])
def test_quarter_turns_are_numpys(size: tuple[int, int], turns: int) -> None:
    x = pictures(5, 2, *size)
    expected = torch.from_numpy(np.rot90(x.numpy(), turns, axes=(-2, -1)).copy())
    turned = rotate_images(x, torch.full((5,), 90.0 * turns))
    # Grid coordinates of float64 are off by a few 1e-16 and the weights with them.
    torch.testing.assert_close(turned, expected, atol=1e-12, rtol=0)


def test_a_half_turn_of_a_picture_that_is_no_square() -> None:
    x = pictures(2, 1, 5, 8)
    torch.testing.assert_close(rotate_images(x, torch.full((2,), 180.0)), x.flip(-1, -2), atol=1e-12, rtol=0)


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (12, 5)])
@pytest.mark.parametrize("angle", [-170.0, -33.3, 5.0, 45.0, 90.0, 121.0])
@pytest.mark.parametrize("fill", [0.0, -1.5])
def test_rotation_is_scipys(size: tuple[int, int], angle: float, fill: float) -> None:
    x = pictures(*size)
    expected = scipy.ndimage.rotate(x.numpy(), angle, reshape=False, order=1, mode="grid-constant", cval=fill)
    turned = rotate_images(x[None], torch.tensor(angle, dtype=torch.float64), fill)[0]
    torch.testing.assert_close(turned, torch.from_numpy(expected), atol=1e-12, rtol=0)


def test_what_turns_into_the_picture_is_dark() -> None:
    turned = rotate_images(torch.ones(1, 1, 8, 8), torch.tensor([45.0]))[0, 0]
    assert turned[0, 0] == turned[-1, -1] == 0
    assert turned[4, 4] == 1


def test_rotation_passes_gradients() -> None:
    x = pictures(2, 1, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: rotate_images(p, torch.tensor([20.0, -75.0]), 0.5), x)


def test_an_order_depends_on_its_seed_alone() -> None:
    assert torch.equal(pixel_permutation(3, 1, 50), pixel_permutation(3, 1, 50))
    assert not torch.equal(pixel_permutation(3, 1, 50), pixel_permutation(4, 1, 50))
    # Fixed for ever: a saved model must find its order again.
    assert pixel_permutation(0, 1, 8).tolist() == [6, 2, 1, 7, 3, 0, 5, 4]


def test_rectangle_mask_by_loop() -> None:
    top, left = torch.tensor([0, 2, 3]), torch.tensor([1, 0, 4])
    tall, wide = torch.tensor([2, 0, 1]), torch.tensor([3, 2, 1])
    mask = rectangle_mask((top, left), (tall, wide), (4, 5))
    for n in range(3):
        for i in range(4):
            for j in range(5):
                rows = top[n] <= i < top[n] + tall[n]
                assert mask[n, i, j] == (rows and left[n] <= j < left[n] + wide[n])


def test_a_picture_has_two_sides() -> None:
    one = torch.tensor(1)
    with pytest.raises(ValueError, match="longer"):
        rectangle_mask((one, one), (one, one), (3, 4, 5))  # type: ignore[arg-type]


def test_masks_of_many_pictures_at_once() -> None:
    """Axes before the picture's broadcast, as those of models and batch do."""
    top, left, one = torch.tensor([[0, 1, 2], [2, 0, 1]]), torch.tensor([1, 0, 3]), torch.tensor(1)
    mask = rectangle_mask((top, left.expand(2, 3)), (one + 1, one), (4, 5))
    assert mask.shape == (2, 3, 4, 5)
    for model in range(2):
        for n in range(3):
            alone = rectangle_mask((top[model, n], left[n]), (one + 1, one), (4, 5))
            assert torch.equal(mask[model, n], alone)
            assert alone.nonzero().tolist() == [[top[model, n] + i, left[n]] for i in (0, 1)]


@pytest.mark.parametrize("size", [(6, 6), (5, 9)])
def test_pictures_with_axes_before_their_channels_are_turned_one_by_one(size: tuple[int, int]) -> None:
    x, angles = pictures(2, 3, 2, *size), torch.tensor([[0.0, 30.0, -75.0], [10.0, 0.0, 200.0]])
    turned = rotate_images(x, angles, 0.25)
    for model in range(2):
        for n in range(3):
            alone = rotate_images(x[model, n], angles[model, n], 0.25)
            torch.testing.assert_close(turned[model, n], alone, atol=1e-12, rtol=0)
    # No rounding of an interpolation where nothing turns.
    assert torch.equal(turned[0, 0], x[0, 0])
    assert torch.equal(turned[1, 1], x[1, 1])


def test_every_channel_is_shuffled_alike() -> None:
    one = pixel_permutation(3, 1, 20)
    assert pixel_permutation(3, 3, 20).tolist() == [*one.tolist(), *(one + 20).tolist(), *(one + 40).tolist()]
