"""Which rows a run trains on, and which it is tested on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DataError, SettingError
from .large import FEW, few_rows, is_large

if TYPE_CHECKING:
    import numpy as np

    from ..datasets import Dataset

DEFAULT_SHARE = 0.1
#: The value of ``hold_out`` that stands for the test split that a data set was published with.
PUBLISHED = "test"
#: Fewer rows than these are all trained on: two or less held out would say nothing.
FEW_ROWS = 20


@dataclass(frozen=True)
class Split:
    """The rows of a run.

    Attributes
    ----------
    train : Dataset
        What is trained on.
    held : Dataset or None
        What is tested on; None: the rows that were trained on.
    hold_out : float or str
        The share of the rows, or "test".
    """

    train: Dataset
    held: Dataset | None
    hold_out: float | str

    @property
    def judged(self) -> Dataset:
        """The rows that the report judges on."""
        return few_rows(self.train) if self.held is None else self.held

    def describe(self) -> str:
        """The rows that are tested on, in words."""
        if self.held is None:
            few = f" (fewer than {FEW_ROWS}: none is held out)" if self.hold_out else ""
            some = f"{FEW} of " if is_large(self.train) else ""
            return f"{some}the {len(self.train)} rows that it was trained on{few}"
        if self.hold_out == PUBLISHED:
            return f"the {len(self.held)} rows of the published test split"
        return f"{len(self.held)} held-out rows"


def check_hold_out(value: Any) -> float | str:
    """A share of the rows in [0, 1), or "test".

    Raises
    ------
    SettingError
        If it is neither.

    Examples
    --------
    >>> check_hold_out(0.25), check_hold_out("test")
    (0.25, 'test')
    """
    if value == PUBLISHED:
        return PUBLISHED
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < 1:
        raise SettingError(
            f"hold_out must be a share of the rows in [0, 1), or {PUBLISHED} for the published test split, "
            f"got {value!r}."
        )
    return float(value)


def split(dataset: Dataset, hold_out: float | str | None, seed: int | None) -> Split:
    """Hold out rows to judge on; the same rows for the same data, share and seed.

    Of data that is not in memory at most ten thousand rows are held out, since those are.

    Parameters
    ----------
    dataset : Dataset
    hold_out : float, str or None
        A share, or "test"; None: the published test split where there is one, else a tenth.
    seed : int or None
        Decides which rows; None is taken for 0.

    Raises
    ------
    SettingError
        If the test split is asked of data that has none.
    DataError
        If a share leaves fewer than two rows on either side.
    """
    published = _has_test_split(dataset)
    if hold_out is None:
        hold_out = PUBLISHED if published else DEFAULT_SHARE
    if hold_out == PUBLISHED:
        if not published:
            raise SettingError(
                f"{dataset.name} has no published test split; give --hold-out a share, such as 0.1."
            )
        from .. import datasets

        return Split(dataset, datasets.load(dataset.source, split="test"), hold_out)
    n, n_held = len(dataset), round(float(hold_out) * len(dataset))
    if is_large(dataset):
        n_held = min(n_held, FEW)
    if hold_out == 0 or n < FEW_ROWS:
        return Split(dataset, None, hold_out)
    if min(n_held, n - n_held) < 2:
        raise DataError(
            f"--hold-out {hold_out:g} of {n} rows leaves {n - n_held} to train on and {n_held} to test on; give "
            "another share, or 0."
        )
    import numpy as np

    order = np.random.RandomState(seed or 0).permutation(n)
    if is_large(dataset):
        held = dataclasses.replace(dataset, X=dataset.X[np.sort(order[:n_held])])
        kept: Any = dataset.X
        return Split(dataclasses.replace(dataset, X=kept.pick(np.sort(order[n_held:]))), held, hold_out)
    return Split(_rows(dataset, order[n_held:]), _rows(dataset, order[:n_held]), hold_out)


def _has_test_split(dataset: Dataset) -> bool:
    from ..datasets import DATASETS

    return dataset.source in DATASETS and "split" in DATASETS[dataset.source].options


def _rows(dataset: Dataset, picked: np.ndarray) -> Dataset:
    """Some rows of a data set, in their order."""
    import numpy as np

    at = np.sort(picked)
    return dataclasses.replace(
        dataset,
        X=dataset.X[at],
        y=None if dataset.y is None else dataset.y[at],
        ids=None if dataset.ids is None else dataset.ids[at],
    )
