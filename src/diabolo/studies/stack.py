"""Fit many autoencoders at once: what shares its shapes trains as one stack."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import clone

from ..errors import DivergedError, SettingError
from ..estimator import Autoencoder
from ..fitting import rebuild
from ..training.control import threads
from ..training.loop import Run
from ..training.member import Ended, Member
from ..training.row import Layout
from .groups import STACK_SIZE, SharedData, bytes_per_model, chunks, memory_budget, stack_key, stackable


@dataclass
class Job:
    """One model that is due to train: its member, its first parameters and its number of threads.

    Attributes
    ----------
    member : Member
    row : Tensor, shape (size,)
    n_threads : int
        Threads that it would train with alone.
    widths : int
        Sum of the widths of its layers.
    """

    member: Member
    row: torch.Tensor
    n_threads: int
    widths: int

    @classmethod
    def of(cls, estimator: Autoencoder, member: Member) -> Job:
        """The job of an estimator that is prepared."""
        model = estimator.module_
        widths = sum(p.shape[-1] for p in model.parameters() if p.dim()) + 2 * member.domain.n_features
        return cls(member, Layout.of(model).flatten(model), estimator.n_threads_, widths)


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
    n_jobs: int | None = None,
    stack_size: int | None = None,
    memory: int | None = None,
) -> list[Autoencoder]:
    """Fit many autoencoders; those that share shapes train together, each to the bit as it would alone.

    Models share a stack when they agree in networks, latent space, loss, kinds of penalties, numbers of rows and
    features, batch size, epochs, optimiser, ``clip_norm`` and precision. Rate, schedule, early stopping, seed,
    data, corruption and the weights of penalties may differ. What cannot be stacked trains one by one.

    Parameters
    ----------
    estimators : sequence of Autoencoder
        They are not changed.
    Xs : array, or list of array
        One array for all, or a list with one for each.
    targets, validations : list or None
        As in ``fit``, one for each.
    n_jobs : int or None
        Processes that stacks are shared among, through joblib: ``joblib.parallel_config`` applies.
    stack_size : int or None, default None
        Models in a stack; None: at most 128.
    memory : int or None, default None
        Bytes that the stacks in training may take; None: a quarter of what is free.

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
    lists = [Xs if many else [Xs] * len(estimators), targets, validations]
    columns = [[None] * len(estimators) if column is None else list(column) for column in lists]
    for name, column in zip(("Xs", "targets", "validations"), columns, strict=True):
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
        need = bytes_per_model(job.member, job.row.numel(), job.widths)
        return max(1, min(self.stack_size, free // need))


def fit_all(
    estimators: Sequence[Autoencoder], data: Sequence[tuple[Any, Any, Any]], budget: Budget
) -> list[Outcome]:
    """Fit estimators in place, each to its (X, target, validation); errors are kept, not raised."""
    outcomes = [Outcome(estimator) for estimator in estimators]
    prepared: dict[int, tuple[Any, Member]] = {}
    shared = SharedData()
    for i, outcome in enumerate(outcomes):
        try:
            rows, member = outcome.estimator._prepare(*data[i])
            shared.share(member)
            prepared[i] = rows, member
        except Exception as error:  # what a fit alone would raise is this model's outcome
            outcome.error = error
    jobs = {i: Job.of(outcomes[i].estimator, member) for i, (_, member) in prepared.items()}
    trained = train(list(jobs.values()), budget)
    for (i, (rows, _)), (ended, seconds) in zip(prepared.items(), trained, strict=True):
        outcomes[i].seconds = seconds
        try:
            outcomes[i].estimator._adopt(rows, ended)
        except DivergedError as error:
            outcomes[i].error = error
    return outcomes


def train(jobs: Sequence[Job], budget: Budget) -> list[tuple[Ended, float]]:
    """Train members in stacks, through joblib; what became of each, and its share of the seconds."""
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
    found: dict[int, tuple[Ended, float]] = {}
    for stack, each in zip(stacks, results, strict=True):
        found |= zip(stack, each, strict=True)
    return [found[i] for i in range(len(jobs))]


def _cost(stack: Sequence[Job]) -> float:
    member = stack[0].member
    rows = member.n_rows * member.training.epochs_for(member.n_rows)
    return len(stack) * rows * stack[0].row.numel()


def train_stack(jobs: Sequence[Job]) -> list[tuple[Ended, float]]:
    """Train members that share a stack; a single one trains alone. Divergence is left in the status."""
    start = time.perf_counter()
    members = [job.member for job in jobs]
    first = members[0]
    model = rebuild(first.parts, first.domain, jobs[0].row.clone(), jobs[0].row.device)
    alone = len(jobs) == 1
    run = Run(model, members, rows=None if alone else torch.stack([job.row for job in jobs]))
    # As many threads as each would have alone, since products round by their number. Several processes beat
    # several threads, which wait for each other many times in a step.
    with threads(jobs[0].n_threads), suppress(DivergedError):
        run.run()
    if any(member.status == "interrupted" for member in members):
        raise KeyboardInterrupt
    seconds = (time.perf_counter() - start) / len(jobs)
    return [(member.ended(), seconds) for member in members]
