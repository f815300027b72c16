"""Codes of which only the largest numbers are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SettingError
from ..parts import part, setting
from .base import LatentSpace

if TYPE_CHECKING:
    from torch import Tensor


@part
class TopK(LatentSpace):
    """Codes whose ``k`` largest numbers are kept and the others 0; gradients flow through those that are kept.

    Parameters
    ----------
    dim : int, default 64
        Dimension of the code.
    k : int or None, default None
        How many of its numbers a row may use, at most ``dim``; None: an eighth of them, and one at least.
    rectify : bool, default False
        Whether numbers that are kept and below 0 become 0 too, so that a row may use fewer.

    Raises
    ------
    SettingError
        If k is larger than dim.

    References
    ----------
    A. Makhzani, B. Frey, k-Sparse Autoencoders, ICLR 2014, arXiv:1312.5663.
    L. Gao et al., Scaling and evaluating sparse autoencoders, 2024, arXiv:2406.04093 (``rectify``).

    Examples
    --------
    >>> import torch
    >>> TopK(4, k=2).mean(torch.tensor([[3.0, -1.0, 2.0, 0.5]]))
    tensor([[3., 0., 2., 0.]])
    """

    dim: int = setting(default=64, doc="Dimension of the code.")
    k: int | None = setting(default=None, doc="Numbers of a code that are kept.", ge=1, size=True)
    rectify: bool = setting(default=False, doc="Whether kept numbers below 0 become 0.", kw_only=True)

    def check(self) -> None:
        super().check()
        if self.k is not None and self.k > self.dim:
            raise SettingError(f"TopK: k must be at most dim={self.dim}, got {self.k}.")

    @property
    def kept(self) -> int:
        """How many numbers of a code are kept, however it was said."""
        return max(1, self.dim // 8) if self.k is None else self.k

    def mean(self, h: Tensor) -> Tensor:
        import torch

        values, where = h.topk(self.kept, dim=-1)
        return torch.zeros_like(h).scatter(-1, where, values.relu() if self.rectify else values)
