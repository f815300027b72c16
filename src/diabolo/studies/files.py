"""A study as a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..datasets import DATASETS
from ..errors import FileError, SettingError, UnknownNameError
from ..recipes import make
from .design import path_of
from .study import Study

_KEYS = ("recipe", "set", "axes", "repeats", "data", "metrics", "held_out", "n_points", "random_state")
_DRAWS = ("log_uniform", "uniform")


def read_study(path: Path) -> Study:
    """A study from a YAML file.

    Its keys: ``recipe``; ``set`` (paths and values that stay the same); ``axes`` (paths with lists, or
    ``{log_uniform: [low, high]}`` or ``{uniform: [low, high]}``); ``repeats``; ``data`` (a name, or
    ``{name: ..., argument: ...}``); ``metrics``; ``held_out``; ``n_points``; ``random_state``.

    Raises
    ------
    FileError
        If the file cannot be read.
    SettingError
        If a key or a value cannot be understood.
    """
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FileError(f"{path} cannot be read as a study: {' '.join(str(error).split())}") from None
    if not isinstance(plain, Mapping) or not isinstance(plain.get("axes"), Mapping):
        raise SettingError(f"{path} must be a mapping with 'axes', a mapping of paths to lists.")
    for key in plain:
        if key not in _KEYS:
            raise UnknownNameError("key of a study", key, _KEYS)
    settings = {path_of(str(name)): _number(value) for name, value in (plain.get("set") or {}).items()}
    estimator = make(str(plain.get("recipe", "deep")), **settings)
    name, options = _data(plain.get("data", "moons"))
    own = {
        key: plain[key]
        for key in ("repeats", "metrics", "held_out", "n_points", "random_state")
        if key in plain
    }
    axes = {str(axis): _axis(str(axis), values) for axis, values in plain["axes"].items()}
    return Study(estimator, axes, data=name, data_options=options, **own)


def _data(plain: Any) -> tuple[str, dict[str, Any]]:
    options = dict(plain) if isinstance(plain, Mapping) else {"name": plain}
    name = options.pop("name", None)
    if name not in DATASETS:
        raise UnknownNameError("data set", name, DATASETS)
    return name, {str(key): _number(value) for key, value in options.items()}


def _axis(axis: str, values: Any) -> Any:
    if not isinstance(values, Mapping):
        return [_number(v) for v in values] if isinstance(values, list) else values
    (kind, bounds), *more = values.items() or [("", None)]
    numbers = [_number(b) for b in bounds] if isinstance(bounds, list) else []
    right = len(numbers) == 2 and all(isinstance(b, int | float) for b in numbers)
    if more or kind not in _DRAWS or not right or not 0 <= numbers[0] < numbers[1]:
        raise SettingError(
            f"axis {axis!r} must be a list, or one of {', '.join(f'{{{d}: [low, high]}}' for d in _DRAWS)} with "
            f"0 <= low < high, got {values!r}."
        )
    from scipy.stats import loguniform, uniform

    low, high = numbers
    return loguniform(low, high) if kind == "log_uniform" else uniform(low, high - low)


def _number(value: Any) -> Any:
    """YAML 1.1 takes 1e-3 for text; people mean the number."""
    if isinstance(value, list):
        return [_number(v) for v in value]
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
