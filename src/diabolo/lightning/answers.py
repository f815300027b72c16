"""What a module of Lightning's answers: codes, reconstructions, the estimator, and how it comes out of a checkpoint."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Self, cast

import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from ..errors import SettingError
from ..estimator.autoencoder import Autoencoder
from ..model import Model
from ..training.job import TrainingJob
from . import checkpoints
from .preparing import Prepared, finish


class Answers(LightningModule):
    """The part of an ``AutoencoderModule`` that needs no training loop."""

    estimator: Autoencoder
    model: Model | None
    _prepared: Prepared | None
    _loaded: Autoencoder | None

    @property
    def history(self) -> Any:
        """The course of the training so far."""
        return self.member.history

    def forward(self, x: Tensor) -> Tensor:
        """Rows as the model gives them back, in the user's units: (n, features) to (n, features)."""
        offset, scale = self._scaling(x)
        back = self._built().decode(self._built().encode(((x - offset) / scale).to(x)))
        return (back * scale + offset).to(x)

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Tensor:
        """Codes of rows in the user's units: a batch is a tensor (n, features), or begins with one."""
        x = batch[0] if isinstance(batch, tuple | list) else batch
        offset, scale = self._scaling(x)
        return self._built().encode(((x - offset) / scale).to(x))

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls, checkpoint_path: str | Path, *, modules: tuple[Any, Any] | None = None, **options: Any
    ) -> Self:
        """The module of a checkpoint, ready for :meth:`to_estimator`, ``validate`` or ``predict``.

        Read with ``weights_only=True``: no code in the file is run. A ``fit`` with it trains on from its weights;
        ``Trainer.fit(..., ckpt_path=...)`` is what goes on with a training that was stopped.

        Parameters
        ----------
        checkpoint_path : path
            The file that Lightning wrote.
        modules : pair of torch.nn.Module or None
            As for :func:`diabolo.load`.
        **options : ignored
            Lightning's own options, taken so that its calls work.

        Raises
        ------
        FileError
            If the file is missing, damaged, or no checkpoint of an AutoencoderModule.
        """
        loaded = checkpoints.estimator_of(checkpoints.read(checkpoint_path), modules)
        module = cls(loaded, **options)
        module._loaded = loaded
        module.model = copy.deepcopy(loaded.module_).requires_grad_(True)
        return module

    def to_estimator(self) -> Autoencoder:
        """The fitted scikit-learn estimator, with weights, scaling, codes and history as they are now.

        Returns
        -------
        Autoencoder

        Raises
        ------
        SettingError
            If nothing has been trained yet.
        """
        self._built()
        if self._prepared is not None:
            return finish(self._prepared, self._status())
        return copy.deepcopy(cast(Autoencoder, self._loaded))

    @property
    def member(self) -> TrainingJob:
        """The parts, the rows and the history of the training."""
        if self._prepared is None:
            raise SettingError(
                "this AutoencoderModule has no data yet; call Trainer.fit(module, datamodule)."
            )
        return self._prepared.member

    def _status(self) -> str:
        status = self.member.status
        if status != "running":
            return status
        return "interrupted" if self._trainer is not None and self._trainer.interrupted else "stopped"

    def _scaling(self, x: Tensor) -> tuple[Tensor, Tensor]:
        made = self.estimator if self._loaded is None else self._loaded
        exact = x.dtype if x.device.type == "mps" else torch.float64
        values = (made.scaler_.offset, made.scaler_.scale)
        offset, scale = (torch.as_tensor(v, dtype=exact, device=x.device) for v in values)
        return offset, scale

    def _built(self) -> Model:
        if self.model is None:
            raise SettingError(
                "this AutoencoderModule has not been trained; call Trainer.fit(module, datamodule), or "
                "load_from_checkpoint."
            )
        return self.model
