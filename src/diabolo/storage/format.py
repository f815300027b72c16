"""The two files of a saved model as they lie on disk: their names, their format, and that they are whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import FileError
from .text import read_text, readable

if TYPE_CHECKING:
    import torch

__all__ = ["FORMAT", "JSON_NAME", "WEIGHTS_NAME", "find", "read_description", "read_weights", "seal"]

FORMAT = 3
# From this format on the description holds a checksum of itself.
_SEALED = 2
# From this format on parts own modules; before, some had one number.
_COMPONENTS = 3
JSON_NAME, WEIGHTS_NAME = "model.json", "model.safetensors"


def seal(described: Mapping[str, Any]) -> dict[str, Any]:
    """A description with the SHA-256 of its own content, so that no change of it goes unseen."""
    content = {name: value for name, value in described.items() if name != "checksum"}
    text = json.dumps(content, sort_keys=True).encode()
    return {**content, "checksum": hashlib.sha256(text).hexdigest()}


def find(path: Path) -> Path:
    for folder in (path, path / "model"):
        if os.path.lexists(folder / JSON_NAME):
            return folder
    what = f"it holds no {JSON_NAME}" if path.exists() else "there is no such folder"
    if path.is_symlink() and not path.exists():
        what = f"it is a link to {os.readlink(path)!r}, which leads nowhere"
    raise FileError(f"no model at {path}: {what}; give the folder that save() or `diabolo fit` wrote.")


def read_description(path: Path) -> dict[str, Any]:
    try:
        described = json.loads(read_text(path, "the description of a model"))
    except FileError:
        raise
    except (ValueError, RecursionError) as error:
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
    if number >= _SEALED and described.get("checksum") != seal(described)["checksum"]:
        raise FileError(
            f"{path} is damaged: it was changed after it was written (its checksum differs). Save the model again."
        )
    return described


def read_weights(path: Path, described: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    with readable(path):
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != described.get("sha256"):
        raise FileError(
            f"{path} is not the file that {JSON_NAME} describes (its SHA-256 differs): one of the two is damaged "
            "or from another model."
        )
    try:
        # Cloned: tensors that lie in the file's bytes are not aligned as fast kernels want them.
        tensors = {name: t.clone() for name, t in from_bytes(content).items()}
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is damaged: {error}.") from error
    return tensors if described["format"] >= _COMPONENTS else {_renamed(n): t for n, t in tensors.items()}


def _renamed(name: str) -> str:
    """The name that a tensor of an earlier format has now."""
    kept, _, scalar = name.partition("learnt.")
    return f"model.components.{scalar}.value" if kept == "model." and scalar else name
