"""The training loop, of one model or of a stack of models.

Order and noise are keyed by (seed, epoch, block): a run can go on from any step; ``resume`` says with what.
Nothing is synchronised with the device in a step; terms are written to a trace that is looked at every few dozen
steps, which is also when the clock is. Most steps are replays of the first (``captured``).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..data.batches import block_steps, split_blocks
from ..errors import DivergedError
from ..model import FIXED, Model
from ..objective import TOTAL, term_names, terms, total
from ..passes import Batch, Noise
from .buffers import BufferKeeper
from .captured_step import CapturedStep
from .compiling import check_compilable, compiled
from .control import Interrupt, keep_freed_memory
from .divergence import note_broken, note_diverged
from .events import Callback, Event
from .feeding import batches, feeding
from .flat import Gradient, Layout, under
from .job import TrainingJob
from .optimizers import FlatOptimizer, Groups, make_optimizer
from .rates import step_rates
from .recording import epoch_lines, record_steps, take_snapshot
from .resume import ENDS, CheckpointStore, take_checkpoint
from .state import TrainingState
from .validation import evaluate_running, see_start

_LOOK_EVERY = 32


class Trainer(TrainingState):
    """Trains models, one or a stack, epoch by epoch; where they stand is a :class:`TrainingState`.

    Parameters
    ----------
    model : Model
        Its parameters become views into :attr:`flat`.
    members : sequence of TrainingJob
        One, or those of a stack: they share shapes, number of rows, batch size and optimiser.
    flat : Tensor or None
        The first parameters of a stack, (models, size); None: one model, with the parameters it has.
    frozen : sequence of str
        Prefixes of names of parameters that are not trained, such as "decoder".
    epoch : int
        Epochs that came before; order and noise go on from there.
    state : dict of str to Tensor or None
        The optimiser's state to go on with; None: a fresh one.
    anew : sequence of str
        Prefixes of names of parameters that started anew: the state that is gone on with is not theirs.
    """

    def __init__(
        self,
        model: Model,
        members: Sequence[TrainingJob],
        *,
        flat: Tensor | None = None,
        frozen: Sequence[str] = (),
        epoch: int = 0,
        state: dict[str, Tensor] | None = None,
        anew: Sequence[str] = (),
    ) -> None:
        self.model, self.members, self.running = model, list(members), list(members)
        self.stacked, self.frozen, self.epoch, self.first_epoch = flat is not None, frozen, epoch, epoch
        # Within the running epoch: steps taken, steps looked at, seconds and terms of an earlier process.
        self.step, self.looked, self.before = 0, 0, 0.0
        self.trace: Tensor | None = None
        #: The learning rate of each model at the last step of the running epoch.
        self.last_rates: list[float] = []
        self.checkpoints: CheckpointStore | None = None
        #: Is told how many epochs, with their fraction, are done, every few dozen steps.
        self.on_progress: Callable[[float], object] = lambda _epochs: None
        self._started_at = time.perf_counter()
        self.training = self.members[0].training
        n = self.members[0].n_rows
        self.n_rows, self.batch = n, self.training.batch_of(n)
        self.epochs = epoch + self.training.epochs_for(n)
        self.per_epoch = self.training.steps_per_epoch(n)
        self.block = block_steps(self.batch, model.domain.n_features)
        self.names = (TOTAL, *term_names(model.parts))
        self.layout = Layout.of(model)
        self._terms: Callable[[dict[str, Tensor], Noise, dict[str, Tensor]], dict[str, Tensor]] = (
            self._compute_terms
        )
        self._take(self.layout.flatten(model) if flat is None else flat)
        if self.training.compile:
            check_compilable(model.parts)
            self._terms = compiled(self._compute_terms)
        self.float_buffers = BufferKeeper(model, frozen)
        self.optimizer: FlatOptimizer = make_optimizer(
            self.training.optimizer, self.flat, self.gradient.places, self.layout.paced(model.paces)
        )
        if state is not None:
            self.optimizer.load(state)
            self.optimizer.forget([s.slice for s in self.layout.segments if under(s.name, anew)])

    def _take(self, flat: Tensor) -> None:
        """Train these flat parameters from now on: parameters, gradients and safe copies are made to fit."""
        self.flat = flat
        self.layout.bind(self.model, flat)
        self.good, self.pending = flat.clone(), flat.clone()
        self._train([s.name for s in self.layout.segments if not under(s.name, (*self.frozen, *FIXED))])

    def _train(self, names: Sequence[str]) -> None:
        """Train these parameters from now on; the others stand still, and keep what the optimiser knows of them."""
        parameters = dict(self.model.named_parameters())
        for name, p in parameters.items():
            p.requires_grad_(name in names)
        self.trained_names, self.trained = list(names), [parameters[n] for n in names]
        # In a stack pieces would not be contiguous; a norm is one over all parameters.
        whole = self.stacked or self.training.clip_norm is not None
        self.gradient = Gradient(self.layout, self.flat, names, whole=whole)
        # What was compiled is a program already.
        steps = 0 if self.training.compile else (self.epochs - self.epoch) * self.per_epoch
        self.captured = CapturedStep(self._gradients, self.model, steps, self.batch)

    def restrict(self, names: Sequence[str]) -> None:
        """Train only these of the parameters, as a callback asks by ``requires_grad_``."""
        self._train(names)
        self.optimizer.take(self.gradient.places)

    def _follow(self) -> None:
        """Heed what callbacks did to the model: its numbers, parts, and which parameters are trained."""
        self.layout.rebind(self.model, self.flat)
        self.members[0].follow(self.model.parts)
        self.float_buffers.follow()
        named = self.model.named_parameters()
        # Whoever thaws everything does not mean what no gradient may move.
        trained = {n: p for n, p in named if p.requires_grad and not under(n, FIXED)}
        if [*map(id, trained.values())] != [*map(id, self.trained)]:
            self.restrict(list(trained))
        self.captured.look_again()

    def run(self, callbacks: Sequence[Callback] = ()) -> None:
        """Train to the last epoch, or until something ends it.

        Afterwards every member has its status, its flat parameters and its history. With :attr:`checkpoints`,
        a run of one model leaves what it needs to go on.

        Raises
        ------
        DivergedError
            If a term of a single model became NaN or infinite; it keeps the last good weights. In a stack the
            member's status says so, and the others go on.
        SystemExit
            With code 143, once everything is saved: if the process was asked to end (SIGTERM) in a run with
            checkpoints.
        """
        if not self.running:
            return
        interrupt = Interrupt(terminated=self.checkpoints is not None)
        keep_freed_memory()
        if not self.stacked and not self.members[0].history.snapshots:
            take_snapshot(self)
        try:
            with interrupt:
                see_start(self)
                self._epochs(callbacks, interrupt)
        except KeyboardInterrupt:
            self._end_all("interrupted")
            if interrupt.asked:
                raise
        except BaseException:
            self._end_all("stopped")
            raise
        finally:
            self.model.eval()
        if not self.stacked and self.members[0].status == "diverged":
            raise DivergedError(self.members[0].message)
        if interrupt.asked == signal.SIGTERM:
            interrupt.leave()

    def end(self, status: str) -> None:
        """Let every member go with a status, the weights that it has, and no further training."""
        self._end_all(status)
        self.model.eval()

    def spent(self) -> float:
        """Seconds of the running epoch so far."""
        return self.before + (time.perf_counter() - self._started_at if self.step else 0.0)

    def _epochs(self, callbacks: Sequence[Callback], interrupt: Interrupt) -> None:
        while self.epoch < self.epochs and self.running:
            self._started_at = time.perf_counter()
            self.float_buffers.train()
            entries = self._epoch(interrupt)
            self.model.eval()
            if entries is None:
                self._end_all("interrupted")
                return
            if not self.running:
                if self.checkpoints is not None:
                    self.checkpoints.clear()  # the same settings would diverge again
                return
            if self.running[0].validation_starts:
                for entry, judged in zip(entries, evaluate_running(self), strict=True):
                    entry |= {f"val_{name}": value for name, value in judged.items()}
            seconds = self.spent() / max(1, len(entries))
            for member, entry in zip(self.running, entries, strict=True):
                member.history.epochs.append(entry | {"seconds": seconds})
            self.epoch, self.step, self.looked, self.before, self.trace = self.epoch + 1, 0, 0, 0.0, None
            take_snapshot(self)
            self._stop_early()
            if self.running and (event := self._call(callbacks, interrupt)).stopped:
                self._save()
                if event.weights is not None:
                    self.model.load_state_dict(event.weights)
                self._end_all("stopped")
                return
            if self.epoch < self.epochs:
                self._save_if_due()
        self._end_all("finished")
        if self.members[0].status in ENDS:
            self._save()

    def _epoch(self, interrupt: Interrupt) -> list[dict[str, float]] | None:
        """Train one epoch; the mean terms of each running model, or None if the user asked to stop."""
        device, models = self.flat.device, self.flat.shape[:-1]
        weights = self.loss_weights()
        rates = step_rates(self)
        trace = torch.empty(self.per_epoch, *models, len(self.names), dtype=self.flat.dtype, device=device)
        if self.trace is not None:
            trace[: self.step] = self.trace
        blocks = split_blocks(self.n_rows, self.batch, self.block, self.training.drop_last)
        before = 0
        with feeding(self, blocks) as fed:
            for number, (_, steps, size) in enumerate(blocks):
                before += steps
                if self.step >= before:
                    continue  # taken by the process that this one goes on for
                batch, noise = batches(self, next(fed), number)
                self.float_buffers.expect(size)
                rows = batch.tensors()
                self._given = tuple(rows)
                self._drawn = {p: tuple(draws) for p, draws in noise.items()}
                drawn = [*rows.values(), *(v for draws in noise.values() for v in draws.values())]
                for s in range(self.step - before + steps, steps):
                    given = (*(v[s] for v in drawn), *weights.values())
                    self._step(given, rates[self.step], trace[self.step])
                    self.step += 1
                    if self.step % _LOOK_EVERY and not interrupt.asked:
                        continue
                    if interrupt.asked:
                        self._save(trace)
                    self._look(trace)
                    lost = all(m.status == "diverged" for m in self.running)
                    if interrupt.asked or lost:
                        record_steps(self, trace[: self.step])
                        self._leave_diverged()
                        return [] if lost else None
                    self._save_if_due(trace)
        self._look(trace)
        note_broken(self)
        record_steps(self, trace)
        started = list(self.running)
        self._leave_diverged()
        return epoch_lines(self, started, trace, [size for _, steps, size in blocks for _ in range(steps)])

    def _save_if_due(self, trace: Tensor | None = None) -> None:
        if self.checkpoints is not None and self.checkpoints.due():
            self._save(trace)

    def _save(self, trace: Tensor | None = None) -> None:
        if self.checkpoints is not None:
            saved = take_checkpoint(self, None if trace is None else trace[: self.step])
            self.checkpoints.save(saved.tensors, saved.metadata)

    def _step(self, given: Sequence[Tensor], rates: Groups, trace: Tensor) -> None:
        results = self.captured(*given)
        terms, grads = results[: len(self.names)], results[len(self.names) :]
        with torch.no_grad():
            torch.stack(terms, dim=-1, out=trace)
            if not self.trained:
                return
            pieces = self.gradient.collect(grads)
            if self.training.clip_norm is not None:
                norm = self.gradient.flat.norm(dim=-1, keepdim=True)
                # The constant is that of torch.nn.utils.clip_grad_norm_.
                self.gradient.flat.mul_((self.training.clip_norm / (norm + 1e-6)).clamp(max=1.0))
            self.optimizer.step(pieces, rates, self.trained)

    def _gradients(self, *given: Tensor) -> list[Tensor]:
        """The loss, its terms, and its gradient by each trained parameter, of a batch, noise, and weights of terms."""
        rest = iter(given)
        rows = {name: next(rest) for name in self._given}
        noise = {p: {k: next(rest) for k in names} for p, names in self._drawn.items()}
        weights = dict(zip(self.names[1:], rest, strict=True))
        values = self._terms(rows, noise, weights)
        loss = total(self.model.parts, values, weights)
        if not self.trained:  # a callback froze them all
            return [loss, *values.values()]
        grads = torch.autograd.grad(
            loss.sum() if self.stacked else loss, self.trained, allow_unused=True, materialize_grads=True
        )
        return [loss, *values.values(), *grads]

    def _compute_terms(
        self, rows: dict[str, Tensor], noise: Noise, weights: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        batch = Batch(**rows, n_samples=self.n_rows)
        if self.training.precision != "bfloat16":
            return terms(self.model.parts, self.model(batch, noise), weights=weights)
        with torch.autocast(batch.x.device.type, torch.bfloat16, cache_enabled=False):
            p = self.model(batch, noise)
        return terms(self.model.parts, p.widened(), weights=weights)

    def _look(self, trace: Tensor) -> None:
        """Check the steps since the last look, and keep the weights that have proved good."""
        start, self.looked = self.looked, self.step
        if start == self.step:
            return
        self.on_progress(self.epoch - self.first_epoch + self.step / self.per_epoch)
        finite = torch.isfinite(trace[start : self.step]).all(-1)
        if not bool(finite.all()):
            note_diverged(self, trace, finite, start)
        # The pending weights have given a finite loss: they are good. Today's are still to be proved.
        self.good, self.pending = self.pending, self.good
        self.pending.copy_(self.flat)
        self.float_buffers.advance()

    def _leave_diverged(self) -> None:
        self._leave([m.status == "running" for m in self.running])

    def _stop_early(self) -> None:
        """Let go of members that have not improved for long enough."""
        for i, member in enumerate(self.running):
            entry = member.history.epochs[-1]
            flat = self.flat[i] if self.stacked else self.flat
            if member.watch is None:
                continue
            entry["watched"], counts = member.watched(entry, self.epoch - 1)
            if member.watch.see(entry["watched"], flat, self.epoch, counts=counts):
                member.status = "early_stopped"
            if member.watch.epoch == self.epoch:
                self.float_buffers.mark_best()
        self._leave([m.status == "running" for m in self.running])

    def _end_all(self, status: str) -> None:
        for member in self.running:
            member.status = status if member.status == "running" else member.status
        self._leave([False] * len(self.running))

    def _leave(self, stay: list[bool]) -> None:
        """Members that do not stay take their parameters with them; the others go on as a smaller stack."""
        if all(stay):
            return
        for i, member in enumerate(self.running):
            if not stay[i]:
                flat = self.flat[i] if self.stacked else self.flat
                if member.flat is None:
                    best = member.best()
                    if best is not None:
                        self.float_buffers.restore("best")
                    member.flat = (flat if best is None else best).clone()
                member.state = {
                    name: (value[i] if self.stacked and value.dim() else value).clone()
                    for name, value in self.optimizer.state.items()
                }
                member.float_buffers = {n: v.clone() for n, v in self.model.float_buffers().items()}
        self.running = [m for m, keep in zip(self.running, stay, strict=True) if keep]
        if self.running:
            kept = torch.tensor(stay, device=self.flat.device)
            self._take(self.flat[kept])
            self.optimizer.keep(kept, self.flat)
            # Compiling again for every model that leaves would cost more than it saves.
            self._terms = self._compute_terms
        elif not self.stacked and self.members[0].flat is not None:
            self.flat.copy_(self.members[0].flat)
            for p in self.model.parameters():
                p.requires_grad_(False)

    def _call(self, callbacks: Sequence[Callback], interrupt: Interrupt) -> Event:
        entry = self.running[0].history.epochs[-1]
        event = Event(self.epoch, self.epochs, entry, self.model, interrupted=lambda: bool(interrupt.asked))
        try:
            # What a callback leaves gradients switched to ends with it.
            with torch.set_grad_enabled(torch.is_grad_enabled()):
                for callback in callbacks:
                    callback(event)
            if callbacks:
                self._follow()
        except Exception:
            self._save()
            raise
        return event
