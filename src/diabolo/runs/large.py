"""Files that are larger than what should be loaded: the commands that can do without work on the file itself."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, FileError

if TYPE_CHECKING:
    from ..datasets import Dataset

#: Bytes from which on a file is not loaded.
LARGE = 1 << 30
#: Rows that a report judges on, where all are too many.
FEW = 10_000


def load(source: str, options: Mapping[str, Any]) -> Dataset:
    """A data set by its name or path; the rows of a large ``.npy`` or IDX file stay there.

    Raises
    ------
    DataError
        If columns of such a file are to be chosen, or its gaps filled.
    """
    from .. import datasets

    path = Path(source)
    if source in datasets.DATASETS or not path.is_file() or os.path.getsize(path) < LARGE:
        return datasets.load(source, **options)
    suffix = path.suffix.lower()
    if suffix != ".npy" and (suffix == ".gz" or not datasets.is_idx(path)):
        return datasets.load(source, **options)
    used = [f"--{name}" for name, value in options.items() if value is not None and value != ()]
    if used:
        raise DataError(
            f"{source} is too large to be loaded ({os.path.getsize(path) / 1e9:.1f} GB), and {', '.join(used)} would "
            "need that; save the rows and columns to learn from as another file."
        )
    rows = datasets.stream(path)
    shape = rows.image_shape
    X: Any = rows
    return datasets.Dataset(X, image_shape=shape, name=path.name.split(".")[0] or "data", source=str(path))


def is_large(dataset: Dataset) -> bool:
    """Whether the rows of a data set are not in memory."""
    from ..data.memmap import Stored

    return isinstance(dataset.X, Stored)


def few_rows(dataset: Dataset) -> Dataset:
    """A data set to look at: itself, or, if it is large, ten thousand of its rows spread over all."""
    if not is_large(dataset):
        return dataset
    from ..data.spread import spread

    return dataclasses.replace(dataset, X=dataset.X[spread(len(dataset), FEW)])


def refuse_large(dataset: Dataset, out: Path, what: str = "") -> None:
    """Refuse to make of large data what would have to be in memory as a whole.

    Raises
    ------
    FileError
        With the formats that can be written piece by piece.
    """
    from ..storage.sinks import SUFFIXES

    if is_large(dataset) and (what or out.suffix.lower() not in SUFFIXES):
        raise FileError(
            f"{dataset.source} has {len(dataset)} rows, too many for {what or out.suffix}; "
            + ("leave it out." if what else f"give an --out with the suffix {' or '.join(SUFFIXES)}.")
        )
