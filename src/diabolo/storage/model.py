"""Save and load: a folder of ``model.json`` and ``model.safetensors``. No pickle; loading runs no code.

Modules of the user's own are no values: the file names their classes, and the user gives them to :func:`load`.

The JSON holds the parts as plain values and the SHA-256 of the weights. The weights file is byte-stable:
saving twice gives the same file. A folder is written beside its place and then renamed into it.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import __version__, slots
from ..data.checks import check_modules
from ..data.domain import Domain
from ..data.scaling import SCALER_KINDS, SCALINGS, Scaler
from ..data.schema import Schema
from ..errors import FileError, SettingError
from ..model import Architecture, Model
from ..networks import Custom
from ..training.fitted import Fitted
from ..training.flat import Layout
from ..training.history import History
from .atomic import replacing_folder
from .columns import FITTED, SCHEMA, said_to_plain
from .description import (
    EPOCHS,
    anything,
    integer,
    listing,
    mapping,
    number,
    one_of,
    optional,
    record,
    text,
)
from .format import FORMAT, JSON_NAME, WEIGHTS_NAME, find, read_description, read_weights, seal
from .text import as_file_error

_PLAIN = ("scaling", "device", "verbose")
_PARTS = ("encoder", "decoder", "latent", "reconstruction", "penalties", "corruption", "bound")
_PRECISIONS = {"float32": torch.float32, "float64": torch.float64}

#: Every field of ``model.json``. What parts are made of, the parts check themselves.
_DESCRIPTION = record(
    {
        "format": integer(1, FORMAT),
        "made_by": mapping(text),
        "params": record(
            dict.fromkeys(slots.SLOTS, anything)
            | {
                "scaling": one_of(*SCALINGS),
                "device": text,
                "verbose": one_of(None, True, False),
                "image_shape": optional(listing(integer(1), 2, 3)),
                "random_state": optional(integer(0, 2**32 - 1)),
            },
            more={"schema": anything},
        ),
        "fitted": record(
            {
                "seed_": integer(0, 2**31 - 1),
                "n_threads_": integer(1, 1024),
                "n_iter_": integer(0),
                "status_": one_of("finished", "early_stopped", "interrupted", "stopped", "diverged"),
                "n_features_in_": integer(1),
                "parts": record(dict.fromkeys(_PARTS, anything)),
                "domain": record(
                    {
                        "n_features": integer(1),
                        "image_shape": optional(listing(integer(1), 3)),
                        "low": number(),
                        "high": number(),
                    }
                ),
                "scaling": one_of(*SCALER_KINDS),
                "precision": one_of(*_PRECISIONS),
                "feature_names": optional(listing(text)),
            },
            more={"schema": SCHEMA},
        ),
        "history": record({"epochs": EPOCHS, "units": mapping(text)}),
    },
    more={"sha256": text, "checksum": text},
)


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


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Raise a FileError that names the file, whatever goes wrong with what it says of a model."""
    try:
        yield
    except FileError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise FileError(f"{name} does not describe a model that this version knows: {error}") from error


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
    given["random_state"] = int(seed) if isinstance(seed, int | np.integer) else None
    learnt: dict[str, Any] = {
        "seed_": fitted.seed,
        "n_threads_": fitted.n_threads,
        "n_iter_": fitted.n_epochs,
        "status_": fitted.status,
        "n_features_in_": fitted.domain.n_features,
        "parts": {name: _to_plain(name, getattr(fitted.parts, name)) for name in _PARTS},
        "domain": asdict(fitted.domain),
        "scaling": fitted.scaler.kind,
        "precision": str(fitted.parameters.dtype).removeprefix("torch."),
        "feature_names": None if fitted.feature_names is None else list(fitted.feature_names),
    }
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


def _from_plain(name: str, plain: Any, modules: tuple[Any, Any]) -> Any:
    if name == "reconstruction" and isinstance(plain, Mapping) and plain.get("kind") == "poisson":
        plain = {"log_scale": False, **plain}  # models of before there was the choice
    if name in ("encoder", "decoder") and Custom.is_marked(plain):
        return Custom.from_mark(plain, modules)
    return slots.from_json(name, plain)


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


def restore(
    described: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    device: torch.device,
    modules: tuple[Any, Any],
) -> tuple[dict[str, Any], Fitted]:
    """Parameters, and what was learnt, of a description and its tensors, after a check that they belong together."""
    _DESCRIPTION(described, "")
    params, learnt = _params(described["params"], modules), described["fitted"]
    _check_sizes(learnt, tensors)
    parts = Architecture(**{name: _from_plain(name, learnt["parts"][name], modules) for name in _PARTS})
    shape = learnt["domain"]["image_shape"]
    domain = Domain(**(learnt["domain"] | {"image_shape": None if shape is None else tuple(shape)}))
    row = _row(parts, domain, tensors, _PRECISIONS[learnt["precision"]])
    codes = _array(tensors, "codes", 2)
    _require_width("codes", codes.shape[1], parts.latent.dim)
    _require_width("n_features_in_", learnt["n_features_in_"], domain.n_features)
    scaler = _scaler(learnt["scaling"], tensors, domain.n_features)
    schema = Schema.from_plain(learnt["schema"]) if "schema" in learnt else None
    if params.get("schema") == FITTED:
        params["schema"] = schema
    names = learnt["feature_names"]
    if schema is not None and list(schema.columns) != names:
        raise FileError(f"the schema in {JSON_NAME} has other columns than the model; it is damaged.")
    if names is not None and len(names) != domain.n_features:
        raise FileError(
            f"{JSON_NAME} has {len(names)} feature names for {domain.n_features} features; it is damaged."
        )
    history = described["history"]
    if len(history["epochs"]) != learnt["n_iter_"]:
        raise FileError(
            f"the history has {len(history['epochs'])} epochs, n_iter_ is {learnt['n_iter_']}: damaged."
        )
    steps = {name[6:]: t.numpy() for name, t in tensors.items() if name.startswith("steps.")}
    return params, Fitted(
        parts,
        domain,
        scaler,
        row.to(device),
        {name[7:]: t for name, t in tensors.items() if name.startswith("buffer.")},
        History(list(history["epochs"]), steps, [], dict(history["units"])),
        learnt["status_"],
        "",
        learnt["seed_"],
        learnt["n_threads_"],
        codes,
        None,
        None if names is None else tuple(names),
        schema,
    )


