"""What a module is made of, layer by layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..text.tables import aligned

if TYPE_CHECKING:
    from torch import nn


class LayerRow(NamedTuple):
    """One layer of a module.

    Attributes
    ----------
    name : str
        Its path in the module; empty for the module itself.
    kind : str
        Its class, or the name of an activation.
    width : int
        How many numbers a row has after it.
    parameters : int
        How many numbers it learns; what layers share is counted at the first.
    compression : float
        Width of the data over its width.
    """

    name: str
    kind: str
    width: int
    parameters: int
    compression: float


@dataclass(frozen=True)
class Summary:
    """The layers of a model, which print as a table.

    Attributes
    ----------
    rows : tuple of LayerRow
        From the data to the code and back.
    n_features, dim, parameters : int
        Width of the data, width of the code, and how many numbers the whole model learns.
    """

    rows: tuple[LayerRow, ...]
    n_features: int
    dim: int
    parameters: int

    def __str__(self) -> str:
        table = [("layer", "kind", "width", "parameters", "compression")]
        table += [
            (r.name, r.kind, f"{r.width:,}", f"{r.parameters:,}", f"{r.compression:.2f}") for r in self.rows
        ]
        lines = aligned(table, words=2)
        ratio = f"{self.n_features / self.dim:.2f}"
        lines.append(
            f"{self.n_features:,} features to codes of {self.dim:,} ({ratio} to 1), {self.parameters:,} parameters"
        )
        return "\n".join(lines)

    __repr__ = __str__


def describe(module: nn.Module, n_in: int, n_features: int | None = None) -> list[LayerRow]:
    """The layers of a module in the order they run in, with their parameters and compression ratio.

    The module is run once, in evaluation mode, on rows of zeros. Parameters of parts that are not called as
    modules are counted at the nearest module around them, so that the column's sum is that of the module.

    Parameters
    ----------
    module : nn.Module
        Any module that takes rows (batch, n_in), such as one half of a model.
    n_in : int
        Width of its rows.
    n_features : int or None
        Width of the data, which the ratio is taken with; None is ``n_in``.

    Returns
    -------
    list of LayerRow
        One for each layer that has parameters or no layers inside it; identities are left out.

    Examples
    --------
    >>> import torch
    >>> from diabolo.data.domain import Domain
    >>> from diabolo.networks import MLP, BuildContext
    >>> encoder = MLP((32,)).build(BuildContext(64, 2, "encoder", Domain(64)), torch.Generator())
    >>> for row in describe(encoder, 64):
    ...     print(*row)
    layers.0 Dense 32 2080 2.0
    activations.0 relu 32 0 2.0
    layers.1 Dense 2 66 32.0
    """
    from torch import nn

    names = {id(m): name for name, m in module.named_modules()}
    widths = _run(module, n_in, names)
    counts: Counter[str] = Counter()
    for path, parameter in module.named_parameters():
        owner = path
        while owner and owner not in widths:
            owner = owner.rpartition(".")[0]
        counts[owner] += parameter.numel()
    layers = dict(module.named_modules())
    rows = []
    for name, width in widths.items():
        around = any(other != name and other.startswith(f"{name}." if name else "") for other in widths)
        if isinstance(layers[name], nn.Identity) or (around and not counts[name]):
            continue
        kind = _kind(layers[name])
        rows.append(LayerRow(name, kind, width, counts[name], (n_features or n_in) / width))
    return rows


def _kind(layer: nn.Module) -> str:
    from .layers import Activation

    return layer.name if isinstance(layer, Activation) else type(layer).__name__


def _run(module: nn.Module, n_in: int, names: dict[int, str]) -> dict[str, int]:
    """Output width of every module that is called, by name, in the order in which they finish."""
    import torch

    widths: dict[str, int] = {}

    def note(layer: nn.Module, _: object, output: object) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, torch.Tensor):
            widths.setdefault(names[id(layer)], first.numel())

    modes = [(m, m.training) for m in module.modules()]
    hooks = [m.register_forward_hook(note) for m in module.modules()]
    like = next(module.parameters(), torch.zeros(()))
    module.eval()
    try:
        with torch.no_grad():
            module(torch.zeros(1, n_in, dtype=like.dtype, device=like.device))
    finally:
        for hook in hooks:
            hook.remove()
        for m, mode in modes:
            m.training = mode
    return widths
