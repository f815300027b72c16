"""How likely a row is, given what the decoder says of it: the reconstruction losses.

A likelihood takes the decoder's raw output. Its *mean* is the reconstruction that the output stands for: the sigmoid
of it for the Bernoulli likelihood, the exponential for counts, the output itself for the others. The loss is minus the
log-likelihood, summed over the features of a row; :class:`Likelihood` is the file to read first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parts import Family
from .base import Likelihood as Likelihood
from .bernoulli import Bernoulli as Bernoulli
from .continuous import GaussianLikelihood as GaussianLikelihood
from .continuous import StudentT as StudentT
from .counts import NegativeBinomial as NegativeBinomial
from .counts import Poisson as Poisson
from .distances import AbsoluteError as AbsoluteError
from .distances import SquaredError as SquaredError

LIKELIHOODS: Family[Likelihood] = Family(
    "reconstruction loss",
    Likelihood,
    {
        "squared": SquaredError,
        "absolute": AbsoluteError,
        "bernoulli": Bernoulli,
        "gaussian": GaussianLikelihood,
        "student_t": StudentT,
        "poisson": Poisson,
        "negative_binomial": NegativeBinomial,
    },
)

if not TYPE_CHECKING:
    __all__ = ["LIKELIHOODS", "Likelihood", *LIKELIHOODS.class_names]
