"""Few active units: penalties on activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .. import functional as F
from ..errors import SettingError
from ..latent.base import LatentSpace
from ..parts import part, setting
from .base import BatchPenalty, Penalty, SamplePenalty

if TYPE_CHECKING:
    from torch import Tensor

    from ..passes import Pass

PLACES = ("code", "hidden")


def _activations(penalty: Penalty, on: str, p: Pass) -> list[Tensor]:
    """The penalised layers, each flattened to (*models, batch, units)."""
    if on == "code":
        return [p.z]
    if not p.hidden:
        raise SettingError(
            f"{type(penalty).__name__}(on='hidden') needs an encoder with hidden layers, got one without; "
            "give it hidden layers or say on='code'."
        )
    # The axis of units may be several (channels, height, width of a convolution).
    return [a.flatten(p.z.dim() - 1) for a in p.hidden]


@part
class L1(SamplePenalty):
    """Sum of absolute activations of a sample, over all units: sum_j abs(a_j), in units of the activation.

    A last batch of one row is no special case.

    Parameters
    ----------
    weight : float, default 0.01
        Factor of the penalty in the total loss.
    on : "code" or "hidden", default "code"
        The code, or every hidden layer of the encoder after its activation.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    M. Ranzato, Y. Boureau, Y. LeCun, Sparse Feature Learning for Deep Belief Networks, NIPS 2007.

    Examples
    --------
    >>> L1(0.1, on="hidden")
    L1(weight=0.1, on='hidden')
    """

    weight: float = setting(default=0.01, doc="Factor of the sum of absolute activations.")
    on: str = setting(default="code", doc="Which activations.", choices=PLACES)

    def value(self, p: Pass) -> Tensor:
        first, *more = [a.abs().sum(-1) for a in _activations(self, self.on, p)]
        return sum(more, first)


@part
class L2(SamplePenalty):
    """Sum of squared activations of a sample, over all units: sum_j a_j^2, in squared activation units.

    A last batch of one row is no special case.

    Parameters
    ----------
    weight : float, default 0.01
        Factor of the penalty in the total loss.
    on : "code" or "hidden", default "code"
        The code, or every hidden layer of the encoder after its activation. On the code of a sphere it
        would be constant, and is refused.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    P. Ghosh et al., From Variational to Deterministic Autoencoders, ICLR 2020, arXiv:1903.12436.

    Examples
    --------
    >>> L2(on="code")
    L2()
    """

    weight: float = setting(default=0.01, doc="Factor of the sum of squared activations.")
    on: str = setting(default="code", doc="Which activations.", choices=PLACES)

    def value(self, p: Pass) -> Tensor:
        first, *more = [a.square().sum(-1) for a in _activations(self, self.on, p)]
        return sum(more, first)

    def validate(self, latent: LatentSpace) -> None:
        if self.on == "code" and latent.geometry.unit_norm:
            raise SettingError(
                f"L2(on='code') is constant on {latent!r}, whose codes have norm 1; "
                "use another latent space or on='hidden'."
            )


@part
class KLSparsity(BatchPenalty):
    r"""KL divergence of a target rate from each unit's mean activation over the batch, in nats.

    ``sum_j rho log(rho / r_j) + (1 - rho) log((1 - rho) / (1 - r_j))``, r_j the mean of unit j over the
    batch, summed over units.

    A last batch of one row takes that row's activations for rates; prefer ``drop_last`` if it matters.

    Where several processes share a batch (:mod:`diabolo.lightning`), each takes the rates of its own rows, and the
    loss holds the mean over processes; with ``gather=True`` the rates are those of the whole batch.

    Parameters
    ----------
    weight : float, default 1
        Factor of the penalty in the total loss.
    target : float, default 0.05
        The rate rho, between 0 and 1.
    on : "code" or "hidden", default "code"
        The code, or every hidden layer of the encoder after its activation.
    sigmoid : bool, default True
        Pass activations through a sigmoid first. Choose False for layers whose activation is a sigmoid
        already; there, mean activations outside [0, 1] are refused when they occur.
    warmup : int or float, default 0
        Epochs over which the weight rises linearly from 0; below 1, the share of the training that it takes.

    References
    ----------
    A. Ng, Sparse autoencoder, CS294A lecture notes, Stanford University, 2011.

    Examples
    --------
    >>> KLSparsity(0.1, target=0.1)
    KLSparsity(weight=0.1, target=0.1)
    """

    looks_at: ClassVar[tuple[str, ...]] = ("z", "hidden")
    weighable: ClassVar[bool] = True

    target: float = setting(default=0.05, doc="Rate that units should be active at.", gt=0, lt=1)
    on: str = setting(default="code", doc="Which activations.", choices=PLACES)
    sigmoid: bool = setting(default=True, doc="Pass activations through a sigmoid first.")

    @classmethod
    def examples(cls) -> tuple[KLSparsity, ...]:
        # Without a sigmoid it takes only layers whose activations are rates already.
        return (cls(), cls(on="hidden"))

    def value(self, p: Pass) -> Tensor:
        layers = _activations(self, self.on, p)
        if not self.sigmoid:
            for layer in layers:
                self._require_rates(layer)
        rates = [F.log_rates(a, self.sigmoid, p.weight) for a in layers]
        first, *more = [F.sparsity_kl(*each, self.target) for each in rates]
        return sum(more, first)

    def _require_rates(self, layer: Tensor) -> None:
        # NaN passes: the training loop reports a diverged term with its epoch and step.
        low, high = (float(bound) for bound in layer.detach().mean(-2).aminmax())
        if low < 0 or high > 1:
            raise SettingError(
                f"KLSparsity(sigmoid=False) needs mean activations in [0, 1], got {low:.3g} to {high:.3g} "
                f"(layer of shape {tuple(layer.shape)}); use a sigmoid activation there, or sigmoid=True."
            )
