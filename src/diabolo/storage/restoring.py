"""From the description of a saved model and its arrays to what was learnt; neither is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from .. import slots
from ..data.domain import Domain
from ..data.scaling import SCALER_KINDS, SCALINGS, Scaler
from ..data.schema import Schema
from ..errors import FileError, SettingError
from ..model import Architecture, Model
from ..networks import Custom
from ..training.fitted import Fitted
from ..training.flat import Layout
from ..training.history import History
from .columns import FITTED, SCHEMA
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
from .format import FORMAT, JSON_NAME, WEIGHTS_NAME

PARTS = ("encoder", "decoder", "latent", "reconstruction", "penalties", "corruption", "bound")
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
            more={"schema": anything, "missing": one_of("mask")},
        ),
        "fitted": record(
            {
                "seed_": integer(0, 2**31 - 1),
                "n_threads_": integer(1, 1024),
                "n_iter_": integer(0),
                "status_": one_of("finished", "early_stopped", "interrupted", "stopped", "diverged"),
                "n_features_in_": integer(1),
                "parts": record(dict.fromkeys(PARTS, anything)),
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
            more={"schema": SCHEMA, "missing": one_of(True)},
        ),
        "history": record({"epochs": EPOCHS, "units": mapping(text)}),
    },
    more={"sha256": text, "checksum": text},
)


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Raise a FileError that names the file, whatever goes wrong with what it says of a model."""
    try:
        yield
    except FileError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise FileError(f"{name} does not describe a model that this version knows: {error}") from error


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
    parts = Architecture(
        **{name: _from_plain(name, learnt["parts"][name], modules) for name in PARTS},
        missing=learnt.get("missing", False),
    )
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


def _from_plain(name: str, plain: Any, modules: tuple[Any, Any]) -> Any:
    if name == "reconstruction" and isinstance(plain, Mapping) and plain.get("kind") == "poisson":
        plain = {"log_scale": False, **plain}  # models of before there was the choice
    if name in ("encoder", "decoder") and Custom.is_marked(plain):
        return Custom.from_mark(plain, modules)
    return slots.from_json(name, plain)


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
