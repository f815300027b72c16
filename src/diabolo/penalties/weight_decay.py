"""Small weights: weight decay and L1 as terms of the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..parts import part, setting
from .base import BatchPenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..passes import Pass


@part
class WeightDecay(BatchPenalty):
    """Sum of squares of all matrices and kernels of encoder and decoder, without biases: sum_i w_i^2.

    In squared units of the weights. It does not depend on the rows, so a last batch of one row is no special
    case. Under Adam it differs from the decoupled decay of AdamW.

    Parameters
    ----------
    weight : float, default 0.0001
        Factor of the penalty in the total loss.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    A. Krogh, J. Hertz, A Simple Weight Decay Can Improve Generalization, NIPS 1991.
    I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019, arXiv:1711.05101.

    Examples
    --------
    >>> WeightDecay(1e-3)
    WeightDecay(weight=0.001)
    """

    looks_at: ClassVar[tuple[str, ...]] = ()
    weighable: ClassVar[bool] = True

    weight: float = setting(default=1e-4, doc="Factor of the sum of squared weights.")

    def value(self, p: Pass) -> Tensor:
        return _summed([w.square() for w in p.weights], p)


@part
class WeightL1(BatchPenalty):
    """Sum of absolute values of all matrices and kernels of encoder and decoder, without biases: sum_i |w_i|.

    In units of the weights. It does not depend on the rows, so a last batch of one row is no special case.
    Gradient steps bring weights near zero, not to exactly zero.

    Parameters
    ----------
    weight : float, default 0.0001
        Factor of the penalty in the total loss.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    R. Tibshirani, Regression Shrinkage and Selection via the Lasso, J. R. Stat. Soc. B 58, 1996.

    Examples
    --------
    >>> WeightL1(1e-3)
    WeightL1(weight=0.001)
    """

    looks_at: ClassVar[tuple[str, ...]] = ()
    weighable: ClassVar[bool] = True

    weight: float = setting(default=1e-4, doc="Factor of the sum of absolute weights.")

    def value(self, p: Pass) -> Tensor:
        return _summed([w.abs() for w in p.weights], p)


def _summed(values: list[Tensor], p: Pass) -> Tensor:
    """The sum over all values of each model: shape (*models,)."""
    # Trailing axes of weights differ; those before them are the models, as many as codes have.
    sums = [v.flatten(p.z.dim() - 2).sum(-1) for v in values]
    return sum(sums, p.z.new_zeros(p.z.shape[:-2]))
