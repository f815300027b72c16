"""Pictures turned, covered and shuffled: pure functions of tensors."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor


def rotate_images(images: Tensor, degrees: Tensor, fill: float = 0.0) -> Tensor:
    r"""Turn pictures about their centre, counter-clockwise as they are looked at, by bilinear interpolation.

    The size stays; a pixel that comes from outside is ``fill``, and one on the edge is a mixture of both.
    An angle of 0 returns the picture to the bit.

    Parameters
    ----------
    images : Tensor, shape (..., channels, height, width)
        Pictures.
    degrees : Tensor, shape (...)
        One angle a picture.
    fill : float, default 0
        Value outside the picture.

    Returns
    -------
    Tensor, shape (..., channels, height, width)

    Examples
    --------
    >>> import torch
    >>> rotate_images(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), torch.tensor(90.0)).round()
    tensor([[[2., 4.],
             [1., 3.]]])
    """
    channels, height, width = images.shape[-3:]
    flat = images.reshape(-1, channels, height, width)
    angle = degrees.reshape(-1).to(images.dtype) * (math.pi / 180)
    cos, sin = angle.cos(), angle.sin()
    # The grid runs over [-1, 1] on both axes whatever the lengths; the ratio makes the turn one of pixels.
    ratio = height / width
    zero = torch.zeros_like(cos)
    theta = torch.stack([cos, -sin * ratio, zero, sin / ratio, cos, zero], -1).reshape(-1, 2, 3)
    grid = F.affine_grid(theta, list(flat.shape), align_corners=False)
    turned = F.grid_sample(flat - fill, grid, padding_mode="zeros", align_corners=False) + fill
    kept = (angle == 0)[:, None, None, None]
    return torch.where(kept, flat, turned).reshape(images.shape)


def rectangle_mask(
    corner: tuple[Tensor, Tensor], sides: tuple[Tensor, Tensor], size: tuple[int, int]
) -> Tensor:
    """Which pixels lie in a rectangle.

    Parameters
    ----------
    corner : tuple of Tensor, each of shape (...)
        Row and column of the rectangle's first pixel.
    sides : tuple of Tensor, each broadcasting with the corner
        Its height and width in pixels.
    size : tuple of int
        Height and width of the picture.

    Returns
    -------
    Tensor of bool, shape (..., height, width)

    Examples
    --------
    >>> import torch
    >>> one = torch.tensor(1)
    >>> rectangle_mask((one, one), (one, one + 1), (2, 4)).int()
    tensor([[0, 0, 0, 0],
            [0, 1, 1, 0]], dtype=torch.int32)
    """
    inside = []
    for start, side, length in zip(corner, sides, size, strict=True):
        at = torch.arange(length, device=start.device)
        first = start.unsqueeze(-1)
        inside.append((at >= first) & (at < first + side.unsqueeze(-1)))
    rows, columns = inside
    return rows.unsqueeze(-1) & columns.unsqueeze(-2)


def pixel_permutation(seed: int, channels: int, pixels: int) -> Tensor:
    """A fixed random order of a flat picture's numbers, the same in every channel.

    Parameters
    ----------
    seed : int
        Each seed is one order, in all versions of the libraries.
    channels, pixels : int
        Of a picture, whose rows are flat.

    Returns
    -------
    Tensor of int64, shape (channels * pixels,)

    Examples
    --------
    >>> pixel_permutation(1, 2, 3)
    tensor([0, 2, 1, 3, 5, 4])
    """
    return torch.tensor(_order(seed, pixels) + pixels * np.arange(channels)[:, None]).flatten()


@functools.lru_cache(maxsize=64)
def _order(seed: int, pixels: int) -> npt.NDArray[np.int64]:
    # NumPy promises that the stream of RandomState never changes, so a saved model keeps its order.
    return np.random.RandomState(seed).permutation(pixels).astype(np.int64)
