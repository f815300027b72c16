"""The training loop of one model.

Order and noise are keyed by (seed, epoch, block): a run can go on from any epoch with the row of parameters,
the optimiser's state and the epoch number. Nothing is synchronised with the device in a step; terms are
written to a trace that is looked at every few dozen steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..errors import DivergedError
from ..model import Model, Noise, draw_noise, purposes
from ..objective import TOTAL, term_names, term_weights, terms, total
from .control import Interrupt
from .history import History
from .keyed import generator
from .optimizers import RowOptimizer, make_optimizer
from .row import Layout
from .settings import EarlyStopping, Training
from .source import Rows, TrainingData, block_steps, split_blocks

_LOOK_EVERY = 32
_EVALUATION_ROWS = 1024


@dataclass
class Event:
    """What a callback gets after each epoch. Call :meth:`stop` to end training after it."""

    epoch: int
    epochs: int
    row: dict[str, float]
    model: Model
    stopped: bool = False

    def stop(self) -> None:
        """End training after this epoch."""
        self.stopped = True


Callback = Callable[[Event], Any]


@dataclass
class Watch:
    """Early stopping: the best value so far, its row of parameters, and for how long it has stood."""

    spec: EarlyStopping
    best: float = float("inf")
    row: Tensor | None = None
    epoch: int = 0
    waited: int = 0

    def see(self, value: float, row: Tensor, epoch: int) -> bool:
        """Take note of an epoch; True when training should stop."""
        if value < self.best - self.spec.min_delta:
            self.best, self.epoch, self.waited = value, epoch, 0
            self.row = row.clone() if self.row is None else self.row.copy_(row)
        else:
            self.waited += 1
        return self.waited >= self.spec.patience


@dataclass
class Run:
    """One model in training: its row of parameters, its optimiser, and where it stands.

    Parameters
    ----------
    model : Model
        Its parameters become views into :attr:`row`.
    training : Training
    data : TrainingData
    seed : int
    frozen : sequence of str
        Prefixes of names of parameters that are not trained, such as "decoder".
    epoch : int
        Epochs that came before; order and noise go on from there.
    state : dict of str to Tensor or None
        The optimiser's state to go on with; None: a fresh one.
    """

    model: Model
    training: Training
    data: TrainingData
    seed: int
    frozen: Sequence[str] = ()
    epoch: int = 0
    state: dict[str, Tensor] | None = None
    history: History = field(default_factory=History)
    status: str = "running"
    layout: Layout = field(init=False)
    row: Tensor = field(init=False)
    optimizer: RowOptimizer = field(init=False)

    def __post_init__(self) -> None:
        parts = self.model.parts
        self.layout = Layout.of(self.model)
        self.row = self.layout.flatten(self.model)
        self.layout.bind(self.model, self.row)
        self.optimizer = make_optimizer(self.training.optimizer, self.row)
        if self.state is not None:
            self.optimizer.load(self.state)
        self.grad = torch.zeros_like(self.row)
        parameters = dict(self.model.named_parameters())
        views = self.layout.named(self.grad)
        names = [n for n in parameters if not n.startswith(tuple(self.frozen))]
        self.trained = [parameters[n] for n in names]
        self.grad_views = [views[n] for n in names]
        for name, p in parameters.items():
            p.requires_grad_(name in names)
        self.names = (TOTAL, *term_names(parts))
        self.purposes = purposes(parts)
        n = len(self.data.inputs)
        self.batch = self.training.batch_of(n)
        self.first_epoch, self.epochs = self.epoch, self.epoch + self.training.epochs_for(n)
        self.per_epoch = self.training.steps_per_epoch(n)
        self.block = block_steps(self.batch, self.model.domain.n_features)
        self.corrupted_once = self._corrupt_once()
        self.good = self.row.clone()
        self.pending = self.row.clone()
        unit = parts.reconstruction.unit
        nats = {"kl": "nats"}
        self.history.units |= {"reconstruction": f"{unit} a sample"} | {
            name: nats.get(name, "") for name in parts.named_penalties
        }

    def run(self, callbacks: Sequence[Callback] = ()) -> None:
        """Train to the last epoch, or until something ends it; sets :attr:`status`.

        Raises
        ------
        DivergedError
            If a term became NaN or infinite; the row holds the last good weights.
        """
        watch = Watch(self.training.early_stopping) if self.training.early_stopping is not None else None
        interrupt = Interrupt()
        if self.training.snapshots and not self.history.snapshots:
            self._snapshot()
        try:
            with interrupt:
                self._epochs(callbacks, watch, interrupt)
        except KeyboardInterrupt:
            if interrupt.asked:
                raise
            self.status = "interrupted"
        if watch is not None and watch.row is not None and self.status != "diverged":
            self.row.copy_(watch.row)
        for p in self.model.parameters():
            p.requires_grad_(False)

    def _epochs(self, callbacks: Sequence[Callback], watch: Watch | None, interrupt: Interrupt) -> None:
        while self.epoch < self.epochs:
            start = time.perf_counter()
            entry = self._epoch(interrupt)
            if entry is None:
                self.status = "interrupted"
                return
            if self.data.validation is not None:
                entry |= {f"val_{k}": v for k, v in self.evaluate(*self.data.validation).items()}
            entry["seconds"] = time.perf_counter() - start
            self.history.epochs.append(entry)
            self.epoch += 1
            if self.training.snapshots:
                self._snapshot()
            event = Event(self.epoch, self.epochs, entry, self.model)
            for callback in callbacks:
                callback(event)
            watched = entry.get("val_loss", entry["loss"])
            if watch is not None and watch.see(watched, self.row, self.epoch):
                self.status = "early_stopped"
                return
            if event.stopped:
                self.status = "stopped"
                return
        self.status = "finished"

    def _epoch(self, interrupt: Interrupt) -> dict[str, float] | None:
        """Train one epoch; its mean terms, or None if the user asked to stop in the midst of it."""
        n = len(self.data.inputs)
        device = self.row.device
        order = torch.randperm(n, generator=generator(self.seed, "order", self.epoch)).to(device)
        weights = term_weights(self.model.parts, self.epoch)
        rates = self._rates()
        trace = torch.empty(self.per_epoch, len(self.names), dtype=self.row.dtype, device=device)
        rows: list[int] = []
        looked = 0
        blocks = split_blocks(n, self.batch, self.block, self.training.drop_last)
        for number, (first, steps, size) in enumerate(blocks):
            index = order[first : first + steps * size].view(steps, size)
            x, target, noise = self._block(index, number)
            for s in range(steps):
                step_noise = {p: {k: v[s] for k, v in draws.items()} for p, draws in noise.items()}
                self._step(x[s], target[s], step_noise, weights, rates[len(rows)], trace[len(rows)])
                rows.append(size)
                if len(rows) - looked >= _LOOK_EVERY:
                    looked = self._look(trace, looked, len(rows))
                if interrupt.asked:
                    self._look(trace, looked, len(rows))
                    self._record(trace[: len(rows)])
                    return None
        self._look(trace, looked, len(rows))
        self._record(trace)
        counts = torch.tensor(rows, dtype=trace.dtype, device=device)
        means = (trace * counts.unsqueeze(-1)).sum(0) / counts.sum()
        entry: dict[str, float] = {"epoch": self.epoch + 1}
        entry |= dict(zip(self.names, means.tolist(), strict=True))
        entry |= {f"weight_{name}": w for name, w in weights.items() if name != "reconstruction"}
        entry["lr"] = float(rates[len(rows) - 1])
        return entry

    def _step(
        self,
        x: Tensor,
        target: Tensor,
        noise: Noise,
        weights: dict[str, float],
        rate: Tensor,
        trace: Tensor,
    ) -> None:
        p = self.model(target, noise, corrupted=x)
        values = terms(self.model.parts, p)
        loss = total(values, weights)
        grads = torch.autograd.grad(loss, self.trained, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            torch._foreach_copy_(self.grad_views, list(grads))
            torch.stack((loss, *values.values()), out=trace)
            if self.training.clip_norm is not None:
                norm = self.grad.norm(dim=-1, keepdim=True)
                self.grad.mul_((self.training.clip_norm / (norm + 1e-12)).clamp(max=1.0))
            self.optimizer.step(self.row, self.grad, rate, self.trained)

    def _block(self, index: Tensor, number: int) -> tuple[Tensor, Tensor, dict[str, dict[str, Tensor]]]:
        """Inputs, targets and noise of a block of steps; inputs are corrupted already."""
        parts, shape = self.model.parts, tuple(index.shape)
        generators = {p: generator(self.seed, p, self.epoch, number, self.row.device) for p in self.purposes}
        noise = draw_noise(parts, self.model.domain, shape, generators)
        noise = {p: {k: v.to(self.row.dtype) for k, v in d.items()} for p, d in noise.items()}
        clean = self.data.inputs.gather(index)
        target = clean if self.data.targets is None else self.data.targets.gather(index)
        x = clean if self.corrupted_once is None else self.corrupted_once[index]
        return self.model.corrupt(x, noise), target, noise

    def _corrupt_once(self) -> Tensor | None:
        """The whole data under the corruptions that are drawn once for all, or None if there are none."""
        parts, n = self.model.parts, len(self.data.inputs)
        names = [name for name, c in parts.named_corruption.items() if not c.fresh]
        if not names:
            return None
        pieces = []
        for number, start in enumerate(range(0, n, _EVALUATION_ROWS)):
            clean = self.data.inputs.slice(start, start + _EVALUATION_ROWS)
            keys = {name: generator(self.seed, name, 0, number, clean.device) for name in names}
            noise = draw_noise(parts, self.model.domain, (clean.shape[0],), keys)
            noise = {p: {k: v.to(clean.dtype) for k, v in d.items()} for p, d in noise.items()}
            pieces.append(self.model.corrupt(clean, noise))
        return torch.cat(pieces)

    def _rates(self) -> Tensor:
        """The learning rate of each step of this epoch, (steps, 1)."""
        first = (self.epoch - self.first_epoch) * self.per_epoch
        steps = (self.epochs - self.first_epoch) * self.per_epoch
        factor = self.training.schedule.factor
        rates = [self.training.lr * factor(first + s, self.per_epoch, steps) for s in range(self.per_epoch)]
        return torch.tensor(rates, dtype=self.row.dtype, device=self.row.device).unsqueeze(-1)

    def _look(self, trace: Tensor, start: int, stop: int) -> int:
        """Check the steps since the last look, and keep the weights if all is well."""
        finite = torch.isfinite(trace[start:stop])
        if bool(finite.all()):
            # The pending weights have given a finite loss: they are good. Today's are still to be proved.
            self.good, self.pending = self.pending, self.good
            self.pending.copy_(self.row)
            return stop
        bad = int((~finite.all(-1)).nonzero()[0])
        names = [n for n, ok in zip(self.names, finite[bad].tolist(), strict=True) if not ok]
        term = next((n for n in names if n != TOTAL), TOTAL)
        value = float(trace[start + bad, self.names.index(term)])
        self.row.copy_(self.pending if bad > 0 else self.good)
        self.status = "diverged"
        self._record(trace[: start + bad])
        raise DivergedError(
            f"the term {term!r} became {value} in epoch {self.epoch + 1} of {self.epochs}, step "
            f"{start + bad + 1} of {self.per_epoch}. Training stopped with the last good weights. Lower the "
            f"learning rate (training.lr is {self.training.lr:g}), set training.clip_norm, or look for "
            "extreme values in the data."
        )

    def _record(self, trace: Tensor) -> None:
        values = trace.float().cpu().numpy()
        self.history.extend_steps({name: values[:, i] for i, name in enumerate(self.names)})

    def _snapshot(self) -> None:
        rows = self.data.inputs.slice(0, self.training.snapshots)
        with torch.no_grad():
            z = self.model.encode(rows)
            shot = {"codes": z.cpu().numpy(), "reconstructions": self.model.decode(z).cpu().numpy()}
        self.history.snapshots.append(shot)

    def evaluate(self, inputs: Rows, targets: Rows) -> dict[str, float]:
        """Mean terms over rows, with noise that is the same at every call."""
        return evaluate(self.model, inputs, targets, self.seed, term_weights(self.model.parts, self.epoch))


def evaluate(
    model: Model, inputs: Rows, targets: Rows, seed: int, weights: dict[str, float]
) -> dict[str, float]:
    """Mean terms of a model over rows: corrupted, stochastic, penalised as in training, but not trained.

    Parameters
    ----------
    model : Model
    inputs, targets : Rows
    seed : int
        Keys the noise, which is the same at every call.
    weights : dict of str to float
        As :func:`diabolo.objective.term_weights` gives.

    Returns
    -------
    dict of str to float
        ``loss`` and every unweighted term, means over rows. Terms of a batch are means over batches of 1024.
    """
    parts, n = model.parts, len(inputs)
    names = (*model.parts.named_corruption, *purposes(parts))
    sums: dict[str, float] = {}
    for number, start in enumerate(range(0, n, _EVALUATION_ROWS)):
        x, target = (rows.slice(start, start + _EVALUATION_ROWS) for rows in (inputs, targets))
        keys = {p: generator(seed, f"evaluate {p}", 0, number, x.device) for p in names}
        noise = draw_noise(parts, model.domain, (x.shape[0],), keys)
        noise = {p: {k: v.to(x.dtype) for k, v in d.items()} for p, d in noise.items()}
        corrupted = model.corrupt(x, noise)
        with torch.set_grad_enabled(model.needs_input_gradient):
            values = terms(parts, model(target, noise, corrupted=corrupted))
        values = {name: v.detach() for name, v in values.items()}
        for name, value in {TOTAL: total(values, weights), **values}.items():
            sums[name] = sums.get(name, 0.0) + float(value) * x.shape[0]
    return {name: value / n for name, value in sums.items()}
