"""Networks in the form that pythae takes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import Tensor, nn

if TYPE_CHECKING:
    from loops import Task


def chain(widths: tuple[int, ...], activation: type[nn.Module]) -> list[nn.Module]:
    """Layers with an activation after each."""
    return [layer for a, b in itertools.pairwise(widths) for layer in (nn.Linear(a, b), activation())]


def encoder(task: Task, stochastic: bool) -> BaseEncoder:
    """From flat rows to the code; with a log-variance where codes are drawn."""
    from loops import ACTIVATIONS

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(*chain(task.widths[:-1], ACTIVATIONS[task.activation]))
            self.mean = nn.Linear(task.widths[-2], task.widths[-1])
            self.log_variance = nn.Linear(task.widths[-2], task.widths[-1]) if stochastic else None

        def forward(self, x: Tensor) -> ModelOutput:
            h = self.body(x.reshape(len(x), -1))
            output = ModelOutput(embedding=self.mean(h))
            if self.log_variance is not None:
                output["log_covariance"] = self.log_variance(h)
            return output

    return Encoder()


def decoder(task: Task, bernoulli: bool) -> BaseDecoder:
    """From the code to flat rows; through a sigmoid for a Bernoulli loss."""
    from loops import ACTIVATIONS

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            layers = chain(task.widths[::-1], ACTIVATIONS[task.activation])[:-1]
            self.body = nn.Sequential(*layers, *([nn.Sigmoid()] if bernoulli else []))

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.body(z).reshape(len(z), 1, -1))

    return Decoder()
