"""The pass: the one idea of this package.

    x --corrupt--> x~ --encoder--> h --latent space--> z --decoder--> x^

Tensors have trailing axes ``(*models, batch, width)``: a single model has no leading axis, a stack of models
has one. Everything that a loss or a penalty may look at is in one :class:`Pass`. Random numbers are an
argument: :func:`draw_noise` makes them, :meth:`Model.forward` only uses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from . import functional as F
from .bounds import ELBO, Bound
from .corruption import CORRUPTIONS, Corruption
from .data.domain import Domain
from .latent import LatentSpace, Posterior
from .likelihoods import Likelihood
from .networks import BuildContext, Mirror, Network
from .networks.base import Sample
from .networks.counts import CountScale
from .networks.missing import FillMissing
from .parts import Component, Widths
from .passes import Batch, Noise, Pass, repeat_rows
from .penalties import PENALTIES, Adversary, Penalty

if TYPE_CHECKING:
    from .parts.component import Draw

#: Parameters under these names are learnt from rows before training, and not trained.
FIXED = ("counts", "missing")


@dataclass(frozen=True)
class Architecture:
    """The parts of one autoencoder, resolved: nothing is None, and the decoder is spelt out.

    ``missing`` says whether rows may miss values.
    """

    encoder: Network
    decoder: Network
    latent: LatentSpace
    reconstruction: Likelihood
    penalties: tuple[Penalty, ...] = ()
    corruption: tuple[Corruption, ...] = ()
    bound: Bound = field(default_factory=ELBO)
    missing: bool = False

    @cached_property
    def named_penalties(self) -> dict[str, Penalty]:
        """Penalties by the name that history, paths and noise know them under."""
        return PENALTIES.named(self.penalties)

    @cached_property
    def critics(self) -> dict[str, Adversary]:
        """The penalties that train a critic of their own, by name."""
        return {name: p for name, p in self.named_penalties.items() if isinstance(p, Adversary)}

    @cached_property
    def components(self) -> dict[str, Component]:
        """The parts that may own weights beside the networks', by name."""
        named: dict[str, Component | None] = {
            "reconstruction": self.reconstruction,
            "latent": self.latent,
            "prior": self.latent.prior,
            **self.named_penalties,
        }
        return {name: component for name, component in named.items() if component is not None}

    @cached_property
    def named_corruption(self) -> dict[str, Corruption]:
        """Corruptions by name, in the order they are applied."""
        return CORRUPTIONS.named(self.corruption)


