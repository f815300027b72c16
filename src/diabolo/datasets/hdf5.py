"""Values of an HDF5 file, of which nothing leads elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileError
from .files import MAX_BYTES

__all__ = ["own_values"]


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
