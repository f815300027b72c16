"""Save and load: a folder of ``model.json`` and ``model.safetensors``. No pickle; loading runs no code.

The JSON holds the parts as plain values and the SHA-256 of the weights. The weights file is byte-stable:
saving twice gives the same file. A folder is written beside its place and then renamed into it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import __version__, schema
from .domain import Domain
from .errors import FileError, SettingError
from .estimator import Autoencoder
from .fitting import rebuild
from .inputs import find_device
from .model import Architecture, Model
from .scaling import Scaler
from .training.history import History
from .training.row import Layout

FORMAT = 1
JSON_NAME, WEIGHTS_NAME = "model.json", "model.safetensors"
_MAX_JSON = 64 << 20
_PLAIN = ("scaling", "device", "verbose")
_FITTED = ("seed_", "n_threads_", "n_iter_", "status_", "n_features_in_")


def save(estimator: Autoencoder, path: str | Path) -> Path:
    """Write a fitted autoencoder to a folder.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted.
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
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator)
    target = Path(path)
    _check_target(target)
    weights = to_bytes(_tensors(estimator))
    described = _describe(estimator) | {"sha256": hashlib.sha256(weights).hexdigest()}
    text = json.dumps(described, indent=1, allow_nan=True).encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            fresh, old = Path(folder) / "new", Path(folder) / "old"
            fresh.mkdir()
            for name, content in ((WEIGHTS_NAME, weights), (JSON_NAME, text)):
                with open(fresh / name, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            if target.exists():
                target.rename(old)
            fresh.rename(target)
    except OSError as error:
        raise FileError(f"the model could not be written to {target}: {error.strerror or error}.") from error
    return target


def load(path: str | Path, *, device: str = "auto") -> Autoencoder:
    """Read an autoencoder from a folder that :func:`save` wrote.

    Parameters
    ----------
    path : path
        The folder, or a run folder that holds it as ``model/``.
    device : str, default "auto"
        Where to put it, wherever it was trained.

    Returns
    -------
    Autoencoder
        Fitted.

    Raises
    ------
    FileError
        If the folder is missing, damaged, of a newer format, or its files do not belong together.

    Examples
    --------
    >>> import tempfile, diabolo
    >>> X, y = diabolo.datasets.load_digits()
    >>> ae = diabolo.Autoencoder(training=diabolo.Training(epochs=1), random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     same = diabolo.load(ae.save(folder + "/model"))
    >>> bool((same.transform(X) == ae.transform(X)).all())
    True
    """
    folder = _find(Path(path))
    described = _read_json(folder / JSON_NAME)
    try:
        return _restore(described, _read_weights(folder / WEIGHTS_NAME, described), device)
    except FileError:
        raise
    except (SettingError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise FileError(
            f"{folder / JSON_NAME} does not describe a model that this version knows: {error}"
        ) from error


def _check_target(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / JSON_NAME).is_file():
        raise FileError(f"{target} is a folder with other things in it; give a new or an empty one.")
    if target.exists() and not target.is_dir():
        raise FileError(f"{target} is a file; a model is saved as a folder.")


def _tensors(estimator: Autoencoder) -> dict[str, torch.Tensor]:
    """Everything numeric, by name: parameters, scaling, kept codes, the steps of the history."""
    model = estimator.module_
    arrays = {"scaler.offset": estimator.scaler_.offset, "scaler.scale": estimator.scaler_.scale}
    arrays |= {"codes": estimator.codes_}
    arrays |= {f"steps.{name}": values for name, values in estimator.history_.steps.items()}
    tensors = {f"model.{name}": p.detach().cpu().contiguous().clone() for name, p in model.named_parameters()}
    return tensors | {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}


def _describe(estimator: Autoencoder) -> dict[str, Any]:
    parts, domain = estimator.module_.parts, estimator.module_.domain
    params = estimator.get_params(deep=False)
    seed = params["random_state"]
    given = {name: schema.to_plain(name, params[name]) for name in schema.SLOTS}
    given |= {name: params[name] for name in _PLAIN}
    given["image_shape"] = None if params["image_shape"] is None else list(params["image_shape"])
    given["random_state"] = int(seed) if isinstance(seed, int | np.integer) else None
    fitted: dict[str, Any] = {name: getattr(estimator, name) for name in _FITTED}
    fitted["parts"] = {name: schema.to_plain(name, getattr(parts, name)) for name in _PARTS}
    fitted["domain"] = asdict(domain)
    fitted["scaling"] = estimator.scaler_.kind
    fitted["precision"] = str(next(estimator.module_.parameters()).dtype).removeprefix("torch.")
    names = getattr(estimator, "feature_names_in_", None)
    fitted["feature_names"] = None if names is None else [str(name) for name in names]
    return {
        "format": FORMAT,
        "made_by": {
            "diabolo": __version__,
            "torch": torch.__version__,
            "scikit-learn": version("scikit-learn"),
            "python": platform.python_version(),
        },
        "params": given,
        "fitted": fitted,
        "history": estimator.history_.to_dict(),
    }


_PARTS = ("encoder", "decoder", "latent", "reconstruction", "penalties", "corruption")


def _find(path: Path) -> Path:
    for folder in (path, path / "model"):
        if (folder / JSON_NAME).is_file():
            return folder
    what = "there is no such folder" if not path.exists() else f"it holds no {JSON_NAME}"
    raise FileError(f"no model at {path}: {what}; give the folder that save() or `diabolo fit` wrote.")


def _read_json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MAX_JSON:
        raise FileError(f"{path} is larger than {_MAX_JSON >> 20} MB; this is no description of a model.")
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise FileError(f"{path} is damaged: it is no JSON ({error}).") from error
    number = described.get("format") if isinstance(described, dict) else None
    if not isinstance(number, int) or number < 1:
        raise FileError(f"{path} does not describe a model: it has no format number.")
    if number > FORMAT:
        made = described.get("made_by")
        newer = made.get("diabolo") if isinstance(made, Mapping) else "a newer version"
        raise FileError(
            f"{path} has format {number}, written by diabolo {newer}; this is diabolo {__version__}, which reads "
            f"formats up to {FORMAT}. Upgrade diabolo to {newer} or later."
        )
    return described


def _read_weights(path: Path, described: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from error
    if hashlib.sha256(content).hexdigest() != described.get("sha256"):
        raise FileError(
            f"{path} is not the file that {JSON_NAME} describes (its SHA-256 differs): one of the two is damaged "
            "or from another model."
        )
    try:
        # Cloned: tensors that lie in the file's bytes are not aligned as fast kernels want them.
        return {name: t.clone() for name, t in from_bytes(content).items()}
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is damaged: {error}.") from error


def _restore(described: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], device: str) -> Autoencoder:
    params, fitted = dict(described["params"]), described["fitted"]
    for name in schema.SLOTS:
        params[name] = schema.from_plain(name, params[name])
    if params["image_shape"] is not None:
        params["image_shape"] = tuple(params["image_shape"])
    estimator = Autoencoder(**params)
    parts = Architecture(**{name: schema.from_plain(name, fitted["parts"][name]) for name in _PARTS})
    shape = fitted["domain"]["image_shape"]
    domain = Domain(**(fitted["domain"] | {"image_shape": None if shape is None else tuple(shape)}))
    row = _row(parts, domain, tensors, getattr(torch, fitted["precision"]))
    estimator.module_ = rebuild(parts, domain, row, find_device(device))
    offset, scale = tensors["scaler.offset"].numpy(), tensors["scaler.scale"].numpy()
    if offset.shape != (domain.n_features,) or scale.shape != (domain.n_features,):
        raise FileError(f"the scaling has shape {offset.shape}, but rows have {domain.n_features} features.")
    estimator.scaler_ = Scaler(fitted["scaling"], offset, scale)
    estimator.codes_ = tensors["codes"].numpy()
    steps = {name[6:]: t.numpy() for name, t in tensors.items() if name.startswith("steps.")}
    history = described["history"]
    estimator.history_ = History(list(history["epochs"]), steps, [], dict(history["units"]))
    for name in _FITTED:
        setattr(estimator, name, fitted[name])
    if fitted["feature_names"] is not None:
        estimator.feature_names_in_ = np.array(fitted["feature_names"], dtype=object)
    estimator._optimizer_state = None
    return estimator


def _row(
    parts: Architecture, domain: Domain, tensors: Mapping[str, torch.Tensor], dtype: torch.dtype
) -> torch.Tensor:
    """The row of parameters, after a check of every shape against the parts, before memory is taken for them."""
    with torch.device("meta"):
        layout = Layout.of(Model(parts, domain, torch.Generator("cpu")))
    expected = {f"model.{s.name}": s.shape for s in layout.segments}
    found = {name: tuple(t.shape) for name, t in tensors.items() if name.startswith("model.")}
    if expected != found:
        name = next(n for n in sorted({*expected, *found}) if expected.get(n) != found.get(n))
        raise FileError(
            f"the weights do not fit the parts: {name} should have shape {expected.get(name)}, "
            f"the file has {found.get(name)}."
        )
    row = torch.zeros(layout.size, dtype=dtype)
    for s in layout.segments:
        row[s.start : s.stop] = tensors[f"model.{s.name}"].reshape(-1)
    return row
