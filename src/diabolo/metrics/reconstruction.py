"""How far is a reconstruction from its original, in all, by row, by feature."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import DataError, SettingError
from . import checks
from .checks import Float

# Images filtered at once, which bounds the memory of ssim.
IMAGES_AT_ONCE = 1024


def mse(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> float:
    r"""Mean squared error per feature, in squared units of the data.

    .. math:: \frac{1}{n d} \sum_{ij} (x_{ij} - \hat x_{ij})^2

    Parameters
    ----------
    x : array of shape (rows, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.

    Returns
    -------
    float

    Raises
    ------
    DataError
        If the shapes differ, or a value is NaN or infinite.

    Examples
    --------
    >>> mse([[0.0, 0.0]], [[1.0, 3.0]])
    5.0
    """
    a, b = checks.same_shape(x, x_hat)
    return float(np.mean((a - b) ** 2))


def mae(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> float:
    r"""Mean absolute error per feature, in units of the data.

    .. math:: \frac{1}{n d} \sum_{ij} |x_{ij} - \hat x_{ij}|

    Parameters
    ----------
    x : array of shape (rows, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.

    Returns
    -------
    float

    Examples
    --------
    >>> mae([[0.0, 0.0]], [[1.0, -3.0]])
    2.0
    """
    a, b = checks.same_shape(x, x_hat)
    return float(np.mean(np.abs(a - b)))


def bce(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> float:
    r"""Binary cross-entropy per feature, in nats.

    .. math:: -\frac{1}{n d} \sum_{ij} x_{ij} \log \hat x_{ij} + (1 - x_{ij}) \log (1 - \hat x_{ij})

    Logarithms are held at -100 or above, as PyTorch does, so that a certain and wrong
    reconstruction stays finite.

    Parameters
    ----------
    x : array of shape (rows, ...)
        Originals in [0, 1].
    x_hat : array of the same shape
        Reconstructed probabilities in [0, 1], not logits.

    Returns
    -------
    float

    Raises
    ------
    DataError
        If a value is outside [0, 1].

    Examples
    --------
    >>> bce([[1.0, 0.0]], [[0.5, 0.5]])
    0.6931471805599453
    """
    a, b = checks.same_shape(x, x_hat)
    for array, name in ((a, "x"), (b, "x_hat")):
        if array.min() < 0 or array.max() > 1:
            raise DataError(
                f"bce needs {name} in [0, 1], got values from {array.min():g} to {array.max():g}; "
                "scale the data (or take the sigmoid of logits), or use mse."
            )
    with np.errstate(divide="ignore"):
        log_b, log_not_b = np.maximum(np.log(b), -100.0), np.maximum(np.log1p(-b), -100.0)
    return float(-np.mean(a * log_b + (1 - a) * log_not_b))


def squared_error(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> Float:
    r"""Squared error of each row, summed over its features.

    .. math:: e_i = \sum_j (x_{ij} - \hat x_{ij})^2

    Parameters
    ----------
    x : array of shape (rows, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.

    Returns
    -------
    ndarray of shape (rows,)
        In squared units of the data.

    Examples
    --------
    >>> squared_error([[0.0, 0.0], [1.0, 1.0]], [[1.0, 3.0], [1.0, 1.0]])
    array([10.,  0.])
    """
    squares = attribution(x, x_hat)
    return np.asarray(squares.reshape(len(squares), -1).sum(axis=1))


def attribution(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> Float:
    r"""Squared error of each row and feature: which feature made this row strange.

    .. math:: a_{ij} = (x_{ij} - \hat x_{ij})^2, \qquad \sum_j a_{ij} = e_i

    Parameters
    ----------
    x : array of shape (rows, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.

    Returns
    -------
    ndarray of the same shape
        The parts of :func:`squared_error`.

    Examples
    --------
    >>> attribution([[0.0, 0.0]], [[1.0, 3.0]])
    array([[1., 9.]])
    """
    a, b = checks.same_shape(x, x_hat)
    return np.asarray((a - b) ** 2)


def feature_error(x: npt.ArrayLike, x_hat: npt.ArrayLike) -> Float:
    r"""Mean squared error of each feature over the rows.

    .. math:: f_j = \frac{1}{n} \sum_i (x_{ij} - \hat x_{ij})^2

    Parameters
    ----------
    x : array of shape (rows, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.

    Returns
    -------
    ndarray of shape (...)
        In squared units of the data; its mean is :func:`mse`.

    Examples
    --------
    >>> feature_error([[0.0, 0.0], [0.0, 0.0]], [[1.0, 3.0], [1.0, 1.0]])
    array([1., 5.])
    """
    return np.asarray(attribution(x, x_hat).mean(axis=0))


def psnr(x: npt.ArrayLike, x_hat: npt.ArrayLike, data_range: float = 1.0) -> Float:
    r"""Peak signal-to-noise ratio of each image, in decibels.

    .. math:: 10 \log_{10} \frac{L^2}{\mathrm{MSE}_i}

    Parameters
    ----------
    x : array of shape (images, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.
    data_range : float
        L, the largest value less the smallest that a pixel can take: 1 for [0, 1], 255 for bytes.

    Returns
    -------
    ndarray of shape (images,)
        Infinite for an image reconstructed without error.

    Examples
    --------
    >>> psnr([[0.0, 1.0]], [[0.1, 0.9]])
    array([20.])
    """
    peak = checks.positive(data_range, "data_range")
    squares = attribution(x, x_hat)
    mean = squares.reshape(len(squares), -1).mean(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(peak**2 / mean))


def ssim(
    x: npt.ArrayLike, x_hat: npt.ArrayLike, data_range: float = 1.0, window: int = 11, sigma: float = 1.5
) -> Float:
    r"""Structural similarity of each image with its reconstruction; one at best.

    .. math:: \frac{(2 \mu_x \mu_y + c_1)(2 \sigma_{xy} + c_2)}
              {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    averaged over all positions at which the Gaussian window lies inside the image, and over channels;
    :math:`c_1 = (0.01 L)^2`, :math:`c_2 = (0.03 L)^2`.

    Parameters
    ----------
    x : array of shape (images, height, width) or (images, channels, height, width)
        Originals.
    x_hat : array of the same shape
        Reconstructions.
    data_range : float
        L, the largest value less the smallest that a pixel can take.
    window : int
        Side of the window in pixels, odd, at most the image's smaller side.
    sigma : float
        Standard deviation of the window in pixels.

    Returns
    -------
    ndarray of shape (images,)
        In [-1, 1].

    Raises
    ------
    DataError
        If the images are not images, or smaller than the window.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, Image quality assessment: from error visibility
    to structural similarity, IEEE Transactions on Image Processing 13(4), 2004, doi:10.1109/TIP.2003.819861.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((2, 16, 16))
    >>> ssim(images, images)
    array([1., 1.])
    """
    a, b = checks.same_shape(x, x_hat)
    peak, spread = checks.positive(data_range, "data_range"), checks.positive(sigma, "sigma")
    if a.ndim not in (3, 4):
        raise DataError(
            f"ssim needs images of shape (n, height, width) or (n, channels, height, width), got {a.shape}; "
            "reshape flat rows first, for example x.reshape(-1, 28, 28)."
        )
    side = min(a.shape[-2:])
    if checks.count(window, "window") > side:
        raise DataError(
            f"a window of {window} x {window} does not fit images of {a.shape[-2]} x {a.shape[-1]}; "
            f"pass window={side - (side + 1) % 2}."
        )
    if window % 2 == 0:
        raise SettingError(f"window must be odd, to have a middle pixel; got {window}.")
    offsets = np.arange(window) - window // 2
    weights = np.exp(-(offsets**2) / (2 * spread**2))
    weights /= weights.sum()
    parts = [
        _ssim(a[i : i + IMAGES_AT_ONCE], b[i : i + IMAGES_AT_ONCE], weights, peak)
        for i in range(0, len(a), IMAGES_AT_ONCE)
    ]
    return np.concatenate(parts)


def _ssim(a: Float, b: Float, weights: Float, peak: float) -> Float:
    mean_a, mean_b = _blur(a, weights), _blur(b, weights)
    var_a = _blur(a * a, weights) - mean_a**2
    var_b = _blur(b * b, weights) - mean_b**2
    covariance = _blur(a * b, weights) - mean_a * mean_b
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    index = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    index /= (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return np.asarray(index.reshape(len(index), -1).mean(axis=1))


def _blur(images: Float, weights: Float) -> Float:
    """Weighted means over the windows that lie inside the image (trailing two axes)."""
    from scipy.ndimage import correlate1d

    edge = len(weights) // 2
    blurred = correlate1d(correlate1d(images, weights, axis=-1), weights, axis=-2)
    height, width = images.shape[-2:]
    return np.asarray(blurred[..., edge : height - edge, edge : width - edge])
