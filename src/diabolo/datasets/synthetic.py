"""Data sets that are generated, and the digits that scikit-learn brings along; none needs a network.

Each returns ``(X, y)``, where ``y`` is None for a set without labels, and is decided by
``random_state`` alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingError

Pair = tuple[NDArray[Any], NDArray[Any]]


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise SettingError(f"{name} must be an integer >= {least}, got {value!r}.")
    return int(value)


def _amount(name: str, value: Any, above: float | None = None) -> float:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value < 0 or value == above:
        raise SettingError(f"{name} must be a number {'>' if above == 0 else '>='} 0, got {value!r}.")
    return float(value)


def _generator(random_state: Any) -> np.random.RandomState:
    """The legacy generator: its streams are frozen, so that published sets stay what they are."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is None:
        return np.random.RandomState()
    seed = _whole("random_state", random_state, 0)
    if seed >= 2**32:
        raise SettingError(f"random_state must be below 2**32, got {seed}.")
    return np.random.RandomState(seed)


def load_digits() -> Pair:
    """Load the handwritten digits that scikit-learn brings along.

    Returns
    -------
    X : ndarray of shape (1797, 64), float32
        Grey images of 8 x 8 pixels, levels 0 to 16 divided by 16.
    y : ndarray of shape (1797,), int64
        The digit, 0 to 9.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998, doi:10.24432/C50P49.

    Examples
    --------
    >>> X, y = load_digits()
    >>> X.shape, float(X.min()), float(X.max()), int(y[0])
    ((1797, 64), 0.0, 1.0, 0)
    """
    from sklearn.datasets import load_digits as load

    X, y = load(return_X_y=True)
    return (X / 16).astype(np.float32), y.astype(np.int64)


def make_moons(n_samples: int = 1000, noise: float = 0.1, random_state: Any = 0) -> Pair:
    """Generate two interleaved half circles of radius 1 in the plane.

    Parameters
    ----------
    n_samples : int
        The number of points, half of them on each moon (the lower gets the odd one).
    noise : float
        The standard deviation of the normal noise on each coordinate.
    random_state : int, RandomState or None
        The seed; None draws a new set each time.

    Returns
    -------
    X : ndarray of shape (n_samples, 2), float64
        The points, shuffled.
    y : ndarray of shape (n_samples,), int64
        0 for the upper moon, 1 for the lower.

    Examples
    --------
    >>> X, y = make_moons(5, noise=0)
    >>> X.shape, y.tolist()
    ((5, 2), [1, 0, 0, 1, 1])
    """
    from sklearn.datasets import make_moons as make

    n, noise = _whole("n_samples", n_samples, 2), _amount("noise", noise)
    X, y = make(n, noise=noise, random_state=_generator(random_state))
    return X, y.astype(np.int64)


def make_rectangle(n_samples: int = 100, random_state: Any = 0) -> tuple[NDArray[Any], None]:
    """Draw points uniformly from the rectangle [-2, 2] x [-1, 1].

    Parameters
    ----------
    n_samples : int
        The number of points.
    random_state : int, RandomState or None
        The seed; None draws a new set each time.

    Returns
    -------
    X : ndarray of shape (n_samples, 2), float64
        The points. The variances of the distribution are 4/3 and 1/3.
    y : None
        There are no labels.

    Examples
    --------
    >>> X, _ = make_rectangle(100)
    >>> X.shape, bool((abs(X) <= [2, 1]).all())
    ((100, 2), True)
    """
    n = _whole("n_samples", n_samples, 1)
    return _generator(random_state).uniform((-2.0, -1.0), (2.0, 1.0), (n, 2)), None


def make_spheres(
    n_samples: int = 500, dim: int = 100, n_spheres: int = 11, radius: float = 5.0, random_state: Any = 42
) -> Pair:
    r"""Generate small spheres of high dimension inside a large one.

    Sphere ``i`` has its points at :math:`c_i + r\,g / \lVert g \rVert` with :math:`g \sim N(0, I)` and
    centre :math:`c_i \sim N(0, \sigma^2 I)`, :math:`\sigma = 10 / \sqrt{d}`. The last sphere has the
    centre 0, five times the radius and ten times the points, and holds the others inside. Nothing is
    scaled. The defaults give the published set.

    Parameters
    ----------
    n_samples : int
        The number of points on each inner sphere.
    dim : int
        The dimension d of a sphere; it lies in d + 1 dimensions.
    n_spheres : int
        The number of spheres, the enclosing one among them.
    radius : float
        The radius r of an inner sphere.
    random_state : int, RandomState or None
        The seed; None draws a new set each time.

    Returns
    -------
    X : ndarray of shape (n_samples * (n_spheres + 9), dim + 1), float64
        The points, sphere by sphere, the enclosing one last.
    y : ndarray of int64
        The number of the sphere, from 0.

    References
    ----------
    M. Moor, M. Horn, B. Rieck, K. Borgwardt, "Topological Autoencoders", ICML 2020,
    arXiv:1906.00722.

    Examples
    --------
    >>> X, y = make_spheres()
    >>> X.shape, int((y == 10).sum())
    ((10000, 101), 5000)
    """
    n, d, k = _whole("n_samples", n_samples, 1), _whole("dim", dim, 1), _whole("n_spheres", n_spheres, 1)
    radius = _amount("radius", radius, above=0)
    random = _generator(random_state)
    # A centre is drawn for the enclosing sphere too and not used; the stream would differ without it.
    centres = random.normal(0, 10 / np.sqrt(d), (k, d + 1))
    counts = [n] * (k - 1) + [10 * n]
    spheres = []
    for i, count in enumerate(counts):
        normal = random.standard_normal((count, d + 1))
        large = i == k - 1
        points = (5 * radius if large else radius) * normal / np.sqrt(np.sum(normal**2, axis=1))[:, None]
        spheres.append(points if large else points + centres[i])
    return np.concatenate(spheres), np.repeat(np.arange(k, dtype=np.int64), counts)


def make_swiss_roll(n_samples: int = 1500, noise: float = 0.0, random_state: Any = 0) -> Pair:
    """Generate a rolled-up sheet in three dimensions.

    Parameters
    ----------
    n_samples : int
        The number of points.
    noise : float
        The standard deviation of the normal noise on each coordinate.
    random_state : int, RandomState or None
        The seed; None draws a new set each time.

    Returns
    -------
    X : ndarray of shape (n_samples, 3), float64
        The points (t cos t, height, t sin t).
    y : ndarray of shape (n_samples,), float64
        The position t along the roll, in radians, 1.5 pi to 4.5 pi.

    References
    ----------
    S. Marsland, "Machine Learning: An Algorithmic Perspective", 2nd edition, chapter 6, 2014.

    Examples
    --------
    >>> X, t = make_swiss_roll(10)
    >>> bool(abs(X[:, 0] ** 2 + X[:, 2] ** 2 - t**2).max() < 1e-9)
    True
    """
    from sklearn.datasets import make_swiss_roll as make

    n, noise = _whole("n_samples", n_samples, 1), _amount("noise", noise)
    X, t = make(n, noise=noise, random_state=_generator(random_state))
    return X, t
