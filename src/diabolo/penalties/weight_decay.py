"""Weight decay as a term of the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parts import part, setting
from .base import BatchPenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..model import Pass


@part
class WeightDecay(BatchPenalty):
    """Sum of squares of all matrices and kernels of encoder and decoder, without biases: sum_i w_i^2.

    In squared units of the weights. It does not depend on the rows, so a last batch of one row is no special
    case. Under Adam it differs from the decoupled decay of AdamW.

    Parameters
    ----------
    weight : float, default 0.0001
    warmup : int, default 0
        Epochs over which the weight rises linearly from 0.

    References
    ----------
    A. Krogh, J. Hertz, A Simple Weight Decay Can Improve Generalization, NIPS 1991.
    I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019, arXiv:1711.05101.

    Examples
    --------
    >>> WeightDecay(1e-3)
    WeightDecay(weight=0.001)
    """

    weight: float = setting(default=1e-4, doc="Factor of the sum of squared weights.", ge=0)

    def value(self, p: Pass) -> Tensor:
        # Trailing axes of weights differ; those before them are the models, as many as codes have.
        squares = [w.square().flatten(p.z.dim() - 2).sum(-1) for w in p.weights]
        return sum(squares, p.z.new_zeros(p.z.shape[:-2]))
