"""The total correlation of the codes, estimated from a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..errors import SettingError
from ..parts import part, setting
from .base import BatchPenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..latent import LatentSpace
    from ..passes import Pass


@part
class TotalCorrelation(BatchPenalty):
    r"""Total correlation of the codes of all training rows, KL(q(z) || prod_j q(z_j)) in nats, estimated from a batch.

    Beside :class:`KL` with weight 1 it is the beta-TC-VAE with beta = 1 + weight. The estimate takes each row's own
    density with weight 1/N and the others for the rest of the N rows; it is low where batches are small, so that
    strengths compare at one batch size only.

    Parameters
    ----------
    weight : float, default 5.0
        Beta - 1.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    Raises
    ------
    SettingError
        If the codes have one dimension, or none that are drawn independently.

    References
    ----------
    R. T. Q. Chen et al., Isolating Sources of Disentanglement in VAEs, NeurIPS 2018, arXiv:1802.04942.

    Examples
    --------
    >>> TotalCorrelation(3)
    TotalCorrelation(weight=3.0)
    """

    unit: ClassVar[str] = "nats"
    weighable: ClassVar[bool] = True
    looks_at: ClassVar[tuple[str, ...]] = ("h", "z")

    weight: float = setting(default=5.0, doc="Beta - 1: factor of the total correlation.")

    def value(self, p: Pass) -> Tensor:
        each = p.posterior.cross_log_prob_per_dimension(p.z)
        joint, product = F.aggregate_log_densities(each, p.n_samples, p.weight)
        return p.average(joint - product)

    def validate(self, latent: LatentSpace) -> None:
        if latent.dim == 1 or not latent.factorised:
            raise SettingError(
                f"{self!r} is a dependence between dimensions that each row draws independently, and {latent!r} "
                f"{'has one dimension' if latent.factorised else 'draws none so'}; take Gaussian({max(latent.dim, 2)})."
            )
