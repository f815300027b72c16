"""Plain Euclidean codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..parts import part
from .base import LatentSpace

if TYPE_CHECKING:
    from torch import Tensor


@part
class Euclidean(LatentSpace):
    """Codes are the encoder's output, unconstrained: z = h.

    Parameters
    ----------
    dim : int, default 2
        Dimension of the code.

    Examples
    --------
    >>> from diabolo import Autoencoder
    >>> Autoencoder(latent=3).latent == 3, Autoencoder(latent=Euclidean(3)).latent
    (True, Euclidean(dim=3))
    """

    operation: ClassVar[str | None] = "same"

    def mean(self, h: Tensor) -> Tensor:
        return h
