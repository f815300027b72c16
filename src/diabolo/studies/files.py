"""A study as a YAML file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..datasets import DATASETS, Dataset, load
from ..errors import FileError, SettingError, UnknownNameError, in_words
from ..recipes import make
from ..storage.text import read_yaml
from .design import path_of
from .study import Study

_KEYS = ("recipe", "set", "axes", "repeats", "data", "metrics", "held_out", "n_points", "random_state")
_DRAWS = ("log_uniform", "uniform")


def from_yaml(path: str | Path) -> Study:
    """A study from a YAML file.

    Its keys: ``recipe``; ``set`` (paths and values that stay the same); ``axes`` (paths with lists, or
    ``{log_uniform: [low, high]}`` or ``{uniform: [low, high]}``); ``repeats``; ``data`` (a name, or
    ``{name: ..., argument: ...}``, or a file with the options of :func:`diabolo.datasets.read`:
    ``{source: table.csv, label: kind, categories: [zip]}``); ``metrics``; ``held_out``; ``n_points``; ``random_state``.

    Raises
    ------
    FileError
        If the file cannot be read.
    SettingError
        If a key or a value cannot be understood.
    """
    path = Path(path)
    plain = read_yaml(path, "a study")
    if not isinstance(plain, Mapping) or not isinstance(plain.get("axes"), Mapping):
        raise SettingError(f"{path} must be a mapping with 'axes', a mapping of paths to lists.")
    for key in plain:
        if key not in _KEYS:
            raise UnknownNameError("key of a study", key, _KEYS)
    _check_kinds(plain, path)
    try:
        return _study(plain)
    except (SettingError, FileError):
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise SettingError(f"{path} does not describe a study: {in_words(error)}.") from error


def _study(plain: Mapping[str, Any]) -> Study:
    settings = {path_of(str(name)): _number(value) for name, value in (plain.get("set") or {}).items()}
    estimator = make(str(plain.get("recipe", "deep")), **settings)
    source, options = _data(plain.get("data", "moons"))
    if isinstance(source, Dataset):
        image_shape = estimator.image_shape or source.image_shape
        estimator.set_params(schema=source.schema, image_shape=image_shape)
    own = {
        key: plain[key]
        for key in ("repeats", "metrics", "held_out", "n_points", "random_state")
        if key in plain
    }
    axes = {str(axis): _axis(str(axis), values) for axis, values in plain["axes"].items()}
    return Study(estimator, axes, data=source, data_options=options, **own)


def _whole(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST


def _names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _counts(value: Any) -> bool:
    return all(_whole(v, 1) for v in value.values()) if isinstance(value, Mapping) else _whole(value, 1)


# Seeds and numbers of models; no study is meant to be larger.
_MOST = 2**31 - 1
_MODELS = 1_000_000
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "set": (lambda v: v is None or isinstance(v, Mapping), "a mapping of paths to values"),
    "repeats": (_counts, "a number of models, or a mapping of seed, data or both to numbers"),
    "metrics": (_names, "a name or a list of names"),
    "held_out": (
        lambda v: isinstance(v, int | float) and not isinstance(v, bool),
        "a share or a number of rows",
    ),
    "n_points": (lambda v: v is None or _whole(v, 1), "a number of points"),
    "random_state": (_whole, "a whole number, at least 0"),
}


def _check_kinds(plain: Mapping[str, Any], path: Path) -> None:
    """Refuse values of the wrong kind by name, and studies that no machine could hold."""
    for key, (fits, words) in _KINDS.items():
        if key in plain and not fits(plain[key]):
            raise SettingError(f"{path}: {key} must be {words}, got {plain[key]!r:.80}.")
    seeds = plain["axes"].get("seed")
    if isinstance(seeds, list) and not all(map(_whole, seeds)):
        raise SettingError(f"{path}: the axis 'seed' must list whole numbers, at least 0, got {seeds!r:.80}.")
    repeats = plain.get("repeats", 1)
    listed = [len(v) for v in plain["axes"].values() if isinstance(v, list)]
    points = plain.get("n_points") or math.prod(listed)
    models = points * (math.prod(repeats.values()) if isinstance(repeats, Mapping) else repeats)
    if models > _MODELS:
        raise SettingError(f"{path} asks for {models} models, at most {_MODELS} are trained in one study.")


def _data(plain: Any) -> tuple[str | Dataset, dict[str, Any]]:
    """A named set and its arguments, or the rows of a file, read by the options given."""
    options = (
        {str(key): value for key, value in plain.items()} if isinstance(plain, Mapping) else {"name": plain}
    )
    given = options.pop("source", options.pop("name", None))
    if given in DATASETS:
        return str(given), {key: _number(value) for key, value in options.items()}
    if not isinstance(given, str):
        raise UnknownNameError("data set", given, DATASETS)
    return load(given, **options), {}


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
