"""A fitted autoencoder as two plain torch modules: rows to codes and codes to rows, in the user's units.

The layers that training uses carry an axis of models and pad their rows. Here they become the layers of
``torch.nn``, which every exporter knows and which take any number of rows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..networks.convolutions import ConvolutionalDecoder, ConvolutionalEncoder
from ..networks.layers import Activation, Dense, PReLU
from ..networks.modules import Block, Chain, ResidualChain, Skip
from ..networks.wrapper import Wrapped

if TYPE_CHECKING:
    from ..data.scaling import Scaler
    from ..estimator.autoencoder import Autoencoder
    from ..latent import LatentSpace
    from ..likelihoods import Likelihood
    from ..model import Model

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


class Residue(nn.Module):
    """A residual block: x + f(x), or g(x) + f(x) where an affine map g stands beside."""

    def __init__(self, inner: nn.Sequential, outer: nn.Module | None = None) -> None:
        super().__init__()
        self.inner, self.outer = inner, nn.Identity() if outer is None else outer

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.outer(x) + self.inner(x)
        return found


class Own(nn.Module):
    """A copy of a module of the user's own, without the hidden activations that it may return beside the output."""

    def __init__(self, wrapped: Wrapped) -> None:
        super().__init__()
        self.module = copy.deepcopy(wrapped.module)

    def forward(self, x: Tensor) -> Tensor:
        output = self.module(x)
        found: Tensor = output[0] if isinstance(output, tuple) else output
        return found


def _same(parameter: Tensor) -> nn.Parameter:
    return nn.Parameter(parameter.detach().cpu().clone().contiguous(), requires_grad=False)


def _hollow(kind: type[nn.Module], *sizes: Any, **options: Any) -> Any:
    """A layer whose weights are still to be set; torch's numbers are not drawn from.

    Not ``skip_init``: its first use imports half a second's worth of symbolic algebra.
    """
    with torch.random.fork_rng(devices=[]):
        return kind(*sizes, **options)


def _dense(layer: Dense) -> nn.Module:
    made = _hollow(nn.Linear, 1, 1)
    made.in_features, made.out_features = layer.n_in, layer.n_out
    made.weight, made.bias = _same(layer.weight.mT), _same(layer.bias)
    return made


def _prelu(layer: PReLU) -> nn.Module:
    made = nn.PReLU()
    made.weight = _same(layer.slope)
    return made


