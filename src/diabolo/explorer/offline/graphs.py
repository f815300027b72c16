"""A model as ONNX graphs for a page: float32 goes in and out, whatever the precision of the model."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...export.programs import Half, make_halves, need_onnx, onnx_bytes, session_of
from ...export.torch_modules import Decoder, Encoder, to_torch_modules
from ..program import NoProgramError, scoring

if TYPE_CHECKING:
    from ...estimator.autoencoder import Autoencoder
    from ...likelihoods import Likelihood

Graphs = dict[str, NDArray[np.uint8]]


class _Both(nn.Module):
    """Codes to rows, and to the raw output of the decoder, which the loss looks at."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        output = self.decoder.network(codes)
        return self.decoder.rows(output), output


class _Loss(nn.Module):
    """Rows and the raw output for them to the loss of each row above its floor."""

    def __init__(self, encoder: Encoder, loss: Likelihood, own: nn.Module | None) -> None:
        super().__init__()
        self.encoder, self.loss, self.own = encoder, loss, own

    def forward(self, rows: Tensor, output: Tensor) -> Tensor:
        return self.loss.excess(output, self.encoder.scaled(rows), self.own).unsqueeze(-1)


def make_graphs(autoencoder: Autoencoder, half: bool = False) -> tuple[dict[str, Any], Graphs]:
    """What onnxruntime-web needs to encode, decode and score as a model does.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.
    half : bool, default False
        Keep weights as float16.

    Returns
    -------
    steps : dict
        How rows are scored: with a loss that the page knows, or with a graph of its own.
    graphs : dict of str to array of uint8
        ``encoder`` (rows to codes), ``decoder`` (codes to rows and raw output), and for a loss that the page does
        not know ``loss`` (rows and raw output to the loss of each row): the content of ONNX files.

    Raises
    ------
    MissingExtraError
        If onnx, onnxscript or onnxruntime is not installed.
    SettingError
        If torch cannot export a part.
    DataError
        If onnxruntime gives other numbers than the model.
    """
    need_onnx()
    encoder, decoder = to_torch_modules(autoencoder)
    for side in (encoder, decoder):
        side.network.float()
        side.dtype = torch.float32
    given = {half.side: _as_float32(half) for half in make_halves(autoencoder)}
    graphs = {
        "encoder": _checked(replace(given["encoder"], module=encoder), "rows", ("codes",)),
        "decoder": _checked(replace(given["decoder"], module=_Both(decoder)), "codes", ("rows", "output")),
    }
    try:
        steps = scoring(autoencoder)
    except NoProgramError:
        model = autoencoder.module_
        own = copy.deepcopy(model.component("reconstruction"))
        examples = {
            "rows": given["encoder"].example,
            "output": decoder.network(given["decoder"].example),
        }
        module = _Loss(encoder, model.parts.reconstruction, own).float().cpu().eval()
        graphs["loss"] = onnx_bytes("loss", module, examples, ("losses",))
        steps = {"loss": {"kind": "graph"}, "scaling": None}
    pack = _halved if half else (lambda content: content)
    return steps, {name: np.frombuffer(pack(content), np.uint8) for name, content in graphs.items()}


def _as_float32(half: Half) -> Half:
    return replace(half, given=half.given.astype(np.float32), expected=half.expected.astype(np.float32))


def _checked(half: Half, given: str, made: tuple[str, ...]) -> bytes:
    """A half as ONNX, whose first output is the model's."""
    content = onnx_bytes(half.side, half.module, {given: half.example}, made)
    session = session_of(content)
    half.check(lambda rows: np.asarray(session.run([made[0]], {given: rows})[0]), "ONNX")
    return content


def _halved(content: bytes) -> bytes:
    """A graph whose weights are kept as float16, and made float32 again when it is opened."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(content)
    nodes = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or weight.name == "":
            continue
        name, values = weight.name, numpy_helper.to_array(weight)
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        nodes.append(helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    others = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *others])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
