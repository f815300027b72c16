"""What generation is judged on: the data themselves or named features, and the figure that says which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, SettingError
from . import checks
from .checks import Float

Features = Callable[[Any], Any] | tuple[str, Any] | None


@dataclass(frozen=True)
class Score:
    """A figure with what it was computed on.

    Attributes
    ----------
    name : str
        The metric.
    value : float
        The figure; ``float(score)`` gives it too.
    features : str
        The features it was computed on; ``"raw"`` for the data themselves.
    n_real, n_synthetic : int
        The numbers of rows it was computed on, after any subsampling.
    p_value : float or None
        The probability of a value at least as extreme if both sets had one distribution.
    per_feature : tuple of float
        The figure of each feature, for metrics in one dimension.
    """

    name: str
    value: float
    features: str
    n_real: int
    n_synthetic: int
    p_value: float | None = None
    per_feature: tuple[float, ...] = ()

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        p = "" if self.p_value is None else f", p = {self.p_value:.3g}"
        size = f"{self.n_real} real, {self.n_synthetic} synthetic"
        return f"{self.name} {self.value:.4g} on {self.features} features ({size}{p})"


def extract(features: Features, rows: Float) -> tuple[str, Float]:
    """The name of some features, and their values for rows.

    Parameters
    ----------
    features : callable, transformer, (name, callable or transformer), or None
        None: the rows themselves, under the name ``"raw"``. A function goes by its ``__name__``, a
        transformer by its class.
    rows : ndarray of shape (rows, features)

    Returns
    -------
    tuple of str and ndarray

    Raises
    ------
    SettingError
        If the features have no name (a lambda, a partial) or cannot be computed.

    Examples
    --------
    >>> import numpy as np
    >>> extract(np.square, np.array([[2.0]]))
    ('square', array([[4.]]))
    """
    if features is None:
        return "raw", rows
    name: Any
    compute: Any
    if isinstance(features, tuple):
        name, compute = features
    else:
        name, compute = getattr(features, "__name__", None), features
    # A fitted transformer is no function, but its transform is one.
    transform = getattr(compute, "transform", None)
    if transform is not None:
        name, compute = name or type(compute).__name__, transform
    if not callable(compute):
        raise SettingError(f"features must be a function or a fitted transformer, got {features!r}.")
    if not isinstance(name, str) or name == "<lambda>":
        raise SettingError(
            f"features {features!r} have no name to report; pass a pair such as ('first layer', function)."
        )
    values = checks.matrix(compute(rows), f"features {name!r}")
    if len(values) != len(rows):
        raise DataError(
            f"features {name!r} turned {len(rows)} samples into {len(values)}; one feature vector per sample was "
            "expected."
        )
    return name, values
