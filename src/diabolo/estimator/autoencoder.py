"""The scikit-learn face: an autoencoder as an estimator."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import _is_fitted, check_array, check_is_fitted

from .. import __version__, slots
from .. import density as densities
from ..data.batches import TrainingData
from ..data.checks import check_image_shape, check_one_row, check_rows, find_device, require_finite
from ..data.foreign import as_plain
from ..data.memmap import Stored
from ..data.rng import generator
from ..data.scaling import learn_scaling
from ..data.streams import Stream
from ..errors import (
    DataError,
    DivergedError,
    InterruptedWarning,
    SettingError,
    UnknownNameError,
    VersionWarning,
    WarmupWarning,
)
from ..latent import HasPrior
from ..model import Model
from ..networks import Summary, describe
from ..penalties import MatchesPrior
from ..storage.model import save
from ..training.control import threads_for, undisturbed
from ..training.events import Callback
from ..training.fitted import Fitted, count_parameters, require_parameters, transfer
from ..training.loop import Run
from ..training.member import Member
from ..training.row import Layout
from ..training.settings import Training
from .preparation import (
    Looked,
    Preparation,
    architecture,
    by_blocks,
    domain_of,
    execute,
    find_trained,
    in_chunks,
    look,
    training_data,
    warn_of_poor_fit,
    warn_of_warmups,
)
from .resuming import resumable, seed_of_checkpoint

if TYPE_CHECKING:
    from ..report import Report

Array = NDArray[np.floating]

_KEPT_CODES = 5000


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An autoencoder as a scikit-learn transformer.

    Every part may be left to its default (None), given as a part, by its name, or as a dict of its settings;
    settings are reached by path, as in ``set_params(training__lr=1e-3)``.

    Parameters
    ----------
    latent : LatentSpace, int, str or None, default None
        Where codes live; an int is short for ``Euclidean(int)``, None for ``Euclidean(2)``.
    encoder : Network or None, default None
        None: ``MLP()``.
    decoder : Network or None, default None
        None: the encoder mirrored.
    reconstruction : Reconstruction, str or None, default None
        The loss between output and target; None: squared error, summed over features.
    penalties : Penalty, sequence of Penalty or None, default None
        What is added to the loss; None: the KL divergence for a space that draws its codes, else nothing.
    corruption : Corruption, sequence of Corruption or None, default None
        What is done to the input before it is encoded; the target stays clean.
    training : Training or None, default None
        How it is trained.
    scaling : "auto", "minmax", "standard" or None, default "auto"
        "auto": data inside [0, 1] is left alone; other data is min-max scaled for a loss that wants [0, 1] and
        standardised for any other. Undone by ``inverse_transform``.
    image_shape : tuple of int or None, default None
        (channels, height, width) of a row that is a picture; square grey pictures are recognised.
    device : "auto", "cpu", "cuda" or "mps", default "auto"
    random_state : int, RandomState or None, default None
        Decides the first weights, the order of rows and all noise.
    verbose : bool or None, default None
        Show progress; None: when the output is a terminal.

    Attributes
    ----------
    module_ : Model
        The trained network, a ``torch.nn.Module``.
    history_ : History
        Every term by step and by epoch.
    n_iter_ : int
        Epochs trained.
    status_ : str
        "finished", "early_stopped", "interrupted", "stopped" or "diverged".
    message_ : str
        What happened, where the status is "diverged"; else empty.
    scaler_ : Scaler
    codes_ : array of shape (at most 5000, dim)
        Codes of training rows, which densities are fitted to.
    n_threads_ : int
        Threads that it was trained with, and computes with.
    seed_ : int
        What ``random_state`` came to.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(latent=2, training=Training(epochs=5), random_state=0).fit(X)
    >>> ae.transform(X).shape, ae.reconstruct(X).shape
    ((1797, 2), (1797, 64))
    """

    def __init__(
        self,
        latent: Any = None,
        *,
        encoder: Any = None,
        decoder: Any = None,
        reconstruction: Any = None,
        penalties: Any = None,
        corruption: Any = None,
        training: Any = None,
        scaling: str | None = "auto",
        image_shape: tuple[int, ...] | None = None,
        device: str = "auto",
        random_state: Any = None,
        verbose: bool | None = None,
    ) -> None:
        self.latent = latent
        self.encoder = encoder
        self.decoder = decoder
        self.reconstruction = reconstruction
        self.penalties = penalties
        self.corruption = corruption
        self.training = training
        self.scaling = scaling
        self.image_shape = image_shape
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @property
    def module_(self) -> Model:
        """The trained network; a model that was trained in a stack is built when it is first asked for."""
        if "_module" not in self.__dict__:
            if "_learnt" not in self.__dict__:
                raise AttributeError(f"this {type(self).__name__} is not fitted yet; call fit.")
            with undisturbed():
                self.module_ = self._learnt.model()
        return self._module

    @module_.setter
    def module_(self, model: Model) -> None:
        self._module = model
        self.__dict__.pop("_learnt", None)

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

    @undisturbed()
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        target: Any = None,
        validation: Any = None,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Learn to reconstruct rows.

        Parameters
        ----------
        X : array of shape (n, n_features), (n, H, W) or (n, C, H, W), or a stream
            Rows need not fit into memory: a memory-mapped array of more than 256 MB stays in its file; a
            ``DataLoader``, an ``IterableDataset``, a data set of the package ``datasets``, what
            :func:`diabolo.datasets.stream` opens and a :class:`~diabolo.Stream` are read piece by piece.
        y : ignored
        target : array of the shape of X or None
            What is to be reconstructed instead of X, row by row, such as the clean rows of noisy ones.
        validation : array of shape (m, n_features), pair of arrays, or None
            Rows that are judged after each epoch and never trained on. With a target: a pair of arrays,
            inputs and what is to be reconstructed from them.
        callbacks : sequence of callable
            Each is called with an :class:`~diabolo.training.events.Event` after every epoch.

        Returns
        -------
        self

        Raises
        ------
        SettingError, DataError
            If a setting or the data cannot be used.
        DivergedError
            If the loss became NaN or infinite; the estimator keeps the last good weights.
        FileError
            If ``training.checkpoint`` names a folder that cannot be used.

        Examples
        --------
        A training that a second ``fit`` goes on with, or takes over when it is finished, as here:

        >>> import tempfile
        >>> from diabolo import Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     training = Training(epochs=2, checkpoint=folder)
        ...     a, b = (Autoencoder(training=training, random_state=0).fit(X) for _ in range(2))
        >>> bool((a.transform(X) == b.transform(X)).all())
        True
        """
        rows, member = self._prepare(X, target, validation)
        fitted = find_trained(self, rows, member)
        if fitted is not None:
            return self.take_over(fitted)
        like = member.data.inputs
        model = member.model()
        self.module_ = model.to(device=like.device, dtype=like.dtype)
        self.n_threads_ = threads_for(count_parameters(model), member.training.batch_of(member.n_rows))
        return self._train(rows, Run(self.module_, [member]), callbacks)

    @undisturbed()
    def fine_tune(
        self,
        X: Any,
        *,
        target: Any = None,
        validation: Any = None,
        training: Any = None,
        corruption: Any = "keep",
        freeze: Sequence[str] = (),
        reset: Sequence[str] = (),
        keep_optimizer: bool = False,
        warm_up: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Go on learning from the learnt weights; gives a new estimator and leaves this one as it is.

        The scaling and the shape of the model stay as they were learnt.

        Parameters
        ----------
        X, target, validation, callbacks
            As in :meth:`fit`; a target of clean rows teaches the model to clean its input.
        training : Training, dict or None, default None
            None: as this estimator was trained.
        corruption : Corruption, sequence of Corruption, None or "keep", default "keep"
        freeze : sequence of str
            Parts, or names of parameters by prefix, that are not trained, such as ``["decoder"]``.
        reset : sequence of str
            Parts that start anew from ``random_state``, such as ``["encoder"]``.
        keep_optimizer : bool, default False
            Go on with the optimiser's state instead of a fresh one.
        warm_up : bool, default False
            Whether the weights of penalties rise from 0 again; they keep their values else, but for penalties that the
            model was not trained with.

        Returns
        -------
        Autoencoder

        Raises
        ------
        SettingError
            If a name in ``freeze`` or ``reset`` matches no parameter, or everything is frozen.

        Examples
        --------
        >>> from diabolo import Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(training=Training(epochs=2), random_state=0).fit(X)
        >>> new = ae.fine_tune(X, training=Training(epochs=1), freeze=["decoder"], reset=["encoder"])
        >>> bool((ae.inverse_transform([[0.0, 1.0]]) == new.inverse_transform([[0.0, 1.0]])).all())
        True
        """
        check_is_fitted(self)
        other = copy.deepcopy(self)
        if training is not None:
            other.training = training
        if not isinstance(corruption, str) or corruption != "keep":
            other.corruption = corruption
        settings = other._training(None)
        rows = look(other._rows(X), verbose=other.verbose)
        frozen = require_parameters(self.module_, "freeze", freeze)
        anew = require_parameters(self.module_, "reset", reset)
        fresh = architecture(other.get_params(deep=False))
        other.module_ = transfer(self.module_, fresh, generator(self.seed_, "reset"), anew)
        for c in other.module_.parts.corruption:
            c.validate(other.module_.domain)
        if keep_optimizer and self._moments is None:
            raise SettingError(
                "keep_optimizer=True: there is no optimiser's state to go on with (a saved model holds none, nor "
                "does one that diverged); use keep_optimizer=False."
            )
        data = other._data(rows, target, validation, settings)
        state = self._moments if keep_optimizer else None
        model = other.module_
        warmed = () if warm_up else tuple(self.module_.parts.named_penalties)
        member = Member(model.parts, model.domain, settings, data, self.seed_, self.scaler_, warmed=warmed)
        warn_of_warmups(member)
        run = Run(model, [member], frozen=frozen, state=state, anew=anew)
        return other._train(rows, run, callbacks)

    @undisturbed()
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One more epoch on the rows given, at a constant rate, with one optimiser throughout.

        The first call decides the width, the scaling and the first weights; ``history_`` goes on.
        """
        once = {
            "epochs": 1,
            "schedule": "constant",
            "early_stopping": None,
            "validation": 0.0,
            "checkpoint": None,
        }
        if not self.__sklearn_is_fitted__():
            before, self.training = self.training, self._training(None).replace(**once)
            try:
                with warnings.catch_warnings():
                    # The next calls go on with it.
                    warnings.simplefilter("ignore", WarmupWarning)
                    return self.fit(X)
            finally:
                self.training = before
        settings = self._training(None).replace(**once)
        rows = look(self._rows(X), verbose=self.verbose)
        data, state = self._data(rows, None, None, settings), self._moments
        model = self.module_
        member = Member(model.parts, model.domain, settings, data, self.seed_, self.scaler_, self.history_)
        return self._train(rows, Run(model, [member], epoch=self.n_iter_, state=state), ())

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
        rows = self._rows(X)
        if out is None and isinstance(rows, np.ndarray):
            return self._encode(rows)
        dim = self.module_.parts.latent.dim
        return by_blocks(self._encode, rows, out, dim, [f"z{i}" for i in range(dim)])

    def _encode(self, rows: Array) -> Array:
        return self._compute(self.module_.encode, self._scaled(rows)).numpy().astype(rows.dtype, copy=False)

    @undisturbed()
    def inverse_transform(self, Z: Any) -> Array:
        """Rows that codes stand for, in the user's units: (n, dim) to (n, n_features).

        Raises
        ------
        DataError
            If the codes have another width than ``dim``.
        """
        check_is_fitted(self)
        codes = check_array(as_plain(Z, "Z"), dtype=[np.float64, np.float32], ensure_all_finite=False)
        require_finite(codes, "Z")
        dim = self.module_.parts.latent.dim
        if codes.shape[1] != dim:
            raise DataError(f"codes of shape (n, {dim}) were expected, got {codes.shape}.")
        return self._decode(codes)

    @undisturbed()
    def reconstruct(self, X: Any, *, out: Any = None) -> Any:
        """Rows as the model gives them back, in the user's units; pictures in arrays keep their shape.

        Parameters
        ----------
        X : array or stream
            As in :meth:`fit`.
        out : array, path or None, default None
            Where they are written, as in :meth:`transform`; rows of files are flat.
        """
        check_is_fitted(self)
        rows = self._rows(X)
        if out is None and isinstance(rows, np.ndarray):
            shape, made = np.shape(X), self._decode(self._encode(rows))
            return made.reshape(shape) if len(shape) in (3, 4) else made
        names = getattr(self, "feature_names_in_", None)
        width = self.n_features_in_
        return by_blocks(lambda block: self._decode(self._encode(block)), rows, out, width, names)

    def _decode(self, codes: Array) -> Array:
        return self.scaler_.backward(self._compute(self.module_.decode, codes).numpy(), codes.dtype)

    @undisturbed()
    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Minus the reconstruction loss of each row, in the loss's units, summed over features: higher is better.

        It is computed from the deterministic code, on rows as the model sees them (scaled).
        """
        check_is_fitted(self)
        rows = self._rows(X)
        loss, learnt = self.module_.parts.reconstruction, self.module_.learnt
        variance = learnt["reconstruction"].detach().double().cpu() if "reconstruction" in learnt else None

        def minus_loss(x: torch.Tensor) -> torch.Tensor:
            output = self.module_.decode_raw(self.module_.encode(x))[0]
            # Summed in float64, so that a row's score does not depend on how the sum is split.
            return -loss.loss(output.double().cpu(), x.double().cpu(), variance).unsqueeze(-1)

        def score(block: Array) -> NDArray[np.float64]:
            return self._compute(minus_loss, self._scaled(block)).squeeze(-1).numpy()

        return score(rows) if isinstance(rows, np.ndarray) else by_blocks(score, rows, None, 1)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of :meth:`score_samples`: higher is better, so that a grid search works without labels."""
        return float(self.score_samples(X).mean())

    def sample(self, n: int = 1, *, density: Any = None, random_state: Any = None) -> Array:
        """New rows: codes are drawn and decoded.

        Parameters
        ----------
        n : int
            Number of rows, at least 1.
        density : object with ``sample``, str or None, default None
            What codes are drawn from. None: the latent space's prior, or the normal that a penalty
            matched the codes to; where there is neither, a Gaussian mixture of the codes of training rows. One
            that is not fitted is fitted to those codes. On a sphere it must be one of the sphere, such as
            "von_mises_fisher_mixture".
        random_state : int, RandomState or None

        Returns
        -------
        array of shape (n, n_features)
        """
        check_is_fitted(self)
        return self.inverse_transform(self.sample_codes(n, density=density, random_state=random_state))

    @undisturbed()
    def sample_codes(self, n: int = 1, *, density: Any = None, random_state: Any = None) -> Array:
        """Codes drawn as :meth:`sample` draws them, not decoded: array of shape (n, dim)."""
        check_is_fitted(self)
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise SettingError(f"n, the number of samples, must be an integer >= 1, got {n!r}.")
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        parts = self.module_.parts
        if density is None and isinstance(parts.latent, HasPrior):
            return parts.latent.sample_prior((n, parts.latent.dim), generator(seed, "sample")).numpy()
        if density is None:
            matched = any(isinstance(p, MatchesPrior) and p.weight > 0 for p in parts.penalties)
            density = "standard_normal" if matched else "gaussian_mixture"
        chosen = densities.resolve(density)
        densities.require_geometry(chosen, parts.latent.geometry)
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
            raise SettingError(f"n, the number of rows on the way, must be an integer >= 2, got {n!r}.")
        width = self.module_.domain.n_features
        rows = np.concatenate([check_one_row(v, name, width) for v, name in ((a, "a"), (b, "b"))])
        start, end = (z.expand(int(n), -1) for z in self._compute(self.module_.encode, self._scaled(rows)))
        t = torch.linspace(0, 1, int(n), dtype=start.dtype)
        codes = self.module_.parts.latent.interpolate(start, end, t).numpy()
        return self.scaler_.backward(self._compute(self.module_.decode, codes).numpy(), rows.dtype)

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

    def report(self, X: Any, y: Any = None, **options: Any) -> Report:
        """Judge the model on rows, beside PCA, the mean and itself before training.

        Parameters
        ----------
        X, y, **options
            As in :func:`diabolo.report.health_report`: give ``X_train`` to compare with training rows.

        Returns
        -------
        Report
            Prints as text, shows in a notebook, and has ``to_dict`` and ``to_html``.
        """
        from ..report import health_report

        return health_report(
            self, X, y, **{"untrained": self.untrained(), "verbose": self.verbose, **options}
        )

    @undisturbed()
    def untrained(self) -> Self:
        """This estimator with the weights that its training started from, to compare with."""
        check_is_fitted(self)
        other = copy.copy(self)
        model = Model(self.module_.parts, self.module_.domain, generator(self.seed_, "weights"))
        if model.counts is not None and self.module_.counts is not None:
            model.counts.load_state_dict(self.module_.counts.state_dict())
        other.module_ = model.to(device=self._module_device, dtype=self._dtype).requires_grad_(False)
        return other

    @undisturbed()
    def fitted(self) -> Fitted:
        """All that ``fit`` has learnt, as one value: what is saved, and what :meth:`from_fitted` takes."""
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        feature_names = None if names is None else tuple(str(name) for name in names)
        if "_learnt" in self.__dict__:
            return replace(self._learnt, feature_names=feature_names)
        model = self.module_
        return Fitted(
            model.parts,
            model.domain,
            self.scaler_,
            Layout.of(model).flatten(model),
            model.statistics(),
            self.history_,
            self.status_,
            self.message_,
            self.seed_,
            self.n_threads_,
            self.codes_,
            self._moments,
            feature_names,
        )

    @classmethod
    def from_fitted(cls, fitted: Fitted, **params: Any) -> Self:
        """A fitted estimator of what was learnt elsewhere.

        Parameters
        ----------
        fitted : Fitted
            As :meth:`fitted` gives it.
        **params
            The parameters that the estimator has, as for ``Autoencoder(...)``.

        Examples
        --------
        >>> from diabolo import Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
        >>> same = Autoencoder.from_fitted(ae.fitted(), **ae.get_params(deep=False))
        >>> bool((same.transform(X) == ae.transform(X)).all())
        True
        """
        made = cls(**params)
        made.n_features_in_ = fitted.domain.n_features
        if fitted.feature_names is not None:
            made.feature_names_in_ = np.array(fitted.feature_names, dtype=object)
        with suppress(DivergedError):  # its status says so
            made.take_over(fitted)
        return made

    def take_over(self, fitted: Fitted) -> Self:
        """Take in what was learnt elsewhere in place of a training: this estimator's own, in a stack of models.

        Raises
        ------
        DivergedError
            If that training diverged; the estimator has the last good weights.
        """
        self.__dict__.pop("_module", None)
        self._learnt, self.scaler_ = fitted, fitted.scaler
        self.n_threads_, self.codes_ = fitted.n_threads, fitted.codes
        self._take_in(fitted)
        if fitted.status == "diverged":
            raise DivergedError(fitted.message)
        return self

    def save(self, path: str | Path) -> Path:
        """Write the model as a folder of ``model.json`` and ``model.safetensors``; see :func:`diabolo.load`."""
        return save(self.fitted(), self.get_params(deep=False), path)

    def explore(self, X: Any, y: Any = None, *, compare: Any = None, port: int = 0) -> Any:
        """Open the explorer of the latent space: a widget in a notebook, else a page in the browser.

        Parameters
        ----------
        X, y, compare, port
            As in :func:`diabolo.explorer.start`.

        Returns
        -------
        diabolo.explorer.notebook.Explorer or diabolo.explorer.Page
            The widget's ``selection`` holds the chosen rows. A page has its ``url``; ``stop()`` ends it. A notebook
            gets the widget where the extra ``notebook`` is installed and no port is asked for.
        """
        from ..explorer import show

        check_is_fitted(self)
        return show(self, X, y, compare=compare, port=port)

    def _training(self, value: Any) -> Training:
        settings: Training = slots.resolve("training", self.training if value is None else value)
        return settings

    def _latent_or_none(self) -> Any:
        try:
            return slots.resolve("latent", self.latent)
        except SettingError:
            return None

    def _prepare(self, X: Any, target: Any = None, validation: Any = None) -> tuple[Looked, Member]:
        """All of :meth:`fit` but the training: the checked rows, and the model that is due to train on them."""
        params = self.get_params(deep=False)
        parts, training = architecture(params), self._training(None)
        checked, shape = check_rows(self, X, reset=True)
        shape = check_image_shape(self.image_shape, self.n_features_in_, shape)
        device = find_device(self.device)
        # Without a random_state, a training that goes on keeps the seed that it began with.
        seed = seed_of_checkpoint(training) if self.random_state is None else None
        if seed is None:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        loss = parts.reconstruction
        rows = look(checked, scaling=self.scaling, loss=loss, verbose=self.verbose)
        whole = None if isinstance(checked, Stream) else checked
        scaler = learn_scaling(whole, self.scaling, loss, rows.found)
        domain = domain_of(rows.found, scaler, shape)
        for corruption in parts.corruption:
            corruption.validate(domain)
        dtype: torch.dtype = getattr(torch, training.stored)
        prepare = Preparation(scaler, dtype, device)
        data = training_data(rows, target, validation, training, seed, loss, prepare)
        self.scaler_, self.seed_ = scaler, seed
        member = Member(parts, domain, training, data, seed, scaler)
        warn_of_warmups(member)
        return rows, member

    def _train(
        self,
        rows: Looked,
        run: Run,
        callbacks: Sequence[Callback],
    ) -> Self:
        """Train :attr:`module_` and take in what came of it, whatever ended the training."""
        member = run.members[0]
        with resumable(run, self.n_threads_, self.scaler_) as self.n_threads_:
            try:
                execute(run, self.n_threads_, self.verbose, callbacks)
            except BaseException:
                self._take_in(member)
                self.codes_ = np.empty((0, member.parts.latent.dim), np.float32)
                # What ended the training is to be told, though a callback may have left what computes nothing.
                with suppress(Exception):
                    self.codes_ = self._compute(self.module_.encode, self._shown(rows)).numpy()
                raise
            self._take_in(member)
            self.codes_ = self._compute(self.module_.encode, self._shown(rows)).numpy()
        if member.data.targets is None:
            warn_of_poor_fit(member, self._shown(rows))
        if member.status == "interrupted":
            folder = member.training.checkpoint
            go_on = "" if folder is None else f"; the same fit goes on from the checkpoint in {folder}"
            warnings.warn(
                f"training was interrupted in epoch {run.epoch + 1} of {run.epochs}; the estimator keeps what it "
                f"has learnt and can be used{go_on}.",
                InterruptedWarning,
                stacklevel=4,
            )
        return self

    def _take_in(self, learnt: Member | Fitted) -> None:
        """What a training leaves, beside the weights of :attr:`module_` and the codes."""
        self.history_, self.n_iter_, self.status_ = learnt.history, len(learnt.history), learnt.status
        self.seed_, self.message_, self._moments = learnt.seed, learnt.message, learnt.moments

    def _shown(self, rows: Looked, dtype: torch.dtype | None = None) -> Array:
        """The training rows whose codes are kept, as the model sees them."""
        return self._scaled(rows.shown(_KEPT_CODES), dtype)

    def _rows(self, X: Any) -> Array | Stored | Stream:
        """Rows of the width that was learnt."""
        return check_rows(self, X, reset=False, image_shape=self.module_.domain.image_shape)[0]

    def _data(self, rows: Looked, target: Any, validation: Any, training: Training) -> TrainingData:
        prepare = Preparation(self.scaler_, self._dtype, self._module_device)
        loss = self.module_.parts.reconstruction
        return training_data(rows, target, validation, training, self.seed_, loss, prepare)

    def _scaled(self, rows: Array, dtype: torch.dtype | None = None) -> Array:
        return self.scaler_.forward(rows, np.dtype(str(dtype or self._dtype).removeprefix("torch.")))

    def _compute(self, function: Callable[[torch.Tensor], torch.Tensor], rows: Array) -> torch.Tensor:
        self.module_.eval()
        return in_chunks(function, rows, self._dtype, self._module_device, self.n_threads_)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.module_.parameters()).dtype

    @property
    def _module_device(self) -> torch.device:
        return next(self.module_.parameters()).device

    @property
    def _n_features_out(self) -> int:
        return int(self.module_.parts.latent.dim)

    def __sklearn_is_fitted__(self) -> bool:
        # The number of features is learnt before it is known whether the rest of a fit will succeed.
        return "_module" in self.__dict__ or "_learnt" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # Parameters are views into one row: pickled one by one they would be stored many times over.
        state: dict[str, Any] = dict(super().__getstate__()) | {"_diabolo_version": __version__}
        if "codes_" in state:
            state["_learnt"] = self.fitted()
        # Of a fit that is going on, nothing is learnt yet.
        for name in ("_module", "_moments"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        made_by = state.pop("_diabolo_version", "an unknown version")
        if made_by != __version__:
            warnings.warn(
                f"this {type(self).__name__} was pickled by diabolo {made_by} and is read by {__version__}: it may "
                "not work, or give other results. Between versions, use save() and diabolo.load().",
                VersionWarning,
                stacklevel=2,
            )
        super().__setstate__(state)
        if "_learnt" in self.__dict__:
            self._moments = self._learnt.moments
