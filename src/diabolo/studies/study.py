"""Studies: many models over axes and repeats, a table with one row a model, saved as it grows."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import CancelledError
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import clone

from ..errors import DivergedError, FileError, SettingError
from ..estimator.autoencoder import Autoencoder
from ..storage.atomic import replacing
from ..storage.text import read_text
from .data import Metric, StudyData, resolve_metrics
from .design import DATA, SEED, Settings, check_axes, check_repeats, plan, points_of
from .groups import STACK_SIZE, chunks
from .stack import Budget, fit_all

TABLE, SPEC = "table.parquet", "study.json"
#: Rounds in a row that a cluster may cancel before it gave a single result.
FRUITLESS = 3
Row = dict[str, Any]


class Study:
    """Train many models over axes and repeats, as stacks, and keep one row of a table for each.

    Parameters
    ----------
    estimator : Autoencoder
        What axes change settings of.
    axes : mapping of str to list or distribution
        By path: ``"training.lr"``, ``"encoder.hidden"``, ``"penalties.kl.weight"``; ``"seed"`` is the model's and
        ``"data.noise"`` an argument of the data. Lists give a grid; with ``n_points`` they and distributions (with
        ``rvs``, such as ``scipy.stats.loguniform(1e-4, 1e-1)``) are drawn from.
    repeats : int or mapping, default 1
        Models at each point: a number of seeds on the same data, ``{"data": 5}`` draws of the data with the same
        seed, ``{"seed": 3, "data": 5}`` all pairs, ``{"both": 5}`` a new seed with each new draw.
    data : str, array, callable or StudyData
        The name of a data set, rows, or a function of arguments that axes may change. A draw of the data
        decides what is generated (``random_state``) and which rows are held out.
    data_options : mapping or None
        Arguments of the data that stay the same.
    metrics : str, sequence of str or mapping, default "mse"
        Measured on the held-out rows: "loss", "mse", "mae", "bce", "trustworthiness", "continuity",
        "distance_rmse", or functions of (estimator, rows) by name.
    held_out : float or int, default 0.2
        Share or number of rows to judge by.
    n_points : int or None, default None
        Points to draw from the axes; None, or as many as the grid has: every point of it.
    random_state : int, default 0
        What seeds are counted from, and points are drawn with.

    Examples
    --------
    >>> from diabolo import Autoencoder, Training
    >>> from diabolo.studies import Study
    >>> base = Autoencoder(latent=1, training=Training(epochs=1))
    >>> study = Study(base, {"training.lr": [1e-3, 1e-2]}, data="moons", data_options={"n_samples": 100})
    >>> table = study.run()
    >>> list(table.columns)
    ['model', 'training__lr', 'seed', 'data_seed', 'status', 'message', 'epochs', 'train_loss', 'mse', 'seconds']
    >>> study.take(1).n_features_in_
    2
    """

    def __init__(
        self,
        estimator: Autoencoder,
        axes: Mapping[str, Any],
        repeats: int | Mapping[str, int] = 1,
        data: Any = "moons",
        metrics: Any = "mse",
        *,
        data_options: Mapping[str, Any] | None = None,
        held_out: float = 0.2,
        n_points: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.axes = check_axes(axes, list(estimator.get_params()))
        self.repeats = check_repeats(repeats)
        self.study_data = StudyData(data, dict(data_options or {}), held_out)
        for path in self.axes:
            name = path.removeprefix(DATA)
            if path.startswith(DATA) and name not in self.study_data.arguments:
                raise SettingError(
                    f"the data {self.study_data.name!r} has no argument {name!r} to make an axis of; it has "
                    f"{', '.join(self.study_data.arguments) or 'none'}."
                )
        self.metrics = resolve_metrics(metrics)
        self.random_state = random_state
        self._points = points_of(self.axes, n_points, random_state)
        self._table: pd.DataFrame | None = None

    @cached_property
    def settings(self) -> list[Settings]:
        """What each model is made with."""
        return plan(self._points, list(self.axes), self.repeats, self.random_state)

    @property
    def table(self) -> pd.DataFrame:
        """One row a model, as far as they have been trained.

        Raises
        ------
        SettingError
            If nothing has been run yet.
        """
        if self._table is None:
            raise SettingError("this study has not run yet; call run() first.")
        return self._table

    def run(
        self,
        path: str | Path | None = None,
        *,
        resume: bool = False,
        n_jobs: int | None = None,
        stack_size: int = STACK_SIZE,
        memory: int | None = None,
        progress: Callable[[int, int, int], Any] | None = None,
    ) -> pd.DataFrame:
        """Train every model, stack by stack.

        Parameters
        ----------
        path : path or None
            A folder for ``table.parquet``, which is written anew, whole, after each stack, and ``study.json``.
        resume : bool, default False
            Go on with the table in the folder. Models that it holds are not trained again.
        n_jobs : int or None
            Processes that stacks are shared among, through joblib; ``joblib.parallel_config`` applies.
        stack_size : int, default 128
            Models in a stack, at most.
        memory : int or None
            Bytes that stacks may take; None: a quarter of what is free.
        progress : callable or None
            Called after each stack with the number of models trained, of those due, and of those that the folder held.

        Returns
        -------
        DataFrame
            Sorted by ``model``.

        Raises
        ------
        FileError
            If the folder holds another study, or a study and ``resume`` is false.
        """
        rows = self._open(Path(path), resume) if path is not None else []
        done = {row["model"] for row in rows}
        workers = effective_n_jobs(n_jobs)
        # Stacks of the whole study, though some are done: a model's last bits depend on those it shares a stack with.
        stacks = [c for group in _groups(self.settings) for c in chunks(group, stack_size, workers)]
        stacks = [left for c in stacks if (left := [s for s in c if s.model not in done])]
        due = sum(map(len, stacks))
        budget = Budget(1, stack_size, memory, workers)
        source, recipe = self.study_data.source, self._recipe()
        # Rows are an argument of their own: a cluster's backend sends each argument that is large only once.
        calls = [delayed(_run_stack)(source, recipe, stack, budget) for stack in stacks]
        for found in _to_the_end(calls, n_jobs, workers):
            rows = rows + found
            if progress is not None:
                progress(len(rows) - len(done), due, len(done))
            if path is not None:
                _write(self._frame(rows), Path(path) / TABLE)
        self._table = self._frame(rows)
        return self._table

    def take(self, model: int) -> Autoencoder:
        """One model of the table as an ordinary estimator: trained again, alone, which gives the same up to rounding.

        Parameters
        ----------
        model : int
            Its number, in the column ``model``.
        """
        if model not in range(len(self.settings)):
            raise SettingError(f"models of this study are 0 to {len(self.settings) - 1}, got {model!r}.")
        settings = self.settings[model]
        try:
            return make(self.estimator, settings).fit(self._rows(settings)[0])
        except DivergedError as error:
            raise DivergedError(f"model {model} diverged: {error}") from error

    def best(self, metric: str | None = None, n: int = 10) -> pd.DataFrame:
        """The models with the best values of a metric (the first, unless one is named).

        Parameters
        ----------
        metric : str or None, default None
            A metric of the study; None: its first.
        n : int, default 10
            Number of models, at most.
        """
        from .data import HIGHER

        name = metric or next(iter(self.metrics))
        return self.table.sort_values(name, ascending=name not in HIGHER, na_position="last").head(n)

    def variance(self, metric: str | None = None) -> pd.DataFrame:
        """How much of a metric's variance comes from the seed and from the data; see :func:`split_variance`."""
        from .variance import split_variance

        return split_variance(self.table, list(self.axes), metric or next(iter(self.metrics)))

    def page(self, path: str | Path) -> Path:
        """Write the study as one HTML page: the best models, the error against each axis, pairs of axes, the table."""
        from .page import Shown, write_page

        axes, metric = tuple(self.axes), next(iter(self.metrics))
        found = self.table, self.best(metric), self.variance(metric)
        return write_page(Shown(self.study_data.name, len(self.settings), axes, metric, *found), Path(path))

    def _rows(self, settings: Settings) -> tuple[Any, Any]:
        return data_of(self.study_data, settings)

    def _recipe(self) -> _Recipe:
        return self.estimator, self.study_data.options, self.study_data.held_out, self.metrics

    def _frame(self, rows: list[Row]) -> pd.DataFrame:
        names = ["model", *(a for a in self.axes if a != SEED), "seed", "data_seed", "status", "message"]
        names += ["epochs", "train_loss", *self.metrics, "seconds"]
        frame = pd.DataFrame(rows, columns=names)
        return frame.sort_values("model", ignore_index=True)

    @property
    def fingerprint(self) -> str:
        """What a study is known by when it goes on: its settings, in words, hashed."""
        source = self.study_data.source
        rows = getattr(source, "X", source)
        content = hashlib.sha256(rows.tobytes()).hexdigest() if isinstance(rows, np.ndarray) else ""
        words = [
            repr(self.estimator.get_params()),
            repr(self.settings),
            sorted(self.metrics),
            self.study_data.name,
        ]
        words += [repr(self.study_data.options), repr(self.study_data.held_out), content]
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()

    def _open(self, folder: Path, resume: bool) -> list[Row]:
        """The rows that a folder holds already; the folder is made if there is none."""
        spec = folder / SPEC
        if spec.exists():
            known = json.loads(read_text(spec, "what a study is"))["fingerprint"]
            if not resume:
                raise FileError(
                    f"{folder} holds a study already; go on with it (resume), or choose another folder."
                )
            if known != self.fingerprint:
                raise FileError(
                    f"{folder} holds another study: its estimator, axes, repeats, data or metrics differ. "
                    "Choose another folder."
                )
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"fingerprint": self.fingerprint, "models": len(self.settings)}) + "\n"
        with replacing(spec) as part:
            part.write_text(text, encoding="utf-8")
        table = folder / TABLE
        if not table.exists():
            return []
        # Axes come from the plan: a table cannot hold what is no number, nor text.
        saved: list[Any] = pd.read_parquet(table).to_dict("records")
        return [row | describe(self.settings[row["model"]]) for row in saved]


