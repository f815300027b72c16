"""A fitted model as the report sees it: codes, reconstructions and samples, and what lies inside a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .figures import Layer, TrainingFigures

if TYPE_CHECKING:
    from ..model import Model

Array = NDArray[np.floating]

DEAD_SHARE = 0.99
_BATCH = 1024


@dataclass(frozen=True)
class ReportModel:
    """A fitted transformer, and its network if it is an autoencoder of this package.

    Parameters
    ----------
    model : object with ``transform`` and ``inverse_transform``

    Raises
    ------
    DataError
        If one of the two is missing.
    """

    model: Any

    def __post_init__(self) -> None:
        missing = [
            m for m in ("transform", "inverse_transform") if not callable(getattr(self.model, m, None))
        ]
        if missing:
            raise DataError(
                f"a report needs a fitted model with transform and inverse_transform; {type(self.model).__name__} "
                f"has no {' and no '.join(missing)}."
            )
        if hasattr(self.model, "schema_"):
            # Everything here is measured in the numbers that the columns of a table become.
            object.__setattr__(self, "model", self.model.in_numbers())

    @property
    def network(self) -> Model | None:
        """The trained network; None for a model of another kind."""
        from ..model import Model

        module = getattr(self.model, "module_", None)
        return module if isinstance(module, Model) else None

    @property
    def scale(self) -> NDArray[np.float64] | float:
        """What one unit of the model's training is in the user's, for each feature; 1 where nothing says."""
        return 1.0 if self.network is None else np.asarray(self.model.scaler_.scale, np.float64)

    @property
    def units(self) -> str:
        """The units that the model was trained in, in words."""
        kind = "none" if self.network is None else self.model.scaler_.kind
        return {"standard": "standardised", "minmax": "scaled to [0, 1]"}.get(kind, "as they are")

    @property
    def description(self) -> str:
        """The model in one line."""
        network = self.network
        if network is None:
            return " ".join(repr(self.model).split())
        parts = network.parts
        penalties = ", ".join(repr(p) for p in parts.penalties)
        noise = ", ".join(repr(c) for c in parts.corruption)
        extras = "".join(
            f", {name}: {text}" for name, text in (("penalties", penalties), ("corruption", noise)) if text
        )
        return (
            f"{type(self.model).__name__}: {parts.encoder!r} to {parts.latent!r} of {parts.latent.dim} dimensions, "
            f"loss {parts.reconstruction!r}{extras}"
        )

    def codes(self, X: Array) -> NDArray[np.float64]:
        """Codes of rows, (n, dim); a single column where the model gives a vector."""
        names = self.feature_names
        if names:
            import pandas as pd

            return _table(self.model.transform(pd.DataFrame(X, columns=names)))
        return _table(self.model.transform(X))

    @property
    def feature_names(self) -> list[str]:
        """The names of the columns that the model was fitted with; empty if they had none."""
        return [str(name) for name in getattr(self.model, "feature_names_in_", ())]

    def decode(self, Z: Array) -> NDArray[np.float64]:
        """Rows that codes stand for."""
        return _table(self.model.inverse_transform(Z))

    @property
    def prior(self) -> Prior | None:
        """What codes are meant to be distributed as: the space's prior, or the normal that a penalty aims at."""
        network = self.network
        if network is None:
            return None
        latent = network.parts.latent
        if latent.prior is not None:
            return Prior(f"the prior of {latent!r}", partial(prior_codes, network))
        if any(p.matches_prior and p.weight > 0 for p in network.parts.penalties):
            return Prior("the standard normal that a penalty aims at", partial(normal_codes, latent.dim))
        return None

    def draw_codes(self, n: int, codes: Array, seed: int) -> tuple[NDArray[np.float64], str]:
        """New codes and what they were drawn from: the prior, or a Gaussian mixture fitted to codes."""
        if self.prior is not None:
            return self.prior.draw(n, seed), self.prior.name
        from ..density import GaussianMixture

        mixture = GaussianMixture(random_state=seed).fit(codes)
        return np.asarray(mixture.sample(n, random_state=seed), np.float64), (
            f"a Gaussian mixture of {len(mixture.weights_)} components fitted to the codes"
        )


@dataclass(frozen=True)
class Prior:
    """A distribution that codes are meant to have: its name, and a draw of n codes with a seed."""

    name: str
    draw: Callable[[int, int], NDArray[np.float64]]


def normal_codes(dim: int, n: int, seed: int) -> NDArray[np.float64]:
    """Codes from the standard normal: (n, dim)."""
    return np.random.default_rng(seed).normal(size=(n, dim))


def prior_codes(network: Any, n: int, seed: int) -> NDArray[np.float64]:
    """Codes of a latent space that has a prior, drawn from it: (n, dim)."""
    import torch

    with torch.no_grad():
        drawn = network.sample_prior(n, torch.Generator(network.device).manual_seed(seed))
    return np.asarray(drawn.cpu().numpy(), np.float64)


