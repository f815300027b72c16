"""Save and load: a folder of ``model.json`` and ``model.safetensors``. No pickle; loading runs no code.

Modules of the user's own are no values: the file names their classes, and the user gives them to :func:`load`.

The JSON holds the parts as plain values and the SHA-256 of the weights. The weights file is byte-stable:
saving twice gives the same file. A folder is written beside its place and then renamed into it.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import __version__, slots
from ..data.checks import check_modules
from ..errors import FileError
from ..networks import Custom
from ..training.fitted import Fitted
from .atomic import replacing_folder
from .columns import said_to_plain
from .format import FORMAT, JSON_NAME, WEIGHTS_NAME, find, read_description, read_weights, seal
from .restoring import PARTS, restore, understood
from .text import as_file_error

_PLAIN = ("scaling", "device", "verbose")


def save(fitted: Fitted, params: Mapping[str, Any], path: str | Path) -> Path:
    """Write what an estimator has learnt, and the parameters that it was given, to a folder.

    Parameters
    ----------
    fitted : Fitted
    params : mapping of str to object
        By name, as ``get_params(deep=False)`` gives them.
    path : path
        The folder; one that holds a model is replaced, any other that is not empty is refused.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileError
        If the folder cannot be written.
    """
    from safetensors.torch import save as to_bytes

    target = Path(path).absolute()
    _check_target(target)
    weights = to_bytes(tensors_of(fitted))
    described = seal(describe(fitted, params) | {"sha256": hashlib.sha256(weights).hexdigest()})
    text = json.dumps(described, indent=1, allow_nan=True).encode()
    with as_file_error(f"the model could not be written to {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing_folder(target) as fresh:
            (fresh / WEIGHTS_NAME).write_bytes(weights)
            (fresh / JSON_NAME).write_bytes(text)
    return target


def read(
    path: str | Path, device: torch.device, modules: tuple[Any, Any] | None = None
) -> tuple[dict[str, Any], Fitted]:
    """What :func:`save` wrote: an estimator's parameters, and what it has learnt.

    Parameters and errors are those of :func:`diabolo.load`.
    """
    folder = find(Path(path))
    described = _with_bound(read_description(folder / JSON_NAME))
    tensors = read_weights(folder / WEIGHTS_NAME, described)
    try:
        own = _own_modules(described, tensors)
    except (LookupError, TypeError, AttributeError):
        own = {}  # no description of a model: what is missing is said below
    check_modules(own, modules, folder)
    with understood(str(folder / JSON_NAME)):
        return restore(described, tensors, device, modules or (None, None))


def _with_bound(described: dict[str, Any]) -> dict[str, Any]:
    """A description of a format that knew one bound only, with it."""
    with suppress(LookupError, TypeError, AttributeError):  # what is no description is refused later
        if described["format"] < FORMAT:
            described["params"].setdefault("bound", None)
            described["fitted"]["parts"].setdefault(
                "bound", slots.to_json("bound", slots.SLOTS["bound"].default)
            )
    return described


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise FileError(f"{target} is a file; a model is saved as a folder.")
    ancestor = next(folder for folder in target.parents if folder.exists())
    if not ancestor.is_dir():
        raise FileError(f"{ancestor} is a file, so that {target} cannot be a folder; give another path.")
    with as_file_error(f"{target} cannot be read"):
        others = {p.name for p in target.iterdir()} - {JSON_NAME, WEIGHTS_NAME} if target.is_dir() else set()
    # The folder is replaced as a whole, so a person's own files must never be in it.
    if others:
        raise FileError(
            f"{target} holds other things ({', '.join(sorted(others)[:3])}); give a new or an empty folder."
        )


def tensors_of(fitted: Fitted) -> dict[str, torch.Tensor]:
    """Everything numeric, by name: parameters, scaling, kept codes, the steps of the history."""
    model, scaler = fitted.model(), fitted.scaler
    arrays = {"scaler.offset": scaler.offset, "scaler.scale": scaler.scale, "codes": fitted.codes}
    if scaler.low is not None and scaler.high is not None:
        arrays |= {"scaler.low": scaler.low, "scaler.high": scaler.high}
    arrays |= {f"steps.{name}": values for name, values in fitted.history.steps.items()}
    tensors = {f"model.{name}": p.detach().cpu().contiguous().clone() for name, p in model.named_parameters()}
    tensors |= {f"buffer.{name}": b.cpu().contiguous().clone() for name, b in model.float_buffers().items()}
    return tensors | {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}


def describe(fitted: Fitted, params: Mapping[str, Any]) -> dict[str, Any]:
    """Everything else, as plain values: what ``model.json`` holds."""
    seed = params["random_state"]
    given = {name: _to_plain(name, params[name]) for name in slots.SLOTS}
    given |= {name: params[name] for name in _PLAIN}
    given["image_shape"] = None if params["image_shape"] is None else list(params["image_shape"])
    if params.get("schema") is not None:
        given["schema"] = said_to_plain(params["schema"])
    if params.get("missing") is not None:
        given["missing"] = params["missing"]
    given["random_state"] = int(seed) if isinstance(seed, int | np.integer) else None
    learnt: dict[str, Any] = {
        "seed_": fitted.seed,
        "n_threads_": fitted.n_threads,
        "n_iter_": fitted.n_epochs,
        "status_": fitted.status,
        "n_features_in_": fitted.domain.n_features,
        "parts": {name: _to_plain(name, getattr(fitted.parts, name)) for name in PARTS},
        "domain": asdict(fitted.domain),
        "scaling": fitted.scaler.kind,
        "precision": str(fitted.parameters.dtype).removeprefix("torch."),
        "feature_names": None if fitted.feature_names is None else list(fitted.feature_names),
    }
    if fitted.parts.missing:
        learnt["missing"] = True
    if fitted.schema is not None:
        learnt["schema"] = fitted.schema.to_plain()
    return {
        "format": FORMAT,
        "made_by": {
            "diabolo": __version__,
            "torch": torch.__version__,
            "scikit-learn": version("scikit-learn"),
            "python": platform.python_version(),
        },
        "params": given,
        "fitted": learnt,
        "history": fitted.history.to_dict(),
    }


def _to_plain(name: str, value: Any) -> Any:
    return value.marked() if isinstance(value, Custom) else slots.to_json(name, value)


def _own_modules(described: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """The halves of a saved model that are modules of the user's own, each with its looks in words."""
    found = {}
    for side in ("encoder", "decoder"):
        plain = described["fitted"]["parts"][side]
        if Custom.is_marked(plain):
            start = f"model.{side}.module."
            shapes = [
                f"{n[len(start) :]} {tuple(t.shape)}" for n, t in tensors.items() if n.startswith(start)
            ]
            found[side] = f"{plain[side]} with {', '.join(sorted(shapes)) or 'no parameters'}"
    return found
