"""The maximum mean discrepancy to the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..parts import part, setting
from .base import BatchPenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..passes import Pass


@part
class MMD(BatchPenalty):
    r"""Squared maximum mean discrepancy of the batch's codes and as many draws from the prior; no unit.

    ``mean k(z, z') + mean k(u, u') - 2 mean k(z, u)``, u drawn from the latent space's prior, or standard
    normal where it has none. The kernel k is a sum over bandwidths s of ``exp(-d^2 / (2 s^2))``
    ("gaussian") or ``s^2 / (s^2 + d^2)`` ("imq"); each s is twice the one before.

    A last batch of one row gives a valid biased value and an unbiased value of 0.

    Where several processes share a batch (:mod:`diabolo.lightning`), each compares the codes of its own rows with as
    many draws, and the loss holds the mean over processes: the estimate of a smaller batch, which for "biased" is
    larger. With ``gather=True`` every process sees the codes of the whole batch, and the value is that of one
    process.

    Parameters
    ----------
    weight : float, default 10
        Factor in the total loss; 10 is what Tolstikhin et al. take for MNIST.
    kernel : "gaussian" or "imq", default "imq"
        Squared exponentials, or inverse multiquadratics, whose gradient reaches codes far from the prior.
    bandwidths : int, default 5
        Number of bandwidths, 3 to 7.
    scale : float or None, default None
        The middle bandwidth (geometric mean), in units of the code. None takes the root mean squared
        distance of two draws from the prior: ``sqrt(2 dim)``, and ``sqrt(2)`` on the sphere.
    estimator : "biased" or "unbiased", default "biased"
        Whether a code's kernel with itself counts. Biased is never negative; unbiased is about 0 where
        codes follow the prior.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    A. Gretton et al., A Kernel Two-Sample Test, JMLR 13, 2012, pp. 723-773.
    I. Tolstikhin et al., Wasserstein Auto-Encoders, ICLR 2018, arXiv:1711.01558.

    Examples
    --------
    >>> MMD(kernel="gaussian", bandwidths=3)
    MMD(kernel='gaussian', bandwidths=3)
    """

    looks_at: ClassVar[tuple[str, ...]] = ("z",)
    weighable: ClassVar[bool] = True
    matches_prior: ClassVar[bool] = True

    weight: float = setting(default=10.0, doc="Factor of the squared MMD in the total loss.")
    kernel: str = setting(default="imq", doc="Kernel between codes.", choices=("gaussian", "imq"))
    bandwidths: int = setting(default=5, doc="Number of bandwidths, each twice the one before.", ge=3, le=7)
    scale: float | None = setting(default=None, doc="Middle bandwidth; none: from the prior.", gt=0)
    estimator: str = setting(default="biased", doc="Estimator of the MMD.", choices=("biased", "unbiased"))

    def value(self, p: Pass) -> Tensor:
        if p.term not in p.noise:
            raise ValueError(f"draws from the prior under {p.term!r} were expected in the pass, got none.")
        prior = p.noise[p.term]["draw"].to(p.z)
        scale = p.latent.geometry.spread(p.latent.dim) if self.scale is None else self.scale
        lengths = F.bandwidths(scale, self.bandwidths)
        return F.squared_mmd(p.z, prior, lengths, self.kernel, self.estimator, p.weight)
