"""A study as one HTML page."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..report.html import document
from ..report.pictures import Picture
from ..report.tables import Table

_MOST_PAIRS = 15
_MOST_CURVES = 6
_MOST_ROWS = 500


@dataclass(frozen=True)
class Shown:
    """What the page shows of a study that has run.

    Attributes
    ----------
    data : str
    models : int
        How many there are to be, those that have not been trained included.
    axes : tuple of str
    metric : str
        The first.
    table, best, variance : DataFrame
        A row a model; the best of them; the spread of the metric at each point of the axes.
    """

    data: str
    models: int
    axes: tuple[str, ...]
    metric: str
    table: pd.DataFrame
    best: pd.DataFrame
    variance: pd.DataFrame


def write_page(study: Shown, path: Path) -> Path:
    """Write the page of a study that has run; gives the path."""
    metric, frame = study.metric, study.table
    counts = frame["status"].value_counts()
    done = ", ".join(f"{count} {status}" for status, count in counts.items())
    under = f"{len(frame)} of {study.models} models ({done}); data: {study.data}"
    shown = [_table("Best models", study.best, f"By {metric} on held-out rows.")]
    if study.variance["var"].notna().any():
        note = "Variance over repeats at each point of the axes, and its sources."
        shown.append(_table(f"Spread of {metric}", study.variance, note))
    shown.append(_table("Every model", frame.head(_MOST_ROWS), _cut(len(frame))))
    text = document("Study", under, shown, _pictures(study))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _cut(n: int) -> str:
    return f"The first {_MOST_ROWS} of {n}; table.parquet has all." if n > _MOST_ROWS else ""


def _table(title: str, frame: pd.DataFrame, note: str) -> Table:
    shown = frame.loc[:, [c for c in frame.columns if not (c == "message" and (frame[c] == "").all())]]
    rows = tuple(tuple(_cell(v) for v in row) for row in shown.itertuples(index=False))
    return Table(title, tuple(map(str, shown.columns)), rows, note)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return "" if value is None else str(value)


def _pictures(study: Shown) -> list[Picture]:
    from .. import plots

    metric = study.metric
    frame = study.table[np.isfinite(study.table[metric].astype(float))]
    axes = [a for a in study.axes if a in frame.columns and len(_values(frame[a])) > 1]
    found = []
    with plots.offscreen():
        for axis in axes:
            found.append(_curve(frame, axis, None, metric))
        for first, second in itertools.islice(itertools.combinations(axes, 2), _MOST_PAIRS):
            if len(_values(frame[second])) > _MOST_CURVES:
                first, second = second, first
            if len(_values(frame[second])) <= _MOST_CURVES:
                found.append(_curve(frame, first, second, metric))
    return found


def _curve(frame: pd.DataFrame, axis: str, by: str | None, metric: str) -> Picture:
    """The metric against an axis, over all other axes and repeats; a curve for each value of another axis."""
    import matplotlib.pyplot as plt

    from .. import plots

    figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    groups = (
        {"mean ± standard deviation": frame}
        if by is None
        else {f"{by} = {v}": frame[_is(frame[by], v)] for v in _values(frame[by])}
    )
    values = _values(frame[axis])
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    place = np.array(values, float) if numbers else np.array([str(v) for v in values])
    scores = {name: _band(group, axis, values, metric) for name, group in groups.items()}
    log = numbers and min(values) > 0 and max(values) / min(values) > 8
    plots.metric_curve(place, scores, x_name=axis, y_name=metric, log=log, ax=ax)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, facecolor="white")
    plt.close(figure)
    title = f"{metric} against {axis}" + (f" and {by}" if by else "")
    alt = f"Mean and standard deviation of {metric} over all other settings and repeats."
    return Picture(title.replace(" ", "-"), title, alt, buffer.getvalue())


def _band(frame: pd.DataFrame, axis: str, values: list[Any], metric: str) -> Any:
    """Mean minus and plus one standard deviation at each value: two numbers with that mean and that spread.

    Values may have different numbers of models, which a curve over repeats does not take.
    """
    each = [frame.loc[_is(frame[axis], v), metric].to_numpy(float) for v in values]
    middle = [(e.mean(), e.std()) if len(e) else (np.nan, np.nan) for e in each]
    return np.array([(mean - spread, mean + spread) for mean, spread in middle])


def _values(column: pd.Series[Any]) -> list[Any]:
    found = {repr(v): v for v in column}
    try:
        return sorted(found.values())
    except TypeError:
        return list(found.values())


def _is(column: pd.Series[Any], value: Any) -> pd.Series[Any]:
    return column.map(repr) == repr(value)
