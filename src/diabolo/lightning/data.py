"""Rows for Lightning's Trainer: arrays, and folders of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule

from ..errors import FileError, SettingError
from ..training.job import TrainingJob
from .batches import Batches, ValidationBatches


@dataclass(frozen=True)
class Given:
    """What a data module has for ``fit``.

    Attributes
    ----------
    X, target, validation, sample_weight
        As :meth:`diabolo.Autoencoder.fit` takes them.
    image_shape : tuple of int or None
        (channels, height, width), if a row is a picture.
    batch_size : int or None
        What the estimator's ``training.batch_size`` is to be; None: as it is.
    """

    X: Any
    target: Any = None
    validation: Any = None
    sample_weight: Any = None
    image_shape: tuple[int, int, int] | None = None
    batch_size: int | None = None


class RowsDataModule(LightningDataModule):
    """Base: rows that an :class:`~diabolo.lightning.AutoencoderModule` checks, scales and holds out as ``fit`` does.

    The batches are made out of what the module has learnt of the rows, so a data module belongs to one training at a
    time. Under several processes every one has all rows, and computes with its share of each batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.member: TrainingJob | None = None
        self._epoch: Callable[[], int] = lambda: 0
        self._batches: Batches | None = None
        self._start: dict[str, int] | None = None

    def attach(self, member: TrainingJob, epoch: Callable[[], int]) -> None:
        """Make batches of these checked rows from now on, in the order of the epoch that runs.

        Parameters
        ----------
        member : TrainingJob
            The training that the batches are for.
        epoch : callable
            Gives the number of the epoch that runs, from 0.
        """
        self.member, self._epoch = member, epoch

    @property
    def position(self) -> dict[str, int] | None:
        """How far in which epoch the rows have been taken."""
        return None if self._batches is None else self._batches.state_dict()

    def start_at(self, position: dict[str, int] | None) -> None:
        """Let the next batches go on from a position.

        Lightning itself gives loaders their state back only where nothing has asked for the number of steps before.
        """
        self._start = position

    def given(self) -> Given:
        """The rows."""
        raise NotImplementedError

    def train_dataloader(self) -> Batches:
        """The steps of an epoch, in the order that ``fit`` would take."""
        trainer: Any = self.trainer
        made = Batches(self._attached(), trainer.world_size, trainer.global_rank, self._epoch)
        if self._start is not None:
            made.load_state_dict(self._start)
        self._batches, self._start = made, None
        return made

    def val_dataloader(self) -> ValidationBatches | list[Any]:
        """The validation rows; nothing where there are none."""
        trainer: Any = self.trainer
        member = self._attached()
        if member.data.validation is None:
            return []
        return ValidationBatches(member, trainer.world_size, trainer.global_rank)

    def _attached(self) -> TrainingJob:
        if self.member is None:
            raise SettingError(
                f"{type(self).__name__} makes batches for an AutoencoderModule; give both to the trainer: "
                "Trainer.fit(module, datamodule)."
            )
        return self.member


class ArrayDataModule(RowsDataModule):
    """Rows of an array or a data frame, as :meth:`diabolo.Autoencoder.fit` takes them.

    Parameters
    ----------
    X : array or data frame of shape (n, n_features), or array (n, H, W) or (n, C, H, W)
        Samples.
    target : array of the shape of X or None, default None
        What is to be reconstructed instead of X, row by row.
    validation : array of shape (m, n_features), pair of arrays, mapping or None, default None
        Rows that are judged after each epoch and never trained on. None: the share of the rows that the
        estimator's ``training.validation`` names.
    sample_weight : array of shape (n,) or None, default None
        How much each row counts.
    batch_size : int or None, default None
        Rows of a step over all devices together, so that the number of devices changes no result; None: the
        estimator's ``training.batch_size``.

    Examples
    --------
    >>> from diabolo import datasets
    >>> X, y = datasets.load_digits()
    >>> ArrayDataModule(X[:1500], validation=X[1500:]).given().X.shape
    (1500, 64)
    """

    def __init__(
        self,
        X: Any,
        *,
        target: Any = None,
        validation: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self._given = Given(X, target, validation, sample_weight, batch_size=batch_size)

    def given(self) -> Given:
        return self._given


class ImageFolderDataModule(RowsDataModule):
    """The pictures of a folder, as :func:`diabolo.datasets.load` reads them; all of them are held in memory.

    Parameters
    ----------
    folder : path
        PNG, JPEG and other files, here or in folders one down.
    validation : path or None, default None
        A second folder, of pictures that are judged after each epoch and never trained on.
    resize : tuple of int, int, str or None, default None
        (height, width) that every picture is brought to; None: they have one size already.
    batch_size : int or None, default None
        As for :class:`ArrayDataModule`.

    Raises
    ------
    FileError, DataError
        When training starts, if there are no pictures, one is damaged, or their sizes differ.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        validation: str | Path | None = None,
        resize: Sequence[int] | int | str | None = None,
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self.folder, self.validation = Path(folder), None if validation is None else Path(validation)
        self.resize, self.batch_size = resize, batch_size
        self._read: Given | None = None

    def given(self) -> Given:
        if self._read is None:
            train = self._pictures(self.folder)
            judged = None if self.validation is None else self._pictures(self.validation).X
            self._read = Given(train.X, None, judged, None, train.image_shape, self.batch_size)
        return self._read

    def _pictures(self, folder: Path) -> Any:
        from .. import datasets

        if not folder.is_dir():
            raise FileError(
                f"{folder} is no folder of pictures; give one, or give arrays to ArrayDataModule."
            )
        return datasets.load(str(folder), resize=self.resize)
