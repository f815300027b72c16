"""What an estimator has learnt: held, computed with, pickled, and handed on as one value."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from ..data.checks import numpy_dtype
from ..data.rng import generator
from ..data.scaling import Scaler
from ..data.schema import Schema
from ..errors import (
    DivergedError,
    VersionWarning,
)
from ..model import Model
from ..training.control import undisturbed
from ..training.fitted import Fitted
from ..training.flat import Layout
from ..training.history import History
from ..training.job import TrainingJob
from .chunks import in_chunks

Array = NDArray[np.floating]


class FittedState(BaseEstimator):
    """Base of an estimator that holds what a fit has learnt."""

    scaler_: Scaler
    history_: History
    status_: str
    message_: str
    seed_: int
    n_iter_: int
    n_threads_: int
    n_features_in_: int
    schema_: Schema
    codes_: Array
    _learnt: Fitted
    _moments: dict[str, torch.Tensor] | None

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

    @undisturbed()
    def fitted(self) -> Fitted:
        """All that ``fit`` has learnt, as one value: what is saved, and what :meth:`from_fitted` takes."""
        check_is_fitted(self)
        names, schema = self.feature_names, getattr(self, "schema_", None)
        feature_names = None if names is None else tuple(names)
        if "_learnt" in self.__dict__:
            return replace(self._learnt, feature_names=feature_names, schema=schema)
        model = self.module_
        return Fitted(
            model.parts,
            model.domain,
            self.scaler_,
            Layout.of(model).flatten(model),
            model.float_buffers(),
            self.history_,
            self.status_,
            self.message_,
            self.seed_,
            self.n_threads_,
            self.codes_,
            self._moments,
            feature_names,
            schema,
        )

    @property
    def feature_names(self) -> list[str] | None:
        """The names of the features, as the network takes them; None where the data had none."""
        if hasattr(self, "schema_"):
            return list(self.schema_.columns)
        names = getattr(self, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]

    @undisturbed()
    def in_numbers(self) -> Self:
        """This estimator, with the same network, for rows of the numbers that a table's columns become.

        It takes and gives arrays: what judges, draws and exports a model works on those.

        Examples
        --------
        >>> import pandas as pd
        >>> from diabolo import Autoencoder, Training
        >>> pets = pd.DataFrame({"kind": ["cat", "dog"] * 20, "kg": range(40)})
        >>> ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(pets)
        >>> ae.sample(2, random_state=0).columns.tolist(), ae.in_numbers().sample(2, random_state=0).shape
        (['kind', 'kg'], (2, 3))
        """
        check_is_fitted(self)
        other = copy.copy(self)
        if hasattr(self, "schema_"):
            other.feature_names_in_ = np.asarray(self.schema_.columns, dtype=object)
            other.n_features_in_ = self.schema_.width
            del other.schema_
        return other

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
        made.n_features_in_, names = fitted.domain.n_features, fitted.feature_names
        if fitted.schema is not None:
            made.schema_, names = fitted.schema, fitted.schema.names
            made.n_features_in_ = len(names)
        if names is not None:
            made.feature_names_in_ = np.array(names, dtype=object)
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

    @undisturbed()
    def untrained(self) -> Self:
        """This estimator with its first weights, as they were drawn, to compare with.

        A network that starts at PCA has what it was drawn with, not PCA.
        """
        check_is_fitted(self)
        other = copy.copy(self)
        model = Model(self.module_.parts, self.module_.domain, generator(self.seed_, "weights"))
        for fresh, learnt in (
            (model.counts, self.module_.counts),
            (model.missing, self.module_.missing),
        ):
            if fresh is not None and learnt is not None:
                fresh.load_state_dict(learnt.state_dict())
        other.module_ = model.to(device=self.module_.device, dtype=self.module_.dtype).requires_grad_(False)
        return other

    def _take_in(self, learnt: TrainingJob | Fitted) -> None:
        """What a training leaves, beside the weights of :attr:`module_` and the codes."""
        self.history_, self.n_iter_, self.status_ = learnt.history, len(learnt.history), learnt.status
        self.seed_, self.message_, self._moments = learnt.seed, learnt.message, learnt.moments

    def compute(self, function: Callable[[torch.Tensor], torch.Tensor], rows: Array) -> torch.Tensor:
        """What a function of rows as the model takes them gives, chunk by chunk on the model's device.

        Parameters
        ----------
        function : callable
            Maps a tensor (chunk, n_features) of scaled rows to one with as many rows, such as ``ae.module_.encode``.
        rows : array of shape (n, n_features)
            In the user's units.

        Returns
        -------
        Tensor, shape (n, ...)
            On the CPU.

        Examples
        --------
        >>> from diabolo import Autoencoder, Training, datasets
        >>> X, y = datasets.load_digits()
        >>> ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
        >>> ae.compute(lambda x: ae.module_.encode_raw(x)[0], X[:5]).shape
        torch.Size([5, 2])
        """
        return self._compute(function, self._scaled(rows))

    def _scaled(self, rows: Array) -> Array:
        return self.scaler_.forward(rows, numpy_dtype(self.module_.dtype))

    def _compute(self, function: Callable[[torch.Tensor], torch.Tensor], rows: Array) -> torch.Tensor:
        self.module_.eval()
        return in_chunks(function, rows, self.module_.dtype, self.module_.device, self.n_threads_)

    def __sklearn_is_fitted__(self) -> bool:
        # The number of features is learnt before it is known whether the rest of a fit will succeed.
        return "_module" in self.__dict__ or "_learnt" in self.__dict__

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
