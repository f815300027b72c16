"""Writing rows for other tools: .npy, .csv, .parquet, .png; whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.schema import Schema
from ..errors import DataError, FileError
from ..storage.atomic import replacing
from ..storage.text import as_file_error

_MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class _Rows:
    array: NDArray[Any]
    columns: Sequence[str] | None
    ids: NDArray[Any] | None
    id_name: str
    image_shape: tuple[int, int, int] | None
    schema: Schema | None = None


def write(
    path: str | os.PathLike[str],
    array: ArrayLike,
    *,
    columns: Sequence[str] | None = None,
    ids: ArrayLike | None = None,
    id_name: str = "id",
    image_shape: tuple[int, int, int] | None = None,
    schema: Schema | None = None,
) -> Path:
    """Write rows to a file whose suffix says the format; the file appears whole or not at all.

    Parameters
    ----------
    path : path
        ``.npy`` (the array alone), ``.csv`` or ``.parquet`` (ids first, then the columns), ``.png`` (one
        image, or a grid of the rows in reading order).
    array : array-like of shape (n, d) or (n,)
        Numbers.
    columns : sequence of str or None
        The names of the d columns; ``x0``, ``x1``, ... if None.
    ids : array-like of shape (n,) or None
        A first column that identifies the rows.
    id_name : str
        The name of that column.
    image_shape : tuple of int or None
        (C, H, W) with one or three channels, for ``.png``; values are clipped to [0, 1].
    schema : Schema or None
        Whose columns the numbers stand for: tables get these, ``columns`` are ignored, and ``.npy`` gets the numbers.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    FileError
        If the suffix is unknown or the file cannot be written.
    DataError
        If names, ids or the image shape do not fit the array.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = write(f"{folder.name}/codes.csv", [[0.5, 1], [2, 3]], columns=["z0", "z1"], ids=["a", "b"])
    >>> print(path.read_text())
    "id","z0","z1"
    "a",0.5,1
    "b",2,3
    >>> folder.cleanup()
    """
    path = Path(path)
    columns = columns if schema is None else schema.columns
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise FileError(f"{path} has the suffix {path.suffix!r}, expected one of {', '.join(WRITERS)}.")
    rows = _check(np.asarray(array), columns, None if ids is None else np.asarray(ids), id_name, image_shape)
    rows = replace(rows, schema=schema)
    if path.is_dir():
        raise FileError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise FileError(
            f"there is no folder {str(path.parent)!r} to write {path.name!r} into; make it first."
        )
    failed = as_file_error(f"{path} could not be written")
    with failed, replacing(path) as part, part.open("xb") as file:
        writer(file, rows)
    return path


def _check(
    array: NDArray[Any],
    columns: Sequence[str] | None,
    ids: NDArray[Any] | None,
    id_name: str,
    image_shape: tuple[int, int, int] | None,
) -> _Rows:
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise DataError(
            f"rows to write have the shape {array.shape} and the type {array.dtype}, expected numbers (n, d)."
        )
    n, d = array.shape
    if columns is not None and (len(columns) != d or len(set(columns)) != d):
        raise DataError(f"{d} columns need {d} different names, got {len(columns)}: {list(columns)[:5]!r}.")
    if ids is not None and ids.shape != (n,):
        raise DataError(f"{n} rows need as many ids, got the shape {ids.shape}.")
    if array.dtype == np.float16:  # which few readers of tables know
        array = array.astype(np.float32)
    return _Rows(array, columns, ids, id_name, image_shape)


def _npy(file: BinaryIO, rows: _Rows) -> None:
    np.save(file, rows.array, allow_pickle=False)


def _table(rows: _Rows) -> Any:
    import pyarrow as pa

    names = list(rows.columns) if rows.columns is not None else [f"x{i}" for i in range(rows.array.shape[1])]
    arrays: list[Any] = [pa.array(np.ascontiguousarray(column)) for column in rows.array.T]
    if rows.schema is not None:
        made = replace(rows.schema, library="pyarrow").decode(rows.array, like=None)
        names, arrays = list(made.column_names), made.columns
    if rows.ids is not None:
        if rows.id_name in names:
            raise DataError(f"the ids and a column are both called {rows.id_name!r}; give another id_name.")
        ids = rows.ids if rows.ids.dtype.kind in "iuf" else rows.ids.astype(str)
        names, arrays = [rows.id_name, *names], [pa.array(ids.tolist()), *arrays]
    return pa.table(arrays, names=names)


def _csv(file: BinaryIO, rows: _Rows) -> None:
    from pyarrow import csv

    csv.write_csv(_table(rows), file)


def _parquet(file: BinaryIO, rows: _Rows) -> None:
    from pyarrow import parquet

    parquet.write_table(_table(rows), file)


def _png(file: BinaryIO, rows: _Rows) -> None:
    from PIL import Image

    pixels = _grid(rows.array, rows.image_shape)
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, format="png")


def _grid(array: NDArray[Any], shape: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """Rows as one picture (H, W, C) of bytes: a nearly square grid with a line of grey between."""
    n, d = array.shape
    if shape is None:
        raise DataError(f"rows of {d} values are no pictures as far as is known; write .npy or .csv.")
    if len(shape) != 3 or shape[0] not in (1, 3) or int(np.prod(shape)) != d or n < 1:
        raise DataError(f"{n} rows of {d} values are no pictures of the shape {shape} with 1 or 3 channels.")
    channels, height, width = shape
    across = int(np.ceil(np.sqrt(n)))
    down = -(-n // across)
    gap = 0 if n == 1 else 1
    size = (down * (height + gap) - gap, across * (width + gap) - gap)
    if size[0] * size[1] > _MAX_PIXELS:
        raise DataError(
            f"a grid of {n} pictures has {size[0]} x {size[1]} pixels; write fewer rows, or .npy."
        )
    picture = np.full((*size, channels), 128, np.uint8)
    levels = np.rint(np.clip(np.nan_to_num(array.astype(np.float64)), 0, 1) * 255).astype(np.uint8)
    for i, image in enumerate(levels.reshape(n, channels, height, width)):
        top, left = (i // across) * (height + gap), (i % across) * (width + gap)
        picture[top : top + height, left : left + width] = np.moveaxis(image, 0, -1)
    return picture


WRITERS: Mapping[str, Callable[[BinaryIO, _Rows], None]] = {
    ".npy": _npy,
    ".csv": _csv,
    ".parquet": _parquet,
    ".png": _png,
}
