"""What every density has in common: checking of codes, the score, and saving as plain arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data.foreign import as_arrays
from ..errors import DataError, SettingError

Array = NDArray[np.float64]


class Density(DensityMixin, BaseEstimator, ABC):
    """Base of the densities: ``fit``, ``sample`` and ``log_prob`` over codes of shape (n, d).

    Attributes
    ----------
    geometry : str
        Which codes it is for: those of a "flat" space, of the unit "sphere", or "any".
    """

    # A subclass names its learnt arrays in _state (each is an attribute with a trailing underscore) and
    # implements _learn, _draw and _score.
    geometry: ClassVar[str] = "flat"
    #: Learnt arrays: name without the underscore, to its shape in words of n, d and k.
    _state: ClassVar[Mapping[str, str]]
    _min_rows: ClassVar[int] = 1

    n_features_in_: int

    @abstractmethod
    def _learn(self, codes: Array) -> None: ...

    @abstractmethod
    def _draw(self, n: int, rng: np.random.RandomState) -> Array: ...

    @abstractmethod
    def _score(self, codes: Array) -> Array: ...

    def _check(self, codes: ArrayLike, *, reset: bool) -> Array:
        rows, given = self._min_rows if reset else 1, as_arrays(codes, "codes")
        try:
            checked = validate_data(self, given, reset=reset, dtype=np.float64, ensure_min_samples=rows)
        except ValueError as error:
            message = f"{type(self).__name__} takes codes of shape (n, d), finite numbers. {error}"
            raise DataError(message) from error
        return cast(Array, checked)

    def fit(self, codes: ArrayLike, y: object = None) -> Self:
        """Learn the density from codes.

        Parameters
        ----------
        codes : array of shape (n, d)
            One code a row.
        y : ignored
            Present for scikit-learn's pipelines.

        Returns
        -------
        Self
            The density, fitted.

        Raises
        ------
        DataError
            If the codes have another shape, too few rows, or are not finite numbers.
        """
        self._learn(self._check(codes, reset=True))
        return self

    def sample(self, n: int = 1, random_state: Any = None) -> Array:
        """Draw new codes.

        Parameters
        ----------
        n : int
            How many codes; 0 gives an array of no rows.
        random_state : int, numpy.random.RandomState or None
            The seed; None draws differently every time.

        Returns
        -------
        array of shape (n, d)
            Independent draws, in no particular order.

        Raises
        ------
        SettingError
            If ``n`` is not a whole number >= 0.
        """
        check_is_fitted(self)
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
            raise SettingError(f"sample: n must be a whole number >= 0, got {n!r}.")
        return self._draw(int(n), check_random_state(random_state))

    def log_prob(self, codes: ArrayLike) -> Array:
        """The log-density of each code, in nats.

        Parameters
        ----------
        codes : array of shape (n, d)
            One code a row.

        Returns
        -------
        array of shape (n,)
            Log-densities; minus infinity outside the support.

        Raises
        ------
        DataError
            If the width differs from that of the codes given to :meth:`fit`, or values are not finite.
        """
        check_is_fitted(self)
        return self._score(self._check(codes, reset=False))

    def score(self, X: ArrayLike, y: object = None) -> float:
        """The mean log-density in nats per code, so that scikit-learn's searches can compare densities."""
        return float(np.mean(self.log_prob(X)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The learnt state as named arrays; with ``get_params`` they are the whole density.

        Returns
        -------
        dict of str to array
            Copies, which safetensors or ``numpy.savez`` can write.
        """
        check_is_fitted(self)
        return {name: np.array(getattr(self, f"{name}_")) for name in self._state}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike], **params: Any) -> Self:
        """The fitted density that :meth:`to_arrays` described.

        Parameters
        ----------
        arrays : mapping of str to array
            What ``to_arrays`` gave.
        **params
            Settings of the class, as ``get_params`` gives them.

        Returns
        -------
        Density
            Fitted; it samples and scores as the one that was saved.

        Raises
        ------
        DataError
            If an array is missing, unknown, not finite, or of a wrong shape.
        """
        if set(arrays) != set(cls._state):
            expected, got = ", ".join(cls._state), ", ".join(sorted(arrays)) or "none"
            raise DataError(f"{cls.__name__} is made from the arrays {expected}; got {got}.")
        sizes: dict[str, int] = {}
        density = cls(**params)
        for name, words in cls._state.items():
            value = np.array(arrays[name], dtype=np.float64)
            letters = words.split()
            fits = value.ndim == len(letters) and bool(np.isfinite(value).all())
            pairs = zip(letters, value.shape, strict=True) if fits else ()
            if not fits or any(sizes.setdefault(w, size) != size for w, size in pairs):
                wanted = f"({', '.join(letters)})"
                raise DataError(
                    f"{cls.__name__}: the array {name!r} must be finite with shape {wanted}"
                    f"{''.join(f', {w} = {size}' for w, size in sizes.items())}; got shape {value.shape}."
                )
            setattr(density, f"{name}_", value if letters else int(value))
        density.n_features_in_ = sizes["d"] if "d" in sizes else int(arrays["dim"])  # type: ignore[arg-type]
        return density


def per_feature_floor(variance: Array) -> float:
    """The smallest variance that is told from rounding: one millionth of the mean variance.

    It is relative, so that codes of any scale are treated alike; constant codes, which have none, get 1e-12.
    """
    mean = float(np.mean(variance))
    return max(1e-6 * mean, float(np.finfo(np.float64).tiny)) if mean > 0 else 1e-12


def require_count(density: Density, name: str, codes: Array) -> int:
    """The number of components that a setting names; raise if it is none, or more than there are codes to fit."""
    who, value = type(density).__name__, getattr(density, name)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise SettingError(f"{who}: {name} must be a whole number >= 1, got {value!r}.")
    if name == "n_components" and len(codes) < value:
        raise DataError(
            f"{who}: {value} components need at least {value} codes, got {codes.shape}. "
            "Give more codes or fewer components."
        )
    return int(value)
