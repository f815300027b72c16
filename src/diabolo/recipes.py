"""The bestiary: one short function for each published model. Each returns an ``Autoencoder`` and nothing else.

Every recipe takes, beside its own arguments, any parameter of :class:`~diabolo.Autoencoder` and any path into
its parts: ``recipes.vae(8, training__epochs=50, random_state=0)``. A parameter given replaces the recipe's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .corruption import GaussianNoise
from .errors import UnknownNameError
from .latent import Gaussian, Sphere
from .networks import MLP, Convolutional, Mirror, Residual
from .penalties import KL, L1, MMD, Contractive, Topological, WeightDecay
from .training.settings import Adam, OneCycle, Training

if TYPE_CHECKING:
    from .estimator.autoencoder import Autoencoder

Recipe = Callable[..., "Autoencoder"]
R = TypeVar("R", bound=Callable[..., Any])

#: The recipes by name.
RECIPES: dict[str, Recipe] = {}

_SAME_FOR_ALL = """Parameters
----------
latent_dim : int, default {default}
    Dimension of the code; ignored if ``latent`` is given.
{own}**settings
    Parameters of the autoencoder, and paths into its parts.

Returns
-------
Autoencoder

"""


def _recipe(make: R) -> R:
    """Put a recipe in the table, and say in its docstring what is the same for all: code, settings, result."""
    head, references, rest = inspect.cleandoc(make.__doc__ or "").partition("References\n---")
    summary, _, own = head.partition("Parameters\n----------\n")
    default = inspect.signature(make).parameters["latent_dim"].default
    shared = _SAME_FOR_ALL.format(default=default, own=own.rstrip() + "\n" if own else "")
    make.__doc__ = f"{summary}{shared}{references}{rest}"
    RECIPES[make.__name__] = make
    return make


def _make(settings: dict[str, Any], **parts: Any) -> Autoencoder:
    from .estimator.autoencoder import Autoencoder

    return Autoencoder(**parts).set_params(**settings)


def _plain() -> dict[str, Any]:
    """A network all of whose first weights are drawn, trained on all rows to the end."""
    return {"encoder": MLP(), "training": Training()}


@_recipe
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
    return _make(settings, latent=latent_dim, encoder=MLP(()), training=training)


@_recipe
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
    return _make(
        settings, latent=latent_dim, encoder=encoder, decoder=decoder, scaling="minmax", training=training
    )


def _deep(hidden: tuple[int, ...], **more: Any) -> MLP:
    return MLP(hidden, activation="prelu", init="kaiming_normal", **more)


@_recipe
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
    encoder = _deep((392, 64), output_activation="prelu")
    # On 55,000 rows of MNIST, judged on the other 5,000, three epochs of this reach a lower error than ten at the
    # constant rate of 1e-3. Short memories of the gradient suit a rate that high.
    training = Training(lr=8e-3, optimizer=Adam((0.85, 0.9)), schedule=OneCycle())
    return _make(settings, latent=latent_dim, encoder=encoder, reconstruction="bernoulli", training=training)


@_recipe
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
    encoder = _deep((1000, 500, 250))
    return _make(settings, latent=latent_dim, encoder=encoder, reconstruction="bernoulli", training=training)


@_recipe
def spherical(latent_dim: int = 3, **settings: Any) -> Autoencoder:
    """Codes on a sphere: for a map without an edge, or data that goes round, such as angles.

    Parameters
    ----------
    latent_dim : int, default 3
        Dimension of the space around the sphere, 3 for the globe; ignored if ``latent`` is given.

    References
    ----------
    T. R. Davidson et al., Hyperspherical Variational Auto-Encoders, UAI 2018, arXiv:1804.00891 (why a sphere;
    here the code is not drawn).

    Examples
    --------
    >>> spherical(4).latent
    Sphere(dim=4)
    """
    parts = {"encoder": _deep((392, 96)), "reconstruction": "bernoulli", "training": Training()}
    return _make(settings, latent=Sphere(latent_dim), **parts)


@_recipe
def residual(latent_dim: int = 2, **settings: Any) -> Autoencoder:
    """Residual blocks as wide as the data: when a deeper network is to be trained than plain layers allow.

    It starts at PCA, holds rows out, and keeps the best epoch.

    References
    ----------
    K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385.

    Examples
    --------
    >>> residual(encoder__blocks=3).encoder
    Residual(blocks=3, activation='silu', skip='pca')
    """
    return _make(settings, latent=latent_dim, encoder=Residual(activation="silu", skip="pca"))


@_recipe
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
    return _make(settings, latent=latent_dim, encoder=Convolutional(), training=Training())


@_recipe
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
    return _make(settings, latent=latent_dim, corruption=GaussianNoise(level), **_plain())


@_recipe
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
    penalties = (L1(weight), WeightDecay(1e-3))
    return _make(settings, latent=latent_dim, encoder=encoder, penalties=penalties, training=Training())


@_recipe
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
    penalties = Contractive(weight)
    return _make(settings, latent=latent_dim, encoder=encoder, penalties=penalties, training=Training())


@_recipe
def mmd(latent_dim: int = 8, weight: float = 10.0, **settings: Any) -> Autoencoder:
    """Codes that follow a normal distribution as a whole, without noise: for sampling, and sharper than a VAE.

    Also known as the MMD Wasserstein autoencoder.

    Parameters
    ----------
    weight : float, default 10
        Of the squared maximum mean discrepancy to the prior.

    References
    ----------
    I. Tolstikhin, O. Bousquet, S. Gelly, B. Schoelkopf, Wasserstein Auto-Encoders, ICLR 2018, arXiv:1711.01558.

    Examples
    --------
    >>> mmd(weight=100).penalties
    MMD(weight=100.0)
    """
    return _make(settings, latent=latent_dim, penalties=MMD(weight), **_plain())


@_recipe
def vae(latent_dim: int = 8, **settings: Any) -> Autoencoder:
    """Each row is encoded as a distribution: for generating new rows, and for a smooth map.

    The likelihood is a Gaussian with one learnt variance; for binary data take ``reconstruction="bernoulli"``.

    References
    ----------
    D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, ICLR 2014, arXiv:1312.6114.

    Examples
    --------
    >>> vae(2).latent, vae(2).penalties
    (Gaussian(), KL(warmup=0.1))
    """
    return beta_vae(latent_dim, 1.0, **settings)


@_recipe
def beta_vae(latent_dim: int = 32, beta: float = 4.0, **settings: Any) -> Autoencoder:
    """A VAE that weighs the prior more: for codes whose dimensions each mean one thing; unused ones switch off.

    The likelihood is a Gaussian with one learnt variance; for binary data take ``reconstruction="bernoulli"``.

    Parameters
    ----------
    beta : float, default 4
        Weight of the Kullback-Leibler divergence; 1 is the VAE.

    References
    ----------
    I. Higgins et al., beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework,
    ICLR 2017, openreview Sy2fzU9gl.
    O. Rybkin, K. Daniilidis, S. Levine, Simple and effective VAE training with calibrated decoders, ICML 2021,
    arXiv:2006.13202 (the learnt variance).

    Examples
    --------
    >>> beta_vae(10, beta=2).penalties
    KL(weight=2.0, warmup=0.1)
    """
    # Beta acts on nats a row, so the loss must be one that knows its own scale, on any data: a learnt variance.
    # Without the warm-up the codes would be switched off before the decoder has a use for them.
    penalties = KL(beta, warmup=0.1)
    return _make(
        settings, latent=Gaussian(latent_dim), reconstruction="gaussian", penalties=penalties, **_plain()
    )


@_recipe
def topological(latent_dim: int = 2, weight: float = 1.0, **settings: Any) -> Autoencoder:
    """Keeps how rows hang together: for maps of data with clusters inside clusters, or holes.

    Parameters
    ----------
    weight : float, default 1
        Of the mismatch of persistence pairs. Weights published with an error averaged over features are to be
        multiplied by the number of features.

    References
    ----------
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, Topological Autoencoders, ICML 2020, arXiv:1906.00722.

    Examples
    --------
    >>> topological(weight=0.5).penalties
    Topological(weight=0.5)
    """
    parts = _plain() | {"training": Training(drop_last=True)}
    return _make(settings, latent=latent_dim, penalties=Topological(weight), **parts)


def make(name: str, **settings: Any) -> Autoencoder:
    """A recipe by its name.

    Parameters
    ----------
    name : str
        Its name in ``RECIPES``.
    **settings : object
        Its settings, by name.

    Raises
    ------
    UnknownNameError
        If there is no such recipe.

    Examples
    --------
    >>> make("vae", latent_dim=3).latent
    Gaussian(dim=3)
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name](**settings)


__all__ = ["RECIPES", "make", *RECIPES]
