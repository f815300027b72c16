"""An autoencoder as a ``LightningModule``: Lightning takes the steps, everything else is as in ``fit``."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import torch
from sklearn.base import clone
from torch import Tensor

from .. import slots
from ..errors import DivergedError, SettingError
from ..estimator.autoencoder import Autoencoder
from ..model import Model
from ..objective import TOTAL, term_names, terms, total
from ..training.buffers import BufferKeeper
from ..training.flat import Layout
from ..training.settings import Training
from ..training.validation import evaluate
from . import checkpoints
from .answers import Answers
from .batches import Batch, sliced
from .data import RowsDataModule
from .gathering import gathered_fields, whole_pass
from .optimizing import make_optimizer, make_schedule
from .preparing import Prepared, go_on, prepare, require_same_rows
from .record import Guard, Record, divergence, epoch_line, put_weights

# Steps between two looks at whether the loss is finite: a look waits for the device and for all processes.
_LOOK_EVERY = 32


class AutoencoderModule(Answers):
    """An autoencoder that Lightning's Trainer trains: ``Trainer(max_epochs=50).fit(module, datamodule)``.

    The parts, the loss and its terms, the optimiser, the learning rate with its schedule, the batch size, the order of
    rows and all noise are those of the estimator, and what :meth:`to_estimator` gives is what its ``fit`` would have
    come to, up to rounding. Lightning decides how long (``max_epochs``), on what (``accelerator``, ``devices``,
    ``strategy``, ``num_nodes``), in which ``precision``, and what happens beside: callbacks, loggers, checkpoints,
    ``accumulate_grad_batches``, ``gradient_clip_val``. The estimator's ``training.epochs``, ``training.checkpoint``,
    ``training.compile`` and ``device`` are not looked at; ``training.clip_norm`` counts where the Trainer clips
    nothing; ``training.validation`` and ``training.early_stopping`` hold as in ``fit``.

    Under several processes a batch of ``training.batch_size`` rows is shared among them, each with its slice of the
    rows and of the noise, so that the number of processes changes no more than rounding. Penalties of a whole batch
    (MMD, topological, KL sparsity) then see their process's rows only, unless they gather.

    Logged after each epoch under the names of ``history_``: ``loss``, every term, ``weight_<term>``, ``lr``, and the
    terms with ``val_``, added up over processes; at each step ``loss_step`` and every ``<term>_step``, of one process.

    Parameters
    ----------
    estimator : Autoencoder or None, default None
        Its settings; it is not changed, and what it has learnt is not looked at. None: made of ``parts``.
    gather : bool, default False
        Whether penalties of a whole batch see the rows of all processes, with exact gradients. It sends the codes (and
        what else such a penalty looks at) of every row to every process in each step.
    **parts
        Parameters of an :class:`~diabolo.Autoencoder`, instead of one.

    Attributes
    ----------
    model : Model or None
        The network; it is built when the Trainer has shown the data.
    history : History
        As the estimator's ``history_``.

    Raises
    ------
    SettingError
        If the estimator is none.

    Examples
    --------
    >>> from lightning.pytorch import Trainer
    >>> from diabolo import datasets, recipes
    >>> from diabolo.lightning import ArrayDataModule, AutoencoderModule
    >>> X, y = datasets.load_digits()
    >>> module = AutoencoderModule(recipes.linear(2, random_state=0))
    >>> trainer = Trainer(
    ...     max_epochs=2,
    ...     logger=False,
    ...     enable_checkpointing=False,
    ...     enable_progress_bar=False,
    ...     enable_model_summary=False,
    ...     accelerator="cpu",
    ... )
    >>> trainer.fit(module, ArrayDataModule(X))
    >>> module.to_estimator().transform(X).shape
    (1797, 2)
    """

    def __init__(self, estimator: Autoencoder | None = None, *, gather: bool = False, **parts: Any) -> None:
        super().__init__()
        if estimator is None:
            estimator = Autoencoder().set_params(**parts)
        elif parts or not isinstance(estimator, Autoencoder):
            given = f"{type(estimator).__name__} and {', '.join(parts)}" if parts else repr(estimator)
            raise SettingError(f"AutoencoderModule takes an Autoencoder or its parameters, got {given}.")
        self.estimator: Autoencoder = clone(estimator)
        self.gather = bool(gather)
        self.model: Model | None = None
        self._prepared: Prepared | None = None
        self._loaded: Autoencoder | None = None
        self._source: RowsDataModule | None = None
        self._offset, self._judged, self._started = 0, {}, time.perf_counter()  # type: ignore[var-annotated]
        plain = (str, int, float, bool, type(None))
        settings = estimator.get_params(deep=False) | {"gather": self.gather}
        self.save_hyperparameters({k: v if isinstance(v, plain) else repr(v) for k, v in settings.items()})

    def epoch_now(self) -> int:
        """The epoch that runs, from 0, counted over all trainings of this module: the key of order and noise."""
        return int(self.trainer.current_epoch) + self._offset

    def setup(self, stage: str) -> None:
        """Look at the data: check it, learn its scaling, hold rows out, and build the network."""
        if stage == "predict":
            self._built()
            return
        source = getattr(self.trainer, "datamodule", None)
        if not isinstance(source, RowsDataModule):
            raise SettingError(
                "AutoencoderModule is trained on an ArrayDataModule or ImageFolderDataModule, got "
                f"{type(source).__name__ if source is not None else 'loaders'}; "
                "use Trainer.fit(module, ArrayDataModule(X))."
            )
        if stage != "fit":
            self._built()
        if self._prepared is None or source is not self._source:
            self._source = source
            self._prepare(source)
        source.attach(self.member, self.epoch_now)
        judged = self.member.data.validation
        if judged is None and stage != "fit":
            raise SettingError(
                "there are no validation samples; give some: ArrayDataModule(X, validation=X_val)."
            )
        self._limit = self.trainer.limit_val_batches
        self._built().train(stage == "fit")  # Lightning trains in the mode that it finds
        if judged is None:
            # Else Lightning warns of a validation that nobody asked for.
            self.trainer.limit_val_batches = 0

    def teardown(self, stage: str) -> None:
        if stage != "predict":
            self.trainer.limit_val_batches = self._limit

    def configure_optimizers(self) -> Any:
        """The estimator's optimiser, and its schedule over the steps that the Trainer is going to take."""
        training = self._settings()
        steps, trainer = self.trainer.estimated_stepping_batches, self.trainer
        per_epoch = -(-int(trainer.num_training_batches) // trainer.accumulate_grad_batches)
        if steps == float("inf"):
            steps = per_epoch * training.epochs_for(self.member.n_rows)
        # Under mixed precision Lightning clips no gradient for an optimiser that is fused.
        fused = "mixed" not in str(trainer.precision) and trainer.strategy.root_device.type in ("cpu", "cuda")
        model = self._built()
        optimizer = make_optimizer(training, model.named_parameters(), fused, model.paces)
        schedule = make_schedule(training, optimizer, per_epoch, max(1, int(steps)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: Any = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """As the Trainer says, else by the estimator's ``training.clip_norm``."""
        if gradient_clip_val is None:
            gradient_clip_val = self._settings().clip_norm
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_train_start(self) -> None:
        self._offset = len(self.member.history) - int(self.trainer.current_epoch)
        self._statistics, self._guard = BufferKeeper(self._built(), ()), Guard(self._built())
        self._started, self._last_rate = time.perf_counter(), self.trainer.optimizers[0].param_groups[0]["lr"]

        self._see_start()

    def _see_start(self) -> None:
        """Let the weights before the first step be candidates for the best, as ``fit`` does."""
        member, model, epoch = self.member, self._built(), self.epoch_now()
        if member.watch is None or not member.validation_starts or len(member.history) or self._record.taken:
            return
        weights = {n: torch.tensor(w, device=self.device) for n, w in member.loss_weights(epoch).items()}
        found = evaluate(model.eval(), [member], weights, stacked=False)[0]
        member.see_start(found, Layout.of(model).flatten(model), epoch)

    def on_train_epoch_start(self) -> None:
        self._built().train()
        self._started = time.perf_counter()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of a batch, scaled so that the mean over processes is the mean over rows."""
        own = batch.own
        self._statistics.expect(own.stop - own.first)
        loss, values = self._terms(batch)
        self._record.add(loss, values, batch.share, batch.of)
        if self.trainer.loggers:
            named = {f"{name}_step": value.detach() for name, value in {TOTAL: loss, **values}.items()}
            self.log_dict(named, on_step=True, on_epoch=False, batch_size=own.size)
        return loss * (batch.share * self.trainer.world_size)

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if len(self._record.waiting) >= _LOOK_EVERY:
            self._look()

    def on_validation_epoch_start(self) -> None:
        wide = torch.float32 if self.device.type == "mps" else torch.float64
        self._sums = torch.zeros(len(self._record.names), dtype=wide, device=self.device)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add up the terms of validation rows, under noise that never changes."""
        needed = self._built().needs_input_gradient
        # A gradient by the input is not to be had of tensors that were made in inference mode.
        with (
            torch.inference_mode(torch.is_inference_mode_enabled() and not needed),
            torch.set_grad_enabled(needed),
        ):
            if needed:
                batch = batch._replace(x=batch.x.clone(), target=batch.target.clone())
            loss, values = self._terms(batch)
        summed = torch.stack([v.detach() for v in (loss, *values.values())]).to(self._sums)
        self._sums += summed * batch.counted

    def on_validation_epoch_end(self) -> None:
        judged = self.member.data.validation
        if self.trainer.sanity_checking or judged is None:
            return
        weight = self.member.data.validation_known.get("weight")
        counted = len(judged[0]) if weight is None else float(weight.sum())
        means: Any = self.trainer.strategy.reduce(self._sums, reduce_op="sum") / counted
        self._judged = dict(zip(self._record.names, means.tolist(), strict=True))
        self._log({f"val_{name}": value for name, value in self._judged.items()})

    def on_train_epoch_end(self) -> None:
        self._look()
        member, epoch = self.member, self.epoch_now()
        means = self._record.finish(member.history, epoch + 1)
        line = epoch_line(means, member.loss_weights(epoch), float(self._last_rate), self._judged)
        member.history.epochs.append(line | {"seconds": time.perf_counter() - self._started})
        self._log({k: v for k, v in line.items() if k != "epoch" and not k.startswith("val_")})
        self._judged = {}
        if member.watch is not None:
            value, counts = member.watched(line, epoch)
            member.history.epochs[-1]["watched"] = value
            row = Layout.of(self._built()).flatten(self._built())
            if member.watch.see(value, row, epoch, counts=counts):
                self.trainer.should_stop = True
            if member.watch.epoch == epoch:
                self._statistics.mark_best()

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        """Keep the rate of the step, for the history."""
        self._last_rate = optimizer.param_groups[0]["lr"]

    def on_train_end(self) -> None:
        member = self.member
        member.status = "early_stopped" if self.trainer.should_stop else "finished"
        if (best := member.best()) is not None:
            put_weights(self._built(), best)
            self._statistics.restore("best")
        self.eval()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put all that an estimator is into a checkpoint, as plain values and tensors."""
        self._look()
        checkpoint[checkpoints.KEY] = checkpoints.pack(
            self.to_estimator(),
            self.member,
            {
                "random_state": None if self._prepared is None else self._prepared.drawn,
                "record": self._record.state(),
                "judged": dict(self._judged),
                "position": None if self._source is None else self._source.position,
            },
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a checkpoint of the same parts, data and settings."""
        kept, prepared = checkpoints.unpack(checkpoint), self._prepared
        if prepared is not None and self._source is not None and prepared.drawn != kept["random_state"]:
            # Without a random_state of the estimator's, the one that was drawn then goes on.
            self._prepared, self.model = None, None
            self._prepare(self._source, kept["random_state"])
            self._source.attach(self.member, self.epoch_now)
        checkpoints.go_on(self.to_estimator(), self.member, kept)
        self._record.load(kept["record"])
        self._judged = dict(kept["judged"])
        if self._source is not None:
            self._source.start_at(kept["position"])

    def _prepare(self, source: RowsDataModule, drawn: int | None = None) -> None:
        given, strategy = source.given(), self.trainer.strategy
        if self.model is None:
            prepared = prepare(self.estimator, given, strategy, drawn)
        else:
            drawn = None if self._prepared is None else self._prepared.drawn
            prepared = go_on(self.to_estimator(), self.model, given, drawn)
        self._prepared, self.estimator, self.model = prepared, prepared.estimator, prepared.model
        self._record = Record((TOTAL, *term_names(self.member.parts)))
        self._fields = gathered_fields(self.member.parts) if self.gather else ()
        if self.trainer.world_size > 1:
            require_same_rows(prepared.rows, self.global_rank, strategy)

    def _terms(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss and its terms over the rows of this process."""
        model, member, world = self._built(), self.member, self.trainer.world_size
        p = model(batch.rows(member.n_rows), sliced(batch.noise, batch.own)).widened()
        whole = None
        if self._fields and world > 1:
            gather: Any = partial(self.all_gather, sync_grads=True)
            whole = whole_pass(p.first(), batch.noise, batch.own, world, self._fields, gather)
        weights = member.loss_weights(self.epoch_now())
        with torch.autocast(self.device.type, enabled=False):
            values = terms(model.parts, p, whole, weights)
        return total(model.parts, values, weights), values

    def _look(self) -> None:
        """Add up the steps since the last look over processes; go back to good weights if one is not finite."""
        record, member = self._record, self.member
        if not record.waiting:
            return
        whole: Any = self.trainer.strategy.reduce(torch.stack(record.waiting), reduce_op="sum")
        before = record.taken
        record.take(whole)
        bad = self._guard.look(whole)
        if bad is None:
            self._statistics.advance()
            return
        self._statistics.restore("pending" if bad > 0 else "good")
        where = (
            f"epoch {self.epoch_now() + 1}, step {before + bad + 1} of {self.trainer.num_training_batches}"
        )
        member.status = "diverged"
        member.message = divergence(record.names, whole[bad].tolist(), where, member.training.lr)
        raise DivergedError(member.message)

    def _log(self, values: dict[str, float]) -> None:
        shown = {TOTAL, f"val_{TOTAL}"}
        for name, value in values.items():
            # They are the same in every process already; Lightning warns unless it adds them up itself.
            self.log(name, value, prog_bar=name in shown, sync_dist=self.trainer.world_size > 1)

    def _settings(self) -> Training:
        settings: Training = slots.resolve("training", self.estimator.training)
        return settings
