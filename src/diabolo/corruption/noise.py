"""Corruptions of single values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..parts import part, setting
from .base import Corruption, trailing

if TYPE_CHECKING:
    from torch import Tensor

    from ..data.domain import Domain


@part
class GaussianNoise(Corruption):
    """Add normal noise: x + level * eps, eps standard normal.

    Parameters
    ----------
    level : float, default 0.3
        Standard deviation of the noise, in the units the model sees (after scaling).
    clip : bool, default True
        Clip the result to the range of the training data.
    probability, fresh
        See :class:`Corruption`.

    References
    ----------
    P. Vincent et al., Stacked Denoising Autoencoders, JMLR 11, 2010, pp. 3371-3408.

    Examples
    --------
    >>> GaussianNoise(0.4, probability=0.5)
    GaussianNoise(probability=0.5, level=0.4)
    """

    draws: ClassVar[Mapping[str, tuple[str, int]]] = {"normal": ("randn", 0)}

    level: float = setting(
        default=0.3, doc="Standard deviation of the noise, after scaling.", ge=0, amount=True
    )
    clip: bool = setting(default=True, doc="Clip the result to the range of the training data.")

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        noisy = x + trailing(self.level, 2) * noise["normal"]
        return noisy.clamp(domain.low, domain.high) if self.clip else noisy


@part
class SaltAndPepper(Corruption):
    """Set values drawn at random to the largest (salt) or the smallest (pepper) of the data, half and half.

    Parameters
    ----------
    share : float, default 0.25
        Share of the values that are set, in [0, 1].
    probability, fresh
        See :class:`Corruption`.

    References
    ----------
    P. Vincent et al., Stacked Denoising Autoencoders, JMLR 11, 2010, pp. 3371-3408, section 3.3.

    Examples
    --------
    >>> SaltAndPepper(0.1)
    SaltAndPepper(share=0.1)
    """

    draws: ClassVar[Mapping[str, tuple[str, int]]] = {"uniform": ("rand", 0)}

    share: float = setting(default=0.25, doc="Share of the values that are set.", ge=0, le=1, amount=True)

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        half, u = trailing(self.share, 2) / 2, noise["uniform"]
        return x.masked_fill(u < half, domain.low).masked_fill(u >= 1 - half, domain.high)


@part
class Masking(Corruption):
    """Set values drawn at random to a fill value; the model learns to fill them in.

    Parameters
    ----------
    share : float, default 0.25
        Share of the values that are masked, in [0, 1].
    fill : float or None, default 0
        What they become, in the units the model sees: black for pictures in [0, 1], the mean for
        standardised data. None: missing, for a model of ``missing="mask"``.
    probability, fresh
        See :class:`Corruption`.

    References
    ----------
    P. Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008,
    doi:10.1145/1390156.1390294.

    Examples
    --------
    >>> Masking(0.5, fill=-1)
    Masking(share=0.5, fill=-1.0)
    """

    draws: ClassVar[Mapping[str, tuple[str, int]]] = {"uniform": ("rand", 0)}

    share: float = setting(default=0.25, doc="Share of the values that are masked.", ge=0, le=1, amount=True)
    fill: float | None = setting(default=0.0, doc="What masked values become, after scaling; none: missing.")

    @property
    def hides(self) -> bool:
        return self.fill is None

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        kept = noise["uniform"] >= trailing(self.share, 2)
        fill = math.nan if self.fill is None else trailing(self.fill, 2)
        return x.where(kept, fill)
