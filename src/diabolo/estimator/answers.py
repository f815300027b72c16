"""What a fitted autoencoder says of rows and codes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import _is_fitted, check_array, check_is_fitted

from .. import density as densities
from ..data.checks import check_one_row, check_rows, check_weights, require_finite
from ..data.columns import warn_outside
from ..data.foreign import as_arrays
from ..data.memmap import Stored
from ..data.rng import generator
from ..data.streams import Stream
from ..errors import (
    DataError,
    SettingError,
)
from ..networks import Summary, describe
from ..training.control import undisturbed
from .chunks import by_blocks
from .state import FittedState

Array = NDArray[np.floating]


class Answers(TransformerMixin, FittedState):
    """Base of what is asked of a fitted autoencoder: codes, reconstructions, scores, samples, ways between rows."""

    @undisturbed()
    def transform(self, X: Any, *, out: Any = None) -> Any:
        """Codes of rows: (n, n_features) to (n, dim), deterministic (the posterior mean for a stochastic code).

        Parameters
        ----------
        X : array or stream
            As in :meth:`fit`.
        out : array, path or None, default None
            Where codes are written, a few thousand rows at a time: an array (n, dim), such as a ``numpy.memmap``,
            or the path of a ``.npy`` or ``.parquet`` file, which appears when it is whole. None: an array in memory.

        Returns
        -------
        array of shape (n, dim)
            With a path, the mapped ``.npy`` file, or the path of the Parquet file.

        Examples
        --------
        >>> import tempfile
        >>> from diabolo import Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     codes = ae.transform(X, out=f"{folder}/codes.npy")
        ...     type(codes).__name__, bool((codes == ae.transform(X)).all())
        ('memmap', True)
        """
        check_is_fitted(self)
        rows = self._answerable(X)
        if out is None and isinstance(rows, np.ndarray):
            return self._encode(rows)
        dim = self.module_.parts.latent.dim
        names = [f"z{i}" for i in range(dim)]
        return by_blocks(self._encode, rows, out, dim, names, missing=self.module_.parts.missing)

    def _encode(self, rows: Array) -> Array:
        return self._compute(self.module_.encode, self._scaled(rows)).numpy().astype(rows.dtype, copy=False)

    @undisturbed()
    def inverse_transform(self, Z: Any) -> Any:
        """Rows that codes stand for, in the user's units: (n, dim) to (n, n_features).

        A frame with the columns, categories and dates of the training rows where those were more than numbers.

        Raises
        ------
        DataError
            If the codes have another width than ``dim``.
        """
        check_is_fitted(self)
        codes = check_array(as_arrays(Z, "Z"), dtype=[np.float64, np.float32], ensure_all_finite=False)
        require_finite(codes, "Z")
        dim = self.module_.parts.latent.dim
        if codes.shape[1] != dim:
            raise DataError(f"codes of shape (n, {dim}) were expected, got {codes.shape}.")
        return self._given_back(self._decode(codes))

    def _given_back(self, rows: Array, like: Any = None) -> Any:
        """Rows as the user has them: a frame where the training rows were one that a schema reads."""
        return self.schema_.decode(rows, like) if hasattr(self, "schema_") else rows

    @undisturbed()
    def reconstruct(self, X: Any, *, out: Any = None) -> Any:
        """Rows as the model gives them back, in the user's units; pictures in arrays keep their shape.

        A frame with other columns than numbers gives such a frame; with ``out``, the numbers that they become.

        Parameters
        ----------
        X : array or stream
            As in :meth:`fit`.
        out : array, path or None, default None
            Where they are written, as in :meth:`transform`; rows of files are flat.
        """
        check_is_fitted(self)
        rows = self._answerable(X)
        if out is None and isinstance(rows, np.ndarray):
            shape, made = np.shape(X), self._decode(self._encode(rows))
            if hasattr(self, "schema_") and self.schema_.is_of(X):
                return self._given_back(made, X)
            return made.reshape(shape) if len(shape) in (3, 4) else made
        width, names = self.module_.domain.n_features, self.feature_names
        missing = self.module_.parts.missing
        return by_blocks(
            lambda block: self._decode(self._encode(block)), rows, out, width, names, missing=missing
        )

    def _decode(self, codes: Array) -> Array:
        return self.scaler_.backward(self._compute(self.module_.decode, codes).numpy(), codes.dtype)

    @undisturbed()
    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """How well each row is given back: minus its loss above the least that any output can have; higher is better.

        Summed over features; a row that is given back exactly scores best. It is computed from the deterministic code,
        on rows as the model sees them (scaled), in the loss's units: minus the squared error, for Bernoulli minus the
        Kullback-Leibler divergence between target and output, for Poisson minus half the deviance, in nats.
        """
        check_is_fitted(self)
        rows = self._answerable(X)
        loss, own = self.module_.parts.reconstruction, self._in_double("reconstruction")

        def minus_excess(x: torch.Tensor) -> torch.Tensor:
            output = self.module_.decode_raw(self.module_.encode(x))[0]
            # Summed in float64, so that a row's score does not depend on how the sum is split.
            target = self.module_.filled(x).double().cpu()
            each = loss.excess_per_feature(output.double().cpu(), target, own)
            return -self.module_.observed(each, x).sum(-1, keepdim=True)

        def score(block: Array) -> NDArray[np.float64]:
            return self._compute(minus_excess, self._scaled(block)).squeeze(-1).numpy()

        if isinstance(rows, np.ndarray):
            return score(rows)
        return by_blocks(score, rows, None, 1, missing=self.module_.parts.missing)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean of :meth:`score_samples`: higher is better, so that a grid search works without labels.

        Parameters
        ----------
        X : array of shape (n, n_features), (n, H, W) or (n, C, H, W)
            Samples.
        y : ignored
            There for scikit-learn's sake.
        sample_weight : array of shape (n,) or None, default None
            How much each row counts; None: all alike.
        """
        each = self.score_samples(X)
        weight = None if sample_weight is None else check_weights(sample_weight, len(each))
        if weight is None:
            return float(each.mean())
        return float(np.average(each[weight > 0], weights=weight[weight > 0]))

    def sample(
        self, n: int = 1, *, density: Any = None, noise: bool = False, random_state: Any = None
    ) -> Any:
        """New rows: codes are drawn and decoded, as :meth:`inverse_transform` does.

        Parameters
        ----------
        n : int
            Number of rows, at least 1.
        density : object with ``sample``, str or None, default None
            What codes are drawn from. None: the latent space's prior, or the normal that a penalty
            matched the codes to; where there is neither, a Gaussian mixture of the codes of training rows. One
            that is not fitted is fitted to those codes. On a sphere it must be one of the sphere, such as
            "von_mises_fisher_mixture".
        noise : bool, default False
            Draw rows from the likelihood that each code gives, with the spread of the data; False: its mean, which is
            smoother than any row.
        random_state : int, RandomState or None
            Decides which codes, and which rows, are drawn; None: other ones at each call.

        Returns
        -------
        array of shape (n, n_features)

        Raises
        ------
        SettingError
            If noise is asked for and the loss is a distance that belongs to no likelihood.
        """
        check_is_fitted(self)
        random = check_random_state(random_state)
        codes = self.sample_codes(n, density=density, random_state=random)
        if not noise:
            return self.inverse_transform(codes)
        with torch.no_grad():
            return self._given_back(self._draw(codes, int(random.randint(2**31 - 1))))

    @undisturbed()
    def _draw(self, codes: Array, seed: int) -> Array:
        """Rows in the user's units from the likelihoods of codes."""
        model = self.module_
        source = generator(seed, "rows", device=model.device)

        def drawn(z: torch.Tensor) -> torch.Tensor:
            output, own = model.decode_raw(z)[0], model.component("reconstruction")
            return model.parts.reconstruction.sample(output, source, own)

        return self.scaler_.backward(self._compute(drawn, codes).numpy(), codes.dtype)

    @undisturbed()
    def sample_codes(self, n: int = 1, *, density: Any = None, random_state: Any = None) -> Array:
        """Codes drawn as :meth:`sample` draws them, not decoded: array of shape (n, dim).

        Parameters
        ----------
        n : int, default 1
            Number of codes, at least 1.
        density : object with ``sample``, str or None, default None
            As in :meth:`sample`.
        random_state : int, RandomState or None
            Decides which codes are drawn; None: other ones at each call.
        """
        check_is_fitted(self)
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise SettingError(f"n, the number of samples, must be an integer >= 1, got {n!r}.")
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        parts = self.module_.parts
        if density is None and parts.latent.prior is not None:
            with torch.no_grad():
                return self.module_.sample_prior(n, generator(seed, "sample")).cpu().numpy()
        if density is None:
            matched = any(p.matches_prior and p.weight > 0 for p in parts.penalties)
            density = "standard_normal" if matched else "gaussian_mixture"
        chosen = densities.resolve(density)
        densities.require_geometry(chosen, parts.latent.geometry.name)
        if not _is_fitted(chosen):
            chosen = clone(chosen).fit(self.codes_)
        return np.asarray(chosen.sample(n, random_state=seed), self.codes_.dtype)

    @undisturbed()
    def interpolate(self, a: Any, b: Any, n: int = 10) -> Array:
        """Rows on the way from one row to another: both are encoded, and the shortest way between is decoded.

        Parameters
        ----------
        a, b : array of n_features numbers
            One row each, or one picture.
        n : int, default 10
            Number of rows, both ends (as the model reconstructs them) included; at least 2.

        Returns
        -------
        array of shape (n, n_features)
            At equal steps along the latent space: a straight line, or a great circle for a sphere.

        Raises
        ------
        DataError
            If a or b is not one row of ``n_features`` finite numbers.
        SettingError
            If n is no integer of at least 2.

        Examples
        --------
        >>> from diabolo import Autoencoder, Sphere, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(latent=Sphere(3), training=Training(epochs=1), random_state=0).fit(X)
        >>> ae.interpolate(X[0], X[1], n=5).shape
        (5, 64)
        """
        check_is_fitted(self)
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 2:
            raise SettingError(
                f"n, the number of samples from start to end, must be an integer >= 2, got {n!r}."
            )
        width = self.module_.domain.n_features
        schema = getattr(self, "schema_", None)
        ends = ((v if schema is None else schema.rows(v, name), name) for v, name in ((a, "a"), (b, "b")))
        rows = np.concatenate([check_one_row(v, name, width) for v, name in ends])
        start, end = (z.expand(int(n), -1) for z in self._compute(self.module_.encode, self._scaled(rows)))
        t = torch.linspace(0, 1, int(n), dtype=start.dtype)
        codes = self.module_.parts.latent.interpolate(start, end, t).numpy()
        made = self.scaler_.backward(self._compute(self.module_.decode, codes).numpy(), rows.dtype)
        return self._given_back(made)

    def summary(self) -> Summary:
        """The layers from the data to the code and back, with their widths, parameters and compression.

        Examples
        --------
        >>> from diabolo import MLP, Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> print(Autoencoder(encoder=MLP((32,)), training=Training(epochs=1)).fit(X).summary())
        layer                  kind   width  parameters  compression
        encoder.layers.0       Dense     32       2,080         2.00
        encoder.activations.0  relu      32           0         2.00
        encoder.layers.1       Dense      2          66        32.00
        decoder.layers.0       Dense     32          96         2.00
        decoder.activations.0  relu      32           0         2.00
        decoder.layers.1       Dense     64       2,112         1.00
        64 features to codes of 2 (32.00 to 1), 4,354 parameters
        """
        check_is_fitted(self)
        model, n = self.module_, self.module_.domain.n_features
        halves = (("encoder", model.encoder, n), ("decoder", model.decoder, model.parts.latent.dim))
        rows = tuple(
            row._replace(name=f"{side}.{row.name}".rstrip("."))
            for side, half, width in halves
            for row in describe(half, width, n)
        )
        return Summary(rows, n, model.parts.latent.dim, sum(p.numel() for p in model.parameters()))

    def _in_double(self, component: str) -> torch.nn.Module | None:
        """A copy of what a component built, to add up with in float64 on the CPU; None if it built nothing."""
        own = copy.deepcopy(self.module_.component(component))
        return None if own is None else own.double().cpu()

    def _rows(self, X: Any) -> Array | Stored | Stream:
        """Rows of the width that was learnt."""
        parts, shape = self.module_.parts, self.module_.domain.image_shape
        return check_rows(self, X, reset=False, image_shape=shape, missing=parts.missing)[0]

    def _answerable(self, X: Any) -> Array | Stored | Stream:
        """Rows of the width that was learnt; those far outside the training rows are warned of."""
        rows = self._rows(X)
        if isinstance(rows, np.ndarray):
            warn_outside(rows, self.scaler_, self.feature_names, stacklevel=5)
        return rows
