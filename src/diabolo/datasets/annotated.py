"""Annotated matrices: the .h5ad files of anndata, read and added to as the HDF5 files that they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.sparse import SparseRows
from ..errors import DataError, FileError, UnknownNameError
from ..storage.atomic import replacing
from ..storage.text import readable
from .columns import Choice, as_labels, choose
from .dataset import Dataset
from .files import expect_file
from .hdf5 import opened, own_values
from .sparse import DENSE, finite_rows, made

#: Where codes go, beside the representations of other programs.
_CODES = "X_diabolo"


def read_h5ad(path: Path, choice: Choice) -> Dataset:
    """Read an annotated matrix: genes are columns, the names of observations are ids, --label is a column of obs."""
    expect_file(path, "an HDF5 file", [b"\x89HDF\r\n\x1a\n"])
    with opened(path, ".h5ad file", AttributeError, TypeError) as file:
        return _of_h5ad(file, path, choice)


def _of_h5ad(file: Any, path: Path, choice: Choice) -> Dataset:
    layers = list(file["layers"]) if "layers" in file else []
    if choice.layer is not None and choice.layer not in layers:
        raise UnknownNameError(f"layer of {path.name}:", choice.layer, layers)
    if choice.layer is None and "X" not in file:
        raise FileError(
            f"{path} holds no X; say which layer to learn from: {', '.join(layers) or 'there is none'}."
        )
    matrix = _matrix(file["X"] if choice.layer is None else file["layers"][choice.layer], path)
    genes = _column_of(file["var"], _index(file["var"]), path).astype(np.str_).tolist()
    place = choose(genes, Choice(choice.columns, choice.drop), path.name).features
    if len(place) != len(genes):
        matrix = matrix[:, list(place)]
    obs = file["obs"]
    if choice.label is not None and choice.label not in obs:
        raise UnknownNameError(f"column of obs in {path.name}:", str(choice.label), obs)
    ids = _column_of(obs, str(choice.id or _index(obs)), path)
    y, label_names = (None, None)
    if choice.label is not None:
        y, label_names = as_labels(_column_of(obs, str(choice.label), path), str(choice.label), path.name)
    n, d = matrix.shape
    sparse = not isinstance(matrix, np.ndarray)
    X = matrix if not sparse else matrix.toarray() if n * d * 8 <= DENSE else finite_rows(matrix, path)
    if isinstance(X, np.ndarray) and not np.isfinite(X).all():
        raise DataError(f"{path.name} holds NaN or infinity; take another layer, or fill them in.")
    X = X if isinstance(X, SparseRows) or X.dtype in (np.float32, np.float64) else X.astype(np.float64)
    taken = f"the layer {choice.layer}" if choice.layer else "X"
    return Dataset(
        X, y=y, ids=ids, feature_names=tuple(genes[at] for at in place), name=path.stem, source=str(path),
        label_names=label_names, id_name=str(choice.id or "obs"),
        label_name=None if y is None else str(choice.label),
        left_out=tuple(gene for at, gene in enumerate(genes) if at not in set(place)),
        notes=(f"{taken} ({n} x {d}{', sparse' if sparse else ''}) of {path.name}",),
    )  # fmt: skip


def _index(group: Any) -> str:
    name = group.attrs.get("_index", "_index")
    return name.decode() if isinstance(name, bytes) else str(name)


def _matrix(item: Any, path: Path) -> Any:
    """A dense matrix, or a compressed one by rows."""
    from scipy import sparse

    if not hasattr(item, "keys"):
        return own_values(item, path)
    kind = item.attrs.get("encoding-type", "")
    makers = {"csr_matrix": sparse.csr_matrix, "csc_matrix": sparse.csc_matrix}
    if kind not in makers:
        raise FileError(f"{path}: {item.name} is {kind!r}, expected an array or a sparse matrix.")
    data, indices, indptr = (own_values(item[name], path) for name in ("data", "indices", "indptr"))
    return made(makers[kind], data, indices, indptr, [int(n) for n in item.attrs["shape"]], path)


def _column_of(group: Any, name: str, path: Path) -> NDArray[Any]:
    """A column of obs or var: an array, or categories and their codes."""
    item = group[name]
    if not hasattr(item, "keys"):
        return np.asarray(own_values(item, path))
    codes, categories = own_values(item["codes"], path), own_values(item["categories"], path)
    if codes.size and (codes.max() >= len(categories) or codes.min() < -1):
        raise FileError(f"{path}: {item.name} has codes that stand for no category.")
    words = np.append(categories.astype(np.str_), "")
    return words[codes]


def annotate(source: Path, out: Path, codes: NDArray[Any]) -> Path:
    """Write a copy of an .h5ad file that holds codes of its observations, as ``obsm["X_diabolo"]``.

    Raises
    ------
    FileError
        If the source is of another kind, or has another number of observations.
    """
    import h5py

    expect_file(source, "an .h5ad file, to which codes are added", [b"\x89HDF\r\n\x1a\n"])
    with readable(source), replacing(out) as part:
        shutil.copyfile(source, part)
        with h5py.File(part, "r+") as file:
            obs = file.get("obs")
            n = -1 if obs is None else len(obs[_index(obs)])
            if n != len(codes):
                raise FileError(f"{source} has {max(n, 0)} observations, and there are {len(codes)} codes.")
            group = file.require_group("obsm")
            if "encoding-type" not in group.attrs:
                group.attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
            if _CODES in group:
                del group[_CODES]
            group[_CODES] = codes
            group[_CODES].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    return out
