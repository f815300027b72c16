"""The scikit-learn face: an autoencoder as an estimator."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .. import slots
from ..data.rng import generator
from ..errors import (
    InterruptedWarning,
    SettingError,
    WarmupWarning,
)
from ..training.control import threads_for, undisturbed
from ..training.events import Callback
from ..training.fitted import count_parameters, require_parameters, transfer
from ..training.loop import Trainer
from .imputation import Imputation
from .opening import Opening
from .preparation import (
    architecture,
    constant_loss,
    execute,
    find_trained,
    prepare,
    prepare_further,
    warn_of_poor_fit,
    warn_of_warmups,
)
from .resuming import resumable
from .rows import SummarizedRows

Array = NDArray[np.floating]


class Autoencoder(Opening, Imputation, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An autoencoder as a scikit-learn transformer.

    Every part may be left to its default (None), given as a part, by its name, or as a dict of its settings;
    settings are reached by path, as in ``set_params(training__lr=1e-3)``.

    Parameters
    ----------
    latent : LatentSpace, int, str or None, default None
        Where codes live; an int is short for ``Euclidean(int)``, None for ``Euclidean(2)``.
    encoder : Network or None, default None
        None: ``MLP(activation="silu", skip="pca")``, which starts at PCA.
    decoder : Network or None, default None
        None: the encoder mirrored.
    reconstruction : Likelihood, str or None, default None
        The loss between output and target; None: squared error, summed over features.
    penalties : Penalty, sequence of Penalty or None, default None
        What is added to the loss; None: the KL divergence for a space that draws its codes, else nothing.
    corruption : Corruption, sequence of Corruption or None, default None
        What is done to the input before it is encoded; the target stays clean.
    bound : Bound, str or None, default None
        How draws of the code make one loss; None: the evidence lower bound of one draw a row.
    training : Training or None, default None
        How it is trained. None: 15 % of the rows are held out, and the best epoch by them is kept; ``Training()``
        trains on all rows to the end.
    scaling : "auto", "minmax", "standard" or None, default "auto"
        "auto": data inside [0, 1] is left alone; other data is min-max scaled for a loss that wants [0, 1] and
        standardised for any other. Undone by ``inverse_transform``.
    image_shape : tuple of int or None, default None
        (channels, height, width) of a row that is a picture; square grey pictures are recognised.
    schema : mapping, Schema or None, default None
        What columns of a frame are, by name: "category", "count", "date", ..., or the categories of an ordinal in
        their order. None: guessed, see :func:`diabolo.data.guessing.kind_of`.
    missing : "mask" or None, default None
        "mask": rows may miss values (NaN); they are encoded with the mean of the feature in its place, and the loss is
        over what is there. A quarter of the values is hidden from the encoder in training, unless ``corruption`` says
        otherwise, so that :meth:`impute` fills them in well. None: they are refused.
    device : "auto", "cpu", "cuda" or "mps", default "auto"
        Where it computes; "auto": a graphics processor if there is one.
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
        The input scaling that was learnt.
    schema_ : Schema
        What the columns of a frame are and how they become numbers; there only where some are no numbers.
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
        bound: Any = None,
        training: Any = None,
        scaling: str | None = "auto",
        image_shape: tuple[int, ...] | None = None,
        schema: Any = None,
        missing: str | None = None,
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
        self.bound = bound
        self.training = training
        self.scaling = scaling
        self.image_shape = image_shape
        self.schema = schema
        self.missing = missing
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @undisturbed()
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        target: Any = None,
        validation: Any = None,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Learn to reconstruct rows.

        Parameters
        ----------
        X : array of shape (n, n_features), (n, H, W) or (n, C, H, W), frame, or a stream
            A frame of pandas, polars or Arrow may hold categories, booleans and dates beside numbers; what is asked of
            the model comes back as such a frame. Rows need not fit into memory: a memory-mapped array of more than
            256 MB stays in its file; a ``DataLoader``, an ``IterableDataset``, a data set of the package ``datasets``,
            what :func:`diabolo.datasets.stream` opens and a :class:`~diabolo.Stream` are read piece by piece.
        y : ignored
            There for scikit-learn's sake; the target is X itself, or ``target``.
        sample_weight : array of shape (n,) or None
            How much each row counts: the loss is divided by the sum of the weights, a weight of 2 is the row twice, and
            one of 0 no row. None: all alike.
        target : array of the shape of X or None
            What is to be reconstructed instead of X, row by row, such as the clean rows of noisy ones.
        validation : array of shape (m, n_features), pair of arrays, mapping or None
            Rows that are judged after each epoch and never trained on. With a target: a pair of arrays,
            inputs and what is to be reconstructed from them. A mapping has X, and target and sample_weight where
            there are some.
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
        rows, member = prepare(self, X, target, validation, sample_weight)
        fitted = find_trained(self, rows, member)
        if fitted is not None:
            return self.take_over(fitted)
        like = member.data.inputs
        model = member.model()
        self.module_ = model.to(device=like.device, dtype=like.dtype)
        self.n_threads_ = threads_for(count_parameters(model), member.training.batch_of(member.n_rows))
        return self._train(rows, Trainer(self.module_, [member]), callbacks)

    @undisturbed()
    def fine_tune(
        self,
        X: Any,
        *,
        sample_weight: Any = None,
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
        X, sample_weight, target, validation, callbacks
            As in :meth:`fit`; a target of clean rows teaches the model to clean its input.
        training : Training, dict or None, default None
            None: as this estimator was trained.
        corruption : Corruption, sequence of Corruption, None or "keep", default "keep"
            None: the input is left clean; "keep": the corruption of this estimator.
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
        warmed = () if warm_up else tuple(self.module_.parts.named_penalties)
        rows, member = prepare_further(other, X, target, validation, sample_weight, warmed=warmed)
        warn_of_warmups(member)
        state = self._moments if keep_optimizer else None
        trainer = Trainer(other.module_, [member], frozen=frozen, state=state, anew=anew)
        return other._train(rows, trainer, callbacks)

    @undisturbed()
    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """One more epoch on the rows given, at a constant rate, with one optimiser throughout.

        The first call decides the width, the scaling and the first weights; ``history_`` goes on.

        Parameters
        ----------
        X : array of shape (n, n_features), (n, H, W) or (n, C, H, W)
            Samples of this epoch.
        y : ignored
            There for scikit-learn's sake.
        sample_weight : array of shape (n,) or None
            As in :meth:`fit`.
        """
        once = {
            "epochs": 1,
            "schedule": "constant",
            "early_stopping": None,
            "validation": 0.0,
            "checkpoint": None,
        }
        if not self.__sklearn_is_fitted__():
            before, self.training = self.training, slots.resolve("training", self.training).replace(**once)
            try:
                with warnings.catch_warnings():
                    # The next calls go on with it.
                    warnings.simplefilter("ignore", WarmupWarning)
                    return self.fit(X, sample_weight=sample_weight)
            finally:
                self.training = before
        rows, member = prepare_further(
            self, X, sample_weight=sample_weight, changes=once, history=self.history_
        )
        trainer = Trainer(self.module_, [member], epoch=self.n_iter_, state=self._moments)
        return self._train(rows, trainer, ())

    def _train(
        self,
        rows: SummarizedRows,
        trainer: Trainer,
        callbacks: Sequence[Callback],
    ) -> Self:
        """Train :attr:`module_` and take in what came of it, whatever ended the training."""
        member = trainer.members[0]
        with resumable(trainer, self.n_threads_, self.scaler_) as self.n_threads_:
            try:
                execute(trainer, self.n_threads_, self.verbose, callbacks)
            except BaseException:
                self._take_in(member)
                self.codes_ = np.empty((0, member.parts.latent.dim), np.float32)
                # What ended the training is to be told, though a callback may have left what computes nothing.
                with suppress(Exception):
                    self.codes_ = self.compute(self.module_.encode, rows.shown()).numpy()
                raise
            self._take_in(member)
            self.codes_ = self.compute(self.module_.encode, rows.shown()).numpy()
        warn_of_poor_fit(member, lambda: constant_loss(member, self._scaled(rows.shown())))
        if member.status == "interrupted":
            folder = member.training.checkpoint
            go_on = "" if folder is None else f"; the same fit goes on from the checkpoint in {folder}"
            warnings.warn(
                f"training was interrupted in epoch {trainer.epoch + 1} of {trainer.epochs}; the estimator keeps "
                f"what it has learnt and can be used{go_on}.",
                InterruptedWarning,
                stacklevel=4,
            )
        return self

    @property
    def _n_features_out(self) -> int:
        return int(self.module_.parts.latent.dim)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing is not None
        return tags
