"""What the page looks at: a fitted transformer with the rows it is shown with, described by what it can do."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import slots
from ..data.checks import require_finite
from ..data.columns import expected_outside
from ..data.domain import SMALLEST_GUESS, square_picture
from ..data.foreign import as_arrays
from ..data.spread import spread
from ..datasets import Dataset
from ..errors import DataError, SettingError
from ..estimator.autoencoder import Autoencoder

Array = NDArray[np.float32]

#: Rows that are computed at a time, so that a probe is answered in between.
CHUNK = 2048
_MAX_FITTED = 5000
# A chunk of the estimator has 256 rows, however few are asked for.
_FEW = 64


@dataclass(eq=False)
class ExplorerModel:
    """A fitted transformer, the rows it is shown with, and everything the page asks about them.

    Attributes
    ----------
    model : object
        Fitted, with ``transform``; decoding needs ``inverse_transform``.
    data : Dataset
        The rows, with labels and names where there are any.
    snapshots : sequence of array
        Codes of the first rows by epoch, for the training view.
    in_training : bool
        Whether the model is one of a training that is going on.
    """

    model: Any
    data: Dataset
    snapshots: Sequence[Array] = ()
    in_training: bool = False
    codes: Array = field(init=False)

    def __post_init__(self) -> None:
        if not callable(getattr(self.model, "transform", None)):
            raise DataError(
                f"the explorer needs a fitted model with transform, got {type(self.model).__name__}; "
                "a method such as t-SNE, which embeds its training samples only, has no codes for others."
            )
        if hasattr(self.model, "schema_"):
            self.model = self.model.in_numbers()
        self.codes = self.encode(self.data.X)

    def some(self, places: NDArray[np.intp]) -> ExplorerModel:
        """It with some of its rows, whose density and errors are then those of these rows; without snapshots."""
        chosen = {n: v[places] for n in ("X", "y", "ids") if (v := getattr(self.data, n)) is not None}
        kept = copy.copy(self)
        # Computed properties are of the rows that they were computed from.
        vars(kept).clear()
        kept.model, kept.data = self.model, replace(self.data, **chosen)
        kept.codes = np.ascontiguousarray(self.codes[places])
        return kept

    @property
    def name(self) -> str:
        """The model in one word."""
        return type(self.model).__name__

    @property
    def dim(self) -> int:
        """Width of a code."""
        return int(self.codes.shape[1])

    @property
    def n_features(self) -> int:
        """Width of a row."""
        return int(self.data.X.shape[1])

    @cached_property
    def can_decode(self) -> bool:
        """Whether codes can be decoded: the model has ``inverse_transform``, and it answers."""
        if not hasattr(self.model, "inverse_transform"):
            return False
        try:
            return bool(self.decode(self.finite_codes[:1]).shape == (1, self.n_features))
        except (ValueError, NotImplementedError, AttributeError):
            return False

    @cached_property
    def on_sphere(self) -> bool:
        """Whether codes have norm one by construction."""
        return isinstance(self.model, Autoencoder) and self.model.module_.parts.latent.geometry.unit_norm

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """Which rows have a code that is a number."""
        return np.asarray(np.isfinite(self.codes).all(axis=1))

    @property
    def finite_codes(self) -> Array:
        """The codes that are numbers."""
        return self.codes if self.finite.all() else self.codes[self.finite]

    def encode(self, rows: NDArray[Any]) -> Array:
        """Codes of rows, in blocks: (n, n_features) to (n, dim)."""
        blocks = [self._transform(rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK)]
        return np.ascontiguousarray(np.concatenate(blocks), dtype=np.float32)

    def decode(self, codes: NDArray[Any]) -> Array:
        """Rows that codes stand for, in the user's units: (n, dim) to (n, n_features)."""
        rows = np.asarray(self.model.inverse_transform(np.asarray(codes, np.float32)))
        return np.ascontiguousarray(rows.reshape(len(codes), -1), dtype=np.float32)

    def decode_soon(self, codes: NDArray[Any]) -> Array:
        """Rows that codes stand for, without the padding to whole chunks that a hand which drags would wait for.

        They differ from those of :meth:`decode` by rounding only.
        """
        if len(codes) > _FEW or self._decoder is None:
            return self.decode(codes)
        return np.ascontiguousarray(self._decoder(codes), dtype=np.float32)

    @cached_property
    def _decoder(self) -> Any:
        """The decoder of an autoencoder as a function of codes; None where there is none of plain layers."""
        if not isinstance(self.model, Autoencoder):
            return None
        import torch

        from ..export.torch_modules import to_torch_modules

        try:
            decoder = to_torch_modules(self.model)[1]
        except SettingError:
            return None
        dtype = self.model.module_.dtype

        def decode(codes: Array) -> NDArray[Any]:
            with torch.inference_mode():
                found: NDArray[Any] = decoder(torch.tensor(codes, dtype=dtype)).numpy()
            return found

        return decode

    def error_of(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Reconstruction error of each row: the model's own loss, or the squared error summed over features."""
        if isinstance(self.model, Autoencoder):
            with expected_outside():
                return -self.model.score_samples(self._named(rows))
        squared = (np.asarray(rows, np.float64) - self.decode(self.encode(rows))) ** 2
        return np.asarray(squared.sum(axis=1))

    @cached_property
    def error_unit(self) -> str:
        """What errors are counted in."""
        units = self.model.history_.units if isinstance(self.model, Autoencoder) else {}
        return str(units.get("reconstruction", "squared error, summed over features"))

    def compute_errors(self) -> Iterator[None]:
        """Fill :attr:`errors` block by block; stops in between for whoever asks something shorter."""
        if self._errors is None:
            parts = []
            for start in range(0, len(self.data.X), CHUNK):
                parts.append(self.error_of(self.data.X[start : start + CHUNK]))
                yield
            self._errors = np.concatenate(parts).astype(np.float32)

    _errors: Array | None = field(init=False, default=None)

    @property
    def errors(self) -> Array:
        """Reconstruction error of every row."""
        for _ in self.compute_errors():
            pass
        assert self._errors is not None
        return self._errors

    def percentile_of(self, errors: NDArray[Any]) -> NDArray[np.float64]:
        """The share of rows, in percent, whose error is smaller."""
        return 100.0 * np.searchsorted(self._sorted_errors, errors) / max(len(self._sorted_errors), 1)

    @cached_property
    def _sorted_errors(self) -> Array:
        return np.sort(self.errors[np.isfinite(self.errors)])

    def neighbours(self, code: NDArray[Any], k: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The k nearest rows of a code and their distances."""
        found = min(k, len(self.finite_codes))
        distances, places = self._neighbour_tree.kneighbors(code.reshape(1, -1), found)
        return np.flatnonzero(self.finite)[places[0]], distances[0]

    @cached_property
    def _neighbour_tree(self) -> Any:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors().fit(self.finite_codes)

    @cached_property
    def _kernel(self) -> Any:
        from ..density import resolve

        name = "sphere_kernel_density" if self.on_sphere else "kernel_density"
        return resolve(name).fit(_spread(self.finite_codes, _MAX_FITTED))

    @property
    def kernel(self) -> dict[str, Any]:
        """The bump on every code: its width in each coordinate, and its log-density at the code."""
        if self.on_sphere:
            return {"widths": [float(self._kernel.bandwidth_[0])] * self.dim, "peak": self._kernel.log_peak_}
        widths = self._kernel.bandwidths_
        return {"widths": widths.tolist(), "peak": float(-np.log(np.sqrt(2 * np.pi) * widths).sum())}

    def log_density(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """Log-density of codes under a kernel estimate of the aggregate posterior, in nats.

        It is per volume, and on a sphere per area: other codes than those on it are first divided by their norms.
        """
        if self.on_sphere:
            norms = np.linalg.norm(np.asarray(codes, np.float64), axis=1, keepdims=True)
            codes = codes / np.where(norms > 0, norms, 1.0)
        return np.asarray(self._kernel.log_prob(codes))

    @cached_property
    def typical(self) -> dict[str, NDArray[np.float64]]:
        """What is usual among the data, sorted: log-density, distance to the fifth neighbour, cycle error."""
        codes = _spread(self.finite_codes, 1000)
        k = min(6, len(self.finite_codes))
        usual = {
            "density": self.log_density(codes),
            "distance": self._neighbour_tree.kneighbors(codes, k)[0][:, -1],
        }
        if self.can_decode:
            usual["cycle"] = self.cycle_error(codes)
        return {name: np.sort(values) for name, values in usual.items()}

    def cycle_error(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """How far a code moves when it is decoded and encoded again: ||enc(dec(z)) - z||."""
        return np.linalg.norm(self.encode(self.decode(codes)) - codes, axis=1).astype(np.float64)

    @cached_property
    def kl_per_dimension(self) -> Array | None:
        """Mean KL divergence of each latent dimension in nats, for a latent space that draws its codes."""
        if not isinstance(self.model, Autoencoder):
            return None
        model = self.model.module_

        def divergence(x: Any) -> Any:
            found = model.kl_per_dimension(x)
            return x[:, :0] if found is None else found

        kl = self.model.compute(divergence, _spread(self.data.X, CHUNK))
        if not kl.shape[1]:
            return None
        return np.asarray(kl.double().mean(0).numpy(), np.float32)

    @cached_property
    def plane(self) -> tuple[Array, Array]:
        """Mean and the two principal axes of the codes: (dim,) and (min(dim, 3), dim)."""
        codes = _spread(self.finite_codes, 20_000).astype(np.float64)
        mean = codes.mean(axis=0)
        axes = np.linalg.svd(codes - mean, full_matrices=False)[2][:3]
        return mean.astype(np.float32), axes.astype(np.float32)

    def _transform(self, rows: NDArray[Any]) -> NDArray[Any]:
        with expected_outside():
            codes = np.asarray(self.model.transform(self._named(rows)))
        return codes.reshape(len(rows), -1)

    def _named(self, rows: NDArray[Any]) -> Any:
        names = getattr(self.model, "feature_names_in_", None)
        if names is None:
            return rows
        import pandas as pd

        return pd.DataFrame(rows, columns=list(names))


def _spread(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """At most a number of rows, evenly spread over all."""
    return rows[spread(len(rows), count)]


def spread_rows(rows: NDArray[np.intp], y: NDArray[Any] | None, most: int) -> NDArray[np.intp]:
    """At most a number of rows, in order: each class by its share, evenly spread."""
    if len(rows) <= most:
        return rows
    if y is not None and y.dtype.kind == "i":
        rows = rows[np.argsort(y[rows], kind="stable")]
    return np.sort(rows[spread(len(rows), most)])


def some_of(data: Dataset, most: int) -> Dataset:
    """At most a number of the rows, each under the name that it has among all."""
    rows = spread_rows(np.arange(len(data.X)), data.y, most)
    if len(rows) == len(data.X):
        return data
    ids = rows if data.ids is None else data.ids[rows]
    return dataclasses.replace(data, X=data.X[rows], y=None if data.y is None else data.y[rows], ids=ids)


def make_dataset(X: Any, y: Any, model: Any) -> Dataset:
    """Rows as they were handed in, as a data set: their names, their labels and their picture shape.

    Raises
    ------
    DataError
        If the rows are no table of finite numbers, or the labels do not fit.
    """
    if isinstance(X, Dataset):
        return X
    X = as_arrays(X)
    names = tuple(map(str, X.columns)) if hasattr(X, "columns") else None
    ids = np.asarray(X.index) if hasattr(X, "index") and hasattr(X, "columns") else None
    values = X.toarray() if hasattr(X, "toarray") else X
    rows = np.asarray(values)
    if rows.ndim not in (2, 3, 4) or rows.dtype.kind not in "fiub" or not len(rows):
        raise DataError(
            "the explorer takes numbers of shape (n, n_features) or pictures (n, [channels,] height, width); "
            f"got shape {rows.shape} of {rows.dtype}."
        )
    shape = _picture_shape(rows, names, model)
    rows = np.ascontiguousarray(rows.reshape(len(rows), -1), np.float32 if rows.dtype != np.float64 else None)
    require_finite(rows)
    labels, label_names = _labels(y, len(rows))
    return Dataset(rows, labels, ids, names, shape, label_names=label_names)


def _picture_shape(rows: NDArray[Any], names: Any, model: Any) -> tuple[int, int, int] | None:
    if rows.ndim == 4:
        return (int(rows.shape[1]), int(rows.shape[2]), int(rows.shape[3]))
    if rows.ndim == 3:
        return (1, int(rows.shape[1]), int(rows.shape[2]))
    if (learnt := _shape_of(model)) is not None:
        return learnt
    return square_picture(rows.shape[1], SMALLEST_GUESS) if names is None else None


def _shape_of(model: Any) -> tuple[int, int, int] | None:
    """The shape of a picture that an autoencoder has learnt, or that it was told before its fit."""
    if not isinstance(model, Autoencoder):
        return None
    if model.__sklearn_is_fitted__():
        return model.module_.domain.image_shape
    told = model.image_shape
    return (int(told[0]), int(told[1]), int(told[2])) if told is not None and len(told) == 3 else None


def _labels(y: Any, n: int) -> tuple[NDArray[Any] | None, tuple[str, ...] | None]:
    if y is None:
        return None, None
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise DataError(f"y must have one label per sample, shape ({n},); got {labels.shape}.")
    if labels.dtype.kind == "f" and not (labels == np.round(labels)).all():
        return labels.astype(np.float64), None
    if labels.dtype.kind in "iuf":
        return labels.astype(np.int64), None
    texts, places = np.unique(labels.astype(str), return_inverse=True)
    return places.astype(np.int64), tuple(texts.tolist())


def snapshots_of(model: Any, n: int) -> list[Array]:
    """Codes by epoch that a training kept, where its rows are the first ones of the n shown."""
    if not isinstance(model, Autoencoder):
        return []
    kept = [np.asarray(shot["codes"], np.float32) for shot in model.history_.snapshots]
    # With a share of rows held out, or other rows shown, the kept ones cannot be told by their place.
    settings = slots.resolve("training", model.training)
    known = kept and settings.share_held_out(n) == 0 and len(kept[0]) <= n
    return kept if known else []


def make_subjects(model: Any, X: Any, y: Any = None, compare: Any = None) -> list[ExplorerModel]:
    """The models with their rows, as the page's questions are put to them."""
    if hasattr(model, "schema_") and model.schema_.is_of(X):
        X, model = model.schema_.rows(X), model.in_numbers()
    data = make_dataset(X, y, model)
    subjects = [ExplorerModel(model, data, snapshots_of(model, len(data.X)))]
    if compare is not None:
        subjects.append(ExplorerModel(compare, data, snapshots_of(compare, len(data.X))))
    return subjects
