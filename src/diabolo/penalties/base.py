"""The contract of a penalty."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import SettingError
from ..moved import Renamed, take_over
from ..parts import Part, part, setting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..latent import LatentSpace
    from ..passes import Pass


@part
class Penalty(Part, ABC):
    """Base of the penalties: a pure function of the pass, weighted and added to the reconstruction loss.

    Derive from :class:`SamplePenalty` or :class:`BatchPenalty`, which say what :meth:`value` returns. The
    weight and its warm-up are applied outside, by the objective; history holds the unweighted value.

    Attributes
    ----------
    unit : str
        What the unweighted value is counted in, empty if it is a plain number.
    """

    unit: ClassVar[str] = ""

    weight: float = setting(default=1.0, doc="Factor of the penalty in the total loss.", ge=0)
    warmup: int | float = setting(
        default=0,
        doc="Epochs over which the weight rises linearly from 0; below 1: that share of the training.",
        ge=0,
        kw_only=True,
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

    def validate(self, latent: LatentSpace) -> None:
        """Raise a SettingError if the penalty makes no sense with a latent space."""


@part
class SamplePenalty(Penalty):
    """A penalty with one value a sample: ``value`` returns shape (*models, batch)."""


@part
class BatchPenalty(Penalty):
    """A penalty of a whole batch: ``value`` returns shape (*models,).

    Where several processes share a batch (:mod:`diabolo.lightning`), each sees its own rows, or gathers those of all.

    Attributes
    ----------
    looks_at : tuple of str
        What of the pass, row by row, the value depends on: the names that are gathered.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("target", "corrupted", "h", "z", "output", "hidden")


class NeedsInputGradient:
    """Capability: the penalty differentiates by ``Pass.corrupted``, which then requires a gradient."""


class Noisy(ABC):
    """Capability: the penalty needs random numbers, which it finds in ``Pass.noise[p.term]``."""

    @abstractmethod
    def draw(self, latent: LatentSpace, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Noise for batches of codes of shape (..., batch, dim), float32, on the generator's device.

        Parameters
        ----------
        latent : LatentSpace
            The latent space of the model.
        shape : tuple of int
            Shape of the codes, (..., batch, dim).
        generator : torch.Generator
            Source of the random numbers; they are drawn on its device.
        """


class MatchesPrior:
    """Capability: the penalty draws codes to the prior, the standard normal where the space has none."""


class Learnt(ABC):
    """Capability: the penalty has scalars that are trained, found as ``Pass.learnt[p.term]``."""

    @property
    @abstractmethod
    def initial(self) -> float:
        """The value that the trained scalar starts at."""

    start = Renamed("initial")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        take_over(cls, "start", "initial")
