"""The contractive penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..parts import part, setting
from .base import SamplePenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..passes import Pass


@part
class Contractive(SamplePenalty):
    r"""Squared Frobenius norm of the Jacobian of each code by the row that the encoder saw.

    ``sum_jk (d z_k / d x_j)^2``, in squared units of the code over squared units of the input (after
    scaling). It costs one backward pass for each dimension of the code.

    A last batch of one row is no special case. The encoder must treat rows apart (no batch normalisation).
    In evaluation the pass must still be run under ``torch.enable_grad``; the value then carries no graph
    if it is taken under ``torch.no_grad``.

    Parameters
    ----------
    weight : float, default 0.1
        Factor in the total loss; 0.1 is what Rifai et al. take for MNIST.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    S. Rifai et al., Contractive Auto-Encoders: Explicit Invariance During Feature Extraction, ICML 2011.

    Examples
    --------
    >>> Contractive(0.01)
    Contractive(weight=0.01)
    """

    needs_input_gradient: ClassVar[bool] = True

    weight: float = setting(default=0.1, doc="Factor of the squared norm of the encoder's Jacobian.")

    def value(self, p: Pass) -> Tensor:
        import torch

        return F.squared_jacobian_norm(p.z, p.corrupted, create_graph=torch.is_grad_enabled())
