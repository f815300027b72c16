"""Sparse matrices: Matrix Market and SciPy's .npz.

They are made dense where that fits, and stay sparse otherwise; see :class:`diabolo.data.sparse.SparseRows`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.sparse import SparseRows
from ..errors import DataError, FileError
from ..storage.text import as_file_error, readable
from .arrays import array_dataset, read_labels
from .columns import Choice, as_labels, choose
from .dataset import Dataset
from .files import expect_file

#: Bytes up to which rows are made dense at once.
DENSE = 1 << 30


def of_npz(members: Mapping[str, NDArray[Any]], path: Path) -> tuple[Any, tuple[str, ...]]:
    """The matrix that :func:`scipy.sparse.save_npz` wrote, and what it is in words."""
    from scipy import sparse

    kind = members["format"].item()
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    makers = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix}
    if kind not in makers:
        raise FileError(
            f"{path} is a sparse matrix of the kind {kind!r}, expected csr or csc; save it with .tocsr()."
        )
    shape = tuple(int(n) for n in members["shape"].ravel())
    return made(makers[kind], members["data"], members["indices"], members["indptr"], shape, path), (
        _words(kind, shape),
    )


def _words(kind: str, shape: Sequence[int]) -> str:
    return f"a sparse matrix ({kind}) of {' x '.join(map(str, shape))}"


def made(maker: Any, data: Any, indices: Any, indptr: Any, shape: Sequence[int], path: Path) -> Any:
    """A sparse matrix of its three arrays, of which none is believed."""
    with as_file_error(
        f"{path} is a damaged sparse matrix", ValueError, TypeError, OverflowError, IndexError
    ):
        return checked(maker((data, indices, indptr), shape=tuple(shape)), path)


def checked(matrix: Any, path: Path) -> Any:
    """A compressed matrix by rows whose indices all lie inside it: SciPy trusts them."""
    from scipy import sparse

    with as_file_error(f"{path} is a damaged sparse matrix", ValueError):
        if matrix.format in ("csr", "csc"):
            matrix.check_format(full_check=True)
        return sparse.csr_array(matrix)


def read_matrix_market(path: Path, choice: Choice) -> Dataset:
    """Read a Matrix Market file; its rows are rows."""
    expect_file(path, "a Matrix Market file", [b"%%MatrixMarket", b"\x1f\x8b"])
    from scipy import io, sparse

    faults = (ValueError, TypeError, OverflowError, EOFError, zlib.error)
    with readable(path), as_file_error(f"{path} is not a whole Matrix Market file", *faults):
        matrix = io.mmread(path)
    if not sparse.issparse(matrix):
        return array_dataset(path, np.asarray(matrix), None, choice)
    return sparse_dataset(
        path, checked(matrix.tocsr(), path), choice, (_words("Matrix Market", matrix.shape),)
    )


def sparse_dataset(
    path: Path, matrix: Any, choice: Choice, notes: tuple[str, ...] = (), labels: Any = None
) -> Dataset:
    """A data set of a sparse matrix by rows: dense where that fits, else as it is."""
    n, d = matrix.shape
    if n * d * 8 <= DENSE:
        return array_dataset(path, matrix.toarray(), labels, choice, notes)
    if choice.missing is not None or choice.id is not None or choice.label is not None:
        raise DataError(
            f"{path.name} is too large to be made dense ({n} x {d}); leave out --missing, --id and --label."
        )
    if choice.used:
        matrix = matrix[:, list(choose([str(i) for i in range(d)], choice, path.name).features)]
    labels = read_labels(choice.labels, path) if choice.labels is not None and labels is None else labels
    y, label_names = (None, None) if labels is None else as_labels(np.ravel(labels), "y", path.name)
    return Dataset(
        finite_rows(matrix, path), y=y, label_names=label_names, name=path.name.split(".")[0] or "data",
        source=str(path), n_columns=d, notes=notes,
    )  # fmt: skip


def finite_rows(matrix: Any, path: Path) -> Any:
    if not np.isfinite(matrix.data).all():
        raise DataError(
            f"{path.name} holds NaN or infinity in {int((~np.isfinite(matrix.data)).sum())} values."
        )
    return SparseRows(matrix)
