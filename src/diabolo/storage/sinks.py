"""Where rows go that are computed a block at a time: an array, a file of NumPy's, or Parquet."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileError
from .atomic import replacing
from .text import as_file_error

_GROUP_BYTES = 64 << 20


class Sink(ABC):
    """A place for rows; as a context it is whole afterwards, or, after an error, not there."""

    @abstractmethod
    def write(self, rows: NDArray[Any]) -> None:
        """Add rows (k, d)."""

    @abstractmethod
    def result(self) -> Any:
        """What the user gets, once all rows are written."""

    def __enter__(self) -> Sink:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ArraySink(Sink):
    """An array of the user's own, mostly a ``numpy.memmap``."""

    def __init__(self, array: NDArray[Any], shape: tuple[int | None, int]) -> None:
        n, d = shape
        flat = array.reshape(len(array), -1) if array.ndim > 2 and array.flags.c_contiguous else array
        if flat.ndim != 2 or flat.shape[1] != d or (n is not None and len(flat) != n):
            wanted = f"({'rows' if n is None else n}, {d})"
            raise DataError(f"out must have the shape {wanted}, got an array of shape {array.shape}.")
        if array.dtype.kind != "f" or not array.flags.writeable:
            raise DataError(
                f"out must be an array of floating numbers that can be written to, got {array.dtype}"
                f"{'' if array.flags.writeable else ', read-only'}."
            )
        self.array, self.flat, self.n = array, flat, 0

    def write(self, rows: NDArray[Any]) -> None:
        if self.n + len(rows) > len(self.flat):
            raise DataError(
                f"out has {len(self.flat)} rows, X has more samples; give an array with one row per sample."
            )
        self.flat[self.n : self.n + len(rows)] = rows
        self.n += len(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was written is there already."""

    def result(self) -> NDArray[Any]:
        if self.n != len(self.flat):
            raise DataError(
                f"out has {len(self.flat)} rows, X has {self.n} samples; the rows after them were not written."
            )
        return self.array


class _FileSink(Sink):
    """A file that appears when it is whole."""

    def __init__(self, path: Path, names: Sequence[str] | None) -> None:
        self.path, self.names = path, names
        self._stack = ExitStack()

    def __enter__(self) -> Sink:
        self.part = self._stack.enter_context(replacing(self.path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._told():
            try:
                self.close(kind is None)
            except BaseException as other:
                self._stack.__exit__(type(other), other, other.__traceback__)
                raise
            self._stack.__exit__(kind, error, trace)

    def write(self, rows: NDArray[Any]) -> None:
        with self._told():
            self.add(rows)

    def _told(self) -> AbstractContextManager[None]:
        return as_file_error(f"{self.path} could not be written")

    @abstractmethod
    def add(self, rows: NDArray[Any]) -> None:
        """Put rows into the file."""

    @abstractmethod
    def close(self, whole: bool) -> None:
        """Finish the file."""


class NpySink(_FileSink):
    """A ``.npy`` file; the number of rows is put into its header at the end."""

    def __init__(self, path: Path, names: Sequence[str] | None) -> None:
        super().__init__(path, names)
        self.file: BinaryIO | None = None
        self.n, self.d, self.dtype = 0, 0, np.dtype(np.float32)

    def add(self, rows: NDArray[Any]) -> None:
        if self.file is None:
            self.d, self.dtype = rows.shape[1], rows.dtype
            self.file = self.part.open("xb")
            self._header()
        self.file.write(np.ascontiguousarray(rows).data.cast("B"))
        self.n += len(rows)

    def close(self, whole: bool) -> None:
        if self.file is None:
            return
        with self.file:
            if whole:
                self.file.seek(0)
                self._header()

    def _header(self) -> None:
        """NumPy leaves room in it for the first axis to grow."""
        if self.file is None:
            return
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.n, self.d)}
        np.lib.format.write_array_header_1_0(self.file, header)

    def result(self) -> NDArray[Any]:
        mapped: NDArray[Any] = np.load(self.path, mmap_mode="r")
        return mapped


class ParquetSink(_FileSink):
    """A Parquet file of one column a feature."""

    def __init__(self, path: Path, names: Sequence[str] | None) -> None:
        super().__init__(path, names)
        self.writer: Any = None
        self.waiting: list[NDArray[Any]] = []
        self.bytes = 0

    def add(self, rows: NDArray[Any]) -> None:
        self.waiting.append(rows)
        self.bytes += rows.nbytes
        if self.bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        rows = np.concatenate(self.waiting)
        names = list(self.names or [f"x{i}" for i in range(rows.shape[1])])
        table = pa.table([pa.array(np.ascontiguousarray(column)) for column in rows.T], names=names)
        if self.writer is None:
            self.writer = parquet.ParquetWriter(self.part, table.schema)
        self.writer.write_table(table)
        self.waiting, self.bytes = [], 0

    def close(self, whole: bool) -> None:
        if whole and self.waiting:
            self._flush()
        if self.writer is not None:
            self.writer.close()

    def result(self) -> Path:
        return self.path


_FILES: Mapping[str, Callable[[Path, Sequence[str] | None], Sink]] = {
    ".npy": NpySink,
    ".parquet": ParquetSink,
}
SUFFIXES = tuple(_FILES)


def open_sink(out: Any, shape: tuple[int | None, int], names: Sequence[str] | None = None) -> Sink:
    """The place that a user named for rows.

    Parameters
    ----------
    out : array or path
        An array of the shape of all rows, or the name of a ``.npy`` or ``.parquet`` file.
    shape : (int or None, int)
        Rows, if their number is known, and columns.
    names : sequence of str or None
        The names of columns, for Parquet.

    Raises
    ------
    DataError
        If an array does not fit.
    FileError
        If the suffix of a path is unknown, or its folder is not there.
    """
    if isinstance(out, np.ndarray):
        return ArraySink(out, shape)
    if not isinstance(out, str | os.PathLike):
        raise DataError(f"out must be an array or the path of a file, got {type(out).__name__}.")
    path = Path(out)
    if path.suffix.lower() not in _FILES:
        raise FileError(f"{path} has the suffix {path.suffix!r}, expected one of {', '.join(_FILES)}.")
    if path.is_dir() or not path.parent.is_dir():
        words = (
            "is a folder; give the name of a file"
            if path.is_dir()
            else "is in no folder that exists; make it first"
        )
        raise FileError(f"{path} {words}.")
    return _FILES[path.suffix.lower()](path, names)
