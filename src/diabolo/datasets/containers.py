"""Files of named arrays: NumPy's .npz, MATLAB up to v7.3, and HDF5. What leads to another file is not followed."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DiaboloError, FileError, SettingError, in_words
from ..storage.text import readable
from .arrays import Member, array_dataset, choose_array, npy_header, read_npy
from .columns import Choice
from .dataset import Dataset
from .files import MAX_BYTES, expect_file
from .hdf5 import opened, own_values
from .idx import DEFLATE_LIMIT
from .sparse import checked, of_npz, sparse_dataset

_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATLAB_KINDS = {"double": "f", "single": "f", "logical": "b", "char": "U", "sparse": "f", **{
    f"{sign}int{bits}": "iu"[sign == "u"] for sign in ("", "u") for bits in (8, 16, 32, 64)
}}  # fmt: skip


def read_mat(path: Path, choice: Choice) -> Dataset:
    """Read an array of a MATLAB file, and labels; of version 7.3, which is HDF5 in MATLAB's order of axes, too."""
    head = expect_file(path, "a MATLAB file")
    if head.startswith((_HDF5, b"MATLAB 7.3")):
        return _read_hdf5(path, choice, matlab=True)
    from scipy import io, sparse
    from scipy.io.matlab import MatReadError

    def read(name: str) -> Any:
        return io.loadmat(path, variable_names=[name], chars_as_strings=True)[name]

    with readable(path):
        try:
            members = [
                Member(name, shape, _MATLAB_KINDS.get(kind, "O"), lambda name=name: read(name))  # type: ignore[misc]
                for name, shape, kind in io.whosmat(path)
            ]
            array, labels, notes = choose_array([_small(member, path) for member in members], choice, path)
        except (MatReadError, ValueError, TypeError, KeyError, IndexError, EOFError, NotImplementedError,
                zlib.error, OverflowError, MemoryError) as error:  # fmt: skip
            if isinstance(error, DiaboloError):
                raise
            raise FileError(f"{path} is not a whole MATLAB file: {in_words(error)}.") from None
    if sparse.issparse(array):
        return sparse_dataset(path, checked(array, path), choice, notes, labels)
    if np.asarray(array).dtype == object:
        raise FileError(
            f"{path}: {choice.array or 'the array'} is a struct or a cell array; save an array of numbers."
        )
    return array_dataset(path, np.asarray(array), labels, choice, notes)


def _small(member: Member, path: Path) -> Member:
    if int(np.prod(member.shape, dtype=object)) * 8 > MAX_BYTES:
        raise FileError(f"{path} states an array {member.words}, more than fits; read a part of it.")
    return member


def read_hdf5(path: Path, choice: Choice) -> Dataset:
    """Read an array of an HDF5 file, named by its path within, and labels."""
    return _read_hdf5(path, choice, matlab=False)


def _read_hdf5(path: Path, choice: Choice, matlab: bool) -> Dataset:
    expect_file(path, "an HDF5 file", [b"MATLAB 7.3" if matlab else _HDF5, _HDF5])
    import h5py

    members: list[Member] = []
    with opened(path, "HDF5 file") as file:

        def look(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.shape is not None and not name.startswith("#"):
                kind = "U" if h5py.check_string_dtype(item.dtype) else item.dtype.kind
                shape = item.shape[::-1] if matlab else item.shape
                members.append(Member(name, shape, kind, lambda: _values(item, path, matlab)))

        # Links, soft or into other files, are not visited.
        file.visititems(look)
        if matlab and any(member.name.endswith(("/ir", "/jc")) for member in members):
            raise FileError(f"{path} holds a sparse matrix of version 7.3; save it with -v7, or full().")
        array, labels, notes = choose_array(members, choice, path)
    return array_dataset(path, np.asarray(array), labels, choice, notes)


def _values(item: Any, path: Path, matlab: bool) -> Any:
    values = own_values(item, path)
    return values.T if matlab else values


def read_npz(path: Path, choice: Choice) -> Dataset:
    """Read an .npz file: one array of it, and labels; or a sparse matrix as SciPy saves it."""
    expect_file(path, "an .npz archive of arrays", [b"PK\x03\x04", b"PK\x05\x06"])
    try:
        with readable(path), zipfile.ZipFile(path) as archive:
            infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if {"format", "shape", "data", "indices", "indptr"} <= infos.keys():
                matrix, words = of_npz({k: _read_member(archive, v, path) for k, v in infos.items()}, path)
                return sparse_dataset(path, matrix, choice, words)
            members = [_member(archive, name, info, path) for name, info in infos.items()]
            array, labels, notes = choose_array(members, choice, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FileError | DataError | SettingError):
            raise
        raise FileError(f"{path} is not a whole .npz archive: {error or 'it is cut off'}.") from None
    return array_dataset(path, array, labels, choice, notes)


def _member(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo, path: Path) -> Member:
    with archive.open(info) as file:
        shape, _, dtype = npy_header(file, f"{path} ({info.filename})")
    return Member(name, shape, dtype.kind, lambda: _read_member(archive, info, path))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    label = f"{path} ({info.filename})"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(f"{label} is packed in an unknown way; save it with numpy.savez_compressed.")
    factor = 1 if info.compress_type == zipfile.ZIP_STORED else DEFLATE_LIMIT
    room = min(info.file_size, info.compress_size * factor, MAX_BYTES)
    with archive.open(info) as file:
        return read_npy(file, room, label)
