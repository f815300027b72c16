"""Recipes that differ in their networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..networks import MLP, Convolutional, Residual
from ..training.settings import GENERAL, Adam, AdamW, OneCycle, Training
from .table import build, recipe

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

__all__ = ["linear", "shallow", "deep", "deep_wide", "residual", "convolutional"]


def beside_pca(hidden: tuple[int, ...]) -> MLP:
    """Layers beside an affine map, which together start at PCA."""
    return MLP(hidden, activation="silu", skip="pca")


@recipe
def linear(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """One affine map in, one out, squared error: the subspace of PCA, and the baseline to try first.

    At the minimum the reconstruction is PCA's; codes are its scores up to an invertible linear map. The
    training is set so that it comes within 1 % of PCA's error on small tables.

    References
    ----------
    P. Baldi, K. Hornik, Neural networks and principal component analysis, Neural Networks 2, 1989, pp. 53-58,
    doi:10.1016/0893-6080(89)90014-2.

    Examples
    --------
    >>> linear(8).encoder
    MLP(hidden=())
    """
    # Decaying squares over 20 steps, not 1,000, lets the rate follow the flat valleys of this loss.
    training = Training(batch_size=64, lr=2e-2, optimizer=Adam((0.9, 0.95)))
    return build(settings, latent=latent_dim, encoder=MLP(()), training=training)


@recipe
def shallow(latent_dim: int = 8, **settings: Any) -> Autoencoder:
    """One hidden layer on either side of the code: quick, and enough for small tables.

    It starts at PCA, and is kept there where held-out rows show nothing better.

    References
    ----------
    M. A. Kramer, Nonlinear principal component analysis using autoassociative neural networks, AIChE Journal 37, 1991,
    pp. 233-243, doi:10.1002/aic.690370209.

    Examples
    --------
    >>> shallow(16).encoder.hidden
    (64,)
    """
    return build(settings, latent=latent_dim, encoder=beside_pca((64,)), training=GENERAL)


@recipe
def deep(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Two hidden layers that narrow to the code: the first thing to try for a map.

    It starts at PCA, and is kept there where held-out rows show nothing better. For pictures in black and white take
    ``reconstruction="bernoulli"``.

    References
    ----------
    G. E. Hinton, R. R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313,
    2006, pp. 504-507, doi:10.1126/science.1127647 (narrowing layers; here beside an affine map, without pretraining).

    Examples
    --------
    >>> deep(3).encoder.hidden
    (392, 64)
    """
    return build(settings, latent=latent_dim, encoder=beside_pca((392, 64)), training=GENERAL)


@recipe
def deep_wide(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Hidden layers of 1000, 500 and 250: the lowest error on tens of thousands of rows; slow on small data.

    It starts at PCA, and is kept there where held-out rows show nothing better.

    References
    ----------
    G. E. Hinton, R. R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313,
    2006, pp. 504-507, doi:10.1126/science.1127647 (the widths; here beside an affine map, without pretraining).

    Examples
    --------
    >>> deep_wide().encoder.hidden
    (1000, 500, 250)
    """
    # Layers as wide as these want a smaller rate.
    training = GENERAL.replace(lr=1e-3)
    return build(settings, latent=latent_dim, encoder=beside_pca((1000, 500, 250)), training=training)


@recipe
def residual(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Residual blocks as wide as the data: when a deeper network is to be trained than plain layers allow.

    It starts at PCA, and is kept there where held-out rows show nothing better.

    References
    ----------
    K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385.

    Examples
    --------
    >>> residual(encoder__blocks=3).encoder
    Residual(blocks=3, activation='silu', skip='pca')
    """
    encoder = Residual(activation="silu", skip="pca")
    return build(settings, latent=latent_dim, encoder=encoder, training=GENERAL)


@recipe
def convolutional(latent_dim: int = 16, **settings: Any) -> Autoencoder:
    """Strided convolutions and their mirror: for pictures and signals, where neighbours belong together.

    Say ``image_shape`` where pictures come as rows that are not grey squares.

    References
    ----------
    J. Masci et al., Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction, ICANN 2011,
    doi:10.1007/978-3-642-21735-7_7.

    Examples
    --------
    >>> convolutional(image_shape=(3, 32, 32)).encoder
    Convolutional(activation='silu')
    """
    training = Training(lr=4e-3, optimizer=AdamW(decay=0.01), schedule=OneCycle())
    encoder = Convolutional(activation="silu")
    return build(settings, latent=latent_dim, encoder=encoder, training=training)
