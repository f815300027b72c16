"""From a recipe, a configuration file and options to an estimator: each overrules the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError, SettingError, UnknownNameError
from ..runs.paths import existing
from ..runs.split import check_hold_out
from ..runs.trainers import chosen, take_precision
from ..slots import SLOTS, resolve
from ..storage.text import parse_yaml, read_text
from .options import DATA_OPTIONS, PATHS, SETTING_OPTIONS

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

DEFAULT_RECIPE = "deep"
_DATA_KEYS = tuple(option.name for option in DATA_OPTIONS)
# Of a run's own config.yaml; they say what was, and set nothing.
_RECORDED = ("versions", "trained")


@dataclass(frozen=True)
class FitSettings:
    """What was asked for: which data, which recipe, and the settings to change, in order.

    Attributes
    ----------
    source : str
        A name or a path of data; empty if none was given.
    data : dict
        How to read it.
    recipe : str
    settings : dict of str to object
        Paths with dots, and values.
    hold_out : float, str or None
        What is kept to judge on; None: as :func:`diabolo.runs.split.split` does by itself.
    trainer : dict
        Who takes the steps, see :mod:`diabolo.runs.trainers`; empty: the estimator itself.
    """

    source: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    recipe: str = DEFAULT_RECIPE
    settings: tuple[dict[str, Any], ...] = ()
    hold_out: float | str | None = None
    trainer: dict[str, Any] = field(default_factory=dict)


def parse_value(text: str) -> Any:
    """The value of a setting as it is typed: a YAML scalar or list; commas make a list.

    Examples
    --------
    >>> parse_value("1e-3"), parse_value("sphere"), parse_value("392,64"), parse_value("null")
    (0.001, 'sphere', [392, 64], None)
    """
    listed = "," in text and text.strip()[:1] not in "[{'\""
    return parse_yaml(f"[{text}]" if listed else text, f"the value {text!r}")


def read_plan(
    source: str | None, config: Path | None, given: Mapping[str, Any], assignments: Sequence[str]
) -> FitSettings:
    """Put together what a configuration file and the command line say.

    Parameters
    ----------
    source : str or None
        The data, as it was typed.
    config : path or None
        A YAML file.
    given : mapping of str to object
        Options by name; None for those that were not given.
    assignments : sequence of str
        ``path=value``, as ``--set`` takes them.

    Raises
    ------
    FileError, SettingError
        If the file cannot be read, or a key or an assignment cannot be understood.
    """
    plan = _from_file(config) if config is not None else FitSettings()
    typed = {name: value for name, value in given.items() if value is not None}
    trainer = chosen(take_precision(typed), plan.trainer)
    options = {o.path: _typed_value(o, typed[o.name]) for o in SETTING_OPTIONS if o.name in typed}
    for text in assignments:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise SettingError(f"--set takes path=value, such as training.lr=0.003, got {text!r}.")
        options[_known_path(path.strip())] = parse_value(value)
    hold_out = check_hold_out(parse_value(typed["hold_out"])) if "hold_out" in typed else plan.hold_out
    data = {key: typed[key] for key in _DATA_KEYS if key in typed}
    return FitSettings(
        source or plan.source,
        # How to read a file is said of that file: another one is read as the command line says.
        data if source and plan.source not in ("", source) else plan.data | data,
        typed.get("recipe", plan.recipe),
        (*plan.settings, options),
        hold_out,
        trainer,
    )


def build(plan: FitSettings) -> Autoencoder:
    """The estimator of a plan, with every setting checked.

    Raises
    ------
    UnknownNameError
        If there is no such recipe or setting; the message holds the nearest match.
    SettingError
        If a value cannot be taken.
    """
    from ..recipes import RECIPES

    if plan.recipe not in RECIPES:
        raise UnknownNameError("recipe", plan.recipe, RECIPES)
    from ..estimator.preparation import architecture

    estimator = RECIPES[plan.recipe]()
    for changes in ({"random_state": 0}, *plan.settings):
        estimator.set_params(**{path.replace(".", "__"): value for path, value in changes.items()})
    params = estimator.get_params(deep=False)
    architecture(params)
    resolve("training", params["training"])
    return estimator


def _typed_value(option: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value if value or not option.optional else None
    if option.optional and value.lower() == "none":
        return () if option.path in SLOTS else None
    return parse_value(value)


def _from_file(path: Path) -> FitSettings:
    existing(path, "configuration file")
    content = parse_yaml(read_text(path, "a configuration"), str(path))
    if content is None:
        return FitSettings()
    if not isinstance(content, Mapping):
        raise FileError(f"{path} must hold keys and values, such as `recipe: deep`, got {content!r:.60}.")
    content = {str(key): value for key, value in content.items() if key not in _RECORDED}
    source, options = _data(content.pop("data", None), path)
    recipe = content.pop("recipe", DEFAULT_RECIPE)
    hold_out, trainer = content.pop("hold_out", None), content.pop("trainer", None)
    settings = {_known_path(key): value for key, value in _flat(content)}
    held = None if hold_out is None else check_hold_out(hold_out)
    return FitSettings(source, options, str(recipe), (settings,), held, chosen({}, trainer))


def _data(value: Any, path: Path) -> tuple[str, dict[str, Any]]:
    """The source and the options of reading it, from ``data: digits`` or ``data: {source: ..., label: ...}``."""
    if value is None:
        return "", {}
    options = dict(value) if isinstance(value, Mapping) else {"source": value}
    for key in options:
        if key not in ("source", *_DATA_KEYS):
            raise UnknownNameError(f"key of data in {path}:", key, ("source", *_DATA_KEYS))
    return str(options.pop("source", "") or ""), options


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values; a mapping with a ``kind`` is a whole part, any other is a set of its settings."""
    for key, value in content.items():
        if isinstance(value, Mapping) and "kind" not in value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


_TOP = (*SLOTS, "scaling", "missing", "image_shape", "random_state", "device")


def _known_path(path: str) -> str:
    """A path whose first word is known; the names of options stand for their paths."""
    path = path.replace("__", ".")
    short = path.replace("-", "_")
    if short in PATHS:
        return PATHS[short]
    head = path.partition(".")[0]
    if head not in _TOP or (head != path and head not in SLOTS):
        raise UnknownNameError("setting", path, {*_TOP, *PATHS, "recipe", "data", "hold_out"})
    return path
