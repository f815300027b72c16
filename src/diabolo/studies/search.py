"""scikit-learn's grid and random search, with candidates and folds trained as stacks."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, Self

import numpy as np
from joblib import parallel_config
from joblib.parallel import get_active_backend
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, check_cv

from ..estimator.autoencoder import Autoencoder
from ..estimator.preparation import trained_ahead
from ..training.fitted import Fitted
from ..training.job import TrainingJob
from .groups import member_key
from .stack import Budget, Job, Jobs, train


class _RehearsedError(Exception):
    """Ends a fit of the rehearsal: what it would train has been noted."""


class _Rehearsal:
    """Notes what every fit would train, has it trained in stacks, and hands it to the fits of the real search.

    Models are known by their content (parts, settings, seed, data), so it does not matter in which order fits
    come. What is not found, such as the outcome of a preprocessing step that draws other numbers each time,
    trains alone.
    """

    def __init__(self) -> None:
        self.keys: list[Hashable] = []
        self.jobs: list[Job] = []
        self.due = Jobs()
        self.found: dict[Hashable, list[tuple[Fitted, float]]] = defaultdict(list)
        self.seconds: list[float] = []

    @staticmethod
    def key(estimator: Autoencoder, member: TrainingJob) -> Hashable:
        return member_key(member, any_seed=estimator.random_state is None)

    def note(self, estimator: Autoencoder, rows: Any, member: TrainingJob) -> Fitted | None:
        """Note a member that is about to train, and end its fit."""
        self.jobs.append(self.due.make(estimator, rows, member))
        self.keys.append(self.key(estimator, member))
        raise _RehearsedError

    def train(self, budget: Budget) -> None:
        for key, result in zip(self.keys, train(self.jobs, budget), strict=True):
            self.found[key].append(result)
        self.jobs.clear()

    def answer(self, estimator: Autoencoder, rows: Any, member: TrainingJob) -> Fitted | None:
        """What became of a member; None if it was not foreseen."""
        results = self.found.get(self.key(estimator, member))
        if not results:
            return None
        fitted, seconds = results.pop(0)
        self.seconds.append(seconds)
        return fitted


class _Stacked(BaseEstimator):
    """What both searches add to scikit-learn's own."""

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """As in scikit-learn."""
        self._given = (X, y, params, get_active_backend())
        try:
            # The fits of the search itself only take over what the stacks have trained: one process.
            with parallel_config(backend="sequential"):
                super().fit(X, y, **params)
        finally:
            del self._given
        return self

    def _run_search(self, evaluate_candidates: Callable[..., Any], callback_ctx: Any = None) -> None:
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        calls: list[tuple[list[dict[str, Any]], dict[str, Any]]] = []

        def collect(candidates: Any, **options: Any) -> None:
            calls.append((list(candidates), options))

        super()._run_search(collect, **context)
        X, y, params, _ = self._given
        for candidates, options in calls:
            splitter = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
            # Split once: a splitter may draw other folds when it is asked again.
            cv = check_cv(list(splitter.split(X, y, params.get("groups"))))
            rehearsal = self._rehearse(candidates, cv)
            with trained_ahead(rehearsal.answer):
                results = evaluate_candidates(candidates, cv=cv, **options)
            if len(rehearsal.seconds) == len(candidates) * cv.get_n_splits():
                seconds = np.reshape(rehearsal.seconds, (len(candidates), -1))
                results["mean_fit_time"][:] = seconds.mean(1)
                results["std_fit_time"][:] = seconds.std(1)

    def _rehearse(self, candidates: list[dict[str, Any]], cv: Any) -> _Rehearsal:
        """Run all fits up to where they would train, through scikit-learn's own machinery; train in stacks."""
        X, y, params, (backend, n_jobs) = self._given
        rehearsal = _Rehearsal()
        grid = [{name: [value] for name, value in candidate.items()} for candidate in candidates]
        search = GridSearchCV(
            self.estimator,
            grid,
            cv=cv,
            scoring=lambda *_: 0.0,
            refit=False,
            error_score=0.0,
        )
        with warnings.catch_warnings(), trained_ahead(rehearsal.note):
            warnings.simplefilter("ignore")
            # "All fits failed": each was noted, and ended. Any other error the real search meets again.
            with suppress(ValueError):
                search.fit(X, y, **params)
        with parallel_config(backend=backend, n_jobs=n_jobs):
            rehearsal.train(Budget(self.n_jobs))
        return rehearsal


class StackedGridSearchCV(_Stacked, GridSearchCV):
    """scikit-learn's ``GridSearchCV``, with candidates and folds that share shapes trained as one stack.

    Arguments, attributes and results are those of :class:`sklearn.model_selection.GridSearchCV`; ``fit_time`` is a
    model's share of its stack's time. A model in a stack is the model alone up to rounding: with
    ``Training(precision="float64")`` scores agree to 1e-8; in float32 most agree to six digits, and a few differ as
    those of two seeds do. ``n_jobs`` is the number of processes that stacks are shared among.
    The estimator may be a pipeline that ends in an autoencoder: its other steps are fitted twice for each candidate and
    fold, and models are stacked where these steps give the same rows both times (give random steps a ``random_state``).

    Parameters
    ----------
    estimator, param_grid, scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        As in scikit-learn.

    Examples
    --------
    >>> from diabolo import Autoencoder, Training, datasets
    >>> from diabolo.studies import StackedGridSearchCV
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(training=Training(epochs=1), random_state=0)
    >>> search = StackedGridSearchCV(ae, {"training__lr": [1e-4, 1e-2]}, cv=2).fit(X)
    >>> search.best_params_
    {'training__lr': 0.01}
    """


class StackedRandomizedSearchCV(_Stacked, RandomizedSearchCV):
    """scikit-learn's ``RandomizedSearchCV``, with candidates and folds that share shapes trained as one stack.

    See :class:`StackedGridSearchCV`.

    Parameters
    ----------
    estimator, param_distributions, n_iter, scoring, n_jobs, refit, cv, verbose, pre_dispatch, random_state, \
error_score, return_train_score
        As in scikit-learn.
    """