def make(estimator: Autoencoder, settings: Settings) -> Autoencoder:
    """The estimator of one model, not fitted."""
    paths = {p: v for p, v in settings.axes.items() if p != SEED and not p.startswith(DATA)}
    return clone(estimator).set_params(**paths, random_state=settings.seed, verbose=False)


def data_of(study_data: StudyData, settings: Settings) -> tuple[Any, Any]:
    """Training and held-out rows of one model."""
    options = {p.removeprefix(DATA): v for p, v in settings.axes.items() if p.startswith(DATA)}
    return study_data.rows(options, settings.data_seed)


def describe(settings: Settings) -> Row:
    """The columns of the table that are known before training."""
    return {"model": settings.model, **settings.axes, "seed": settings.seed, "data_seed": settings.data_seed}


def _groups(settings: list[Settings]) -> Iterator[list[Settings]]:
    groups: dict[Hashable, list[Settings]] = defaultdict(list)
    for s in settings:
        groups[s.group].append(s)
    yield from groups.values()


# The estimator, how its data is drawn from the source, and the metrics.
_Recipe = tuple[Autoencoder, dict[str, Any], int | float, dict[str, Metric]]


def _run_stack(source: Any, recipe: _Recipe, stack: list[Settings], budget: Budget) -> list[Row]:
    """Train some models and measure them; a row for each."""
    estimator, options, held_out, metrics = recipe
    study_data = StudyData(source, options, held_out)
    rows: list[Row] = []
    made, data = [], []
    for s in stack:
        try:
            made.append(make(estimator, s))
            data.append(data_of(study_data, s))
        except (ValueError, TypeError) as error:
            del made[len(data) :]
            rows.append(describe(s) | {"status": "failed", "message": str(error), "epochs": 0})
    failed = {row["model"] for row in rows}
    outcomes = fit_all(made, [(train, None, None) for train, _ in data], budget)
    left = [s for s in stack if s.model not in failed]
    for s, outcome, (_, judged) in zip(left, outcomes, data, strict=True):
        model = outcome.estimator
        row = describe(s) | {"status": "failed", "message": str(outcome.error or ""), "epochs": 0}
        if hasattr(model, "history_"):
            row |= {"status": model.status_, "epochs": model.n_iter_, "seconds": outcome.seconds}
            if model.history_.epochs:
                row["train_loss"] = model.history_.epochs[-1]["loss"]
            if outcome.error is None:
                row |= _measure(model, judged, metrics)
        rows.append(row)
    return rows


