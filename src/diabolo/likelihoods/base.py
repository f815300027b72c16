"""The contract of a likelihood, and of what is only a distance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from ..errors import SettingError
from ..moved import Renamed
from ..parts import Component, part

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@part
class Likelihood(Component, ABC):
    """Base of the reconstruction losses: how likely a row is, given the decoder's raw output for it.

    The loss of a feature is minus its log-likelihood, where :attr:`constant` is 0; else it is short of that constant,
    as the squared error is short of half the logarithm of pi.

    Attributes
    ----------
    unit : str
        What one value of the loss is counted in.
    support : "real", "unit" or "counts"
        What the target may be: any number, [0, 1], or numbers >= 0.
    constant : float or None
        What a feature's loss lacks of minus its log-likelihood, in nats; None for a distance that is none.
    discrete : bool
        Whether it gives values a probability, not a density.
    """

    unit: ClassVar[str] = ""
    support: ClassVar[Literal["real", "unit", "counts"]] = "real"
    constant: ClassVar[float | None] = None
    discrete: ClassVar[bool] = False
    renamed: ClassVar[Mapping[str, str]] = {**Component.renamed, "link": "mean"}

    @property
    def operation(self) -> tuple[str, str] | None:
        """How a page without Python makes the reconstruction out of the output, and what it calls the loss.

        The first is "none", "sigmoid" or "exp". None: it does not know them, and runs the loss's graph.
        """
        return None

    @abstractmethod
    def per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each feature: (*models, batch, features).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        target : Tensor, shape (*models, batch, features)
            What is to be reconstructed, in the units of the scaled data.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """

    def width(self, features: int) -> int:
        """Width of the decoder's output for rows of a width."""
        return features

    def loss(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each row, summed over features: (*models, batch).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        target : Tensor, shape (*models, batch, features)
            What is to be reconstructed, in the units of the scaled data.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return self.per_feature(output, target, module).sum(-1)

    def log_prob(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """Log-likelihood of each feature in nats, in the units of the scaled data: (*models, batch, features).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        target : Tensor, shape (*models, batch, features)
            What is to be reconstructed, in the units of the scaled data.
        module : nn.Module or None, default None
            What :meth:`build` made.

        Raises
        ------
        SettingError
            If it is a distance that belongs to no likelihood.
        """
        if self.constant is None:
            raise SettingError(
                f"{type(self).__name__} is a distance, not a likelihood, so that there is no log-likelihood; take a "
                "likelihood, such as reconstruction='gaussian'."
            )
        return -self.per_feature(output, target, module) - self.constant

    def floor(self, target: Tensor) -> Tensor:
        """What of the loss depends on the target alone, so that no output can be rid of it: of the target's shape.

        The entropy of a grey value, or what a count costs at its own rate; 0 where a perfect output costs every row
        the same.
        """
        return target.new_zeros(()).expand_as(target)

    def excess(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each row above its own floor: (*models, batch), smallest where the row is given back exactly.

        Rows are ranked by it, since the loss itself calls a row of grey values strange however well it is given back:
        a Kullback-Leibler divergence for Bernoulli, half the deviance for Poisson, the loss itself for the others.

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        target : Tensor, shape (*models, batch, features)
            What it should give back.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return self.excess_per_feature(output, target, module).sum(-1)

    def excess_per_feature(self, output: Tensor, target: Tensor, module: nn.Module | None = None) -> Tensor:
        """The loss of each feature above its own floor: (*models, batch, features).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        target : Tensor, shape (*models, batch, features)
            What it should give back.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return self.per_feature(output, target, module) - self.floor(target)

    def mean(self, output: Tensor, module: nn.Module | None = None) -> Tensor:
        """The reconstruction that an output stands for: (*models, batch, width) to (*models, batch, features).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        module : nn.Module or None, default None
            What :meth:`build` made.
        """
        return output

    link = Renamed("mean")

    def sample(self, output: Tensor, generator: torch.Generator, module: nn.Module | None = None) -> Tensor:
        """Rows drawn from the likelihood: (*models, batch, width) to (*models, batch, features).

        Parameters
        ----------
        output : Tensor, shape (*models, batch, width)
            The decoder's raw output.
        generator : torch.Generator
            Source of the random numbers, on the device of the output.
        module : nn.Module or None, default None
            What :meth:`build` made.

        Raises
        ------
        SettingError
            If it is a distance that belongs to no likelihood.
        """
        raise SettingError(
            f"{type(self).__name__} is a distance, not a likelihood: there is nothing to draw from."
        )

    def noise_variance(self, module: nn.Module | None = None) -> float | None:
        """The one variance of the noise that the loss supposes, stated or learnt; None if it supposes none."""
        return None

    @property
    def on_log_scale(self) -> bool:
        """Whether networks see counts on a logarithmic scale."""
        return False

    def of_constant(self, rows: Tensor) -> float:
        """The mean loss of a model that gives every row (of those given, (n, features)) the mean of each feature."""
        return float(self.loss(rows.mean(0).expand_as(rows), rows).mean())
