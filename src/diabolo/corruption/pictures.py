"""Corruptions of pictures as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..errors import DataError
from ..parts import part, setting
from .base import Corruption, trailing

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..data.domain import Domain


@part
class Occlusion(Corruption):
    """Cover one of the four quadrants of a picture, each as likely, or a rectangle of a stated share.

    A side of odd length is cut so that the half with the middle pixel comes second.

    Parameters
    ----------
    share : float or None
        Share of the picture's area that a rectangle of the picture's proportions covers, as nearly as whole
        pixels allow, at a place drawn uniformly; None covers a quadrant.
    fill : float or None
        What covered pixels become, after scaling; None is the smallest value of the data.
    probability, fresh
        See :class:`Corruption`.

    Raises
    ------
    DataError
        If rows are no pictures, or a picture has no quadrants: it is less than 2 pixels high or wide.

    References
    ----------
    D. Pathak et al., Context Encoders: Feature Learning by Inpainting, CVPR 2016, arXiv:1604.07379.

    Examples
    --------
    >>> Occlusion(share=0.1)
    Occlusion(share=0.1)
    """

    pictures: ClassVar[bool] = True
    draws: ClassVar[Mapping[str, tuple[str, int]]] = {"place": ("rand", 2)}

    share: float | None = setting(
        default=None, doc="Share that is covered; None: one quadrant.", ge=0, le=1, amount=True
    )
    fill: float | None = setting(default=None, doc="What covered pixels become; None: the smallest value.")

    def validate(self, domain: Domain) -> None:
        _, height, width = domain.require_picture("Occlusion")
        if self.share is None and min(height, width) < 2:
            raise DataError(
                f"Occlusion of a quadrant needs pictures of at least 2 x 2 pixels, got {height} x {width}; "
                "give share=."
            )

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        from ..functional import rectangle_mask

        channels, height, width = domain.require_picture("Occlusion")
        corner, sides = self._rectangle(noise["place"], height, width)
        clear = ~rectangle_mask(corner, sides, (height, width)).unsqueeze(-3)
        clear = clear.expand(*clear.shape[:-3], channels, height, width).reshape(x.shape)
        return x.where(clear, trailing(domain.low if self.fill is None else self.fill, 2))

    def _rectangle(
        self, place: Tensor, height: int, width: int
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Corner and sides in pixels for places (..., 2) in [0, 1)."""
        import torch

        down, right = place.unbind(-1)
        if self.share is None:
            second = (down >= 0.5, right >= 0.5)
            pairs = list(zip(second, (height, width), strict=True))
            corner = [late * (length // 2) for late, length in pairs]
            sides = [torch.where(late, length - length // 2, length // 2) for late, length in pairs]
            return (corner[0], corner[1]), (sides[0], sides[1])
        share = torch.as_tensor(trailing(self.share, 1), dtype=place.dtype, device=place.device)
        tall = (share.sqrt() * height).round().clamp(min=1)
        wide = (share * height * width / tall).round().clamp(1, width) * (share > 0)
        corner_at = ((down * (height - tall + 1)).floor(), (right * (width - wide + 1)).floor())
        return corner_at, (tall, wide)


@part
class Rotation(Corruption):
    """Turn pictures by an angle drawn uniformly from [-max_angle, max_angle], bilinearly interpolated.

    What comes in from outside has the smallest value of the data.

    Parameters
    ----------
    max_angle : float, default 30
        Largest angle in degrees.
    probability, fresh
        See :class:`Corruption`.

    Raises
    ------
    DataError
        If rows are no pictures.

    Examples
    --------
    >>> Rotation(15)
    Rotation(max_angle=15.0)
    """

    pictures: ClassVar[bool] = True

    max_angle: float = setting(
        default=30.0, doc="Largest angle in degrees, either way.", ge=0, le=180, amount=True
    )

    def draw_noise(
        self, shape: tuple[int, ...], domain: Domain, generator: torch.Generator
    ) -> dict[str, Tensor]:
        import torch

        return {"turn": torch.rand(shape, generator=generator, device=generator.device) * 2 - 1}

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        from ..functional import rotate_images

        images = x.unflatten(-1, domain.require_picture("Rotation"))
        degrees = trailing(self.max_angle, 1) * noise["turn"].to(x.dtype)
        return rotate_images(images, degrees, domain.low).reshape(x.shape)


@part
class PixelShuffle(Corruption):
    """Put the pixels of every row in the same random order, all channels alike; nothing is lost.

    Rows that are no pictures have their numbers shuffled.

    Parameters
    ----------
    seed : int, default 0
        Which order.
    probability, fresh
        See :class:`Corruption`; the order is the same in every epoch.

    Examples
    --------
    >>> import torch
    >>> from diabolo.data.domain import Domain
    >>> shuffle, domain = PixelShuffle(seed=1), Domain(3)
    >>> mixed = shuffle.corrupt(torch.tensor([[5.0, 6.0, 7.0]]), {}, domain)
    >>> mixed, shuffle.inverse(mixed, domain)
    (tensor([[5., 7., 6.]]), tensor([[5., 6., 7.]]))
    """

    seed: int = setting(default=0, doc="Which order.", ge=0, lt=2**32)

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        return x.index_select(-1, self.order(domain).to(x.device))

    def inverse(self, x: Tensor, domain: Domain) -> Tensor:
        """The rows before the shuffle; the opposite of :meth:`corrupt`.

        Parameters
        ----------
        x : Tensor, shape (..., batch, n_features)
            Shuffled rows.
        domain : Domain
            What a row is: its width, the shape of its picture, the range of its values.
        """
        return x.index_select(-1, self.order(domain).argsort().to(x.device))

    def order(self, domain: Domain) -> Tensor:
        """Where each number of a shuffled row comes from: shape (n_features,), int64."""
        from ..functional import pixel_permutation

        channels, height, width = domain.picture
        return pixel_permutation(self.seed, channels, height * width)
