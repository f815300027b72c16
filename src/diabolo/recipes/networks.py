"""Recipes that differ in their networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..networks import MLP, Convolutional, Mirror, Residual
from ..training.settings import Adam, OneCycle, Training
from .table import build, recipe

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

__all__ = ["linear", "shallow", "deep", "deep_wide", "residual", "convolutional"]


def narrowing(hidden: tuple[int, ...], **more: Any) -> MLP:
    """The layers of the deep recipes, with learnt rectifiers."""
    return MLP(hidden, activation="prelu", init="kaiming_normal", **more)


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
def shallow(latent_dim: int = 32, **settings: Any) -> Autoencoder:
    """One hidden layer, which is the code: rectified units in, a sigmoid out. Fast features, no map.

    Data is scaled to [0, 1] feature by feature, as the sigmoid needs.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, Learning internal representations by error propagation, in:
    Parallel Distributed Processing 1, 1986, pp. 318-362, doi:10.7551/mitpress/5236.003.0012.

    Examples
    --------
    >>> shallow(16).encoder
    MLP(hidden=(), output_activation='relu')
    """
    encoder, decoder = MLP((), output_activation="relu"), Mirror("sigmoid")
    # A rate that rises slowly: at the full rate from the first step on, some units never come alive.
    training = Training(schedule=OneCycle())
    return build(
        settings, latent=latent_dim, encoder=encoder, decoder=decoder, scaling="minmax", training=training
    )


@recipe
def deep(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Two hidden layers that narrow to the code, cross-entropy: sharp pictures from a code of 2 or 3 numbers.

    The code has a learnt rectifier too. Other data than [0, 1] is min-max scaled.

    References
    ----------
    G. E. Hinton, R. R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313,
    2006, pp. 504-507, doi:10.1126/science.1127647.
    K. He et al., Delving Deep into Rectifiers, ICCV 2015, arXiv:1502.01852 (activation and initialisation).

    Examples
    --------
    >>> deep(3).encoder.hidden
    (392, 64)
    """
    encoder = narrowing((392, 64), output_activation="prelu")
    # On 55,000 rows of MNIST, judged on the other 5,000, three epochs of this reach a lower error than ten at the
    # constant rate of 1e-3. Short memories of the gradient suit a rate that high.
    training = Training(lr=8e-3, optimizer=Adam((0.85, 0.9)), schedule=OneCycle())
    return build(settings, latent=latent_dim, encoder=encoder, reconstruction="bernoulli", training=training)


@recipe
def deep_wide(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Hidden layers of 1000, 500 and 250: the lowest error on tens of thousands of rows; slow on small data.

    References
    ----------
    G. E. Hinton, R. R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313,
    2006, pp. 504-507, doi:10.1126/science.1127647 (the widths; here without pretraining).

    Examples
    --------
    >>> deep_wide().encoder.hidden
    (1000, 500, 250)
    """
    training = Training(lr=1e-3)
    encoder = narrowing((1000, 500, 250))
    return build(settings, latent=latent_dim, encoder=encoder, reconstruction="bernoulli", training=training)


@recipe
def residual(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Residual blocks as wide as the data: when a deeper network is to be trained than plain layers allow.

    References
    ----------
    K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385.

    Examples
    --------
    >>> residual(encoder__blocks=3).encoder
    Residual(blocks=3)
    """
    return build(settings, latent=latent_dim, encoder=Residual())


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
    Convolutional()
    """
    return build(settings, latent=latent_dim, encoder=Convolutional())