def _convolution(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    options = {"stride": layer.stride, "padding": layer.padding}
    if isinstance(layer, nn.ConvTranspose2d):
        options["output_padding"] = layer.output_padding
    made = _hollow(type(layer), 1, 1, layer.kernel_size, **options)
    made.in_channels, made.out_channels = layer.in_channels, layer.out_channels
    bias = layer.get_parameter("bias")
    made.weight, made.bias = _same(layer.weight), _same(bias)
    return made


def _chain(chain: Chain) -> nn.Module:
    return _sequence(m for pair in zip(chain.layers, chain.activations, strict=True) for m in pair)


def _residual(chain: ResidualChain) -> nn.Module:
    return _sequence([chain.entry, *chain.blocks, chain.exit, chain.activation])


def _block(block: Block) -> nn.Module:
    layers = list(block.layers)
    hidden = [m for pair in zip(layers, block.activations, strict=False) for m in pair]
    return Residue(_sequence([*hidden, layers[-1]]))


def _skip(net: Skip) -> nn.Module:
    return nn.Sequential(Residue(cast(nn.Sequential, _chain(net.branch)), _dense(net.linear)))


def _encoder(net: ConvolutionalEncoder) -> nn.Module:
    stages = [m for pair in zip(net.convolutions, net.activations, strict=False) for m in pair]
    return _sequence([nn.Unflatten(1, net.picture), *stages, nn.Flatten(), net.dense, net.activations[-1]])


def _decoder(net: ConvolutionalDecoder) -> nn.Module:
    first, *others = net.activations
    stages = [m for pair in zip(net.convolutions, others, strict=True) for m in pair]
    return _sequence([net.dense, first, nn.Unflatten(1, net.maps), *stages, nn.Flatten()])


def _sequence(modules: Iterable[nn.Module]) -> nn.Sequential:
    made = [to_torch_layers(m) for m in modules]
    return nn.Sequential(*(m for m in made if not isinstance(m, nn.Identity)))


#: How each kind of module that a specification builds becomes plain.
_PLAIN: dict[type[nn.Module], Callable[..., nn.Module]] = {
    Dense: _dense,
    PReLU: _prelu,
    Activation: lambda m: ACTIVATIONS[m.name](),
    nn.Identity: lambda m: m,
    nn.Unflatten: lambda m: m,
    nn.Flatten: lambda m: m,
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    Chain: _chain,
    Block: _block,
    ResidualChain: _residual,
    Skip: _skip,
    ConvolutionalEncoder: _encoder,
    ConvolutionalDecoder: _decoder,
    Wrapped: Own,
}


def to_torch_layers(module: nn.Module) -> nn.Module:
    """A network as layers of ``torch.nn`` only, on the CPU, for one model.

    Raises
    ------
    SettingError
        If it holds a layer that has no plain counterpart.
    """
    if type(module) not in _PLAIN:
        raise SettingError(
            f"a network with {type(module).__name__} cannot be exported; what can: "
            f"{', '.join(sorted(kind.__name__ for kind in _PLAIN))}."
        )
    return _PLAIN[type(module)](module)


class _Scaled(nn.Module):
    """Base of both halves: what the model learnt of the scale of its rows, as buffers in float64."""

    offset: Tensor
    scale: Tensor

    def __init__(self, scaler: Scaler, dtype: torch.dtype) -> None:
        super().__init__()
        self.scales, self.dtype = scaler.kind != "none", dtype
        if self.scales:
            self.register_buffer("offset", torch.from_numpy(scaler.offset.copy()))
            self.register_buffer("scale", torch.from_numpy(scaler.scale.copy()))


class Encoder(_Scaled):
    """Rows in the user's units to their deterministic codes: (batch, n_features) to (batch, dim)."""

    def __init__(self, model: Model, scaler: Scaler, dtype: torch.dtype) -> None:
        super().__init__(scaler, dtype)
        self.network, self.counts = to_torch_layers(model.encoder), copy.deepcopy(model.counts)
        self.latent: LatentSpace = model.parts.latent
        self.own = copy.deepcopy(model.component("latent"))

    def forward(self, rows: Tensor) -> Tensor:
        return self.latent.posterior(self.network(self.scaled(rows)), self.own).mean

    def scaled(self, rows: Tensor) -> Tensor:
        """Rows as the model sees them."""
        if self.counts is not None:
            entered: Tensor = self.counts.enter(rows)
            return entered
        return ((rows.double() - self.offset) / self.scale).to(self.dtype) if self.scales else rows


class Decoder(_Scaled):
    """Codes to the rows that they stand for, in the user's units: (batch, dim) to (batch, n_features)."""

    def __init__(self, model: Model, scaler: Scaler, dtype: torch.dtype) -> None:
        super().__init__(scaler, dtype)
        self.network, self.counts = to_torch_layers(model.decoder), copy.deepcopy(model.counts)
        self.loss: Likelihood = model.parts.reconstruction
        self.own = copy.deepcopy(model.component("reconstruction"))

    def forward(self, codes: Tensor) -> Tensor:
        return self.rows(self.network(codes))

    def rows(self, output: Tensor) -> Tensor:
        """The rows, in the user's units, that the network's raw output stands for."""
        x = self.loss.mean(output if self.counts is None else self.counts.leave(output), self.own)
        return (x.double() * self.scale + self.offset).to(self.dtype) if self.scales else x


def to_torch_modules(autoencoder: Autoencoder) -> tuple[Encoder, Decoder]:
    """Encoder and decoder of a fitted autoencoder as plain modules, in evaluation mode, on the CPU.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.

    Returns
    -------
    encoder, decoder : torch.nn.Module
        From rows to codes and from codes to rows, both in the user's units, in the precision of the model.

    Examples
    --------
    >>> import torch
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
    >>> encoder, decoder = to_torch_modules(ae)
    >>> tuple(decoder(encoder(torch.from_numpy(X[:3]))).shape)
    (3, 64)
    """
    model, dtype = autoencoder.module_, autoencoder.module_.dtype
    made = Encoder(model, autoencoder.scaler_, dtype), Decoder(model, autoencoder.scaler_, dtype)
    for half in made:
        half.cpu().eval().requires_grad_(False)
    return made
