"""Fit many autoencoders at once: what shares its shapes trains as one stack."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import clone

from ..data.checks import numpy_dtype
from ..errors import DivergedError, SettingError
from ..estimator.autoencoder import Autoencoder
from ..estimator.chunks import in_chunks
from ..estimator.preparation import constant_loss, prepare, warn_of_poor_fit
from ..training.control import threads, threads_for, undisturbed
from ..training.fitted import Fitted, build_model
from ..training.flat import Layout
from ..training.job import TrainingJob
from ..training.loop import Trainer
from .groups import (
    STACK_SIZE,
    SharedData,
    bytes_per_model,
    chunks,
    memory_budget,
    shape_key,
    stack_key,
    stackable,
)
from .start import Start

# Models that are encoded at once: what their layers give out stays within the caches.
_ENCODED = 16


@dataclass
class Job:
    """One model that is due to train.

    Attributes
    ----------
    member : TrainingJob
    flat : array of shape (size,)
        Its first parameters.
    shown : array
        The rows whose codes are kept, as the model sees them.
    n_threads : int
        Threads that it would train with alone.
    widths : int
        Sum of the widths of its layers.
    """

    member: TrainingJob
    flat: NDArray[np.floating]
    shown: NDArray[np.floating]
    n_threads: int
    widths: int


class Jobs:
    """Makes jobs; what models of one shape have in common is built once."""

    def __init__(self) -> None:
        self._shared = SharedData()
        self._started: dict[Hashable, Start] = {}
        self._shown: dict[int, NDArray[np.floating]] = {}

    def make(self, estimator: Autoencoder, rows: Any, member: TrainingJob) -> Job:
        """The job of an estimator that is prepared."""
        self._shared.share(member)
        inputs, settings = member.data.inputs, member.training
        start = self._started.get(shape_key(member)) if stackable(member) else None
        if start is None:
            start = Start(member)
            if stackable(member):
                self._started[shape_key(member)] = start
        # Where none is held out, members that share their rows keep the codes of the same ones.
        key = id(inputs) if len(inputs) == len(rows) else None
        shown = self._shown.get(key) if key is not None else None
        if shown is None:
            shown = estimator.scaler_.forward(rows.shown(), numpy_dtype(inputs.dtype))
            if key is not None:
                self._shown[key] = shown
        n_threads = threads_for(start.n_parameters, settings.batch_of(member.n_rows))
        return Job(member, start.flat(member), shown, n_threads, start.widths + 2 * member.domain.n_features)


@dataclass
class Outcome:
    """What became of one model.

    Attributes
    ----------
    estimator : Autoencoder
        Fitted, unless there was an error before training; with a divergence it has its last good weights.
    error : Exception or None
    seconds : float
        Its share of the time that its stack took.
    """

    estimator: Autoencoder
    error: Exception | None = None
    seconds: float = 0.0


def fit_stack(
    estimators: Sequence[Autoencoder],
    Xs: Sequence[Any] | Any,
    *,
    targets: Sequence[Any] | None = None,
    validations: Sequence[Any] | None = None,
    sample_weights: Sequence[Any] | None = None,
    n_jobs: int | None = None,
    stack_size: int | None = None,
    memory: int | None = None,
) -> list[Autoencoder]:
    """Fit many autoencoders; those that share shapes train together, each as it would alone up to rounding.

    Models share a stack when they agree in networks, latent space, loss, kinds of penalties, numbers of rows and
    features, batch size, epochs, optimiser, ``clip_norm``, ``compile`` and precision. Rate, schedule, early
    stopping, seed, data, corruption and the weights of penalties may differ. What cannot be stacked trains one by one.

    Parameters
    ----------
    estimators : sequence of Autoencoder
        They are not changed.
    Xs : array, or list of array
        One array for all, or a list with one for each.
    targets, validations, sample_weights : list or None
        As in ``fit``, one for each.
    n_jobs : int or None
        Processes that stacks are shared among, through joblib: ``joblib.parallel_config`` applies.
    stack_size : int or None, default None
        Models in a stack; None: at most 128.
    memory : int or None, default None
        Bytes that the stacks in training may take; None: a quarter of what is free. Last bits follow from which models
        share a stack: where large models must repeat to the bit, give a number.

    Returns
    -------
    list of Autoencoder
        Fitted, in order. One that diverged has ``status_`` "diverged", its sentence in ``message_`` and its
        last good weights; it does not disturb the others.

    Raises
    ------
    SettingError, DataError
        If a setting or data cannot be used.

    Examples
    --------
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> rates = (1e-3, 3e-3)
    >>> models = [Autoencoder(training=Training(epochs=1, lr=lr), random_state=0) for lr in rates]
    >>> [m.n_iter_ for m in fit_stack(models, X)]
    [1, 1]
    """
    many = isinstance(Xs, list | tuple)
    lists = [Xs if many else [Xs] * len(estimators), targets, validations, sample_weights]
    columns = [[None] * len(estimators) if column is None else list(column) for column in lists]
    for name, column in zip(("Xs", "targets", "validations", "sample_weights"), columns, strict=True):
        if len(column) != len(estimators):
            raise SettingError(
                f"{name} must have one entry for each of the {len(estimators)} estimators, got {len(column)}."
            )
    outcomes = fit_all(
        [clone(estimator) for estimator in estimators],
        list(zip(*columns, strict=True)),
        Budget(n_jobs, stack_size or STACK_SIZE, memory),
    )
    for outcome in outcomes:
        if outcome.error is not None and not isinstance(outcome.error, DivergedError):
            raise outcome.error
    return [outcome.estimator for outcome in outcomes]


@dataclass(frozen=True)
class Budget:
    """What stacks may take.

    Attributes
    ----------
    n_jobs : int or None
        Processes to share stacks among.
    stack_size : int
        Models in one stack, at most.
    memory : int or None
        Bytes of all stacks in training; None: a quarter of what is free.
    sharers : int
        Processes that work like this one at the same time, and need as much.
    """

    n_jobs: int | None = None
    stack_size: int = STACK_SIZE
    memory: int | None = None
    sharers: int = 1

    def models(self, job: Job, workers: int) -> int:
        """Models in a stack of those like a job."""
        free = (memory_budget() if self.memory is None else self.memory) // (workers * self.sharers)
        need = bytes_per_model(job.member, job.flat.size, job.widths)
        return max(1, min(self.stack_size, free // need))


@undisturbed()
def fit_all(
    estimators: Sequence[Autoencoder], data: Sequence[tuple[Any, ...]], budget: Budget
) -> list[Outcome]:
    """Fit estimators in place, each to its (X, target, validation, sample_weight); errors are kept, not raised."""
    outcomes = [Outcome(estimator) for estimator in estimators]
    jobs: dict[int, Job] = {}
    due = Jobs()
    for i, outcome in enumerate(outcomes):
        try:
            rows, member = prepare(outcome.estimator, *data[i])
            jobs[i] = due.make(outcome.estimator, rows, member)
        except Exception as error:  # what a fit alone would raise is this model's outcome
            outcome.error = error
    known: dict[tuple[int, int, Any], float] = {}

    def constants(job: Job) -> float:
        # Models mostly share their rows.
        key = id(job.shown), id(job.member.data.targets), job.member.parts.reconstruction
        if key not in known:
            known[key] = constant_loss(job.member, job.shown)
        return known[key]

    for i, (fitted, seconds) in zip(jobs, train(list(jobs.values()), budget), strict=True):
        outcomes[i].seconds = seconds
        try:
            outcomes[i].estimator.take_over(fitted)
            warn_of_poor_fit(fitted, partial(constants, jobs[i]))
        except DivergedError as error:
            outcomes[i].error = error
    return outcomes


def train(jobs: Sequence[Job], budget: Budget) -> list[tuple[Fitted, float]]:
    """Train members in stacks, through joblib: what each has learnt, and its share of the seconds."""
    workers = effective_n_jobs(budget.n_jobs)
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, job in enumerate(jobs):
        groups[stack_key(job.member) if stackable(job.member) else i].append(i)
    stacks = [
        stack
        for group in groups.values()
        for stack in chunks(group, budget.models(jobs[group[0]], workers), workers)
    ]
    # The longest first, so that no worker is left with one at the end.
    stacks.sort(key=lambda stack: -_cost([jobs[i] for i in stack]))
    run = Parallel(n_jobs=budget.n_jobs)
    results = run(delayed(train_stack)([jobs[i] for i in stack]) for stack in stacks)
    found: dict[int, tuple[Fitted, float]] = {}
    for stack, each in zip(stacks, results, strict=True):
        found |= zip(stack, each, strict=True)
    return [found[i] for i in range(len(jobs))]


def _cost(stack: Sequence[Job]) -> float:
    member = stack[0].member
    rows = member.n_rows * member.training.epochs_for(member.n_rows)
    return len(stack) * rows * stack[0].flat.size


@undisturbed()
def train_stack(jobs: Sequence[Job]) -> list[tuple[Fitted, float]]:
    """Train members that share a stack; a single one trains alone. Divergence is left in the status."""
    begin = time.perf_counter()
    members, first = [job.member for job in jobs], jobs[0]
    device = first.member.data.inputs.device
    rows = torch.from_numpy(np.stack([job.flat for job in jobs])).to(device)
    model = build_model(first.member.parts, first.member.domain, rows[0].clone())
    alone = len(jobs) == 1
    # As many threads as each would have alone: several processes beat several threads, which wait for each other many
    # times in a step.
    with threads(first.n_threads), suppress(DivergedError):
        Trainer(model, members, flat=None if alone else rows).run()
    if any(member.status == "interrupted" for member in members):
        raise KeyboardInterrupt
    codes = _codes(jobs, [member.flat for member in members if member.flat is not None])
    seconds = (time.perf_counter() - begin) / len(jobs)
    return [(job.member.fitted(job.n_threads, own), seconds) for job, own in zip(jobs, codes, strict=True)]


def _codes(jobs: Sequence[Job], rows: list[torch.Tensor]) -> list[NDArray[np.floating]]:
    """The codes that each member's estimator keeps, from the rows of parameters that they ended with."""
    first, member = jobs[0], jobs[0].member
    model = build_model(member.parts, member.domain, rows[0], member.float_buffers)
    encode = partial(
        in_chunks, model.encode, dtype=rows[0].dtype, device=rows[0].device, n_threads=first.n_threads
    )
    if len(jobs) == 1:
        return [encode(first.shown).numpy()]
    layout = Layout.of(model)
    same, found = all(job.shown is first.shown for job in jobs), list[NDArray[np.floating]]()
    for start in range(0, len(jobs), _ENCODED):
        few = slice(start, start + _ENCODED)
        layout.bind(model, torch.stack(rows[few]))
        shown = first.shown if same else np.stack([job.shown for job in jobs[few]])
        codes = encode(shown, models=(len(rows[few]),)).numpy()
        found += [own.copy() for own in codes]
    return found