def _require_width(name: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise FileError(f"{name} has width {found}, the model has {wanted}; the saved files are damaged.")


def _scaler(kind: str, tensors: Mapping[str, torch.Tensor], n_features: int) -> Scaler:
    offset, scale = _array(tensors, "scaler.offset", 1), _array(tensors, "scaler.scale", 1)
    for name, values, low in (("scaler.offset", offset, -np.inf), ("scaler.scale", scale, 0.0)):
        _require_width(name, len(values), n_features)
        if not (np.isfinite(values) & (values > low)).all():
            column = int((~(np.isfinite(values) & (values > low))).argmax())
            allowed = "finite" if low else "finite and above 0"
            raise FileError(
                f"{name} is {values[column]:g} in column {column}, expected {allowed}; the file is damaged."
            )
    # Models of before ranges were kept have none.
    ranges = [_array(tensors, name, 1) for name in ("scaler.low", "scaler.high") if name in tensors]
    if any(len(values) != n_features or not np.isfinite(values).all() for values in ranges):
        raise FileError("scaler.low and scaler.high must be finite, one number a feature.")
    return Scaler(kind, offset, scale, *(ranges if len(ranges) == 2 else ()))


def _params(plain: Mapping[str, Any], modules: tuple[Any, Any]) -> dict[str, Any]:
    """An estimator's parameters out of plain values."""
    params = dict(plain)
    for name in slots.SLOTS:
        params[name] = _from_plain(name, params[name], modules)
    if params["training"] is not None:
        params["training"] = params["training"].replace(checkpoint=None)  # a file chooses no folder here
    if params["image_shape"] is not None:
        params["image_shape"] = tuple(params["image_shape"])
    return params


def _array(tensors: Mapping[str, torch.Tensor], name: str, n_axes: int) -> np.ndarray:
    if name not in tensors or tensors[name].dim() != n_axes:
        raise FileError(f"{WEIGHTS_NAME} holds no array {name} with {n_axes} axes; it is damaged.")
    return tensors[name].numpy()


def _check_sizes(fitted: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse parts that claim more than the weights file holds, before anything is built from them.

    A width is at most the number of weights, and a network has fewer layers than the file has tensors.
    """
    numbers = sum(t.numel() for name, t in tensors.items() if name.startswith("model."))

    def check(plain: Any, depth: bool) -> None:
        if isinstance(plain, Mapping):
            for name, value in plain.items():
                check(value, name in _COUNTS)
        elif isinstance(plain, list):
            if len(plain) > len(tensors):
                raise FileError(
                    f"{JSON_NAME} lists {len(plain)} layers, {WEIGHTS_NAME} has {len(tensors)} arrays: damaged."
                )
            for value in plain:
                check(value, False)
        elif isinstance(plain, int | float) and plain > (len(tensors) if depth else max(numbers, 1)):
            raise FileError(
                f"{JSON_NAME} has a size of {plain:g}, {WEIGHTS_NAME} holds {numbers} weights: damaged."
            )

    for name in ("encoder", "decoder", "latent"):
        check(fitted["parts"][name], False)
    n_features, scaled = fitted["domain"]["n_features"], tensors["scaler.offset"].numel()
    if n_features != scaled:
        raise FileError(
            f"{JSON_NAME} has {n_features!r} features, the scaling {scaled}; the files are damaged."
        )


# Settings of networks that count layers.
_COUNTS = ("depth", "blocks")


def _row(
    parts: Architecture, domain: Domain, tensors: Mapping[str, torch.Tensor], dtype: torch.dtype
) -> torch.Tensor:
    """The row of parameters, after a check of every shape against the parts, before memory is taken for them."""
    try:
        with torch.device("meta"):
            model = Model(parts, domain, torch.Generator("cpu"))
    except SettingError as error:
        if not isinstance(parts.encoder, Custom) and not isinstance(parts.decoder, Custom):
            raise
        raise FileError(f"the modules do not fit the saved model. {error}") from error
    layout = Layout.of(model)
    expected = {f"model.{s.name}": s.shape for s in layout.segments}
    expected |= {f"buffer.{name}": tuple(b.shape) for name, b in model.float_buffers().items()}
    found = {name: tuple(t.shape) for name, t in tensors.items() if name.startswith(("model.", "buffer."))}
    if expected != found:
        name = next(n for n in sorted({*expected, *found}) if expected.get(n) != found.get(n))
        raise FileError(
            f"{WEIGHTS_NAME} does not fit {JSON_NAME}: {name} should have shape {expected.get(name)}, "
            f"the file has {found.get(name)}."
        )
    row = torch.zeros(layout.size, dtype=dtype)
    for s in layout.segments:
        row[s.start : s.stop] = tensors[f"model.{s.name}"].reshape(-1)
    return row
