"""The old place of :mod:`diabolo.likelihoods`."""

from .moved import moved

_PARTS = ("SquaredError", "AbsoluteError", "Bernoulli", "GaussianLikelihood", "Poisson")

__getattr__ = moved(
    __name__,
    {
        **dict.fromkeys(_PARTS, "diabolo.likelihoods"),
        "Reconstruction": "diabolo.likelihoods:Likelihood",
        "RECONSTRUCTIONS": "diabolo.likelihoods:LIKELIHOODS",
    },
)
