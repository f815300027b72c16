"""The topological penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..parts import part, setting
from .base import BatchPenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..passes import Pass


@part
class Topological(BatchPenalty):
    r"""How far distances that matter for the topology of inputs differ from those of codes; no unit.

    ``( |a(P_x) - b(P_x)|^2 + |a(P_z) - b(P_z)|^2 ) / n``: a are distances of clean input rows over
    ``x_scale``, b straight distances of codes over a learnt scalar that starts at 1, n is the number of
    rows, and P are the edges at which the rows of a batch join into one connected component as distance
    grows (persistence pairs of dimension 0).

    A last batch of one row has no edges and gives 0; so use large batches, and ``drop_last``. Sample weights change
    nothing: a row that is there twice is joined to itself by an edge of no length.

    Where several processes share a batch (:mod:`diabolo.lightning`), each joins its own rows only, and the loss holds
    the mean over processes: the topology of a smaller sample. With ``gather=True`` every process sees inputs and
    codes of the whole batch, and the value is that of one process.

    Parameters
    ----------
    weight : float, default 1
        Factor in the total loss. Published weights go with an error averaged over features: multiply them
        by the number of features to use them here.
    x_scale : float or None, default None
        What input distances are divided by. None takes the largest in the batch, as the published code does
        for tables; for pictures that code takes the largest possible distance, ``2 sqrt(n_features)`` on
        [-1, 1], which is ``sqrt(n_features)`` on [0, 1].
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, Topological Autoencoders, ICML 2020, arXiv:1906.00722.

    Examples
    --------
    >>> Topological(0.5), Topological().initial
    (Topological(weight=0.5), 1.0)
    """

    looks_at: ClassVar[tuple[str, ...]] = ("target", "z")
    weighable: ClassVar[bool] = True

    x_scale: float | None = setting(
        default=None, doc="What input distances are divided by; none: the largest in the batch.", gt=0
    )

    @property
    def initial(self) -> float:
        """The divisor of the latent distances before training."""
        return 1.0

    def value(self, p: Pass) -> Tensor:
        if p.module is None:
            raise ValueError(f"a module under {p.term!r} was expected in the pass, got none.")
        return F.topological_loss(p.target, p.z, p.module.value, self.x_scale)
