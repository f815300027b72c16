"""How much a result depends on the seed and on the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import SettingError

_REPEATS = ("seed", "data_seed")


def split_variance(table: pd.DataFrame, axes: list[str], metric: str) -> pd.DataFrame:
    r"""The variance of a metric over repeats, split by its sources, at each point of the axes.

    With s seeds crossed with d draws of the data, the metric is ``m + a_i + b_j + e_ij``, all random. From the
    mean squares of the two-way analysis of variance: ``var_data = (MS_data - MS_rest) / s``,
    ``var_seed = (MS_seed - MS_rest) / d``, ``var_rest = MS_rest``, where a negative estimate becomes 0.
    The rest holds how seed and data act together. With one kind of repeat only, all variance is of that kind; with
    both together it cannot be split, and is the rest.

    Parameters
    ----------
    table : DataFrame
        As :meth:`Study.run` gives.
    axes : list of str
        Paths of the axes.
    metric : str
        A column of the table.

    Returns
    -------
    DataFrame
        The axes, ``mean``, ``var`` (of all repeats, unbiased), ``var_seed``, ``var_data``, ``var_rest``, and
        ``models``: how many have a finite value. A point where some have none is not split.

    References
    ----------
    S. R. Searle, G. Casella, C. E. McCulloch, Variance Components, Wiley, 1992, chapter 4.

    Examples
    --------
    >>> import pandas as pd
    >>> t = pd.DataFrame({"seed": [0, 0, 1, 1], "data_seed": [0, 1, 0, 1], "mse": [1.0, 2.0, 1.0, 2.0]})
    >>> split_variance(t, [], "mse")[["var_seed", "var_data", "var_rest"]].values.tolist()
    [[0.0, 0.5, 0.0]]
    """
    if metric not in table.columns:
        raise SettingError(f"the table has no column {metric!r}; it has {', '.join(table.columns)}.")
    points = [axis for axis in axes if axis != "seed" and axis in table.columns]
    keys = table[points].map(repr) if points else pd.DataFrame({"": ["all"] * len(table)}, index=table.index)
    rows = []
    for _, group in table.groupby([keys[c] for c in keys.columns], sort=False):
        own: dict[str, Any] = {axis: group[axis].iloc[0] for axis in points}
        rows.append(own | _split(group, metric))
    return pd.DataFrame(rows)


def _split(group: pd.DataFrame, metric: str) -> dict[str, Any]:
    values = group[metric].to_numpy(float)
    finite = values[np.isfinite(values)]
    found: dict[str, Any] = {
        "mean": finite.mean() if len(finite) else np.nan,
        "var": finite.var(ddof=1) if len(finite) > 1 else np.nan,
    }
    parts = dict.fromkeys(("var_seed", "var_data", "var_rest"), np.nan)
    if len(finite) == len(values) > 1:
        parts |= _components(group, metric, found["var"])
    return found | parts | {"models": len(finite)}


def _components(group: pd.DataFrame, metric: str, variance: float) -> dict[str, float]:
    s, d = (group[name].nunique() for name in _REPEATS)
    if d == 1:
        return {"var_seed": variance, "var_data": np.nan, "var_rest": np.nan}
    if s == 1:
        return {"var_seed": np.nan, "var_data": variance, "var_rest": np.nan}
    if len(group) != s * d:
        return {"var_rest": variance}
    grid = group.pivot(index="seed", columns="data_seed", values=metric).to_numpy(float)
    by_seed, by_data, mean = grid.mean(1), grid.mean(0), grid.mean()
    ms_seed = d * by_seed.var(ddof=1)
    ms_data = s * by_data.var(ddof=1)
    rest = grid - by_seed[:, None] - by_data[None, :] + mean
    ms_rest = (rest**2).sum() / ((s - 1) * (d - 1))
    return {
        "var_seed": max(0.0, (ms_seed - ms_rest) / d),
        "var_data": max(0.0, (ms_data - ms_rest) / s),
        "var_rest": ms_rest,
    }