def _measure(model: Autoencoder, judged: Any, metrics: Mapping[str, Metric]) -> Row:
    """A model's metrics; one that the held-out rows do not allow is left out, and the message says why."""
    found: Row = {}
    for name, metric in metrics.items():
        try:
            found[name] = float(metric(model, judged))
        except ValueError as error:
            found["message"] = f"{name}: {error}"
    return found


def _to_the_end(calls: list[Any], n_jobs: int | None, workers: int) -> Iterator[list[Row]]:
    """Results of calls as they come; what a cluster cancels, as when it loses a worker, is called again."""
    fruitless = 0
    while True:
        seen: set[int] = set()
        try:
            for rows in _as_they_end(calls, n_jobs, workers):
                seen |= {row["model"] for row in rows}
                yield rows
            return
        except CancelledError:
            fruitless = 0 if seen else fruitless + 1
            if fruitless == FRUITLESS:
                raise
            calls = [call for call in calls if call[1][2][0].model not in seen]


def _as_they_end(calls: list[Any], n_jobs: int | None, workers: int) -> Iterator[list[Row]]:
    """Results of calls as they come; in rounds where the backend gives results all at once only."""
    from joblib.parallel import get_active_backend

    if workers == 1:
        yield from (function(*args, **kwargs) for function, args, kwargs in calls)
        return
    if getattr(get_active_backend()[0], "supports_return_generator", False):
        yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(calls)
        return
    for start in range(0, len(calls), workers):
        yield from Parallel(n_jobs=n_jobs)(calls[start : start + workers])


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that the file is always a whole one; values that are no number or text become text."""
    plain = frame.copy()
    for name in [n for n in plain.columns if not pd.api.types.is_numeric_dtype(plain[n])]:
        plain[name] = [None if v is None else v if isinstance(v, str) else repr(v) for v in plain[name]]
    with replacing(path) as part:
        plain.to_parquet(part, index=False)
