"""One model in training: what it is made of, the random numbers it is due, and what becomes of it.

A model alone and a model in a stack are the same member; only the step that they take together knows how many
there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.batches import TrainingData
from ..data.domain import Domain
from ..data.rng import generator
from ..data.scaling import Scaler
from ..data.spread import spread
from ..errors import SettingError
from ..model import Architecture, Model, corrupt, draw_noise, noise_names
from ..objective import (
    RECONSTRUCTION,
    TIGHTENING,
    TOTAL,
    rising_weights,
    row_losses,
    term_names,
    term_weights,
)
from ..passes import Batch
from .control import threads
from .fitted import Fitted, build_model
from .flat import Layout
from .history import History
from .settings import EarlyStopping, Training

_ROWS_AT_ONCE = 1024
# Numbers, at most, of the rows that first values are taken from.
_START_NUMBERS = 1 << 24
# Of fewer validation rows a standard error says nothing.
_FEWEST = 8

Draws = dict[str, dict[str, Tensor]]


@dataclass
class EarlyStopper:
    """Early stopping: the best value so far, its parameters, and for how long it has stood."""

    spec: EarlyStopping
    best: float = float("inf")
    flat: Tensor | None = None
    epoch: int = 0
    waited: int = 0

    def see(self, value: float, flat: Tensor, epoch: int, *, counts: bool = True) -> bool:
        """Take note of an epoch; True when training should stop. One that does not count is no reason to."""
        if value < self.best - self.spec.min_delta:
            self.best, self.epoch, self.waited = value, epoch, 0
            self.flat = flat.clone() if self.flat is None else self.flat.copy_(flat)
        elif counts:
            self.waited += 1
        return self.spec.patience is not None and self.waited >= self.spec.patience


@dataclass
class TrainingJob:
    """One model in training.

    Attributes
    ----------
    parts : Architecture
    domain : Domain
    training : Training
    data : TrainingData
    seed : int
    scaler : Scaler
        What led from the user's units to those of the data.
    history : History
    warmed : collection of str
        Names of penalties whose warm-up was over before: their weights do not rise again.
    status : str
        "running", then "finished", "early_stopped", "stopped", "interrupted" or "diverged".
    message : str
        What happened, where the status is "diverged".
    flat : Tensor or None
        The parameters it ended with, once it has.
    state : dict of str to Tensor
        The optimiser's state it ended with.
    float_buffers : dict of str to Tensor
        What the modules of a single model kept beside their parameters, such as running means.
    """

    parts: Architecture
    domain: Domain
    training: Training
    data: TrainingData
    seed: int
    scaler: Scaler
    history: History = field(default_factory=History)
    warmed: Collection[str] = ()
    status: str = "running"
    message: str = ""
    flat: Tensor | None = None
    state: dict[str, Tensor] = field(default_factory=dict)
    float_buffers: dict[str, Tensor] = field(default_factory=dict)
    watch: EarlyStopper | None = field(init=False)
    _began_from_data: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        stopping = self.training.early_stopping
        self.watch = None if stopping is None else EarlyStopper(stopping)
        self.noise_names = noise_names(self.parts)
        self.corrupted_once = self._corrupt_once()
        units = self.parts.reconstruction.unit
        self.history.units |= {RECONSTRUCTION: f"{units} a sample"}
        self.history.units |= {name: p.unit for name, p in self.parts.named_penalties.items()}
        self.history.units |= {TIGHTENING: "nats a sample"} if self.parts.bound.tightens else {}

    def fitted(self, n_threads: int, codes: NDArray[np.floating]) -> Fitted:
        """What it has learnt, once it is trained.

        Parameters
        ----------
        n_threads : int
            Threads that it computes with.
        codes : array of shape (rows kept, dim)
            Codes of training rows.
        """
        if self.flat is None:
            raise ValueError("this training has not ended, so there is no fitted model yet.")
        return Fitted(
            self.parts,
            self.domain,
            self.scaler,
            self.flat,
            self.float_buffers,
            self.history,
            self.status,
            self.message,
            self.seed,
            n_threads,
            codes,
            self.moments,
        )

    def follow(self, parts: Architecture) -> None:
        """Go on with other parts, which a callback put into the model.

        Raises
        ------
        SettingError
            If the loss has other terms with them, or a pass needs other random numbers.
        """
        if parts is self.parts:
            return
        before, after = ((term_names(p), noise_names(p), p.latent.dim) for p in (self.parts, parts))
        if before != after:
            raise SettingError(
                f"a callback changed the model's parts: loss terms, random numbers and code width were {before} and "
                f"are {after} now. These stay fixed during a training; set them on a new estimator and fit it."
            )
        self.parts = parts

    @property
    def moments(self) -> dict[str, Tensor] | None:
        """The optimiser's state, as far as there is one to go on with: after a divergence it is NaN too."""
        return None if self.status == "diverged" else self.state

    def model(self) -> Model:
        """The model that its training starts from, on the CPU."""
        made = Model(self.parts, self.domain, generator(self.seed, "weights"))
        if self.starts_from_data:
            self.initialise(made.to(self.data.inputs.dtype))
        return made

    @property
    def starts_from_data(self) -> bool:
        """Whether some of its first values are taken from rows."""
        parts = self.parts
        halves = parts.encoder.starts_from_data or parts.decoder.starts_from_data
        components = any(component.starts_from_data for component in parts.components.values())
        return parts.missing or parts.reconstruction.on_log_scale or halves or components

    def initialise(self, model: Model) -> None:
        """Let a model, on the CPU, take from rows what it does before training."""
        self._began_from_data = True
        data = self.data
        sources = [(data.inputs, data.inputs if data.targets is None else data.targets)]
        weights = [data.known.get("weight")]
        if data.held_out and data.validation is not None:
            # Else a start at PCA would be that of fewer rows than whoever compares it with PCA has given. It looks
            # better on the rows held out than it is: a training that beats it there is worth the more.
            sources.append(data.validation)
            weights.append(data.validation_known.get("weight"))
        most = max(2, _START_NUMBERS // self.domain.n_features)
        share = most / sum(len(rows) for rows, _ in sources)
        # The number of threads is a part of what decides the last bits.
        with threads(1):
            counts = [max(1, int(share * len(rows))) for rows, _ in sources]
            inputs, targets = (
                torch.cat([each[i].sample(n).cpu() for each, n in zip(sources, counts, strict=True)])
                for i in (0, 1)
            )
            # Held-out rows have weights where the others have.
            some = [w[spread(len(w), n)].cpu() for w, n in zip(weights, counts, strict=True) if w is not None]
            model.initialise(Batch(inputs, targets, weight=torch.cat(some) if some else None))

    @property
    def n_rows(self) -> int:
        """Rows that it is trained on."""
        return len(self.data.inputs)

    @property
    def uses_rows_as_they_are(self) -> bool:
        """Whether its input and its target are the rows as they are."""
        beside = self.data.targets is not None or self.data.known or self.parts.missing
        return not self.parts.corruption and not beside

    def order(self, epoch: int) -> Tensor:
        """The order of rows in an epoch."""
        return torch.randperm(self.n_rows, generator=generator(self.seed, "order", epoch))

    def rows_counted(self, epoch: int, sizes: Sequence[int]) -> Sequence[float]:
        """How many rows each step of an epoch counts for, of so many rows: the sums of their weights."""
        weight = self.data.known.get("weight")
        if weight is None:
            return sizes
        order = self.order(epoch)[: sum(sizes)].to(weight.device)
        return [float(step.double().sum()) for step in weight[order].split(list(sizes))]

    @property
    def epochs(self) -> int:
        """Epochs of the training."""
        return self.training.epochs_for(self.n_rows)

    def loss_weights(self, epoch: int) -> dict[str, float]:
        """The weight of each term in an epoch."""
        return rising_weights(self.parts, epoch, self.epochs, self.warmed)

    def watched(self, entry: Mapping[str, float], epoch: int) -> tuple[float, bool]:
        """What early stopping compares of an epoch, and whether the epoch counts against its patience.

        It is the loss at full weights, on validation rows where there are any: while a weight rises, the loss that is
        trained on is another one in each epoch. Nor is an epoch without improvement a sign of anything before the
        last warm-up is over.
        """
        full, now = term_weights(self.parts), self.loss_weights(epoch)
        start = "val_" if f"val_{TOTAL}" in entry else ""
        if full == now:
            return entry[f"{start}{TOTAL}"], True
        return sum(weight * entry[f"{start}{name}"] for name, weight in full.items()), False

    def see_start(self, found: Mapping[str, float], flat: Tensor, epoch: int) -> None:
        """Take note of the weights before the first step, by their terms on validation rows."""
        if self.watch is not None:
            value, _ = self.watched({f"val_{name}": value for name, value in found.items()}, epoch)
            self.watch.see(value, flat, epoch, counts=False)

    def best(self) -> Tensor | None:
        """The weights that early stopping goes back to; None without it.

        A network that starts at PCA goes back there unless the best epoch is surely better on the validation rows:
        the best of many epochs on few rows may be so by chance.
        """
        best = None if self.watch is None else self.watch.flat
        unsure = self._began_from_data and self.data.validation is not None and not self.parts.penalties
        if best is None or not unsure:
            return best
        began = self.model()
        start = Layout.of(began).flatten(began).to(best)
        gain = self._validation_losses(start) - self._validation_losses(best)
        weight = self.data.validation_known.get("weight")
        share = torch.full_like(gain, 1 / len(gain)) if weight is None else (weight / weight.sum()).to(gain)
        mean = (share * gain).sum()
        error = (share * (gain - mean)).square().sum().sqrt()
        return best if len(gain) >= _FEWEST and bool(mean > error) else start

    def _validation_losses(self, flat: Tensor) -> Tensor:
        """The reconstruction loss of each validation row, for some parameters."""
        model, losses = build_model(self.parts, self.domain, flat), []
        for number, start in enumerate(self.validation_starts):
            losses.append(row_losses(self.parts, model(*self.validation_batch(start, number)).first()))
        return torch.cat(losses).double()

    def noise(self, shape: tuple[int, ...], epoch: int, block: int, like: Tensor) -> Draws:
        """The random numbers of a block of steps, of the dtype and on the device of a tensor."""
        keys = {p: generator(self.seed, p, epoch, block, like.device) for p in self.noise_names}
        return cast_draws(draw_noise(self.parts, self.domain, shape, keys), like.dtype)

    def rows(self, index: Tensor, noise: Draws) -> Batch:
        """Rows by index, corrupted already: with the axes of the index, then features."""
        clean, target, known = self.data.fetch(index)
        x = clean if self.corrupted_once is None else self.corrupted_once[index]
        return self.batch(x, target, known, noise)

    def batch(self, x: Tensor, target: Tensor, known: Mapping[str, Tensor], noise: Draws) -> Batch:
        """Rows under the corruptions whose noise is given, and what is known of them."""
        x = corrupt(self.parts, self.domain, x, noise)
        mask = {"mask": ~target.isnan()} if self.parts.missing else {}
        return Batch(x, target, **mask, **known, n_samples=self.n_rows)

    def validation_batch(self, start: int, number: int) -> tuple[Batch, Draws]:
        """A chunk of the validation rows, corrupted already, and its noise, which is the same at every call."""
        if self.data.validation is None:
            raise ValueError("there are no validation rows.")
        stop = start + _ROWS_AT_ONCE
        x, target = (rows.slice(start, stop) for rows in self.data.validation)
        known = {name: value[start:stop] for name, value in self.data.validation_known.items()}
        names = (*self.parts.named_corruption, *self.noise_names)
        keys = {p: generator(self.seed, f"evaluate {p}", 0, number, x.device) for p in names}
        draws = cast_draws(draw_noise(self.parts, self.domain, (x.shape[0],), keys), x.dtype)
        kept = {name: draw for name, draw in draws.items() if name not in self.parts.named_corruption}
        return self.batch(x, target, known, draws), kept

    @property
    def validation_starts(self) -> range:
        """Where the chunks of the validation rows start."""
        n = 0 if self.data.validation is None else len(self.data.validation[0])
        return range(0, n, _ROWS_AT_ONCE)

    def _corrupt_once(self) -> Tensor | None:
        """The whole data under the corruptions that are drawn once for all, or None if there are none."""
        names = [name for name, c in self.parts.named_corruption.items() if not c.fresh]
        if not names:
            return None
        if not self.data.in_memory:
            first = type(self.parts.named_corruption[names[0]]).__name__
            raise SettingError(
                f"{first}(fresh=False) keeps a corrupted copy of all samples, and these are not in memory; use "
                "fresh=True."
            )
        pieces = []
        for number, start in enumerate(range(0, self.n_rows, _ROWS_AT_ONCE)):
            clean = self.data.inputs.slice(start, start + _ROWS_AT_ONCE)
            keys = {name: generator(self.seed, name, 0, number, clean.device) for name in names}
            draws = cast_draws(draw_noise(self.parts, self.domain, (clean.shape[0],), keys), clean.dtype)
            pieces.append(corrupt(self.parts, self.domain, clean, draws))
        return torch.cat(pieces)


def cast_draws(draws: Draws, dtype: torch.dtype) -> Draws:
    """Random numbers, drawn in float32, in the model's precision."""
    return {p: {k: v.to(dtype) for k, v in d.items()} for p, d in draws.items()}


def combine_batches(each: Sequence[Batch], dim: int) -> Batch:
    """The batches of several members as one, with a new axis of models."""
    named = [batch.tensors() for batch in each]
    stacked = {name: torch.stack([tensors[name] for tensors in named], dim) for name in named[0]}
    return Batch(**stacked, n_samples=each[0].n_samples)


def combine_draws(each: list[Draws], dim: int) -> Draws:
    """The draws of several members as one, with a new axis of models."""
    if len(each) == 1:
        return {p: {k: v.unsqueeze(dim) for k, v in d.items()} for p, d in each[0].items()}
    return {p: {k: torch.stack([e[p][k] for e in each], dim) for k in d} for p, d in each[0].items()}
