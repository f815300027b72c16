"""Recipes whose codes are held back, by noise on the input or by a penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..corruption import GaussianNoise
from ..latent import TopK
from ..networks import MLP
from ..penalties import L1, Contractive, WeightDecay
from .table import build, recipe

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

__all__ = ["denoising", "sparse", "k_sparse", "contractive"]


@recipe
def denoising(latent_dim: int = 32, level: float = 0.3, **settings: Any) -> Autoencoder:
    """Learns to undo noise on its input: for cleaning data, and for features that small changes leave alone.

    Parameters
    ----------
    level : float, default 0.3
        Standard deviation of the noise, after scaling; ignored if ``corruption`` is given.

    References
    ----------
    P. Vincent et al., Stacked Denoising Autoencoders, JMLR 11, 2010, pp. 3371-3408.

    Examples
    --------
    >>> denoising(level=0.5).corruption, denoising(corruption="masking").corruption
    (GaussianNoise(level=0.5), 'masking')
    """
    return build(settings, latent=latent_dim, corruption=GaussianNoise(level))


@recipe
def sparse(latent_dim: int = 64, weight: float = 0.2, **settings: Any) -> Autoencoder:
    """Many rectified units of which few are active for a row: for parts and dictionaries that a person can read.

    Parameters
    ----------
    weight : float, default 0.2
        Of the sum of activations; more leaves fewer active units and a larger error.

    References
    ----------
    B. A. Olshausen, D. J. Field, Sparse coding with an overcomplete basis set, Vision Research 37, 1997,
    pp. 3311-3325, doi:10.1016/S0042-6989(97)00169-7.
    H. Cunningham et al., Sparse Autoencoders Find Highly Interpretable Features in Language Models, ICLR 2024,
    arXiv:2309.08600 (the network).

    Examples
    --------
    >>> sparse(100, weight=0.5).penalties
    (L1(weight=0.5), WeightDecay(weight=0.001))
    """
    encoder = MLP((), output_activation="relu")
    # Without the decay a small code with a large decoder would escape the penalty.
    return build(settings, latent=latent_dim, encoder=encoder, penalties=(L1(weight), WeightDecay(1e-3)))


@recipe
def k_sparse(latent_dim: int = 64, k: int = 8, **settings: Any) -> Autoencoder:
    """Codes of which each row uses k numbers, no more: sparse features without a weight to choose.

    Parameters
    ----------
    k : int, default 8
        Numbers of a code that are kept.

    References
    ----------
    A. Makhzani, B. Frey, k-Sparse Autoencoders, ICLR 2014, arXiv:1312.5663.

    Examples
    --------
    >>> k_sparse(100, k=25).latent
    TopK(dim=100, k=25)
    """
    return build(settings, latent=TopK(latent_dim, k), encoder=MLP(()))


@recipe
def contractive(latent_dim: int = 16, weight: float = 0.1, **settings: Any) -> Autoencoder:
    """Codes that move little when the input does: for robust features, and the directions data varies in.

    Each step costs one backward pass for each dimension of the code.

    Parameters
    ----------
    weight : float, default 0.1
        Of the squared Frobenius norm of the encoder's Jacobian.

    References
    ----------
    S. Rifai et al., Contractive Auto-Encoders: Explicit Invariance During Feature Extraction, ICML 2011.

    Examples
    --------
    >>> contractive(weight=0.01).penalties
    Contractive(weight=0.01)
    """
    # Smooth units: the penalty's own gradient is the curvature, which a rectifier does not have.
    encoder = MLP(width=128, depth=1, activation="tanh")
    return build(settings, latent=latent_dim, encoder=encoder, penalties=Contractive(weight))
