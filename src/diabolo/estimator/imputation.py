"""Filling in missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..data.rng import generator
from ..training.control import undisturbed
from .probability import Probabilities, check_draws

Array = NDArray[np.floating]


class Imputation(Probabilities):
    """Base of what a model that was fitted with ``missing="mask"`` says of values that are not there."""

    @undisturbed()
    def impute(self, X: Any, *, draws: int | None = None, random_state: Any = 0) -> Any:
        """Rows with their missing values (NaN) filled in, in the user's units; observed values stay as they are.

        Parameters
        ----------
        X : array of shape (n, n_features), or frame
            Samples, which may miss values.
        draws : int or None, default None
            None: each value is filled in by its reconstruction. A number: so many times, by draws of the code and of
            the likelihood that it gives.
        random_state : int, RandomState or None, default 0
            Decides the draws.

        Returns
        -------
        array of shape (n, n_features), or (draws, n, n_features)
            Without draws, a frame of the user's kind where the training rows were a frame of more than numbers.

        Raises
        ------
        SettingError
            If draws are asked of a loss that is no likelihood.
        DataError
            If values are missing and the model was not fitted with ``missing="mask"``.

        Examples
        --------
        >>> import numpy as np
        >>> from diabolo import Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> X[::2, 20] = np.nan
        >>> ae = Autoencoder(missing="mask", training=Training(epochs=1), random_state=0).fit(X)
        >>> filled = ae.impute(X)
        >>> bool(np.isnan(filled).any()), bool((filled[1::2] == X[1::2]).all())
        (False, True)
        """
        check_is_fitted(self)
        if draws is not None:
            check_draws(draws, "None or an integer >= 1")
        rows = np.asarray(self._answerable(X)[:])  # type: ignore[index]
        gaps = np.isnan(rows)
        if draws is None:
            return self._given_back(np.where(gaps, self._decode(self._encode(rows)), rows), X)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        drawn = self._draws(rows, int(draws), generator(seed, "impute", device=self.module_.device))
        return np.where(gaps, drawn, rows)

    def _draws(self, rows: Array, draws: int, source: torch.Generator) -> Array:
        """Rows drawn from the likelihoods of codes that are drawn for rows: (draws, n, n_features)."""
        model = self.module_

        def drawn(x: torch.Tensor) -> torch.Tensor:
            codes = model.draw_codes(model.posterior_of(x), x, source)
            output, own = model.decode_raw(codes)[0], model.component("reconstruction")
            return model.parts.reconstruction.sample(output, source, own)

        scaled = self._scaled(rows)
        each = (self._compute(drawn, scaled).numpy() for _ in range(draws))
        return np.stack([self.scaler_.backward(made, rows.dtype) for made in each])
