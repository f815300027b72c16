"""What a model that draws its codes says of the probability of rows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..data.rng import generator
from ..errors import DataError, SettingError
from ..passes import repeat_rows
from ..training.control import undisturbed
from .answers import Answers

# Numbers of a decoder's output that are made at once.
_AT_ONCE = 1 << 22


class Probabilities(Answers):
    """Base of what a probabilistic autoencoder owes: bounds on, and estimates of, the probability of rows."""

    @undisturbed()
    def elbo(self, X: Any, *, draws: int = 1, random_state: Any = 0) -> NDArray[np.float64]:
        """The evidence lower bound of each row, in nats in the user's units: (n,); higher is better.

        Parameters
        ----------
        X : array of shape (n, n_features), (n, H, W) or (n, C, H, W)
            Samples.
        draws : int, default 1
            Codes that are drawn for each row, over which the bound is averaged.
        random_state : int, RandomState or None, default 0
            Decides the draws.

        Raises
        ------
        SettingError
            If the model has no likelihood, or its codes are not drawn.
        DataError
            If rows hold what the likelihood gives no probability.

        Examples
        --------
        >>> from diabolo import Autoencoder, Gaussian, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(latent=Gaussian(2), reconstruction="gaussian", training=Training(epochs=1))
        >>> ae.fit(X).elbo(X).shape
        (1797,)
        """
        values = [w.mean(0) for w in self._log_weights(X, draws, random_state)]
        return np.concatenate(values)

    @undisturbed()
    def log_likelihood(
        self, X: Any, *, draws: int = 500, random_state: Any = 0, return_std: bool = False
    ) -> Any:
        """The log-likelihood of each row, importance weighted, in nats in the user's units: (n,).

        It is a lower bound in the mean, which rises to the log-likelihood with the number of draws.

        Parameters
        ----------
        X : array of shape (n, n_features), (n, H, W) or (n, C, H, W)
            Samples.
        draws : int, default 500
            Codes that are drawn for each row from its posterior.
        random_state : int, RandomState or None, default 0
            Decides the draws.
        return_std : bool, default False
            Also return the standard error of each estimate, (n,), from how much the importance weights vary.

        Raises
        ------
        SettingError
            If the model has no likelihood, or its codes are not drawn.
        DataError
            If rows hold what the likelihood gives no probability.

        References
        ----------
        Y. Burda, R. Grosse, R. Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016, arXiv:1509.00519.

        Examples
        --------
        >>> from diabolo import Autoencoder, Gaussian, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(latent=Gaussian(2), reconstruction="gaussian", training=Training(epochs=1)).fit(
        ...     X
        ... )
        >>> values, errors = ae.log_likelihood(X[:10], draws=100, return_std=True)
        >>> values.shape, errors.shape
        ((10,), (10,))
        """
        values, errors = [], []
        for weights in self._log_weights(X, draws, random_state):
            largest = weights.max(0)
            shares = np.exp(weights - largest)
            mean = shares.mean(0)
            values.append(np.log(mean) + largest)
            errors.append(shares.std(0, ddof=min(1, draws - 1)) / mean / np.sqrt(draws))
        found = np.concatenate(values)
        return (found, np.concatenate(errors)) if return_std else found

    def _log_weights(self, X: Any, draws: int, random_state: Any) -> list[NDArray[np.float64]]:
        """log p(x|z) + log p(z) - log q(z|x) at draws from the posterior, (draws, rows) for blocks of rows."""
        check_is_fitted(self)
        if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
            raise SettingError(f"draws must be an integer >= 1, got {draws!r}.")
        rows = self._rows(X)
        if not isinstance(rows, np.ndarray):
            rows = rows[:]  # type: ignore[index]
        scaled = self._scaled(rows)
        self._require_probabilities(scaled)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        width = self.module_.parts.reconstruction.width(scaled.shape[1])
        size = max(1, _AT_ONCE // (draws * max(1, width)))
        # Scaling stretches volume, so that a density in the user's units is this much less.
        jacobian = 0.0
        if not self.module_.parts.reconstruction.discrete and self.scaler_.kind != "none":
            jacobian = float(np.log(self.scaler_.scale).sum())
        found = []
        for number, start in enumerate(range(0, len(scaled), size)):
            weigh = self._weigher(draws, generator(seed, "log_likelihood", 0, number))
            made = self._compute(weigh, scaled[start : start + size])
            found.append(made.numpy().T - jacobian)
        return found

    def _weigher(self, draws: int, source: torch.Generator) -> Callable[[torch.Tensor], torch.Tensor]:
        model = self.module_
        loss, latent, prior = model.parts.reconstruction, model.parts.latent, model.parts.latent.prior
        own = copy.deepcopy(model.component("reconstruction"))
        own = None if own is None else own.double()
        if prior is None:
            raise ValueError(f"{latent!r} has no prior.")

        def weigh(x: torch.Tensor) -> torch.Tensor:
            h = repeat_rows(model.encode_raw(x)[0], draws)
            q = model.posterior(h)
            noise = {k: draw((len(h), latent.dim), source).to(h) for k, draw in latent.noise().items()}
            z = q.rsample(noise)
            ratio = q.log_prob(z) - prior.log_prob(z, model.component("prior"), model.posterior_of)
            output = model.decode_raw(z)[0].double()
            px = loss.log_prob(output, repeat_rows(x, draws).double(), own).sum(-1)
            return (px - ratio.double()).view(draws, -1).T

        return weigh

    def _require_probabilities(self, scaled: NDArray[np.floating]) -> None:
        """Raise unless the model gives rows a probability."""
        parts = self.module_.parts
        if parts.latent.prior is None or not parts.latent.noise():
            raise SettingError(
                f"the codes of {parts.latent!r} are not drawn, so that the model gives rows no probability; "
                f"score_samples ranks them, and latent=Gaussian({parts.latent.dim}) makes a model that does."
            )
        if parts.reconstruction.constant is None:
            raise SettingError(
                f"{type(parts.reconstruction).__name__} is a distance, not a likelihood: rows have no probability."
            )
        if parts.reconstruction.discrete and (scaled != np.round(scaled)).any():
            row, column = (int(i[0]) for i in np.nonzero(scaled != np.round(scaled)))
            raise DataError(
                f"{type(parts.reconstruction).__name__} gives whole numbers a probability, and X holds "
                f"{scaled[row, column]:g} in row {row}, column {column}; binarise or round the rows, or take a "
                "likelihood of numbers, such as reconstruction='gaussian'."
            )
