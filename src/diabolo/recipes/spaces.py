"""Recipes that say what their codes are: where they lie, how they are spread, what they keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..latent import Gaussian, Sphere
from ..networks import MLP
from ..penalties import KL, MMD, AdversarialPrior, AdversarialTC, Topological, TotalCorrelation
from ..training.settings import Training
from .table import build, recipe

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder
    from ..penalties import Penalty

__all__ = ["spherical", "mmd", "adversarial", "vae", "beta_vae", "beta_tc_vae", "factor_vae", "topological"]


def _variational(settings: dict[str, Any], latent_dim: int, *penalties: Penalty) -> Autoencoder:
    """A variational autoencoder with penalties on its codes, the divergence from the prior first."""
    # They act on nats a row, so the loss must be one that knows its own scale, on any data: a learnt variance. Without
    # the divergence's warm-up the codes would be switched off before the decoder has a use for them.
    held = penalties if len(penalties) > 1 else penalties[0]
    return build(settings, latent=Gaussian(latent_dim), reconstruction="gaussian", penalties=held)


@recipe
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
    return build(
        settings,
        latent=Sphere(latent_dim),
        encoder=MLP((392, 96), activation="prelu", init="kaiming_normal"),
        reconstruction="bernoulli",
    )


@recipe
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
    return build(settings, latent=latent_dim, penalties=MMD(weight))


@recipe
def adversarial(latent_dim: int = 8, weight: float = 1.0, **settings: Any) -> Autoencoder:
    """Codes that a critic cannot tell from a normal distribution: for sampling, without noise.

    The likelihood is a Gaussian with one learnt variance; for binary data take ``reconstruction="bernoulli"``.

    Parameters
    ----------
    weight : float, default 1
        Of what the codes lose to the critic.

    References
    ----------
    A. Makhzani et al., Adversarial Autoencoders, 2015, arXiv:1511.05644.

    Examples
    --------
    >>> adversarial(2, weight=3).penalties
    AdversarialPrior(weight=3.0, warmup=0.1)
    """
    # What the codes lose is in nats, whatever the data's units, so the loss must know its own scale.
    penalties = AdversarialPrior(weight, warmup=0.1)
    return build(settings, latent=latent_dim, reconstruction="gaussian", penalties=penalties)


@recipe
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


@recipe
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
    return _variational(settings, latent_dim, KL(beta, warmup=0.1))


@recipe
def beta_tc_vae(latent_dim: int = 10, beta: float = 6.0, **settings: Any) -> Autoencoder:
    """A VAE whose dimensions are made independent, as a batch estimates it: no critic, and large batches.

    The likelihood is a Gaussian with one learnt variance; for binary data take ``reconstruction="bernoulli"``.

    Parameters
    ----------
    beta : float, default 6
        Weight of the total correlation of the codes; 1 is the VAE.

    References
    ----------
    R. T. Q. Chen et al., Isolating Sources of Disentanglement in VAEs, NeurIPS 2018, arXiv:1802.04942.

    Examples
    --------
    >>> beta_tc_vae(6, beta=4).penalties
    (KL(warmup=0.1), TotalCorrelation(weight=3.0, warmup=0.1))
    """
    return _variational(settings, latent_dim, KL(warmup=0.1), TotalCorrelation(beta - 1, warmup=0.1))


@recipe
def factor_vae(latent_dim: int = 10, gamma: float = 10.0, **settings: Any) -> Autoencoder:
    """A VAE whose dimensions are made independent, not small: dimensions that mean one thing, at less loss of detail.

    The likelihood is a Gaussian with one learnt variance; for binary data take ``reconstruction="bernoulli"``.

    Parameters
    ----------
    gamma : float, default 10
        Weight of the total correlation of the codes, as a critic estimates it.

    References
    ----------
    H. Kim, A. Mnih, Disentangling by Factorising, ICML 2018, arXiv:1802.05983.

    Examples
    --------
    >>> factor_vae(6, gamma=20).penalties
    (KL(warmup=0.1), AdversarialTC(weight=20.0))
    """
    return _variational(settings, latent_dim, KL(warmup=0.1), AdversarialTC(gamma))


@recipe
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
    training = Training(drop_last=True)
    return build(settings, latent=latent_dim, penalties=Topological(weight), training=training)
