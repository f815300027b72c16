"""What a model that draws its codes says of the probability of rows."""

from __future__ import annotations

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
from .chunks import by_blocks

Array = NDArray[np.floating]

# Numbers of a decoder's output that are made at once.
_AT_ONCE = 1 << 22


def importance_weighted(weights: Array) -> NDArray[np.float64]:
    """The logarithm of the mean of exp(weights), (draws, rows), with its standard error: (rows, 2)."""
    largest = weights.max(0)
    shares = np.exp(weights - largest)
    mean, draws = shares.mean(0), len(weights)
    errors = shares.std(0, ddof=min(1, draws - 1)) / mean / np.sqrt(draws)
    return np.stack([np.log(mean) + largest, errors], axis=1)


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
        return self._weighed(X, draws, random_state, lambda weights: weights.mean(0, keepdims=True).T)[:, 0]

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
        found = self._weighed(X, draws, random_state, importance_weighted)
        return (found[:, 0], found[:, 1]) if return_std else found[:, 0]

    def _weighed(
        self, X: Any, draws: int, random_state: Any, sum_up: Callable[[Array], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """What a function makes, row by row (rows, k), of log p(x|z) + log p(z) - log q(z|x) at draws (draws, rows)."""
        check_is_fitted(self)
        check_draws(draws, "an integer >= 1")
        self._require_likelihood()
        rows, seed = self._rows(X), int(check_random_state(random_state).randint(2**31 - 1))
        loss = self.module_.parts.reconstruction
        # Scaling stretches volume, so that a density in the user's units is this much less.
        stretched = not loss.discrete and self.scaler_.kind != "none"
        stretch = np.log(self.scaler_.scale) if stretched else np.zeros(len(self.scaler_.scale))
        missing = self.module_.parts.missing
        weigh = self._weigher(draws, generator(seed, "log_likelihood"))

        def of_block(block: Array) -> NDArray[np.float64]:
            scaled = self._scaled(block)
            self._require_whole_numbers(scaled)
            jacobian = (~np.isnan(block) * stretch).sum(1) if missing else stretch.sum()
            return sum_up(self._compute(weigh, scaled).numpy().T - jacobian)

        if isinstance(rows, np.ndarray):
            return of_block(rows)
        return by_blocks(of_block, rows, None, 2, missing=missing)

    def _weigher(self, draws: int, source: torch.Generator) -> Callable[[torch.Tensor], torch.Tensor]:
        model = self.module_
        loss, prior = model.parts.reconstruction, model.parts.latent.prior
        own = self._in_double("reconstruction")
        assert prior is not None  # as _require_likelihood has seen

        def of_some(x: torch.Tensor, h: torch.Tensor, times: int) -> torch.Tensor:
            several = repeat_rows(h, times)
            q = model.posterior(several)
            z = model.draw_codes(q, several, source)
            ratio = q.log_prob(z) - prior.log_prob(z, model.component("prior"), model.posterior_of)
            output = model.decode_raw(z)[0].double().cpu()
            rows = repeat_rows(x, times)
            each = loss.log_prob(output, model.filled(rows).double().cpu(), own)
            px = model.observed(each, rows).sum(-1)
            return (px - ratio.double().cpu()).view(times, -1).T

        def weigh(x: torch.Tensor) -> torch.Tensor:
            h, at_once = model.encode_raw(x)[0], max(1, _AT_ONCE // (len(x) * loss.width(x.shape[1])))
            counts = [min(at_once, draws - start) for start in range(0, draws, at_once)]
            return torch.cat([of_some(x, h, times) for times in counts], dim=1)

        return weigh

    def _require_likelihood(self) -> None:
        """Raise unless the model gives rows a probability."""
        latent, loss = self.module_.parts.latent, self.module_.parts.reconstruction
        if latent.prior is None or not latent.noise():
            raise SettingError(
                f"the codes of {latent!r} are not drawn, so that the model gives rows no probability; "
                f"score_samples ranks them, and latent=Gaussian({latent.dim}) makes a model that does."
            )
        if loss.constant is None:
            raise SettingError(
                f"{type(loss).__name__} is a distance, not a likelihood: rows have no probability."
            )

    def _require_whole_numbers(self, scaled: Array) -> None:
        """Raise where rows are not among what a likelihood of whole numbers gives a probability."""
        loss = self.module_.parts.reconstruction
        broken = (scaled != np.round(scaled)) & ~np.isnan(scaled)
        if loss.discrete and broken.any():
            row, column = (int(i[0]) for i in np.nonzero(broken))
            raise DataError(
                f"{type(loss).__name__} gives whole numbers a probability, and X holds {scaled[row, column]:g} in row "
                f"{row}, column {column}; binarise or round the rows, or take a likelihood of numbers, such as "
                "reconstruction='gaussian'."
            )


def check_draws(draws: Any, expected: str) -> None:
    """Raise a SettingError if a number of draws is none; ``expected`` says what it may be."""
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        raise SettingError(f"draws must be {expected}, got {draws!r}.")
