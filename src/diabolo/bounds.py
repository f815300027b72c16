"""How likelihoods and divergences at draws of the code become one loss: the bounds on the evidence."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from .errors import SettingError
from .parts import Component, Family, part, setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .latent import LatentSpace
    from .penalties import Penalty


@part
class Bound(Component, ABC):
    """Base of the bounds on log p(x).

    Draws are the last axis but one: of tensors (*models, draws, batch).

    Attributes
    ----------
    tightens : bool
        Whether its loss is less than the means of reconstruction loss and divergence add up to; by how much is a term
        of its own, "tightening".
    """

    tightens: ClassVar[bool] = False

    draws: int = setting(default=1, doc="Codes that are drawn for each row.", ge=1)

    @abstractmethod
    def loss(self, log_px: Tensor, log_ratio: Tensor) -> Tensor:
        """Minus the bound in nats: (*models, batch).

        Parameters
        ----------
        log_px : Tensor, shape (*models, draws, batch)
            log p(x|z) at each draw, up to what does not depend on the model.
        log_ratio : Tensor, shape (*models, draws, batch)
            log q(z|x) - log p(z), times its weight.
        """

    def validate(self, latent: LatentSpace, penalties: Sequence[Penalty]) -> None:
        """Refuse a latent space or penalties that the bound makes no sense with.

        Parameters
        ----------
        latent : LatentSpace
            Where codes live.
        penalties : sequence of Penalty
            What is added to the loss.

        Raises
        ------
        SettingError
            Says what is missing.
        """
        if self.draws > 1 and not latent.noise():
            raise SettingError(
                f"{self!r} draws codes, and those of {latent!r} are not drawn; take a space such as "
                f"Gaussian({latent.dim})."
            )
        if self.tightens and not any(p.divergence for p in penalties):
            raise SettingError(
                f"{self!r} is a bound that holds the divergence from the prior; add the KL penalty: penalties='kl'."
            )


@part
class ELBO(Bound):
    """The evidence lower bound: the mean log-likelihood less the KL divergence.

    Parameters
    ----------
    draws : int, default 1
        Codes that are drawn for each row, over which the log-likelihood is averaged.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114.

    Examples
    --------
    >>> import torch
    >>> ELBO(draws=2).loss(torch.tensor([[-3.0], [-5.0]]), torch.tensor([[1.0], [1.0]]))
    tensor([5.])
    """

    def loss(self, log_px: Tensor, log_ratio: Tensor) -> Tensor:
        return (log_ratio - log_px).mean(-2)


@part
class IWAE(Bound):
    """The importance weighted bound: the logarithm of the mean importance weight of several draws.

    With one draw it is the ELBO at that draw; more draws are never looser in the mean.

    Parameters
    ----------
    draws : int, default 50
        Codes that are drawn for each row.

    References
    ----------
    Y. Burda, R. Grosse, R. Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016, arXiv:1509.00519.

    Examples
    --------
    >>> import torch
    >>> IWAE(draws=2).loss(torch.tensor([[-3.0], [-5.0]]), torch.tensor([[1.0], [1.0]]))
    tensor([4.5662])
    """

    tightens: ClassVar[bool] = True

    draws: int = setting(default=50, doc="Codes that are drawn for each row.")

    def loss(self, log_px: Tensor, log_ratio: Tensor) -> Tensor:
        return math.log(log_px.shape[-2]) - (log_px - log_ratio).logsumexp(-2)


BOUNDS: Family[Bound] = Family("bound", Bound, {"elbo": ELBO, "iwae": IWAE})

if not TYPE_CHECKING:
    __all__ = ["BOUNDS", "Bound", *BOUNDS.class_names]
