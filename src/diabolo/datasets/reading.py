"""A data set from a name of the table, or from a path of the user's own."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import FileError, SettingError, UnknownNameError
from ..storage.text import readable
from .arrays import read_array_file, read_idx_file, read_npz
from .catalogue import DATASETS
from .columns import Choice
from .dataset import Dataset
from .files import few, option
from .images import IMAGE_SUFFIXES, parse_size, read_folder, read_image
from .tables import read_csv, read_parquet

__all__ = ["IDX_NAME", "READERS", "is_idx", "load", "read"]

READERS: Mapping[str, Callable[[Path, Choice], Dataset]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".npy": read_array_file,
    ".npz": read_npz,
    ".idx": read_idx_file,
}
IDX_NAME = re.compile(r"(\.idx\d?|idx\d-(ubyte|byte|short|int|float|double)|-ubyte)(\.gz)?$", re.IGNORECASE)
_KINDS = (
    ".csv, .tsv, .parquet, .npy, .npz, IDX (.idx, -ubyte, .gz of these), a folder of pictures, or a picture "
    f"({', '.join(IMAGE_SUFFIXES)})"
)


def read(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str | int] | str | None = None,
    drop: Sequence[str | int] | str = (),
    id: str | int | None = None,
    label: str | int | None = None,
    missing: str | None = None,
    resize: Sequence[int] | int | str | None = None,
) -> Dataset:
    """Read a file of rows, or a folder of pictures, as features with labels and ids kept apart.

    Parameters
    ----------
    path : path
        ``.csv``, ``.tsv`` (UTF-8), ``.parquet``; ``.npy``, ``.npz`` (array ``X``, ``x``, ``data`` or the
        only one; labels ``y`` or ``labels``); IDX, plain or ``.gz``; a picture, or a folder of pictures whose
        sub-folders are labels.
    columns : sequence of str or str or None
        The columns to learn from; None takes all but those of the next three. One text with commas will
        do. Columns of an array are numbered from 0.
    drop : sequence of str or str
        Columns to leave out.
    id : str or None
        The column that identifies a row; it is passed through to outputs.
    label : str or None
        The column of labels; it is kept apart.
    missing : {"drop", "mean"} or None
        Leave out rows with a missing value, or put the column's mean; None refuses them.
    resize : (int, int) or int or str or None
        Height and width in pixels that pictures are brought to; None wants them of one size.

    Returns
    -------
    Dataset
        Finite features. Pixels are in [0, 1]; other values stay in the units of the file.

    Raises
    ------
    FileError
        If the file is missing, damaged, of an unknown kind, or not what its name says.
    DataError
        If a column is not numeric, a value is missing or infinite, or pictures differ in size; the
        message names the column, the rows (counted from 1, without the header) and the option to use.
    SettingError
        If an option does not fit the kind of file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "flowers.csv")
    >>> path.write_text("name,petal,sepal,kind\\nA1,1.5,3,rose\\nA2,2.5,,lily\\n")
    49
    >>> read(path, id="name", label="kind", missing="mean").X.tolist()
    [[1.5, 3.0], [2.5, 3.0]]
    >>> read(path, id="name", label="kind")
    Traceback (most recent call last):
    ...
    diabolo.errors.DataError: flowers.csv: the column 'sepal' has no value in data row 2; leave such rows ...
    >>> folder.cleanup()
    """
    path = Path(path)
    choice = Choice(columns, drop, id, label, missing)
    size = parse_size(resize)
    with readable(path):
        is_folder, is_there = path.is_dir(), path.exists()
    if not is_there:
        raise FileError(_not_there(path))
    suffix = path.suffix.lower()
    if is_folder or suffix in IMAGE_SUFFIXES:
        used = choice.used + ([] if missing is None else [option("missing")])
        if used:
            raise SettingError(f"{path.name} holds pictures, which have no columns; leave out {few(used)}.")
        return read_folder(path, size) if is_folder else read_image(path, size)
    if size is not None:
        raise SettingError(f"--resize is for pictures, and {path.name} is none; leave it out.")
    reader = read_idx_file if IDX_NAME.search(path.name) else READERS.get(suffix)
    if reader is None:
        raise FileError(f"{path} has the suffix {suffix!r}, expected {_KINDS}; convert it.")
    try:
        return reader(path, choice)
    except MemoryError:
        raise FileError(f"{path} needs more memory than there is; read a part of it.") from None


def load(name_or_path: str | os.PathLike[str], **options: Any) -> Dataset:
    """Load a data set that has a name, or read the user's own file.

    Parameters
    ----------
    name_or_path : str or path
        A name of :data:`DATASETS`, or a path for :func:`read`; a name comes first, so that a folder called
        ``digits`` is ``./digits``.
    **options
        Those of the named set's function, or those of :func:`read`; None stands for the default.

    Returns
    -------
    Dataset
        Features, labels, and what is needed to write results.

    Raises
    ------
    UnknownNameError
        If it is neither a name nor a file, or an option is unknown.
    FileError, DataError, SettingError
        As :func:`read` does.

    Examples
    --------
    >>> load("moons", n_samples=200)
    Dataset('moons': 200 rows, 2 features, 2 classes)
    >>> load("mooons")
    Traceback (most recent call last):
    ...
    diabolo.errors.UnknownNameError: unknown data set or file 'mooons'. Did you mean 'moons'? Known: ...
    """
    given = {key: value for key, value in options.items() if value is not None and value != ()}
    entry = DATASETS.get(name_or_path) if isinstance(name_or_path, str) else None
    if entry is not None:
        X, y = entry.load(**given)
        return Dataset(
            X,
            y=y,
            image_shape=entry.image_shape,
            name=entry.name,
            source=entry.name,
            label_names=entry.label_names,
        )
    text = os.fspath(name_or_path)
    known = [key for key in read.__kwdefaults__ or () if key]
    for key in given:
        if key not in known:
            raise UnknownNameError(f"option of the file {text!r}:", key, known)
    looks_like_path = Path(text).name != text or Path(text).suffix or Path(text).exists()
    if not looks_like_path:
        raise UnknownNameError("data set or file", text, DATASETS)
    return read(text, **given)


def is_idx(path: Path) -> bool:
    """Whether a path has a name that IDX files have."""
    return bool(IDX_NAME.search(path.name)) or path.suffix.lower() == ".idx"


def _not_there(path: Path) -> str:
    if re.match(r"https?:/", str(path)):
        return f"{path} is a web address; download the file and give its path."
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {str(folder)!r}, in which {path.name!r} should be; check the path."
    with readable(folder):
        close = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], n=1)
    hint = f" Did you mean {str(folder / close[0])!r}?" if close else ""
    return f"there is no file or folder {str(path)!r} (looked in {folder.resolve()}).{hint}"
