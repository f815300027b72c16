"""Parameters that are parts, and paths into them."""

from __future__ import annotations

from functools import cache
from typing import Any, Self

from sklearn.base import BaseEstimator

from .. import slots
from ..errors import (
    SettingError,
    UnknownNameError,
)


class PartParameters(BaseEstimator):
    """Base of an estimator whose parameters may be parts: each of their settings has a path."""

    latent: Any
    training: Any

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads the signature at every call; a search makes thousands.
        return list(super()._get_param_names())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with ``deep`` also every setting of every part by its path."""
        params = {name: getattr(self, name) for name in self._get_param_names()}
        if deep:
            latent = self._latent_or_none()
            for name in slots.SLOTS:
                params |= slots.deep_items(name, getattr(self, name), latent)
        return params

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name, and settings of parts by path.

        A value that a setting cannot take is refused by ``fit``, so that a grid search can score it as failed.

        Raises
        ------
        UnknownNameError
            If there is no such parameter or setting.
        """
        names = self._get_param_names()
        for path, value in sorted(params.items(), key=lambda item: item[0].count("__")):
            name, _, rest = path.partition("__")
            if name not in names or (rest and name not in slots.SLOTS):
                raise UnknownNameError(f"parameter of {type(self).__name__}", path, names)
            if rest:
                value = slots.change(name, getattr(self, name), rest, value, self._latent_or_none())
            setattr(self, name, value)
        return self

    def _latent_or_none(self) -> Any:
        try:
            return slots.resolve("latent", self.latent)
        except SettingError:
            return None
