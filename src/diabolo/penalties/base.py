"""The contract of a penalty."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..errors import SettingError
from ..parts import Component, part, setting

if TYPE_CHECKING:
    from torch import Tensor

    from ..latent import LatentSpace
    from ..parts.component import Draw
    from ..passes import Pass


@part
class Penalty(Component, ABC):
    """Base of the penalties: a pure function of the pass, weighted and added to the reconstruction loss.

    Derive from :class:`SamplePenalty` or :class:`BatchPenalty`, which say what :meth:`value` returns. The
    weight and its warm-up are applied outside, by the objective; history holds the unweighted value.

    Attributes
    ----------
    unit : str
        What the unweighted value is counted in, empty if it is a plain number.
    needs_input_gradient : bool
        Whether it differentiates by ``Pass.corrupted``, which then requires a gradient.
    divergence : bool
        Whether it is the divergence from the prior that a bound on the evidence holds.
    weighable : bool
        Whether its value counts rows by ``Pass.weight``, or is none of rows.
    matches_prior : bool
        Whether it draws codes to the prior, the standard normal where the space has none, of which it is given
        ``draw``.
    """

    unit: ClassVar[str] = ""
    needs_input_gradient: ClassVar[bool] = False
    divergence: ClassVar[bool] = False
    weighable: ClassVar[bool] = True
    matches_prior: ClassVar[bool] = False

    weight: float = setting(default=1.0, doc="Factor of the penalty in the total loss.", ge=0, varies=True)
    warmup: int | float = setting(
        default=0,
        doc="Epochs over which the weight rises linearly from 0; below 1: that share of the training.",
        ge=0,
        kw_only=True,
        varies=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.warmup, float) and self.warmup > 1:
            raise SettingError(
                f"{type(self).__name__}: warmup must be a whole number of epochs, or a share of the training between 0 "
                f"and 1, got {self.warmup!r}."
            )

    def warmup_epochs(self, epochs: int) -> int:
        """Epochs until the weight has its whole value, in a training of so many.

        Examples
        --------
        >>> from diabolo import KL
        >>> KL(warmup=0.25).warmup_epochs(40), KL(warmup=5).warmup_epochs(40)
        (10, 5)
        """
        return int(self.warmup * epochs) if isinstance(self.warmup, float) else self.warmup

    @abstractmethod
    def value(self, p: Pass) -> Tensor:
        """The unweighted penalty of a pass."""

    def noise(self, latent: LatentSpace) -> Mapping[str, Draw]:
        """What draws its random numbers, by name; ``Pass.noise[p.term]`` has them, in the shape of codes."""
        if not self.matches_prior:
            return {}
        return {"draw": latent.geometry.draw if latent.prior is None else latent.prior.sample}

    def validate(self, latent: LatentSpace) -> None:
        """Raise a SettingError if the penalty makes no sense with a latent space."""
        if self.matches_prior and latent.prior is not None and not latent.prior.fixed:
            raise SettingError(
                f"{type(self).__name__} draws codes to a prior that stands still, got {latent.prior!r}, which is "
                "trained; use the KL penalty, or a prior such as standard_normal."
            )


@part
class SamplePenalty(Penalty):
    """A penalty with one value a sample: ``value`` returns shape (*models, batch)."""


@part
class BatchPenalty(Penalty):
    """A penalty of a whole batch: ``value`` returns shape (*models,).

    Where several processes share a batch (:mod:`diabolo.lightning`), each sees its own rows, or gathers those of all.
    One whose value counts rows by ``Pass.weight`` says so by ``weighable``; the others refuse sample weights.

    Attributes
    ----------
    looks_at : tuple of str
        What of the pass, row by row, the value depends on: the names that are gathered.
    """

    weighable: ClassVar[bool] = False
    looks_at: ClassVar[tuple[str, ...]] = ("target", "corrupted", "h", "z", "output", "hidden")