@dataclass(frozen=True)
class Probe:
    """What a pass over rows shows of the inside of a network.

    Attributes
    ----------
    terms : mapping of str to float
        Unweighted means over rows; terms of a batch are means over batches of 1024.
    layers : tuple of Layer
    kl : array of shape (dim,) or None
        In nats; None for codes that are not drawn.
    drawn : array of shape (n, dim)
        The codes that the decoder sees in training, noise included.
    """

    terms: Mapping[str, float]
    layers: tuple[Layer, ...]
    kl: NDArray[np.float64] | None
    drawn: NDArray[np.float64]


def look_inside(subject: ReportModel, X: Array, seed: int) -> Probe | None:
    """Pass rows through the network as in training (corrupted, drawn, penalised); None if there is none."""
    network = subject.network
    if network is None:
        return None
    import torch

    from ..data.checks import numpy_dtype
    from ..objective import terms

    scaled = subject.model.scaler_.forward(X, numpy_dtype(network.dtype))
    sums: dict[str, float] = {}
    zeros: dict[str, Any] = {}
    kl, drawn = np.zeros(network.parts.latent.dim), []
    known = False
    for number, start in enumerate(range(0, len(scaled), _BATCH)):
        x = torch.from_numpy(np.ascontiguousarray(scaled[start : start + _BATCH])).to(network.device)
        with torch.set_grad_enabled(network.needs_input_gradient):
            p = network(x, _noise(network, x, seed, number))
            values = terms(network.parts, p)
        with torch.no_grad():
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(x)
            clean, hidden = network.encode_raw(x)
            _, decoded = network.decode_raw(network.posterior(clean).mean)
            for name, layer in _named_layers(hidden, decoded).items():
                zeros[name] = zeros.get(name, 0) + (layer == 0).double().sum(0).cpu().numpy()
            if known := (divergence := network.kl_per_dimension(x)) is not None:
                kl += divergence.double().sum(0).cpu().numpy()
            drawn.append(p.first().z.detach().double().cpu().numpy())
    n = len(scaled)
    layers = tuple(Layer(name, len(z), int((z / n > DEAD_SHARE).sum())) for name, z in zeros.items())
    means = {name: value / n for name, value in sums.items()}
    return Probe(means, layers, kl / n if known else None, np.concatenate(drawn))


def _named_layers(encoder: tuple[Any, ...], decoder: tuple[Any, ...]) -> dict[str, Any]:
    halves = (("encoder", encoder), ("decoder", decoder))
    return {
        f"{number} of the {half}": layer.reshape(len(layer), -1)
        for half, layers in halves
        for number, layer in enumerate(layers, 1)
    }


def _noise(network: Model, x: Any, seed: int, number: int) -> dict[str, dict[str, Any]]:
    """Random numbers of a pass, the same at every call; drawn on the CPU, so that devices agree."""
    import torch

    from ..model import draw_noise, noise_names

    names = dict.fromkeys((*network.parts.named_corruption, *noise_names(network.parts)))
    keys = {
        name: torch.Generator().manual_seed(
            int(np.random.SeedSequence([seed, number, i]).generate_state(1)[0])
        )
        for i, name in enumerate(names)
    }
    noise = draw_noise(network.parts, network.domain, (len(x),), keys)
    return {name: {key: v.to(x) for key, v in draws.items()} for name, draws in noise.items()}


def describe_course(subject: ReportModel) -> TrainingFigures:
    """The course of a training; empty for a model of another kind."""
    if subject.network is None:
        return TrainingFigures()
    model = subject.model
    epochs = model.history_.epochs
    stopping = model.get_params(deep=True).get("training__early_stopping")

    def column(name: str) -> tuple[float, ...]:
        return tuple(float(row[name]) for row in epochs if name in row)

    return TrainingFigures(
        loss=column("loss"),
        reconstruction=column("reconstruction"),
        val_reconstruction=column("val_reconstruction"),
        status=str(model.status_),
        best_kept=stopping is not None,
        watched=column("watched"),
        weights=_kept_weights(epochs),
    )


def _kept_weights(epochs: Any) -> dict[str, float]:
    """The weight of each penalty in the epoch whose model was kept: the last, or the best that was watched."""
    if not epochs:
        return {}
    watched = [row.get("watched", np.nan) for row in epochs]
    kept = epochs[-1] if np.isnan(watched).all() else epochs[int(np.nanargmin(watched))]
    prefix = "weight_"
    return {
        name.removeprefix(prefix): float(value) for name, value in kept.items() if name.startswith(prefix)
    }


def _table(values: Any) -> NDArray[np.float64]:
    dense = values.toarray() if hasattr(values, "toarray") else values
    array = np.asarray(dense, np.float64)
    return array[:, None] if array.ndim == 1 else array.reshape(len(array), -1)