class Model(nn.Module):
    """Encoder, latent space and decoder with their weights.

    Parameters
    ----------
    parts : Architecture
    domain : Domain
        The rows that it works on.
    generator : torch.Generator
        Source of the first weights, on the CPU.
    """

    def __init__(self, parts: Architecture, domain: Domain, generator: torch.Generator) -> None:
        super().__init__()
        self.parts, self.domain = parts, domain
        n, latent = domain.n_features, parts.latent
        self.encoder = parts.encoder.build(
            BuildContext(n, latent.encoder_width, "encoder", domain), generator
        )
        self.decoder = parts.decoder.build(
            BuildContext(latent.dim, parts.reconstruction.width(n), "decoder", domain), generator
        )
        self.counts = CountScale(n) if parts.reconstruction.on_log_scale else None
        self.missing = FillMissing(n) if parts.missing else None
        self.components = nn.ModuleDict(dict(self.built(parts, generator)))
        # Gains of normalisations and slopes are called weights too. In a stack every parameter has one axis more.
        self._matrices = frozenset(
            f"{side}.{name}"
            for side, half in (("encoder", self.encoder), ("decoder", self.decoder))
            for name, p in half.named_parameters()
            if name.rpartition(".")[2] == "weight" and p.dim() > 1
        )
        self.refresh()
        # Only a training epoch changes this: codes must not depend on dropout or on the rows beside.
        self.eval()
        self.needs_input_gradient = any(p.needs_input_gradient for p in parts.penalties)

    def built(self, parts: Architecture, generator: torch.Generator) -> Iterator[tuple[str, nn.Module]]:
        """What parts other than the networks build for rows of these, by name, with first weights."""
        widths = Widths(self.domain.n_features, parts.latent.dim)
        for name, component in parts.components.items():
            if (module := component.build(widths, generator)) is not None:
                yield name, module

    def refresh(self) -> None:
        """Look up the parameters again, after they were replaced.

        They are looked up once: walking the modules in every pass would cost more than a small pass does.
        """
        self._weights = tuple(p for name, p in self.named_parameters() if name in self._matrices)
        self._built = dict(self.components.items())

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the parameters."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def float_buffers(self) -> dict[str, Tensor]:
        """What modules of the user's own keep beside parameters, such as running means: views, by name."""
        buffers = dict(self.named_buffers())
        kept = self.state_dict() if buffers else {}
        return {name: b for name, b in buffers.items() if name in kept}

    def forward(self, batch: Batch | Tensor, noise: Noise) -> Pass:
        """The whole pass.

        Parameters
        ----------
        batch : Batch, or Tensor of shape (*models, batch, features)
            Rows, with what is known of each.
        noise : mapping
            As :func:`draw_noise` gives; empty for a deterministic pass. Rows that are corrupted already are given
            without that of corruptions.
        """
        batch = Batch(batch) if isinstance(batch, Tensor) else batch
        corrupted = self.filled(corrupt(self.parts, self.domain, batch.x, noise))
        if self.needs_input_gradient and not corrupted.requires_grad:
            corrupted = corrupted.detach().requires_grad_()
        h, hidden = self.encode_raw(corrupted)
        drawn = noise.get("latent", {})
        draws = self.parts.bound.draws if drawn else 1
        if draws > 1:
            # All draws are rows of one batch, the first draw of each row first.
            drawn = {name: v.transpose(-2, -3).flatten(-3, -2) for name, v in drawn.items()}
        q = self.posterior(repeat_rows(h, draws))
        z = q.rsample(drawn) if drawn else q.mean
        output, _ = self.decode_raw(z)
        return Pass(
            self.filled(batch.target),
            corrupted,
            h,
            z,
            output,
            hidden,
            self._weights,
            self.parts.latent,
            noise,
            self._built,
            q,
            self.posterior_of,
            draws=draws,
            mask=batch.mask,
            weight=batch.weight,
            context=batch.context,
            n_samples=batch.n_samples,
        )

    def posterior(self, h: Tensor) -> Posterior:
        """The distribution of codes that an encoder output (*models, batch, latent.encoder_width) stands for."""
        return self.parts.latent.posterior(h, self._built.get("latent"))

    def posterior_of(self, x: Tensor) -> Posterior:
        """The distribution of the codes of rows (*models, batch, features)."""
        return self.posterior(self.encode_raw(x)[0])

    def encode(self, x: Tensor) -> Tensor:
        """The deterministic codes of rows: (*models, batch, features) to (*models, batch, dim)."""
        return self.posterior_of(x).mean

    def kl_per_dimension(self, x: Tensor) -> Tensor | None:
        """KL divergence of each latent dimension in nats, (*models, batch, dim), of rows; None where none is known."""
        prior = self.parts.latent.prior
        return None if prior is None else prior.kl_per_dimension(self.posterior_of(x))

    @property
    def paces(self) -> dict[str, float]:
        """The learning rates of parameters that have one of their own, by name, in units of the training's."""
        rates = {f"components.{name}.": adversary.rate for name, adversary in self.parts.critics.items()}
        return {
            name: rate
            for name, _ in self.named_parameters()
            for prefix, rate in rates.items()
            if name.startswith(prefix) and rate != 1
        }

    def component(self, name: str) -> nn.Module | None:
        """What the component of a name built: "reconstruction", "latent", "prior", or a penalty's name."""
        return self._built.get(name)

    def sample_prior(self, n: int, generator: torch.Generator) -> Tensor:
        """Codes (n, dim) from the prior of the latent space.

        Raises
        ------
        ValueError
            If the space has none.
        """
        latent, prior = self.parts.latent, self.parts.latent.prior
        if prior is None:
            raise ValueError(f"{latent!r} has no prior.")
        return prior.sample((n, latent.dim), generator, self._built.get("prior"), self.posterior_of)

    def decode(self, z: Tensor) -> Tensor:
        """The reconstructions that codes stand for: (*models, batch, dim) to (*models, batch, features)."""
        return self.parts.reconstruction.mean(self.decode_raw(z)[0], self.component("reconstruction"))

    def encode_raw(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The encoder's output (..., latent.encoder_width) and hidden activations, of rows."""
        x = self.filled(x)
        made: tuple[Tensor, tuple[Tensor, ...]] = self.encoder(
            x if self.counts is None else self.counts.enter(x)
        )
        return made

    def filled(self, x: Tensor) -> Tensor:
        """Rows with the means of features in place of missing values, where the model knows those."""
        return x if self.missing is None else self.missing.enter(x)

    def observed(self, values: Tensor, x: Tensor) -> Tensor:
        """Values of each feature of rows x, 0 where a row misses the feature; selected, since NaN times 0 is NaN."""
        return values if self.missing is None else values.where(~x.isnan().to(values.device), 0.0)

    def draw_codes(self, q: Posterior, like: Tensor, generator: torch.Generator) -> Tensor:
        """One code (batch, dim) of each posterior of rows (batch, width)."""
        latent = self.parts.latent
        noise = {k: draw((len(like), latent.dim), generator).to(like) for k, draw in latent.noise().items()}
        return q.rsample(noise)

    def decode_raw(self, z: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What the loss is asked about (..., features), before its link, and hidden activations, of codes."""
        output, hidden = self.decoder(z)
        return (output if self.counts is None else self.counts.leave(output)), hidden

    def initialise(self, batch: Batch) -> None:
        """Take from training rows what is learnt of them before the first step."""
        rows, targets, weight = batch.x, batch.target, batch.weight
        parts, loss = self.parts, self.parts.reconstruction
        if self.missing is not None:
            self.missing.learn(rows, weight)
            rows, targets = self.missing.enter(rows), self.missing.enter(targets)
        if self.counts is not None:
            self.counts.learn(rows, targets, weight)
        with torch.no_grad():
            entered = rows if self.counts is None else self.counts.enter(rows)
            parts.encoder.initialise(self.encoder, Sample(entered, parts.latent.dim, weight=weight))
            for name, component in parts.components.items():
                if component.starts_from_data:
                    component.initialise(self.components[name], rows)
            if not parts.decoder.starts_from_data:
                return
            codes, squared = self.encode(rows), loss.mean(targets) is targets
            known = self.component("reconstruction")

        def mean_loss(output: Tensor) -> Tensor:
            output = output.to(targets) if self.counts is None else self.counts.leave(output.to(targets))
            return F.weighted_mean(loss.loss(output, targets, known), weight)

        sample = Sample(codes, targets.shape[1], targets, None if squared else mean_loss, weight)
        parts.decoder.initialise(self.decoder, sample)


def corrupt(parts: Architecture, domain: Domain, x: Tensor, noise: Noise) -> Tensor:
    """Apply to rows those corruptions whose random numbers are given."""
    for name, corruption in parts.named_corruption.items():
        if name in noise:
            x = corruption.apply(x, noise[name], domain)
    return x


def draw_noise(
    parts: Architecture, domain: Domain, shape: Sequence[int], generators: Mapping[str, torch.Generator]
) -> dict[str, dict[str, Tensor]]:
    """All random numbers of passes over rows of a shape (..., batch), by purpose.

    Parameters
    ----------
    parts : Architecture
    domain : Domain
    shape : sequence of int
        (..., batch); a whole block of steps is drawn at once.
    generators : mapping of str to torch.Generator
        One generator for each purpose of :func:`noise_names`.

    Returns
    -------
    dict of str to dict of str to Tensor
        float32, leading axes as ``shape``.
    """
    rows, code = tuple(shape), (*shape, parts.latent.dim)
    noise: dict[str, dict[str, Tensor]] = {}
    for name, corruption in parts.named_corruption.items():
        if name in generators:
            noise[name] = corruption.draw(rows, domain, generators[name])
    for name, draws in _code_noise(parts).items():
        if name in generators:
            several = name == "latent" and parts.bound.draws > 1
            wanted = (*rows, parts.bound.draws, code[-1]) if several else code
            noise[name] = {key: draw(wanted, generators[name]) for key, draw in draws.items()}
    return noise


def noise_names(parts: Architecture) -> tuple[str, ...]:
    """What a pass needs random numbers for; a corruption drawn once for all is not among them."""
    corruption = [name for name, c in parts.named_corruption.items() if c.fresh]
    return (*corruption, *(name for name, draws in _code_noise(parts).items() if draws))


def _code_noise(parts: Architecture) -> dict[str, Mapping[str, Draw]]:
    """What draws random numbers in the shape of codes, by purpose and name."""
    penalties = {name: p.noise(parts.latent) for name, p in parts.named_penalties.items()}
    return {"latent": parts.latent.noise(), **penalties}


def resolve_decoder(encoder: Network, decoder: Network) -> Network:
    """The decoder spelt out: a :class:`Mirror` becomes the mirrored encoder."""
    return decoder.of(encoder) if isinstance(decoder, Mirror) else decoder
