"""The same parts under Lightning's Trainer: several devices, early stopping, loggers, precisions, checkpoints.

Needs the extra ``lightning``. The loss, its terms, the order of rows and all noise are those of
:meth:`diabolo.Autoencoder.fit`; Lightning takes the steps.
"""

from __future__ import annotations

from ..errors import MissingExtraError

try:
    import lightning as _lightning  # noqa: F401 - asked for here, so that its absence gets a sentence
except ImportError as error:
    raise MissingExtraError("diabolo.lightning", "lightning") from error

from .data import ArrayDataModule, ImageFolderDataModule
from .module import AutoencoderModule
from .strategy import ddp

__all__ = ["ArrayDataModule", "AutoencoderModule", "ImageFolderDataModule", "ddp"]
