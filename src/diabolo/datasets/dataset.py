"""What a data set is once it has been read: rows, and what is needed to write results about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.schema import Schema
from ..errors import DataError


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows of numbers with their labels, their names and where they came from.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        The features, finite, float32 or float64. Images are flat rows in the order (C, H, W).
    y : ndarray of shape (n,) or None
        The labels, kept apart from the features: int64 classes, or float64 where they are not whole.
    ids : ndarray of shape (n,) or None
        What identifies a row in outputs: a column of the file, or the name of each image.
    feature_names : tuple of str or None
        The name of each feature.
    image_shape : tuple of int or None
        (C, H, W), if a row is an image.
    name : str
        A short name, fit for a folder.
    source : str
        Where the rows came from: a path, or the name of a table's entry.
    label_names : tuple of str or None
        The text of class ``i`` at place ``i``, if labels are text.
    id_name, label_name : str or None
        The columns that hold ``ids`` and ``y`` in the source.
    n_columns : int or None
        How many columns the source has, where they have no names: they are known by their numbers then.
    left_out : tuple of str
        The columns of the source that have names and are none of the features, the ids and the labels.
    schema : Schema or None
        How the columns of the source become the features, where some of them are no numbers.
    notes : tuple of str
        What was found while reading, and cannot be seen in the rows: an encoding, a decimal comma, which array.

    Examples
    --------
    >>> from diabolo import datasets
    >>> datasets.load("digits")
    Dataset('digits': 1797 rows, 64 features (1 x 8 x 8 images), 10 classes)
    """

    X: NDArray[Any]
    y: NDArray[Any] | None = None
    ids: NDArray[Any] | None = None
    feature_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int, int] | None = None
    name: str = "data"
    source: str = ""
    label_names: tuple[str, ...] | None = None
    id_name: str | None = None
    label_name: str | None = None
    n_columns: int | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    schema: Schema | None = None

    def __post_init__(self) -> None:
        n, d = self.X.shape
        for what, column in (("labels", self.y), ("ids", self.ids)):
            if column is not None and column.shape != (n,):
                raise DataError(f"{self.source or self.name}: {n} rows need {n} {what}, got {column.shape}.")
        if self.feature_names is not None and len(self.feature_names) != d:
            raise DataError(f"{d} features need {d} names, got {len(self.feature_names)}.")
        if self.image_shape is not None and int(np.prod(self.image_shape)) != d:
            raise DataError(f"rows of {d} values are not images of shape {self.image_shape}.")

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        n, d = self.X.shape
        words = [f"{n} rows", f"{d} features"]
        if self.image_shape is not None:
            words[1] += f" ({' x '.join(map(str, self.image_shape))} images)"
        if self.y is not None and self.y.dtype.kind == "i":
            words.append(f"{len(np.unique(self.y))} classes")
        return f"Dataset({self.name!r}: {', '.join(words)})"
