"""A model as a program that the page's own engine follows: a list of operations, and one block of numbers.

Numbers of the scaling stay in double precision and stand in the program itself; weights are float32, or float16.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..export.torch_modules import ACTIVATIONS, Residue, to_torch_modules

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

Operation = dict[str, Any]


class NoProgramError(Exception):
    """The page's engine has no operation for a part of the model."""


@dataclass(frozen=True, eq=False)
class ModelProgram:
    """What the engine does, and with what.

    Attributes
    ----------
    steps : dict
        Plain values: the operations of encoder and decoder, the latent space, the loss, the scaling.
    weights : array of shape (n,)
        float32; operations point into it.
    products : int
        Products of two numbers that decoding one code takes.
    """

    steps: dict[str, Any]
    weights: NDArray[np.float32]
    products: int


@dataclass(eq=False)
class _Writer:
    """Collects weights and hands out their places."""

    pieces: list[NDArray[np.float32]] = field(default_factory=list)
    size: int = 0

    def put(self, tensor: Tensor) -> list[int]:
        """The place of the numbers of a tensor: [start, count]."""
        piece = np.ascontiguousarray(tensor.detach().numpy(), np.float32).ravel()
        self.pieces.append(piece)
        self.size += len(piece)
        return [self.size - len(piece), len(piece)]


def _linear(m: nn.Linear, to: _Writer) -> list[Operation]:
    # Inputs by outputs, so that the engine skips the inputs that are zero.
    return [{"op": "dense", "out": m.out_features, "w": to.put(m.weight.mT), "b": to.put(m.bias)}]


def _convolution(m: nn.Conv2d | nn.ConvTranspose2d, to: _Writer) -> list[Operation]:
    made: Operation = {
        "op": "transposed" if isinstance(m, nn.ConvTranspose2d) else "convolution",
        "out": m.out_channels,
        "kernel": list(m.kernel_size),
        "stride": list(m.stride),
        "padding": [int(p) for p in m.padding],
        "extra": [int(p) for p in m.output_padding],
        "w": to.put(m.weight),
        "b": to.put(m.get_parameter("bias")),
    }
    return [made]


def _sequence(m: nn.Sequential, to: _Writer) -> list[Operation]:
    return [step for inner in m for step in _operations(inner, to)]


def _residue(m: Residue, to: _Writer) -> list[Operation]:
    outer = _operations(m.outer, to)
    return [{"op": "residue", "inner": _sequence(m.inner, to), **({"outer": outer} if outer else {})}]


def _elementwise(name: str) -> Callable[[nn.Module, _Writer], list[Operation]]:
    return lambda m, to: [{"op": "each", "name": name}]  # noqa: ARG005


#: How each kind of plain layer becomes operations.
_OPERATIONS: dict[type[nn.Module], Callable[..., list[Operation]]] = {
    nn.Linear: _linear,
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.Sequential: _sequence,
    nn.Identity: lambda m, to: [],  # noqa: ARG005
    nn.Flatten: lambda m, to: [],  # noqa: ARG005
    nn.Unflatten: lambda m, to: [{"op": "picture", "shape": list(m.unflattened_size)}],  # noqa: ARG005
    nn.PReLU: lambda m, to: [{"op": "each", "name": "prelu", "slope": float(m.weight)}],  # noqa: ARG005
    Residue: _residue,
    **{cls: _elementwise(name) for name, cls in ACTIVATIONS.items()},
}


def _operations(module: nn.Module, to: _Writer) -> list[Operation]:
    if type(module) not in _OPERATIONS:
        raise NoProgramError(f"the network holds {type(module).__name__}")
    return _OPERATIONS[type(module)](module, to)


def make_program(autoencoder: Autoencoder, half: bool = False) -> ModelProgram:
    """The program of a fitted autoencoder.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.
    half : bool, default False
        Round weights to float16.

    Returns
    -------
    ModelProgram

    Raises
    ------
    NoProgramError
        If the engine cannot do a part of it.
    """
    parts = autoencoder.module_.parts
    if parts.latent.operation is None:
        raise NoProgramError(f"the model has {type(parts.latent).__name__}")
    if autoencoder.module_.counts is not None:
        raise NoProgramError("its networks see counts on a logarithmic scale")
    scored = scoring(autoencoder)
    encoder, decoder = to_torch_modules(autoencoder)
    to = _Writer()
    steps = {
        "encoder": _operations(encoder.network, to),
        "decoder": _operations(decoder.network, to),
        "latent": {"kind": parts.latent.operation, "dim": parts.latent.dim},
        **scored,
    }
    weights = np.concatenate([*to.pieces, np.zeros(0, np.float32)])
    if half:
        weights = weights.astype(np.float16).astype(np.float32)
    return ModelProgram(steps, weights, count_products(decoder, parts.latent.dim))


def scoring(autoencoder: Autoencoder) -> dict[str, Any]:
    """How the page scores a row: its scaling, and the loss of the decoder's output.

    Raises
    ------
    NoProgramError
        If the page does not know the loss.
    """
    model, scaler = autoencoder.module_, autoencoder.scaler_
    loss = model.parts.reconstruction
    if loss.operation is None:
        raise NoProgramError(f"the model has {type(loss).__name__}")
    scaling = {"offset": scaler.offset.tolist(), "scale": scaler.scale.tolist()}
    return {
        "link": loss.operation[0],
        "loss": {
            "kind": loss.operation[1],
            "variance": loss.noise_variance(model.component("reconstruction")),
        },
        "scaling": None if scaler.kind == "none" else scaling,
    }


def count_products(decoder: nn.Module, dim: int) -> int:
    """Products of two numbers in the linear layers and convolutions of a decoder, for one code.

    Examples
    --------
    >>> count_products(nn.Sequential(nn.Linear(2, 16), nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 3, 3)), 2)
    140
    """
    found = 0

    def count(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        nonlocal found
        # Each weight meets every pixel of the output; of a transposed convolution, every pixel of the input.
        pixels = given[0] if isinstance(layer, nn.ConvTranspose2d) else made
        found += layer.get_parameter("weight").numel() * math.prod(pixels.shape[2:])

    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    hooks = [m.register_forward_hook(count) for m in decoder.modules() if isinstance(m, kinds)]
    with torch.no_grad():
        decoder(torch.zeros(1, dim, dtype=next(decoder.parameters()).dtype))
    for hook in hooks:
        hook.remove()
    return found
