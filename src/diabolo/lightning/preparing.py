"""Between a scikit-learn estimator and a module of Lightning's: what goes in, and what comes out."""

from __future__ import annotations

import copy
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from .. import slots
from ..data.checks import find_device
from ..data.streams import Stream, find_large
from ..errors import DataError, DivergedError
from ..estimator.autoencoder import Autoencoder
from ..estimator.preparation import prepare as prepare_fit
from ..estimator.preparation import prepare_further
from ..estimator.rows import SummarizedRows
from ..model import Model
from ..training.control import threads_for
from ..training.fitted import Fitted, count_parameters
from ..training.flat import Layout
from ..training.job import TrainingJob
from .data import Given


@dataclass(frozen=True)
class Prepared:
    """What is trained, on what.

    Attributes
    ----------
    estimator : Autoencoder
        With its scaling and seed.
    rows : array of shape (n, n_features)
        The checked rows, in the user's units.
    member : TrainingJob
    model : Model
    drawn : int or None
        What stood in for a ``random_state`` that is no number.
    """

    estimator: Autoencoder
    rows: SummarizedRows
    member: TrainingJob
    model: Model
    drawn: int | None


def prepare(estimator: Autoencoder, given: Given, strategy: Any, drawn: int | None) -> Prepared:
    """Begin as ``fit`` does: check rows, learn their scaling, hold some out, build the network; on the CPU.

    Parameters
    ----------
    estimator : Autoencoder
        It takes in what is learnt.
    given : Given
    strategy : lightning.pytorch.strategies.Strategy
        Makes the seed that of the first process everywhere.
    drawn : int or None
        The seed of an earlier process of this training; None: draw one if the estimator has none.
    """
    made = estimator.set_params(**_changes(estimator, given))
    before = made.device, made.random_state
    if not isinstance(made.random_state, int | np.integer) and drawn is None:
        drawn = strategy.broadcast(int(check_random_state(made.random_state).randint(2**31 - 1)))
    made.device = "cpu"
    made.random_state = made.random_state if drawn is None else drawn
    try:
        rows, member = prepare_fit(
            made, _numbered(given.X), given.target, given.validation, given.sample_weight
        )
    finally:
        made.device, made.random_state = before
    model = member.model()
    return Prepared(made, rows, member, model.to(dtype=member.data.inputs.dtype), drawn)


def go_on(fitted: Autoencoder, model: Model, given: Given, drawn: int | None) -> Prepared:
    """Go on from what has been learnt, with other rows: under the same scaling, with the same network."""
    fitted = fitted.set_params(**_changes(fitted, given))
    fitted.module_ = fitted.module_.to("cpu")
    X = _numbered(given.X)
    rows, member = prepare_further(
        fitted, X, given.target, given.validation, given.sample_weight, history=fitted.history_
    )
    return Prepared(fitted, rows, member, model, drawn)


def finish(prepared: Prepared, status: str) -> Autoencoder:
    """A fitted estimator with the weights and the history that there are now."""
    member, model, made = prepared.member, prepared.model, copy.deepcopy(prepared.estimator)
    place, training = find_device(made.device), slots.resolve("training", made.training)
    n_threads = threads_for(count_parameters(model), training.batch_of(member.n_rows))
    fitted = Fitted(
        member.parts,
        member.domain,
        member.scaler,
        Layout.of(model).flatten(model).to(place, getattr(torch, training.stored)),
        {name: value.to(place, copy=True) for name, value in model.float_buffers().items()},
        copy.deepcopy(member.history),
        status,
        member.message,
        member.seed,
        n_threads,
        np.empty((0, 0)),
    )
    with suppress(DivergedError):  # whoever trained was told
        made.take_over(fitted)
    made.codes_ = made.compute(made.module_.encode, prepared.rows.shown()).numpy()
    return made


def _numbered(X: Any) -> Any:
    """Rows that can be picked by their numbers, as a process that takes its share of each batch must."""
    if isinstance(find_large(X), Stream):
        raise DataError(
            "several processes cannot share a stream, whose samples have no index; give the data module an array, "
            "which may be memory-mapped, or train with Autoencoder.fit."
        )
    return X


def require_same_rows(rows: SummarizedRows, rank: int, strategy: Any) -> None:
    """Raise a DataError if this process has other rows than the first one."""
    ends = np.stack([rows.found.low, rows.found.high])
    whole = rows.rows if isinstance(rows.rows, np.ndarray) else ends
    mine = (rows.shape, float(np.nansum(whole, dtype=np.float64)))
    first = strategy.broadcast(mine)
    # Processors of different kinds may round a sum differently.
    if mine[0] != first[0] or not math.isclose(mine[1], first[1], rel_tol=1e-5, abs_tol=1e-3):
        raise DataError(
            f"process {rank} has data of shape {mine[0]} (sum {mine[1]:g}), the first process has {first[0]} "
            f"(sum {first[1]:g}); give every process the same data, it takes its share of each batch."
        )


def _changes(estimator: Autoencoder, given: Given) -> dict[str, Any]:
    """What a data module says that is the estimator's to know."""
    changes: dict[str, Any] = {}
    if given.batch_size is not None:
        changes["training__batch_size"] = given.batch_size
    if estimator.image_shape is None and given.image_shape is not None:
        changes["image_shape"] = given.image_shape
    return changes
