"""Many small models of one shape, trained in one stack; each equals the model that is trained alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..estimator import Autoencoder
from ..fitting import architecture, domain_of, make_rows
from ..metrics import mse
from ..model import Model
from ..scaling import learn_scaling
from ..training.control import threads, threads_for
from ..training.keyed import generator
from ..training.loop import Run
from ..training.member import Member
from ..training.row import Layout
from ..training.source import TrainingData

__all__ = ["test_errors"]

Array = NDArray[np.floating]


def test_errors(models: Sequence[Autoencoder], X: Array, X_test: Array) -> Array:
    """Train estimators that differ in rates, schedules and seeds only; the mean squared error of each.

    A model that diverged has an infinite error.

    Parameters
    ----------
    models : sequence of Autoencoder
        Not fitted; with the same networks, epochs and batch size, and ``scaling=None``.
    X, X_test : array of shape (n, features), float32
    """
    parts = architecture(models[0].get_params(deep=False))
    scaler = learn_scaling(X, None, parts.reconstruction)
    domain = domain_of(X, scaler, None)
    data = TrainingData(make_rows(X, scaler, torch.float32, torch.device("cpu")))
    seeds = [int(np.random.RandomState(m.random_state).randint(2**31 - 1)) for m in models]
    members = [Member(parts, domain, m.training, data, seed) for m, seed in zip(models, seeds, strict=True)]
    singles = [Model(parts, domain, generator(seed, "weights")) for seed in seeds]
    layout = Layout.of(singles[0])
    rows = torch.stack([layout.flatten(single) for single in singles])
    stack = Model(parts, domain, torch.Generator())
    n_threads = threads_for(rows.numel(), members[0].training.batch_of(len(X)))
    with threads(n_threads):
        Run(stack, members, rows=rows).run()
        return np.array([_error(singles[0], layout, member, X_test) for member in members])


def _error(model: Model, layout: Layout, member: Member, X_test: Array) -> float:
    if member.status == "diverged" or member.row is None:
        return float("inf")
    layout.bind(model, member.row)
    with torch.no_grad():
        return mse(X_test, model.decode(model.encode(torch.from_numpy(X_test))).numpy())
