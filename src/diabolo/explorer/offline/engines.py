"""How a page decodes: by its own engine, by onnxruntime-web, or by looking up decodes made beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, MissingExtraError, SettingError, UnknownNameError

if TYPE_CHECKING:
    from ..model import ExplorerModel

#: The most by which a decoded value may change under ``half``, as a share of the range of the data.
HALF_TOLERANCE = 1 / 255
# A decode that takes more products is left to onnxruntime-web: the page's own engine would take some 50 ms.
_MAX_PRODUCTS = 20_000_000
_GRID = 24

Arrays = dict[str, NDArray[Any]]
Decoding = tuple[dict[str, Any], Arrays]


class _CannotError(Exception):
    """An engine cannot compute a model; the text says why."""


def make_decoding(kept: ExplorerModel, engine: str, half: bool) -> Decoding:
    """What a page needs to decode: facts, with the name of the engine, and arrays.

    Raises
    ------
    UnknownNameError
        If there is no such engine.
    SettingError
        If the engine that was asked for cannot compute the model, or ``half`` changes too much.
    MissingExtraError, FileError
        If what makes ONNX files is not installed, or onnxruntime-web cannot be fetched.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    try:
        if not kept.can_decode:
            if engine in _COMPUTING:
                raise _CannotError(f"{kept.name} has no inverse")
            return {"engine": "none", "why": f"{kept.name} has no inverse"}, {}
        return _MAKERS[engine](kept, half)
    except _CannotError as error:
        raise SettingError(
            f"the engine {engine!r} cannot compute this model: {error}. Leave the choice to 'auto', or take "
            "'atlas': decodes made beforehand."
        ) from error


def _auto(kept: ExplorerModel, half: bool) -> Decoding:
    reasons = []
    for make in (_small, _onnx):
        try:
            return make(kept, half)
        except _CannotError as error:
            reasons.append(str(error))
    return _atlas(kept, half, reasons[-1])


def _small(kept: ExplorerModel, half: bool) -> Decoding:
    return _plain(kept, half, _MAX_PRODUCTS)


def _plain(kept: ExplorerModel, half: bool, most: float = np.inf) -> Decoding:
    """The page's own engine: a list of operations, and the weights."""
    from ..program import NoProgramError, make_program

    try:
        program = make_program(_autoencoder(kept), half)
    except (NoProgramError, SettingError) as error:
        raise _CannotError(str(error)) from error
    if program.products > most:
        raise _CannotError(f"a decode takes {program.products} products")
    facts = {"engine": "plain", "steps": program.steps, **_halving(kept, half)}
    return facts, {"weights": program.weights.astype("<f2").view(np.uint8) if half else program.weights}


def _onnx(kept: ExplorerModel, half: bool) -> Decoding:
    """onnxruntime-web: ONNX graphs."""
    from .graphs import make_graphs
    from .runtime import VERSION

    model = _autoencoder(kept)
    facts = _halving(kept, half)
    try:
        steps, graphs = make_graphs(model, half)
    except MissingExtraError as error:
        raise MissingExtraError(
            "a page that computes this model by onnxruntime-web (engine='atlas', --engine atlas, needs nothing)",
            "export",
        ) from error
    except (SettingError, DataError) as error:
        raise _CannotError(str(error).rstrip(". ")) from error
    return {"engine": "onnx", "version": VERSION, "steps": steps, **facts}, {**graphs}


def _atlas(kept: ExplorerModel, half: bool, why: str = "it was asked for so") -> Decoding:  # noqa: ARG001
    """Decodes made beforehand, of the rows and of a grid between them."""
    codes = _atlas_codes(kept)
    decoded = kept.decode(codes)
    low, high = float(kept.data.X.min()), float(kept.data.X.max())
    made = decoded if kept.data.image_shape is None else in_levels(decoded, low, high)
    facts = {"engine": "atlas", "why": why, "decodes": len(codes), "low": low, "high": high}
    return facts, {"atlas_codes": codes, "atlas": made}


_MAKERS: Mapping[str, Callable[[ExplorerModel, bool], Decoding]] = {
    "auto": _auto,
    "plain": _plain,
    "onnx": _onnx,
    "atlas": _atlas,
}
_COMPUTING = ("plain", "onnx")
#: Every engine by name: what it is for.
ENGINES: Mapping[str, str] = {
    "auto": "plain for small networks, else onnx, else atlas",
    "plain": "the page's own: dense and convolutional networks",
    "onnx": "onnxruntime-web: whatever ONNX can hold; 5 MB more",
    "atlas": "decodes made beforehand; nothing is computed in the page",
}


def _autoencoder(kept: ExplorerModel) -> Any:
    from ...estimator.autoencoder import Autoencoder

    if not isinstance(kept.model, Autoencoder):
        raise _CannotError(f"{kept.name} is no autoencoder of Diabolo")
    return kept.model


def in_levels(rows: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Pictures in 256 levels between the smallest and the largest value of the data."""
    return np.round(255 * np.clip((rows - low) / ((high - low) or 1.0), 0, 1)).astype(np.uint8)


def _halving(kept: ExplorerModel, half: bool) -> dict[str, Any]:
    """What is told of weights of 16 bits."""
    return {"half": True, "change": _change_by_half(kept)} if half else {"half": False}


def _change_by_half(kept: ExplorerModel) -> float:
    """The largest change of a decoded value by weights of 16 bits, as a share of the range of the data."""
    import torch

    from ...export.torch_modules import to_torch_modules

    decoder = to_torch_modules(kept.model)[1]
    for parameter in decoder.parameters():
        parameter.data = parameter.data.to(torch.float16).to(parameter.dtype)
    codes = np.asarray(kept.codes)
    rounded = decoder(torch.from_numpy(codes).to(kept.model.module_.dtype)).numpy()
    X = kept.data.X
    picture = kept.data.image_shape is not None
    span = float(X.max() - X.min()) if picture else (X.max(axis=0) - X.min(axis=0)).astype(np.float64)
    change = float((np.abs(rounded - kept.decode(codes)) / np.where(span == 0, 1.0, span)).max())
    if not change <= HALF_TOLERANCE:
        raise SettingError(
            f"with weights of 16 bits decoded values change by up to {change:.2g} of the range of the data, more than "
            f"1/255; export without half (--half)."
        )
    return change


def _atlas_codes(kept: ExplorerModel) -> NDArray[np.float32]:
    """Where an atlas has decodes: at the rows, and on a grid over the plane that the map shows."""
    finite = kept.finite_codes
    if kept.on_sphere or kept.dim == 1:
        grid = np.linspace(finite.min(), finite.max(), _GRID**2, dtype=np.float32)[:, None]
        return np.concatenate([kept.codes, grid]) if kept.dim == 1 else kept.codes
    mean, axes = kept.plane
    mean, axes = (np.zeros(2, np.float32), np.eye(2, dtype=np.float32)) if kept.dim == 2 else (mean, axes[:2])
    placed = (finite - mean) @ axes.T
    low, high = placed.min(axis=0), placed.max(axis=0)
    across = [
        np.linspace(a - 0.05 * (b - a), b + 0.05 * (b - a), _GRID) for a, b in zip(low, high, strict=True)
    ]
    u, v = np.meshgrid(*across)
    grid = np.column_stack([u.ravel(), v.ravel()]) @ axes + mean
    return np.concatenate([kept.codes, grid.astype(np.float32)])
