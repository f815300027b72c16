"""Which models a study trains: axes, repeats, and the settings of each model."""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.model_selection import ParameterGrid, ParameterSampler

from ..errors import SettingError, UnknownNameError
from ..slots import may_vary

REPEATS = ("seed", "data", "both")
SEED, DATA = "seed", "data."
# What is no setting of a part, and in which members of one stack may differ; the number of rows is none of it.
_FREE = re.compile(r"^(seed|data\.(?!n_samples$).*|random_state)$")


@dataclass(frozen=True)
class Settings:
    """What makes one model of a study.

    Attributes
    ----------
    model : int
        Its number in the study.
    axes : dict of str to object
        The value on each axis.
    seed : int
        Of the model: first weights, order, noise.
    data_seed : int
        Of the data: which are drawn, and which are held out.
    """

    model: int
    axes: dict[str, Any]
    seed: int
    data_seed: int

    @property
    def group(self) -> Hashable:
        """What models that may share a stack have in common, as far as it can be told before they are made."""
        fixed = (path for path in self.axes if not _FREE.match(path) and not may_vary(path))
        return tuple((path, repr(self.axes[path])) for path in fixed)


def path_of(axis: str) -> str:
    """An axis as a path: dots are as good as double underscores, but for the data's arguments.

    Examples
    --------
    >>> path_of("training.lr"), path_of("data.noise"), path_of("seed")
    ('training__lr', 'data.noise', 'seed')
    """
    return axis if axis.startswith(DATA) else axis.replace(".", "__")


def check_axes(axes: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Axes by path: a list of values each, or a distribution with ``rvs``.

    Raises
    ------
    SettingError
        If an axis has no values.
    UnknownNameError
        If a path leads nowhere.
    """
    checked = {}
    for axis, values in axes.items():
        path = path_of(axis)
        own = path == SEED or path.startswith(DATA)
        # An axis may set a part, or a setting of a part that another axis sets.
        if not own and path not in known and path.partition("__")[0] not in map(path_of, axes):
            raise UnknownNameError("axis", axis, known)
        if not hasattr(values, "rvs"):
            listed = isinstance(values, Sequence) and not isinstance(values, str)
            values = list(values) if listed or hasattr(values, "tolist") else values
            if not isinstance(values, list) or not values:
                raise SettingError(
                    f"axis {axis!r} must be a list of values or a distribution such as "
                    f"scipy.stats.loguniform(1e-4, 1e-1), got {values!r}."
                )
        checked[path] = values
    return checked


def check_repeats(repeats: int | Mapping[str, int]) -> dict[str, int]:
    """Repeats as numbers of seeds, of draws of the data, or of both together.

    Examples
    --------
    >>> check_repeats(3), check_repeats({"seed": 2, "data": 4})
    ({'seed': 3}, {'seed': 2, 'data': 4})
    """
    given = {"seed": repeats} if isinstance(repeats, int) else dict(repeats)
    for name, count in given.items():
        if name not in REPEATS:
            raise UnknownNameError("kind of repeat", name, REPEATS)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise SettingError(f"repeats of {name!r} must be an integer >= 1, got {count!r}.")
    if "both" in given and len(given) > 1:
        raise SettingError(
            f"repeats must be {{'both': n}}, or numbers for 'seed' and 'data', which are crossed; got {given!r}."
        )
    return given


def points_of(axes: Mapping[str, Any], n_points: int | None, random_state: int) -> Iterable[dict[str, Any]]:
    """The points of the axes, one of the values of each; they are drawn when they are asked for."""
    drawn = any(hasattr(values, "rvs") for values in axes.values())
    if n_points is None and drawn:
        raise SettingError(
            "an axis is a distribution; give the number of points to draw from it, such as n_points=20."
        )
    grid = None if drawn else ParameterGrid(dict(axes))
    if grid is not None and (n_points is None or n_points >= len(grid)):
        return grid
    return ParameterSampler(dict(axes), n_points, random_state=random_state)


def plan(
    points: Iterable[Mapping[str, Any]], axes: Sequence[str], repeats: Mapping[str, int], random_state: int
) -> list[Settings]:
    """Every model of a study, in order: the repeats of one point of the axes follow each other."""
    pairs: list[tuple[int, int]]
    if "both" in repeats:
        pairs = [(i, i) for i in range(repeats["both"])]
    else:
        seeds, draws = repeats.get("seed", 1), repeats.get("data", 1)
        pairs = list(itertools.product(range(seeds), range(draws)))
    settings: list[Settings] = []
    for point in points:
        ordered = {path: _plain(point[path]) for path in axes}
        for seed, draw in pairs:
            own = ordered.get(SEED, random_state)
            settings.append(Settings(len(settings), ordered, own + seed, random_state + draw))
    return settings


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
