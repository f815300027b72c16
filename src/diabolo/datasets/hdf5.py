"""Values of an HDF5 file, of which nothing leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileError, in_words
from ..storage.text import readable
from .files import MAX_BYTES


@contextmanager
def opened(path: Path, kind: str, *damaged: type[Exception]) -> Iterator[Any]:
    """An HDF5 file to read from; one that is not whole, or not of its kind, is refused by its name.

    ``damaged`` are errors that beside those of the library itself say that the file is no whole one.
    """
    import h5py

    refused: tuple[type[Exception], ...] = (OSError, RuntimeError, KeyError, *damaged)
    with readable(path):
        try:
            with h5py.File(path, "r") as file:
                yield file
        except refused as error:
            gone = isinstance(error, OSError) and error.errno is not None and error.errno > 0
            if gone and not path.is_file():
                raise
            raise FileError(f"{path} is not a whole {kind}: {in_words(error)}.") from None


def own_values(item: Any, path: Path) -> Any:
    """The values of an HDF5 data set, unless they lie in another file, are more than fits, or are Python's."""
    import h5py

    if item.external or item.is_virtual:
        raise FileError(
            f"{path}: {item.name} lies in another file, which is not followed; copy it into one file."
        )
    if item.size * max(1, item.dtype.itemsize) > MAX_BYTES:
        raise FileError(
            f"{path} states an array {item.name} of shape {item.shape}, more than fits; read a part of it."
        )
    if h5py.check_string_dtype(item.dtype):
        return np.asarray(item.asstr()[()], dtype=np.str_)
    if item.dtype.hasobject or item.dtype.kind == "V":
        raise FileError(f"{path}: {item.name} holds objects or records, expected an array of numbers.")
    return item[()]
