"""Corruptions of single values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..parts import part, setting
from .base import Corruption

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..domain import Domain


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

    level: float = setting(default=0.3, doc="Standard deviation of the noise, after scaling.", ge=0)
    clip: bool = setting(default=True, doc="Clip the result to the range of the training data.")

    def draw_noise(
        self, shape: tuple[int, ...], domain: Domain, generator: torch.Generator
    ) -> dict[str, Tensor]:
        import torch

        size = (*shape, domain.n_features)
        return {"normal": torch.randn(size, generator=generator, device=generator.device)}

    def corrupt(self, x: Tensor, noise: Mapping[str, Tensor], domain: Domain) -> Tensor:
        noisy = x + self.level * noise["normal"]
        return noisy.clamp(domain.low, domain.high) if self.clip else noisy
